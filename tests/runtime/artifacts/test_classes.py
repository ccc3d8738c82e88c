"""Dataclasses and pydantic models are saved by their fields, and come back as they were."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stepwell import Flow
from stepwell.artifacts import codec
from stepwell.errors import ArtifactError
from stepwell.store.base import Store
from stepwell.store.opening import open_store
from tests.runtime.artifacts import classes, values
from tests.runtime.artifacts.classes import Derived, Frozen, FrozenModel, Model, Point, Slotted
from tests.support import run_flow, write_flow

MEMORY: Store = open_store("memory://")
NAME = classes.__name__
ANY = st.recursive(
    values.PLAIN,
    lambda inner: st.sampled_from([Point, Frozen, Slotted, Derived, Model, FrozenModel]).flatmap(
        lambda cls: st.builds(cls, x=inner, y=inner)
    ),
    max_leaves=5,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from([Point, Frozen, Slotted, Derived, Model, FrozenModel]), ANY, ANY)
def test_by_their_fields(cls: Any, x: Any, y: Any) -> None:
    """A dataclass or model of plain fields, of any nesting, is JSON and comes back the same, type by type."""
    value = cls(x=x, y=y)
    assert values.saved(value, MEMORY).encoding == "json"
    assert values.same(values.round_trip(value, MEMORY), value)


@pytest.mark.parametrize("cls", [Point, Model])
def test_json_is_readable(cls: Any) -> None:
    """The JSON names the class by its import path and holds the fields as they are."""
    row = values.saved(cls(x=[1, "a"]), MEMORY)
    assert row.json is not None
    document = json.loads(row.json)
    assert (document["$type"], document["value"]) == (f"{NAME}:{cls.__name__}", {"x": [1, "a"], "y": None})
    assert row.type == f"{NAME}.{cls.__name__}"


def test_models_know_what_was_given() -> None:
    """A model that comes back still tells which fields were given and which had their defaults."""
    back = values.round_trip(Model(x=1), MEMORY)
    assert back.model_dump(exclude_unset=True) == {"x": 1}


def test_init_does_not_run_again() -> None:
    """What comes back was not made again: neither __init__ nor __post_init__ runs."""
    value = object.__new__(classes.Loud)
    value.x = 3
    assert values.saved(value, MEMORY).encoding == "json"
    assert values.round_trip(value, MEMORY).x == 3


def _with_more() -> Point:
    value = Point(1)
    vars(value)["more"] = 2
    return value


@pytest.mark.parametrize(
    "value",
    [
        Point(classes.Pair(1)),
        Frozen(print),
        _with_more(),
        classes.Own(1),
        classes.Listed(1),
        classes.Failed(1),
        classes.Open(x=1, more=2),
        classes.Private(x=1),
        Model(x=print),
    ],
)
def test_more_than_fields(value: Any) -> None:
    """What has more to it than plain fields is pickled, and comes back with that."""
    assert values.saved(value, MEMORY).encoding == "pickle"
    back = values.round_trip(value, MEMORY)
    assert type(back) is type(value)
    assert repr(back) == repr(value)
    assert getattr(back, "__dict__", None) == getattr(value, "__dict__", None)


@pytest.mark.parametrize("wrap", [lambda value: value, lambda value: {"in": [value]}])
def test_classes_that_cannot_be_found_again(wrap: Any) -> None:
    """An instance of a class inside a function is refused with the way out."""

    @dataclass
    class Local:
        x: int

    with pytest.raises(
        ArtifactError, match=r"artifact 'it' of type .* define its class at the top of a module"
    ):
        values.saved(wrap(Local(1)), MEMORY)


SAVE = """
import sys
from dataclasses import dataclass
from stepwell.artifacts import codec
from stepwell.store.opening import open_store

@dataclass
class Own:
    x: int

row = codec.encode("it", Own(3), where="step start", store=open_store("memory://"), namespace="user/ada")
print(codec.decode(row, open_store("memory://")).x)
print(repr(row))
"""


def test_a_class_of_the_flows_own_file(tmp_path: Path) -> None:
    """A class of the file that is run comes back there; elsewhere one line says what to do."""
    file = tmp_path / "flow.py"
    file.write_text(SAVE)
    back, text = subprocess.check_output([sys.executable, str(file)], text=True).splitlines()
    assert back == "3"
    row = eval(text, {"Row": codec.Row})
    with pytest.raises(
        ArtifactError, match=r"__main__ has no dataclass or pydantic model 'Own'.* both import"
    ) as e:
        codec.decode(row, MEMORY)
    assert "\n" not in str(e.value)


@pytest.mark.parametrize(
    ("path", "fields", "message"),
    [
        ("no_such_module:Point", {"x": 1}, "No module named 'no_such_module'"),
        (f"{NAME}:Gone", {"x": 1}, "has no dataclass or pydantic model 'Gone'"),
        (f"{NAME}:Pair", {"x": 1}, "has no dataclass or pydantic model 'Pair'"),
        ("os:system", {"x": 1}, "has no dataclass or pydantic model 'system'"),
        (f"{NAME}:Point", {"x": 1, "old": 2}, r"has the fields \['x', 'y'\], saved were \['old', 'x'\]"),
        (f"{NAME}:Model", {"x": 1}, r"has the fields \['x', 'y'\], saved were \['x'\]"),
    ],
)
def test_classes_that_are_gone(path: str, fields: dict[str, int], message: str) -> None:
    """A class that is gone, is none, or has other fields by now is one line with what is there."""
    row = values.saved(Point(1), MEMORY)
    changed = row._replace(json=json.dumps({"$type": path, "value": fields}))
    with pytest.raises(ArtifactError, match=message) as caught:
        codec.decode(changed, MEMORY)
    assert "\n" not in str(caught.value)


def test_from_task_to_task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dataclass of the flow's file goes from task to task as itself, and its type is known everywhere."""
    home = tmp_path / "home"
    monkeypatch.setenv("STEPWELL_HOME", str(home))
    monkeypatch.setenv("STEPWELL_USER", "tester")
    body = """
        @step
        def start(self):
            self.point = Point(1)
            self.next(self.end)

        @step
        def end(self):
            assert type(self.point) is Point
            self.x = self.point.x
    """
    head = "from dataclasses import dataclass\n\n@dataclass\nclass Point:\n    x: int"
    ended = run_flow(write_flow(tmp_path, body, head), home, "run")
    assert ended.returncode == 0, ended.stderr
    task = Flow("Made").latest_run["end"].task
    assert (task.data.x, task["point"].type, task["point"].encoding) == (1, "__main__.Point", "json")
