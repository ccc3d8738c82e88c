"""Included files: their content, here and packed for another machine."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from stepwell import IncludeFile
from stepwell.errors import FlowError, ParameterError
from stepwell.flow.commandline import Frozen


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a file that is text in latin-1 alone."""
    (tmp_path / "data.txt").write_bytes("é".encode("latin-1"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "content"), [({"encoding": "latin-1"}, "é"), ({"is_text": False}, b"\xe9")]
)
def test_content_travels(arguments: dict[str, Any], content: str | bytes) -> None:
    """Text and bytes are read from a path, given or default, and come out of JSON as they were."""
    file = IncludeFile("data", **arguments)
    assert file.value({"data": "data.txt"}) == content
    assert IncludeFile("data", "data.txt", **arguments).value({}) == content
    packed = json.loads(json.dumps(file.portable("data.txt")))
    assert file.value({"data": packed}) == content
    assert file.value({}) is None


def test_a_deployments_default_stands(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A task of a deployed flow has the default's content of then, and a given file's before it."""
    (here / "frozen").write_bytes(Frozen(files={"data": {"text": "then"}}).to_json())
    monkeypatch.setattr(sys, "argv", ["flow.py", "--frozen", "frozen", "task"])
    file = IncludeFile("data", default="gone.txt")
    assert file.value({}) == "then"
    assert file.value({"data": {"text": "given"}}) == "given"


@pytest.mark.parametrize(
    ("arguments", "given", "message"),
    [
        ({}, "no.txt", r"file 'data': received 'no.txt', which can't be read \(No such file or directory"),
        ({}, ".", r"received '.', which can't be read \(Is a directory\); give the path of a file from /"),
        ({}, "data.txt", r"received 'data.txt', which is no utf-8 text \(byte 0\); declare it with is_te"),
        ({"encoding": "utf-99"}, "data.txt", "received encoding='utf-99', which Python does not know"),
        ({"required": True}, None, "file 'data': no value was given and it is required; it takes the path o"),
        ({"default": lambda: 1 / 0}, None, "file 'data': its default, a function, raised ZeroDivisionError"),
    ],
)  # fmt: skip
def test_what_can_not_be_read_is_refused(arguments: dict[str, Any], given: str | None, message: str) -> None:
    """A file that is missing, unreadable or no text is one clear line."""
    with pytest.raises(ParameterError, match=message):
        IncludeFile("data", **arguments).value({"data": given} if given else {})


def test_wrong_declarations_are_refused() -> None:
    """A default beside required=True, or one that is no path, is refused where it is written."""
    with pytest.raises(FlowError, match=r"received required=True and default='data\.txt'"):
        IncludeFile("data", "data.txt", required=True)
    with pytest.raises(FlowError, match=r"received default=\['a'\]; a default is the path of a file"):
        IncludeFile("data", ["a"])  # type: ignore[arg-type]
