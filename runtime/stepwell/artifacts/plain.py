"""Plain Python values as JSON and back, exactly: values and types.

What JSON has is written as it is. Everything else is an object tagged ``{"$type": ...}``; a dict
that JSON could not hold, or that has a key of its own beginning with ``$``, is tagged as well, so
that a tag is never mistaken. A dataclass or pydantic model is tagged with its import path,
``module:Class``. Instances of subclasses of the others are not plain.
"""

from __future__ import annotations

import base64
import json
import math
import sys
from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from pathlib import Path
from typing import Any

from stepwell.artifacts import classes

_TAG = "$type"
# Python refuses to parse decimal text of more digits than a limit that may be set as low as 640.
_LARGEST_DECIMAL = 10**600


class NotPlain(Exception):
    """A value, or one inside it, that this module does not write."""


def to_json(value: object) -> str:
    """JSON text of a plain value.

    Raises:
        NotPlain: there is something in it that isn't plain, or it is nested too deeply.
    """
    try:
        return json.dumps(_plain(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except RecursionError:
        raise NotPlain from None


def from_json(text: str | bytes) -> Any:
    """The value that `to_json` wrote."""
    return json.loads(text, object_hook=_restored)


def _plain(value: Any) -> Any:
    kind = type(value)
    if kind is bool or value is None:
        return value
    write = _WRITERS.get(kind) or _RARE_WRITERS.get((kind.__module__, kind.__qualname__))
    if write is None:
        if _is_numpy_scalar(value):
            return {_TAG: "numpy", "dtype": value.dtype.name, "value": _plain(value.item())}
        return _instance(value)
    return write(value)


def _instance(value: Any) -> Any:
    state = classes.state_of(value)
    if state is None:
        raise NotPlain
    path, fields, given = state
    document = {_TAG: path, "value": {name: _plain(content) for name, content in fields.items()}}
    return document if given is None else {**document, "given": given}


def _is_numpy_scalar(value: object) -> bool:
    numpy = sys.modules.get("numpy")
    if numpy is None or type(value).__module__ != "numpy" or not isinstance(value, numpy.generic):
        return False
    # An extended float is wider than Python's.
    return value.dtype.kind in "biuf" and value.dtype.itemsize <= 8


def _str(value: str) -> Any:
    return value if _is_text(value) else _tagged("str", _base64(value.encode("utf-8", "surrogatepass")))


def _is_text(value: str) -> bool:
    """Whether UTF-8 holds it: not so a lone surrogate, which JSON would join with the next one."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _int(value: int) -> Any:
    return value if -_LARGEST_DECIMAL < value < _LARGEST_DECIMAL else _tagged("int", hex(value))


def _float(value: float) -> Any:
    return value if math.isfinite(value) else _tagged("float", repr(value))


def _dict(value: dict[Any, Any]) -> Any:
    if all(type(key) is str and not key.startswith("$") and _is_text(key) for key in value):
        return {key: _plain(item) for key, item in value.items()}
    return _tagged("dict", [[_plain(key), _plain(item)] for key, item in value.items()])


def _list(value: list[Any] | tuple[Any, ...]) -> list[Any]:
    return [_plain(item) for item in value]


def _set(value: set[Any] | frozenset[Any]) -> list[Any]:
    """In an order that is the same in every process, whatever the hash seed."""
    return sorted(map(_plain, value), key=json.dumps)


def _zone(zone: tzinfo | None) -> Any:
    if zone is None:
        return None
    if (key := getattr(zone, "key", None)) is not None and _is_zone_info(zone):
        return key
    if type(zone) is timezone:
        name, offset = zone.tzname(None), _timedelta(zone.utcoffset(None))
        return [offset] if timezone(zone.utcoffset(None)).tzname(None) == name else [offset, name]
    raise NotPlain


def _is_zone_info(zone: tzinfo) -> bool:
    from zoneinfo import ZoneInfo

    return type(zone) is ZoneInfo


def _to_zone(zone: Any) -> tzinfo | None:
    if zone is None:
        return None
    if isinstance(zone, str):
        from zoneinfo import ZoneInfo

        return ZoneInfo(zone)
    offset, *name = zone
    # The constructor gives the constant UTC, as the constant itself was, when no name is passed.
    return timezone(timedelta(*offset), *name)


def _moment(value: datetime | time) -> list[Any]:
    return [value.replace(tzinfo=None).isoformat(), _zone(value.tzinfo), value.fold]


def _to_moment(kind: type[datetime] | type[time], content: Any) -> datetime | time:
    text, zone, fold = content
    return kind.fromisoformat(text).replace(tzinfo=_to_zone(zone), fold=fold)


def _timedelta(value: timedelta) -> list[int]:
    return [value.days, value.seconds, value.microseconds]


def _base64(value: bytes | bytearray) -> str:
    return base64.b64encode(value).decode()


def _tagged(name: str, content: Any) -> dict[str, Any]:
    return {_TAG: name, "value": content}


def _writer(name: str, content: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: _tagged(name, content(value))


_WRITERS: dict[type, Callable[[Any], Any]] = {
    str: _str,
    int: _int,
    float: _float,
    list: _list,
    dict: _dict,
    tuple: _writer("tuple", _list),
    set: _writer("set", _set),
    frozenset: _writer("frozenset", _set),
    bytes: _writer("bytes", _base64),
    bytearray: _writer("bytearray", _base64),
    complex: _writer("complex", lambda value: [_float(value.real), _float(value.imag)]),
    datetime: _writer("datetime", _moment),
    time: _writer("time", _moment),
    date: _writer("date", date.isoformat),
    timedelta: _writer("timedelta", _timedelta),
    type(Path()): _writer("Path", lambda value: _str(str(value))),
}

# By name: a type whose module is not imported has no values.
_RARE_WRITERS: dict[tuple[str, str], Callable[[Any], Any]] = {
    ("decimal", "Decimal"): _writer("Decimal", str),
    ("uuid", "UUID"): _writer("UUID", str),
}


def _decimal(content: str) -> Any:
    from decimal import Decimal

    return Decimal(content)


def _uuid(content: str) -> Any:
    from uuid import UUID

    return UUID(content)


_READERS: dict[str, Callable[[Any], Any]] = {
    "str": lambda content: base64.b64decode(content).decode("utf-8", "surrogatepass"),
    "int": lambda content: int(content, 16),
    "float": float,
    "dict": dict,
    "tuple": tuple,
    "set": set,
    "frozenset": frozenset,
    "bytes": base64.b64decode,
    "bytearray": lambda content: bytearray(base64.b64decode(content)),
    "complex": lambda content: complex(*content),
    "datetime": lambda content: _to_moment(datetime, content),
    "time": lambda content: _to_moment(time, content),
    "date": date.fromisoformat,
    "timedelta": lambda content: timedelta(*content),
    "Decimal": _decimal,
    "UUID": _uuid,
    "Path": Path,
}


def _restored(found: dict[str, Any]) -> Any:
    name = found.get(_TAG)
    if name is None:
        return found
    if name == "numpy":
        import numpy as np

        return np.dtype(found["dtype"]).type(found["value"])
    if ":" in name:
        return classes.restored(name, found["value"], found.get("given"))
    return _READERS[name](found["value"])
