"""Dataclasses and pydantic models by their fields: readable JSON instead of a pickle.

Only an instance that is nothing but its fields, of a class that its import path leads to, is written
so; as with a pickle, what comes back has the same fields and its ``__init__`` does not run again.
"""

from __future__ import annotations

import copyreg
import dataclasses
import sys
from collections.abc import Mapping
from functools import reduce
from importlib import import_module
from typing import Any, cast

_NEW = copyreg.__newobj__  # type: ignore[attr-defined]
"""What makes an instance without its ``__init__`` (PEP 307)."""


class NoSuchClass(Exception):
    """The import path leads to no dataclass or model; its message says why."""


def state_of(value: object) -> tuple[str, dict[str, Any], list[str] | None] | None:
    """The import path of a value's class, its fields, and of a model those that were given explicitly.

    None of what is no dataclass or pydantic model, or has more to it than its fields.
    """
    cls = type(value)
    if dataclasses.is_dataclass(cls):
        fields, given = _dataclass_state(value), None
    elif _is_model(cls):
        fields, given = _model_state(value)
    else:
        return None
    path = f"{cls.__module__}:{cls.__qualname__}"
    if fields is None or _find(sys.modules.get(cls.__module__), cls.__qualname__) is not cls:
        return None
    return path, fields, given


def restored(path: str, fields: dict[str, Any], given: list[str] | None) -> Any:
    """The value that `state_of` was given.

    Raises:
        NoSuchClass: there is no such class here, or it has other fields by now.
    """
    module, _, name = path.partition(":")
    try:
        cls = _find(sys.modules.get(module) or import_module(module), name)
    except ImportError as error:
        raise NoSuchClass(str(error)) from error
    known = _fields(cls)
    if known is None:
        raise NoSuchClass(f"{module} has no dataclass or pydantic model {name!r}")
    if not _fits(fields, known):
        raise NoSuchClass(f"{path} has the fields {sorted(known)}, saved were {sorted(fields)}")
    value: Any = object.__new__(cls)
    if given is not None:
        value.__setstate__({
            "__dict__": fields, "__pydantic_fields_set__": set(given),
            "__pydantic_extra__": None, "__pydantic_private__": None,
        })  # fmt: skip
        return value
    for field, content in fields.items():
        object.__setattr__(value, field, content)
    return value


def _dataclass_state(value: Any) -> dict[str, Any] | None:
    """All that a pickle would keep, if that is the fields."""
    if not _is_generated(getattr(type(value), "__setstate__", None)):
        return None
    try:
        constructor, arguments, state, items, pairs = value.__reduce_ex__(2)
    except Exception:
        # not as object does it, or not at all: pickling will say so
        return None
    if constructor is not _NEW or len(arguments) != 1 or items is not None or pairs is not None:
        return None
    known = _fields(type(value)) or {}
    if isinstance(state, list):
        # frozen and with slots: dataclasses' own
        state = dict(zip(known, state, strict=True))
    elif isinstance(state, tuple):
        plain, slots = state
        state = {**(plain or {}), **slots}
    found = {} if state is None else state
    return found if isinstance(found, dict) and _fits(found, known) else None


def _is_generated(method: Any) -> bool:
    return method is None or getattr(method, "__module__", None) == "dataclasses"


def _is_model(cls: type) -> bool:
    pydantic = sys.modules.get("pydantic")
    return pydantic is not None and issubclass(cls, pydantic.BaseModel)


def _model_state(value: Any) -> tuple[dict[str, Any] | None, list[str] | None]:
    base = sys.modules["pydantic"].BaseModel
    if any(
        getattr(type(value), name) is not getattr(base, name) for name in ("__getstate__", "__setstate__")
    ):
        return None, None
    state = value.__getstate__()
    if state["__pydantic_extra__"] is not None or state["__pydantic_private__"] is not None:
        return None, None
    if not _fits(state["__dict__"], _fields(type(value)) or {}):
        return None, None
    return state["__dict__"], sorted(state["__pydantic_fields_set__"])


def _fields(cls: Any) -> dict[str, bool] | None:
    """The fields of a dataclass or model, and of each whether all instances have it themselves."""
    if not isinstance(cls, type):
        return None
    if dataclasses.is_dataclass(cls):
        # one that is no argument is looked up in the class until it is set
        return {field.name: field.init or not hasattr(cls, field.name) for field in dataclasses.fields(cls)}
    return dict.fromkeys(cast(Any, cls).model_fields, True) if _is_model(cls) else None


def _fits(found: Mapping[str, Any], known: Mapping[str, bool]) -> bool:
    return found.keys() <= known.keys() and all(name in found for name, always in known.items() if always)


def _find(module: Any, name: str) -> Any:
    return reduce(lambda found, part: getattr(found, part, None), name.split("."), module)
