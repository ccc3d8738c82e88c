"""Files of rows as Arrow data: CSV, JSON lines, Parquet. A row that can't be read is put aside, with why."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.json as pajson
import pyarrow.parquet as pq

from stepwell.errors import TableError

_BLOCK = 16 << 20
"""Bytes that are read at a time; types are inferred from the first so many."""
_LINES = 50_000
_NULLS = ["", "NA", "NaN", "nan", "null", "NULL", "N/A"]


class BadRow(NamedTuple):
    """A row that is not loaded.

    Attributes:
        row: its number in the file, the header not counted.
        text: the row as it is, or its values.
    """

    file: str
    row: int
    why: str
    text: str


Aside = Callable[[BadRow], None]


def _csv(path: Path, types: Mapping[str, pa.DataType], aside: Aside) -> Iterator[pa.Table]:
    """Every column is read as text, and then becomes its type, so that one bad value is one bad row."""
    separator = "\t" if ".tsv" in path.suffixes else ","
    parse = pacsv.ParseOptions(delimiter=separator, newlines_in_values=True)
    read = pacsv.ReadOptions(block_size=_BLOCK, use_threads=False)
    convert = pacsv.ConvertOptions(null_values=_NULLS, strings_can_be_null=True)
    sample = pacsv.ParseOptions(
        delimiter=separator, newlines_in_values=True, invalid_row_handler=lambda row: "skip"
    )
    with pacsv.open_csv(path, read, sample, convert) as reader:
        schema = reader.schema
    found = {field.name: types.get(field.name) or _known(field.type) for field in schema}
    skipped = 0

    def invalid(row: Any) -> str:
        nonlocal skipped
        skipped += 1
        why = f"it has {row.actual_columns} values, the header {row.expected_columns}"
        aside(BadRow(str(path), (row.number or 1) - 1, why, row.text))
        return "skip"

    parse.invalid_row_handler = invalid
    convert.column_types = {name: pa.string() for name in schema.names}
    before = 0
    with pacsv.open_csv(path, read, parse, convert) as reader:
        for batch in reader:
            rows = pa.Table.from_batches([batch])
            yield _typed(rows, found, lambda row, why, text: aside(BadRow(str(path), row, why, text)), before)
            before += rows.num_rows


def _known(kind: pa.DataType) -> pa.DataType:
    """What is inferred of a column: of one without values, text."""
    return pa.string() if kind == pa.null() else kind


def _typed(
    rows: pa.Table, types: Mapping[str, pa.DataType], aside: Callable[[int, str, str], None], before: int
) -> pa.Table:
    """Rows of text as rows of their types, without those of which a value is of another."""
    bad: dict[int, str] = {}
    for name in rows.column_names:
        for row in _not_of(rows[name], types[name]):
            bad.setdefault(row, f"column '{name}': {rows[name][row].as_py()!r} is no {types[name]}")
    for row, why in sorted(bad.items()):
        aside(before + row + 1, why, json.dumps(rows.slice(row, 1).to_pylist()[0], default=str))
    if bad:
        rows = rows.filter(pa.array([row not in bad for row in range(rows.num_rows)]))
    return pa.table({name: rows[name].cast(types[name]) for name in rows.column_names})


def _not_of(column: pa.ChunkedArray, kind: pa.DataType, start: int = 0) -> Iterator[int]:
    """Numbers of the values that can't be of a type, found by halving."""
    try:
        column.cast(kind)
    except pa.ArrowInvalid:
        if len(column) == 1:
            yield start
            return
        half = len(column) // 2
        yield from _not_of(column.slice(0, half), kind, start)
        yield from _not_of(column.slice(half), kind, start + half)


def _json_lines(path: Path, types: Mapping[str, pa.DataType], aside: Aside) -> Iterator[pa.Table]:
    known, before = None, 0
    with pa.input_stream(str(path)) as raw, io.TextIOWrapper(raw, "utf-8", errors="replace") as text:
        while lines := list(islice(text, _LINES)):
            if known is None:
                known = pa.schema({**_inferred(lines), **types})
            yield from _objects(lines, known, path, before, aside)
            before += len(lines)


def _inferred(lines: list[str]) -> dict[str, pa.DataType]:
    """The types of as many of the first lines as have the same."""
    if not lines:
        return {}
    try:
        schema = pajson.read_json(io.BytesIO("".join(lines).encode())).schema
    except pa.ArrowInvalid:
        return _inferred(lines[: len(lines) // 2])
    return {field.name: _known(field.type) for field in schema}


def _objects(lines: list[str], known: pa.Schema, path: Path, before: int, aside: Aside) -> Iterator[pa.Table]:
    """Lines as rows; those that are no object, or not of the types of the others, are found by halving."""
    options = pajson.ParseOptions(explicit_schema=known)
    content = "".join(lines).encode()
    if not content.strip():
        return
    try:
        yield pajson.read_json(io.BytesIO(content), pajson.ReadOptions(block_size=len(content) + 1), options)
    except pa.ArrowInvalid as error:
        if len(lines) == 1:
            aside(BadRow(str(path), before + 1, str(error).partition("\n")[0], lines[0].rstrip("\n")))
            return
        half = len(lines) // 2
        yield from _objects(lines[:half], known, path, before, aside)
        yield from _objects(lines[half:], known, path, before + half, aside)


def _parquet(path: Path, types: Mapping[str, pa.DataType], aside: Aside) -> Iterator[pa.Table]:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(_LINES):
            rows = pa.Table.from_batches([batch])
            wanted = [field.with_type(types.get(field.name, field.type)) for field in rows.schema]
            yield rows.cast(pa.schema(wanted))


_FORMATS = {
    "csv": _csv, "tsv": _csv, "jsonl": _json_lines, "ndjson": _json_lines, "json": _json_lines,
    "parquet": _parquet,
}  # fmt: skip
_COMPRESSED = {".gz", ".bz2", ".zst", ".lz4"}


def files_of(path: Path) -> list[Path]:
    """The files of rows at a path: itself, or all in a folder and below it.

    Raises:
        TableError: there is none.
    """
    if path.is_dir():
        found = sorted(one for one in path.rglob("*") if one.is_file() and _format(one))
        if not found:
            raise TableError(f"{path}: no file in it ends in {', '.join('.' + one for one in _FORMATS)}")
        return found
    if not path.is_file():
        raise TableError(f"{path}: there is no such file or folder")
    if not _format(path):
        raise TableError(
            f"{path}: received a file of which the name does not tell its format; it must end in "
            f"{', '.join('.' + one for one in _FORMATS)}, and may be compressed: .gz, .bz2, .zst, .lz4"
        )
    return [path]


def rows_of(path: Path, types: Mapping[str, pa.DataType], aside: Aside) -> Iterator[pa.Table]:
    """The rows of a file, some at a time.

    Args:
        types: of columns of which they are not to be inferred.

    Raises:
        TableError: the file is not of the format that its name says.
    """
    kind = _format(path)
    assert kind
    try:
        yield from _FORMATS[kind](path, types, aside)
    except (pa.ArrowException, OSError, UnicodeError) as error:
        raise TableError(f"{path}: it can't be read as {kind}: {error}".replace("\n", " ")) from error


def _format(path: Path) -> str | None:
    suffixes = [one for one in path.suffixes if one not in _COMPRESSED]
    kind = suffixes[-1].removeprefix(".").lower() if suffixes else ""
    return kind if kind in _FORMATS else None
