"""What decorators of steps and of flows have in common: a name, and attributes that are checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from stepwell.errors import FlowError, did_you_mean


class Attributes:
    """A decorator with its attributes; subclasses are callable with what they decorate.

    Subclasses set `name` and `defaults` (attribute to value; the only attributes there are). What is
    wrong with one is kept as its `mistake` until the flow's graph is asked for: raised where it is
    written, it would reach the user as a traceback of the import.

    Attributes:
        given: what was written.
        attributes: that, and the defaults of the others.
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
        self.given = attributes
        self.attributes: dict[str, Any] = {**self.defaults, **attributes}
        self.mistake: FlowError | None = None
        self._check()

    def resolve(self, configs: Mapping[str, Any]) -> None:
        """Put values in the place of `config_expr`, and check these. Raises `FlowError`."""
        from stepwell.flow.configexpr import is_expression, resolved

        if is_expression(self.given):
            self.given = resolved(self.given, configs)
            self.attributes = {**self.defaults, **self.given}
            self.mistake = None
            self._check()

    def _check(self) -> None:
        try:
            self._check_names(self.given)
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
