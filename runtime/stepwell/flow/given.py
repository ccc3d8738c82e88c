"""What a run is given from outside: fixed when it starts, and an artifact of every task."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from stepwell import config
from stepwell.errors import ParameterError


class ParameterContext(NamedTuple):
    """What a default that is a function may be told; the names are Metaflow's.

    Attributes:
        flow_name: the class that declares the parameter.
        user_name: who starts the run.
        parameter_name: name of the parameter or config.
    """

    flow_name: str
    user_name: str
    parameter_name: str


class Given:
    """Base of parameters, included files and configs: a class attribute, read as ``self.ATTRIBUTE``.

    Attributes:
        name: its name on the command line.
        attribute: the attribute of the flow that it is assigned to.
    """

    word = "value"
    """What messages call it."""
    required: bool = False
    """Whether a run can't do without being given it."""

    def __init__(self, name: str, help: str | None) -> None:
        self.name, self.help = name, help or ""
        self.attribute = name.replace("-", "_")
        self.flow = ""

    def __set_name__(self, owner: type, attribute: str) -> None:
        self.attribute, self.flow = attribute, owner.__name__

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

    def called(self, default: Callable[..., Any]) -> Any:
        """What the function that a default is returns; one that takes an argument is told the context.

        Raises:
            ParameterError: it raised something.
        """
        import inspect  # takes some milliseconds, and few flows have such a default

        context = ParameterContext(self.flow, config.username(), self.name)
        try:
            return default(*[context] * bool(inspect.signature(default).parameters))
        except Exception as error:
            raise ParameterError(
                f"{self.word} '{self.name}': its default, a function, raised "
                f"{error.__class__.__name__}: {error}; mend the function or give a value on the command line"
            ) from error

    def shown(self, artifact: Any) -> Any:
        """What a step sees of the artifact."""
        return artifact
