"""What decorators of steps and of flows have in common: a name, and attributes that are checked."""

from __future__ import annotations

from typing import Any, ClassVar

from stepwell.errors import FlowError, did_you_mean


class Attributes:
    """A decorator with its attributes; subclasses are callable with what they decorate.

    Subclasses set `name` and `defaults` (attribute to value; the only attributes there are). What is
    wrong with one is kept as its `mistake` until the flow's graph is asked for: raised where it is
    written, it would reach the user as a traceback of the import.
    """

    name: ClassVar[str]
    defaults: ClassVar[dict[str, Any]]

    def __new__(cls, decorated: Any = None, /, **attributes: Any) -> Any:
        """``@retry`` does what ``@retry()`` does."""
        if decorated is None:
            return super().__new__(cls)
        decorator: Any = cls(**attributes)
        return decorator(decorated)

    def __init__(self, **attributes: Any) -> None:
        self.attributes: dict[str, Any] = {**self.defaults, **attributes}
        self.mistake: FlowError | None = None
        try:
            self._check_names(attributes)
            self.check()
        except FlowError as mistake:
            self.mistake = mistake

    def _check_names(self, attributes: dict[str, Any]) -> None:
        for key in attributes:
            if key not in self.defaults:
                raise FlowError(
                    f"@{self.name}: received {key}={attributes[key]!r}, which it does not know; allowed are "
                    f"{', '.join(self.defaults)}{did_you_mean(key, self.defaults)}"
                )

    def check(self) -> None:
        """Raise `FlowError` if an attribute has a value that is not allowed."""

    def refuse(self, key: str, allowed: str) -> FlowError:
        """The error for a value that is not allowed."""
        return FlowError(f"@{self.name}: received {key}={self.attributes[key]!r}; {key} must be {allowed}")
