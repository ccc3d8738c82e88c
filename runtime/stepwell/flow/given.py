"""What a run is given from outside: fixed when it starts, and an artifact of every task."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Given:
    """Base of parameters, included files and configs: a class attribute, read as ``self.ATTRIBUTE``.

    Attributes:
        name: its name on the command line.
        attribute: the attribute of the flow that it is assigned to.
    """

    word = "value"
    """What messages call it."""

    def __init__(self, name: str, help: str | None) -> None:
        self.name, self.help = name, help or ""
        self.attribute = name.replace("-", "_")

    def __set_name__(self, owner: type, attribute: str) -> None:
        self.attribute = attribute

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        return self.shown(instance.parameter_value(self.attribute))

    def __set__(self, instance: Any, value: Any) -> None:
        raise AttributeError(
            f"{self.word} '{self.name}': received {value!r} inside a step; a {self.word} is set when a run "
            "starts and stays as it is: use another name for a value that changes"
        )

    def value(self, given: Mapping[str, Any]) -> Any:
        """The artifact of a run that was given these, by name. Raises `ParameterError`, `FlowError`."""
        raise NotImplementedError

    def portable(self, given: Any) -> Any:
        """What was given, as JSON that `value` takes on another machine. Raises `ParameterError`."""
        return given

    def shown(self, artifact: Any) -> Any:
        """What a step sees of the artifact."""
        return artifact
