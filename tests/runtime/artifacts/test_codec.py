"""Where an artifact's content goes, what it is called, and what is said when it can't be saved."""

from __future__ import annotations

import collections
import enum
import hashlib
import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from stepwell.artifacts import codec
from stepwell.artifacts.lazy import Artifact
from stepwell.artifacts.row import type_name
from stepwell.errors import ArtifactError, NotFound
from stepwell.store.base import Store
from stepwell.store.opening import open_store
from tests.runtime.artifacts.values import round_trip, saved

LARGE = pa.table({"a": np.random.default_rng(0).random(100_000)})
DAYS = pa.array([(i, 2, 3) for i in range(100_000)], pa.month_day_nano_interval())


class Point(NamedTuple):
    x: int


class Color(enum.StrEnum):
    RED = "red"


class Whole(int):
    pass


class Unreadable:
    def __reduce__(self) -> Any:
        return (__import__, ("no_such_module_anywhere",))


@pytest.fixture
def memory() -> Store:
    return open_store("memory://")


@pytest.mark.parametrize(
    "value",
    [
        Point(1),
        collections.OrderedDict(a=1),
        Whole(3),
        Color.RED,
        collections.Counter("ab"),
        range(3),
    ],
)
@pytest.mark.parametrize("wrap", [lambda value: value, lambda value: [value], lambda value: {"in": (value,)}])
def test_subclasses_are_pickled(memory: Store, value: Any, wrap: Any) -> None:
    """An instance of a subclass of a plain type is pickled, wherever it is, and keeps its class."""
    row = saved(wrap(value), memory)
    assert row.encoding == "pickle"
    back = codec.decode(row, memory)
    assert back == wrap(value)
    assert repr(back) == repr(wrap(value))


def test_a_value_that_holds_itself(memory: Store) -> None:
    """A list that holds itself is pickled and still holds itself."""
    value: list[Any] = []
    value.append(value)
    back = round_trip(value, memory)
    assert back[0] is back


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (1, "int"),
        (None, "NoneType"),
        (pa.table({"a": [1]}), "pyarrow.Table"),
        (pa.record_batch({"a": [1]}), "pyarrow.RecordBatch"),
        (pd.DataFrame({"a": [1]}), "pandas.DataFrame"),
        (pd.Series([1]), "pandas.Series"),
        (pl.DataFrame({"a": [1]}), "polars.DataFrame"),
        (pl.Series([1]), "polars.Series"),
        (np.zeros(1), "numpy.ndarray"),
        (np.float64(1), "numpy.float64"),
        (collections.OrderedDict(), "collections.OrderedDict"),
        (Whole(1), f"{__name__}.Whole"),
    ],
)
def test_type_names(value: object, name: str) -> None:
    """A class is called by the shortest package that offers it."""
    assert type_name(type(value)) == name


def test_small_plain_values_are_readable(memory: Store) -> None:
    """A small plain value is JSON text in the row itself, and its hash is that text's."""
    row = saved({"name": "Zoë", "n": [1, 2.5, None]}, memory)
    assert row.json == '{"name":"Zoë","n":[1,2.5,null]}'
    assert (row.inline, row.object, row.rows) == (None, None, None)
    assert row.bytes == len(row.json.encode())
    assert row.sha256 == hashlib.sha256(row.json.encode()).hexdigest()


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("x" * 70_000, "json"),
        ([object] * 40_000, "pickle"),
        (LARGE, "parquet"),
        (
            pa.table({"a": pa.array([(i, 2, 3) for i in range(100_000)], pa.month_day_nano_interval())}),
            "arrow",
        ),
    ],
)
def test_large_values_are_objects(memory: Store, value: Any, kind: str) -> None:
    """Content over 64 KiB is an object named by its hash and encoding, in the writer's namespace."""
    row = saved(value, memory)
    assert row.encoding == kind
    assert row.object == f"ns/user/ada/objects/{row.sha256}.{kind}"
    assert (row.json, row.inline) == (None, None)
    content = memory.get(row.object)
    assert (len(content), hashlib.sha256(content).hexdigest()) == (row.bytes, row.sha256)
    assert codec.decode(row, memory) == value


@pytest.mark.parametrize("value", ["x" * 70_000, LARGE])
def test_equal_content_is_stored_once(memory: Store, value: Any) -> None:
    """A value that is saved again is not written again."""
    row = saved(value, memory)
    assert row.object is not None
    written = next(memory.list("ns/")).modified
    time.sleep(0.01)
    assert saved(value, memory) == row
    assert [info.modified for info in memory.list("ns/")] == [written]


def test_sets_have_one_hash(memory: Store) -> None:
    """A set of text has the same hash in every process, whatever Python's hash seed is."""
    code = "from stepwell.artifacts.plain import to_json;print(to_json({'a', 'b', 'c', 'd', ('e', 1), b'f'}))"
    texts = {
        subprocess.check_output([sys.executable, "-c", code], env={"PYTHONHASHSEED": str(seed)})
        for seed in range(4)
    }
    assert len(texts) == 1


