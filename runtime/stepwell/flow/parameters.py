"""``Parameter``: a value that a run is given from outside."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from stepwell.errors import FlowError, ParameterError

_KINDS: dict[type, str] = {int: "an integer", float: "a number", bool: "true or false", str: "text"}


class JSONType:
    """Type of a parameter that takes any JSON document."""


class Parameter:
    """A parameter of a flow, set by ``run --NAME VALUE`` and read as ``self.ATTRIBUTE``.

    Args:
        name: its name on the command line.
        type: int, float, bool, str or `JSONType`; by default the type of `default`, else str.
        default: its value where none is given; a function without arguments is called once a run.
        required: whether a run without a value is refused; by default it is not.
        help: a line for ``--help``.

    Raises:
        FlowError: the type is none of these, or the default is not of the type.
    """

    def __init__(
        self,
        name: str,
        *,
        type: type | None = None,
        default: Any = None,
        required: bool = False,
        help: str = "",
    ) -> None:
        if type is None:
            plain = default is not None and not callable(default)
            type = JSONType if isinstance(default, dict | list) else default.__class__ if plain else str
        if type not in _KINDS and type is not JSONType:
            raise FlowError(
                f"parameter '{name}': received type {type!r}; allowed are int, float, bool, str and JSONType"
            )
        if required and default is not None:
            raise FlowError(
                f"parameter '{name}': received required=True and default={default!r}; "
                "a parameter with a default is never missing: leave one of them out"
            )
        self.name, self.type, self.required, self.help = name, type, required, help
        self.default = default
        self.attribute = name.replace("-", "_")
        if default is not None and not callable(default):
            try:
                self.default = self.convert(default)
            except ParameterError as error:
                raise FlowError(f"{error} (as its default)") from None

    def __set_name__(self, owner: type, attribute: str) -> None:
        self.attribute = attribute

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        return instance.parameter_value(self.attribute)

    def __set__(self, instance: Any, value: Any) -> None:
        raise AttributeError(
            f"parameter '{self.name}': received {value!r} inside a step; a parameter is set when a run "
            "starts and stays as it is: use another name for a value that changes"
        )

    @property
    def kind(self) -> str:
        """The type in words."""
        return _KINDS.get(self.type, "a JSON document")

    def value(self, given: dict[str, Any]) -> Any:
        """The value for a run that was given these (by name): text, or already of the type.

        Raises:
            ParameterError: it is missing though required, or not of the type.
        """
        if self.name in given:
            return self.convert(given[self.name])
        if self.required:
            raise ParameterError(
                f"parameter '{self.name}': no value was given and it is required; "
                f"it takes {self.kind}: add --{self.name} VALUE"
            )
        if callable(self.default):
            return self.convert(_called(self.name, self.default))
        return self.default

    def convert(self, value: Any) -> Any:
        """`value`, text or already of the type, as this parameter's type.

        Raises:
            ParameterError: it can't be read as the type.
        """
        try:
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
            words = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
            if isinstance(value, bool):
                return value
            if str(value).lower() not in words:
                raise ValueError
            return words[str(value).lower()]
        if self.type is str:
            if not isinstance(value, str):
                raise TypeError
            return value
        if isinstance(value, bool) or (self.type is int and isinstance(value, float)):
            raise TypeError
        return self.type(value)


def _called(name: str, default: Callable[[], Any]) -> Any:
    try:
        return default()
    except Exception as error:
        raise ParameterError(
            f"parameter '{name}': its default, a function, raised {error.__class__.__name__}: {error}; "
            "mend the function or give a value on the command line"
        ) from error
