"""Configs: read while the flow's class is made, from files, texts or what a deployment froze."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path
from typing import Any

import pytest

from stepwell import Config
from stepwell.errors import FlowError
from stepwell.flow.commandline import Frozen
from stepwell.flow.configvalue import ConfigValue


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with two files."""
    (tmp_path / "one.toml").write_text('memory = 8192\nname = "toml"\n[deep]\nlist = [{ x = 1 }]\n')
    (tmp_path / "two.json").write_text('{"memory": 1, "name": "json"}')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["flow.py"])
    return tmp_path


def test_values_are_attributes_and_keys() -> None:
    """A config in a class body gives its values by attribute, by key and as keyword arguments, nested too."""
    config = Config("cfg", default="one.toml")
    assert (config.memory, config["memory"], config.name, config.deep.list[0].x) == (8192, 8192, "toml", 1)
    assert dict(**config.deep) == {"list": [{"x": 1}]}
    assert "memory" in config and "nothing" not in config


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (["run"], "toml"),
        (["--config", "cfg", "two.json", "run"], "json"),
        (["--config", "other", "two.json", "run"], "toml"),
        (["--config-value", "cfg", '{"name": "text"}', "run"], "text"),
        (["--config_value", "cfg", '{"name": "text"}', "run"], "text"),
    ],
)
def test_the_command_line_chooses(arguments: list[str], name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """--config and --config-value take the place of the default, for the config they name alone."""
    monkeypatch.setattr(sys, "argv", ["flow.py", *arguments])
    assert Config("cfg", default="one.toml").name == name


def test_a_deployments_values_stand(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A task of a deployed flow sees what was frozen, without the file, also that there was no config."""
    (here / "frozen").write_bytes(Frozen({"cfg": {"name": "then"}, "no": None}).to_json())
    monkeypatch.setattr(sys, "argv", ["flow.py", "--frozen", "frozen", "task"])
    assert Config("cfg", default="gone.toml").name == "then"
    with pytest.raises(FlowError, match="config 'no': received no value, which has nothing to read"):
        _ = Config("no", default="one.toml").name


def test_sources_of_a_default() -> None:
    """A default may be a document, its text, what a function returns, or what a parser makes of it."""
    assert Config("c", default_value={"a": 1}).a == 1
    assert Config("c", default_value='{"a": 2}').a == 2
    assert Config("c", default=lambda: "two.json").memory == 1
    assert Config("c", default="one.toml", parser=lambda text: {"size": len(text)}).size == 54


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"default": "no.toml"}, r"config 'c': received the file 'no.toml', which can't be read \(No such"),
        ({"default_value": "{"}, r"received its default_value, which is no document .*\(JSONDecodeError: Ex"),
        ({"default_value": "[1]"}, r"\(TypeError: a mapping is needed, not list\); give --config c FILE"),
        ({"default_value": {"a": {1}}}, r"\(TypeError: Object of type set is not JSON serializable\)"),
        ({"required": True}, "received no value, which is not enough for a config that is required"),
        ({}, "received no value, which has nothing to read"),
    ],
)  # fmt: skip
def test_what_is_no_config_is_refused(arguments: dict[str, Any], message: str) -> None:
    """A config that can't be read is refused when it is first used, with the way out."""
    config = Config("c", **arguments)
    with pytest.raises(FlowError, match=message):
        _ = config.memory


def test_a_missing_value_names_those_there_are() -> None:
    """A value that is not there is refused with the closest name, to hasattr as well."""
    config = Config("c", default="two.json")
    with pytest.raises(FlowError, match=r"config 'c' has no value 'memroy'; did you mean 'memory'\?"):
        _ = config.memroy
    assert not hasattr(config, "x")


def test_values_do_not_change() -> None:
    """Neither a value nor a list in it can be changed; a dictionary of it can."""
    value = ConfigValue({"a": 1, "xs": [1]}, "c")
    with pytest.raises(TypeError, match="config 'c': received a=2; a config does not change"):
        value.a = 2
    with pytest.raises(TypeError):
        del value.a
    value.xs.append(2)
    value.to_dict()["xs"].append(3)
    assert value == {"a": 1, "xs": [1]}
    assert pickle.loads(pickle.dumps(value)).xs == [1]
