"""Files into a table: all their good rows at once, or none; the bad ones into a file of their own."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from stepwell.errors import TableError
from stepwell.tables.arrow import plain_schema
from stepwell.tables.name import TableName
from stepwell.tables.opening import open_catalog
from stepwell.tables.parsing import BadRow, files_of, rows_of
from stepwell.tables.reading import Table
from stepwell.tables.writing import write


class Loaded(NamedTuple):
    """What was loaded.

    Attributes:
        table: at the snapshot that has it; None of a dry run.
        rows, bad: how many rows were good, and how many not.
        schema: the types of the columns.
    """

    table: Table | None
    files: int
    rows: int
    bad: int
    schema: pa.Schema


def load(
    paths: Sequence[Path],
    text: str,
    bad_rows: Path,
    *,
    mode: str = "append",
    keys: Sequence[str] = (),
    types: Mapping[str, str] | None = None,
    most_bad: float = 1.0,
    evolve: bool = False,
    dry_run: bool = False,
) -> Loaded:
    """Load files and folders into a table.

    Types are those that the table has, else those of `types`, else inferred from each file's beginning. Rows
    wait on disk, not in memory, until all are read.

    Args:
        bad_rows: file for the rows that can't be read, as JSON lines; made where there is one.
        most_bad: percent of rows that may be bad.

    Raises:
        TableError: a file can't be read, too many rows are bad, or the table can't be written; nothing was.
    """
    name = TableName.parse(text)
    files = [file for path in paths for file in files_of(path)]
    said = {**_of_table(name), **{column: _type(column, kind) for column, kind in (types or {}).items()}}
    count = 0
    with tempfile.TemporaryDirectory(prefix="stepwell-load-") as folder:
        aside = Path(folder) / "bad.jsonl"
        with aside.open("w") as bad:

            def put(row: BadRow) -> None:
                nonlocal count
                count += 1
                bad.write(json.dumps(row._asdict()) + "\n")

            parts = [
                part for number, file in enumerate(files)
                for part in _spooled(rows_of(file, said, put), Path(folder) / str(number))
            ]  # fmt: skip
        if count:
            bad_rows.write_bytes(aside.read_bytes())
        if not parts:
            raise TableError(f"{name}: the files have no rows that can be read, and {count:,} that can't")
        try:
            rows = pa.concat_tables(parts, promote_options="permissive")
        except pa.ArrowException as error:
            raise TableError(
                f"{name}: the files don't go together: {error}; say --type COLUMN=TYPE".replace("\n", " ")
            ) from error
        if count * 100 > most_bad * (rows.num_rows + count):
            total = rows.num_rows + count
            raise TableError(
                f"{name}: {count:,} of {total:,} rows can't be read, more than {most_bad:g} %; "
                f"they are in {bad_rows}; nothing was loaded: say --type COLUMN=TYPE, or --most-bad PERCENT"
            )
        written = None if dry_run else write(text, rows, mode, keys, evolve=evolve)
        return Loaded(written, len(files), rows.num_rows, count, rows.schema)


def _spooled(tables: object, path: Path) -> list[pa.Table]:
    """Tables that are on disk and looked at through memory maps, those of one schema together."""
    parts: list[pa.Table] = []
    writer, schema, here = None, None, path
    for number, table in enumerate(tables):  # type: ignore[var-annotated, arg-type]
        if schema is None or not schema.equals(table.schema):
            if writer:
                writer.close()
                parts.append(_mapped(here))
            schema, here = table.schema, path.with_suffix(f".{number}")
            writer = pa.ipc.new_file(str(here), schema)
        assert writer
        writer.write_table(table)
    if writer:
        writer.close()
        parts.append(_mapped(here))
    return parts


def _mapped(path: Path) -> pa.Table:
    return pa.ipc.open_file(pa.memory_map(str(path))).read_all()


def _of_table(name: TableName) -> dict[str, pa.DataType]:
    catalog = open_catalog()
    with catalog.reaching(name):
        found = catalog.find(name)
    schema = plain_schema(found.schema().as_arrow()) if found else ()
    return {field.name: field.type for field in schema}


def _type(column: str, kind: str) -> pa.DataType:
    try:
        return pa.type_for_alias(kind)
    except ValueError:
        raise TableError(
            f"--type: received {column}={kind}; a type is Arrow's, such as int64, double, string, bool, "
            "date32, timestamp[us]"
        ) from None
