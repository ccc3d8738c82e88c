"""``Parameter``: a value that a run is given from outside."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from stepwell.errors import FlowError, ParameterError
from stepwell.flow.given import Given

_KINDS: dict[type, str] = {int: "an integer", float: "a number", bool: "true or false", str: "text"}
_BOOLEANS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


class JSONType:
    """Type of a parameter that takes any JSON document."""


class Parameter(Given):
    """A parameter of a flow, set by ``run --NAME VALUE`` and read as ``self.ATTRIBUTE``.

    Args:
        name: its name on the command line.
        default: its value where none is given; a function is called once a run, with a
            `ParameterContext` if it takes an argument.
        type: int, float, bool, str or `JSONType`; by default the type of `default`, else str.
        required: whether a run without a value is refused; by default it is not.
        help: a line for ``--help``.
        separator: text is split at it into a list of texts: ``--NAME a,b``.
        multiple: the option may be given several times; the value is a tuple, empty without any.
        show_default: whether ``--help`` shows the default.

    Raises:
        FlowError: the type is none of these, or the default is not of the type.
    """

    word = "parameter"

    def __init__(
        self,
        name: str,
        default: Any = None,
        *,
        type: type | None = None,
        required: bool = False,
        help: str | None = None,
        separator: str | None = None,
        multiple: bool = False,
        show_default: bool = True,
    ) -> None:
        super().__init__(name, help)
        if type is None:
            type = _type_of(default, several=multiple or separator is not None)
        if type not in _KINDS and type is not JSONType:
            raise FlowError(
                f"parameter '{name}': received type {type!r}; allowed are int, float, bool, str and JSONType"
            )
        if required and default is not None:
            raise FlowError(
                f"parameter '{name}': received required=True and default={default!r}; "
                "a parameter with a default is never missing: leave one of them out"
            )
        if separator is not None and (type is not str or multiple or not separator):
            raise FlowError(
                f"parameter '{name}': received separator={separator!r}, type {type.__name__} and "
                f"multiple={multiple}; a separator is not empty and splits text: use it with type=str, "
                "or use multiple=True alone"
            )
        self.type, self.required = type, required
        self.separator, self.multiple, self.show_default = separator, multiple, show_default
        self.default = () if multiple and default is None else default
        if self.default is not None and not callable(default):
            try:
                self.default = self.convert(self.default)
            except ParameterError as error:
                raise FlowError(f"{error} (as its default)") from None

    @property
    def kind(self) -> str:
        """The type in words."""
        one = _KINDS.get(self.type, "a JSON document")
        if self.separator is not None:
            return f"text, split at '{self.separator}'"
        return f"{one}, any number of times" if self.multiple else one

    @property
    def metavar(self) -> str:
        """What ``--help`` calls a value."""
        if self.separator is not None:
            return f"TEXT[{self.separator}TEXT...]"
        return _KINDS.get(self.type, "JSON").upper().rpartition(" ")[2]

    def value(self, given: Mapping[str, Any]) -> Any:
        """The value for a run that was given these (by name): text, or already of the type.

        Raises:
            ParameterError: it is missing though required, or not of the type.
        """
        if self.name in given:
            return self.convert(given[self.name])
        if self.required:
            raise ParameterError(
                f"{self.word} '{self.name}': no value was given and it is required; "
                f"it takes {self.kind}: add --{self.name} VALUE"
            )
        if callable(self.default):
            return self.convert(self.called(self.default))
        return self.default

    def convert(self, value: Any) -> Any:
        """`value`, text or already of the type, as this parameter's type.

        Raises:
            ParameterError: it can't be read as the type.
        """
        try:
            if self.separator is not None:
                parts = value.split(self.separator) if isinstance(value, str) else value
                return [self._converted(part) for part in parts]
            if self.multiple:
                return tuple(self._converted(one) for one in ([value] if isinstance(value, str) else value))
            return self._converted(value)
        except (ValueError, TypeError):
            raise ParameterError(
                f"parameter '{self.name}': received {value!r}, which is not {self.kind}; "
                f"give it as --{self.name} VALUE"
            ) from None

    def _converted(self, value: Any) -> Any:
        if self.type is JSONType:
            return json.loads(value) if isinstance(value, str) else json.loads(json.dumps(value))
        if self.type is bool:
            if isinstance(value, bool):
                return value
            if str(value).lower() not in _BOOLEANS:
                raise ValueError
            return _BOOLEANS[str(value).lower()]
        if self.type is str:
            if not isinstance(value, str):
                raise TypeError
            return value
        if isinstance(value, bool) or (self.type is int and isinstance(value, float)):
            raise TypeError
        return self.type(value)


def _type_of(default: Any, several: bool) -> type:
    """The type of a parameter that names none."""
    if several and isinstance(default, list | tuple) and default:
        default = default[0]
    if default is None or callable(default) or (several and isinstance(default, list | tuple)):
        return str
    return JSONType if isinstance(default, dict | list) else default.__class__
