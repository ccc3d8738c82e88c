"""`stepwell load`: what of files becomes rows, of which types, and what does not."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

import stepwell
from stepwell.cli.main import group
from stepwell.errors import StepwellError


@pytest.fixture
def folder(local: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def load(*arguments: str) -> str:
    done = CliRunner().invoke(group, ["load", *arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def read() -> list[dict[str, object]]:
    return sorted(stepwell.table("facts.rows").to_arrow().to_pylist(), key=str)


CSV = (
    'day,n,share,word,at\n2026-11-25,1,0.5,"a, b",2026-11-25T10:00:00\n2026-11-26,2,NA,,2026-11-26T10:00:00\n'
)


def test_csv(folder: Path) -> None:
    """Types are inferred and shown; nulls, quotes and compression are understood."""
    with gzip.open(folder / "rows.csv.gz", "wt") as file:
        file.write(CSV)
    said = load("rows.csv.gz", "facts.rows")
    assert "day     date32[day]" in said and "share   double" in said and "at      timestamp[s]" in said
    assert "2 rows of 1 files loaded into facts.rows." in said
    assert [(row["n"], row["share"], row["word"]) for row in read()] == [(1, 0.5, "a, b"), (2, None, None)]


def test_bad_rows_are_kept_aside(folder: Path) -> None:
    """A row with too many values, or with one of another type, is put aside with why, and counted."""
    lines = [f"{n},{n / 2}" for n in range(1000)]
    lines[10], lines[500] = "1,2,3", "many,1.0"
    (folder / "rows.csv").write_text("n,half\n" + "\n".join(lines) + "\n")
    said = load("rows.csv", "facts.rows", "--type", "n=int64", "--bad-rows", "bad.jsonl")
    assert "998 rows of 1 files loaded" in said and "2 rows can't be read: they are in bad.jsonl" in said
    bad = [json.loads(line) for line in (folder / "bad.jsonl").read_text().splitlines()]
    assert {one["why"] for one in bad} == {"it has 3 values, the header 2", "column 'n': 'many' is no int64"}
    assert {one["text"] for one in bad} == {"1,2,3", '{"n": "many", "half": "1.0"}'}
    with pytest.raises(StepwellError, match=r"2 of 1,000 rows can't be read, more than 0.1 %; .*nothing was"):
        load("rows.csv", "facts.rows", "--most-bad", "0.1")
    assert len(read()) == 998


def test_json_lines(folder: Path) -> None:
    """Lines that are no objects, or not of the types of the others, are put aside; nesting stays."""
    good = [json.dumps({"n": n, "in": {"word": "x"}}) for n in range(300)]
    (folder / "rows.jsonl").write_text("\n".join([*good, "{broken", json.dumps({"n": "text"})]) + "\n")
    said = load("rows.jsonl", "facts.rows")
    assert "300 rows of 1 files" in said and "2 rows can't be read" in said
    assert read()[0] == {"n": 0, "in": {"word": "x"}}


def test_folders_and_parquet(folder: Path) -> None:
    """All files of a folder are loaded at once; what differs of their columns and widths is joined."""
    (folder / "some/deep").mkdir(parents=True)
    pq.write_table(pa.table({"n": pa.array([1], pa.int32())}), folder / "some/a.parquet")
    pq.write_table(pa.table({"n": [2], "word": ["x"]}), folder / "some/deep/b.parquet")
    (folder / "some/notes.txt").write_text("no rows")
    assert "2 rows of 2 files loaded" in load("some", "facts.rows")
    assert read() == [{"n": 1, "word": None}, {"n": 2, "word": "x"}]
    assert stepwell.table("facts.rows")._iceberg.history()[1:] == []


def test_a_table_has_its_types(folder: Path) -> None:
    """What is loaded into a table has its types; a dry run loads nothing; upsert takes keys."""
    stepwell.write_table("facts.rows", pa.table({"n": [1.5], "word": ["x"]}))
    (folder / "rows.csv").write_text("n,word\n2,7\n")
    assert "would be loaded" in load("rows.csv", "facts.rows", "--dry-run")
    assert len(read()) == 1
    load("rows.csv", "facts.rows")
    (folder / "rows.csv").write_text("n,word\n2,8\n")
    load("rows.csv", "facts.rows", "--mode", "upsert", "--key", "n")
    assert read() == [{"n": 1.5, "word": "x"}, {"n": 2.0, "word": "8"}]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing.csv"], "nothing.csv: there is no such file"),
        (["rows.txt"], r"rows.txt: .* it must end in .csv"),
        (["."], "no file in it ends in"),
        (["broken.parquet"], "broken.parquet: it can't be read as parquet"),
        (["rows.csv", "--type", "n"], "--type: received 'n'; it is COLUMN=TYPE"),
        (["rows.csv", "--type", "n=number"], "--type: received n=number; a type is Arrow's"),
    ],
)
def test_mistakes(folder: Path, arguments: list[str], message: str) -> None:
    """What can't be loaded is one line, and nothing is."""
    if arguments != ["."]:
        (folder / "rows.csv").write_text("n\n1\n")
        (folder / "rows.txt").write_text("n\n1\n")
        (folder / "broken.parquet").write_text("n\n1\n")
    with pytest.raises(StepwellError, match=message) as raised:
        load(arguments[0], "facts.rows", *arguments[1:])
    assert "\n" not in str(raised.value)
