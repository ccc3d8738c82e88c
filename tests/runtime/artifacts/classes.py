"""Dataclasses and pydantic models to save: at the top of a module, where they are found again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, PrivateAttr


@dataclass
class Point:
    x: Any
    y: Any = None


@dataclass(frozen=True, slots=True)
class Frozen:
    x: Any
    y: Any = None


@dataclass(slots=True)
class Slotted:
    x: Any
    y: Any = None


@dataclass(frozen=True)
class Derived(Frozen):
    z: Any = field(default=None, init=False)
    twice: Any = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "twice", [self.x, self.x])


@dataclass
class Loud:
    x: Any

    def __post_init__(self) -> None:
        raise AssertionError("made again")


@dataclass
class Own:
    x: Any

    def __getstate__(self) -> Any:
        return {"x": self.x, "more": 1}

    def __setstate__(self, state: Any) -> None:
        self.x = state["x"]


@dataclass
class Listed(list):  # type: ignore[type-arg]
    x: Any = None


@dataclass
class Failed(Exception):
    x: Any = None


class Model(BaseModel):
    x: Any
    y: Any = None


class FrozenModel(Model):
    model_config = ConfigDict(frozen=True)


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")
    x: Any = None


class Private(BaseModel):
    x: Any = None
    _secret: Any = PrivateAttr(default=3)


class Pair(NamedTuple):
    x: Any
