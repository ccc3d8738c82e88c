"""What is known of an artifact without its value: one row of a task's manifest."""

from __future__ import annotations

import builtins
import sys
from typing import Literal, NamedTuple

Encoding = Literal["json", "parquet", "arrow", "pickle"]
_IMMUTABLE = frozenset(
    {"NoneType", "bool", "int", "float", "str", "bytes", "pyarrow.Table", "pyarrow.RecordBatch"}
)


class Row(NamedTuple):
    """One artifact; its content is in `json`, in `inline`, or in the object that `object` names.

    Attributes:
        name: the attribute of the flow it was.
        type: qualified name of the value's class, such as ``int`` or ``pyarrow.Table``.
        encoding: how the content is written.
        json: the content of a small plain value, readable text.
        inline: the content of another small value.
        object: key of the object that holds the content.
        sha256: of the content, hexadecimal.
        rows: of a table, list, tuple or array (its first dimension); None of anything else.
        shape: of a table, list, tuple or array, also of other things that have one; None of what hasn't.
        bytes: size of the content.
    """

    name: str
    type: str
    encoding: Encoding
    json: str | None
    inline: builtins.bytes | None
    object: str | None
    sha256: str
    rows: int | None
    shape: tuple[int, ...] | None
    bytes: int

    @property
    def immutable(self) -> bool:
        """Whether a loaded value still is what was saved, whatever was done with it."""
        return self.type in _IMMUTABLE


def type_name(cls: type) -> str:
    """The name people know a class by: the shortest package that offers it, ``pyarrow.Table``."""
    if cls.__module__ == "builtins":
        return cls.__qualname__
    parts = cls.__module__.split(".")
    for end in range(1, len(parts)):
        package = ".".join(parts[:end])
        if getattr(sys.modules.get(package), cls.__qualname__, None) is cls:
            return f"{package}.{cls.__qualname__}"
    return f"{cls.__module__}.{cls.__qualname__}"