def test_rows(memory: Store) -> None:
    """A row counts the rows of tables, the items of long lists and of arrays' first dimension."""
    assert saved(pa.table({"a": [1, 2]}), memory).rows == 2
    assert saved(pd.DataFrame({"a": [1, 2, 3]}), memory).rows == 3
    assert saved([1] * 20_000, memory).rows == 20_000
    assert saved(np.zeros((4, 5)), memory).rows == 4
    assert saved(np.zeros(()), memory).rows is None


def test_types_that_only_pandas_knows(memory: Store, tmp_path: Path) -> None:
    """Periods are read as periods by a process that has not imported pandas before."""
    store = open_store(str(tmp_path))
    row = saved(pd.Series(pd.period_range("2020-01", periods=3, freq="M"), name="p"), store)
    assert row.encoding == "parquet"
    code = (
        "import sys; from stepwell.artifacts import codec, row\n"
        "from stepwell.store.opening import open_store\n"
        f"print(codec.decode(row.{row!r}, open_store(sys.argv[1])).dtype)"
    )
    assert subprocess.check_output([sys.executable, "-c", code, str(tmp_path)], text=True) == "period[M]\n"


def test_what_cannot_be_saved(memory: Store) -> None:
    """What can't be pickled is one line with the step, the artifact, its type and the way out."""
    for value in (threading.Lock(), lambda: 1, {"model": (threading.Lock(),)}):
        with pytest.raises(ArtifactError) as caught:
            codec.encode("model", value, where="step fit, task 0-3", store=memory, namespace="user/ada")
        message = str(caught.value)
        assert message.startswith(f"step fit, task 0-3: artifact 'model' of type {type_name(type(value))} ")
        assert "instead of self" in message
        assert "\n" not in message


def test_pickles_of_others(memory: Store) -> None:
    """A pickle is refused where it isn't allowed, a plain value or table is not."""
    with pytest.raises(ArtifactError, match="allow_pickle=True"):
        codec.decode(saved(Whole(1), memory), memory, allow_pickle=False)
    assert codec.decode(saved((1, 2), memory), memory, allow_pickle=False) == (1, 2)
    assert codec.decode(saved(np.zeros(3), memory), memory, allow_pickle=False).shape == (3,)


def test_a_class_that_is_gone(memory: Store) -> None:
    """A pickle of a class that isn't installed is one line that says what to install."""
    with pytest.raises(ArtifactError, match=r"no_such_module_anywhere.*install"):
        codec.decode(saved(Unreadable(), memory), memory)


def test_an_object_that_is_gone(memory: Store) -> None:
    """A row whose object was deleted is NotFound, by its key."""
    row = saved(LARGE, memory)
    assert row.object is not None
    memory.delete(row.object)
    with pytest.raises(NotFound, match=row.sha256):
        codec.decode(row, memory)


def test_a_damaged_object(memory: Store) -> None:
    """A table's object that was cut short is one line that names it."""
    row = saved(LARGE, memory)
    assert row.object is not None
    memory.put(row.object, memory.get(row.object)[:-100])
    for read in (lambda: codec.decode(row, memory), Artifact(row, memory).table):
        with pytest.raises(ArtifactError, match=f"{row.object} is damaged") as caught:
            read()
        assert "\n" not in str(caught.value)


def test_tags_are_documented_json(memory: Store) -> None:
    """What JSON hasn't is an object with its type's name, which SQL can ask for."""
    row = saved({"when": __import__("datetime").date(2026, 1, 2)}, memory)
    assert row.json is not None
    assert json.loads(row.json) == {"when": {"$type": "date", "value": "2026-01-02"}}


def test_saving_holds_no_second_copy(tmp_path: Path) -> None:
    """Saving a large table takes a fraction of its size in memory: it is written as it is encoded."""
    code = (
        "import sys, numpy as np, pyarrow as pa\n"
        "from stepwell.artifacts.codec import encode\n"
        "from stepwell.store.opening import open_store\n"
        "columns = {name: np.random.default_rng(0).random(4_000_000) for name in 'abcd'}\n"
        "table = pa.table(columns)\n"
        "encode('it', table, where='step start', store=open_store(sys.argv[1]), namespace='user/ada')\n"
        "print(pa.default_memory_pool().max_memory() / table.nbytes)\n"
    )
    assert float(subprocess.check_output([sys.executable, "-c", code, str(tmp_path)])) < 0.5


def test_a_table_whose_library_is_not_here(memory: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A frame that a step with other packages has saved: who has not got its library is told which, and of
    which artifact."""
    row = saved(pl.DataFrame({"a": [1]}), memory)
    monkeypatch.setitem(sys.modules, "polars", None)
    said = (
        rf"'{row.name}' of type polars.DataFrame can't be loaded: .*; install polars here .* save a pa.Table"
    )
    with pytest.raises(ArtifactError, match=said) as caught:
        codec.decode(row, memory)
    assert "\n" not in str(caught.value)
