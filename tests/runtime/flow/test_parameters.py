"""Parameters: types, several values, and values from functions."""

from __future__ import annotations

from typing import Any

import pytest

from stepwell import JSONType, Parameter
from stepwell.errors import FlowError, ParameterError


@pytest.mark.parametrize(
    ("arguments", "given", "value"),
    [
        ({"type": int}, "7", 7),
        ({"default": 0.5}, "1", 1.0),
        ({"type": JSONType}, '{"a": [1]}', {"a": [1]}),
        ({"type": JSONType}, {"a": [1]}, {"a": [1]}),
        ({"default": {"a": 1}}, "[]", []),
        ({"separator": ","}, "a,b", ["a", "b"]),
        ({"separator": ","}, ["a,b"], ["a,b"]),
        ({"separator": "::", "default": "x::y"}, None, ["x", "y"]),
        ({"multiple": True, "type": int}, ("1", "2"), (1, 2)),
        ({"multiple": True, "type": int}, None, ()),
        ({"multiple": True, "default": [1, 2]}, None, (1, 2)),
        ({"multiple": True, "default": [1, 2]}, ("3",), (3,)),
        ({"default": lambda: 3, "type": int}, None, 3),
        ({"default": lambda context: f"{context.parameter_name} of {context.user_name}"}, None, "p of ada"),
        ({}, None, None),
    ],
)  # fmt: skip
def test_values_are_of_the_type(
    arguments: dict[str, Any], given: Any, value: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is given as text, JSON or several times is of the parameter's type, and so is its default."""
    monkeypatch.setenv("STEPWELL_USER", "ada")
    parameter = Parameter("p", **arguments)
    assert parameter.value({} if given is None else {"p": given}) == value


@pytest.mark.parametrize(
    ("arguments", "given", "message"),
    [
        ({"multiple": True, "type": int}, ("1", "x"), r"received \('1', 'x'\), which is not an integer, an"),
        ({"type": JSONType}, "{", "parameter 'p': received '{', which is not a JSON document; give it as --"),
        ({"default": lambda: 1 / 0}, None, "its default, a function, raised ZeroDivisionError: division by"),
        ({"required": True}, None, "no value was given and it is required; it takes text: add --p VALUE"),
    ],
)  # fmt: skip
def test_wrong_values_are_refused(arguments: dict[str, Any], given: Any, message: str) -> None:
    """A value that is missing or not of the type is named with what is allowed."""
    with pytest.raises(ParameterError, match=message):
        Parameter("p", **arguments).value({} if given is None else {"p": given})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"type": set}, "received type <class 'set'>; allowed are int, float, bool, str and JSONType"),
        ({"type": int, "default": "x"}, "received 'x', which is not an integer; .* \\(as its default\\)"),
        ({"required": True, "default": 1}, "received required=True and default=1"),
        ({"separator": ",", "type": int}, "received separator=',', type int and multiple=False; a separator"),
        ({"separator": ",", "multiple": True}, "and multiple=True; a separator is not empty and splits text"),
    ],
)  # fmt: skip
def test_wrong_declarations_are_refused(arguments: dict[str, Any], message: str) -> None:
    """A parameter that can't be is refused where it is written."""
    with pytest.raises(FlowError, match=message):
        Parameter("p", **arguments)
