"""The values of a config: a mapping that can't be changed, with attributes."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from stepwell.errors import did_you_mean

_IMMUTABLE = "a config does not change: a run has one set of values"


class ConfigValue(Mapping[str, Any]):
    """A document's values, as attributes and by key; mappings within it are of this kind too."""

    __slots__ = ("_name", "_values")
    _name: str
    _values: dict[str, Any]

    def __init__(self, values: Mapping[str, Any], name: str = "config") -> None:
        object.__setattr__(self, "_values", dict(values))
        object.__setattr__(self, "_name", name)

    def __getitem__(self, key: str) -> Any:
        return self._seen(key, self._values[key])

    def __getattr__(self, key: str) -> Any:
        if key.startswith("__"):
            raise AttributeError(key)
        if key not in self._values:
            way_out = did_you_mean(key, self._values) or f"; it has {', '.join(self._values) or 'none'}"
            raise AttributeError(f"config '{self._name}' has no value '{key}'{way_out}")
        return self[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __setattr__(self, key: str, value: Any) -> NoReturn:
        raise TypeError(f"config '{self._name}': received {key}={value!r}; {_IMMUTABLE}")

    def __delattr__(self, key: str) -> NoReturn:
        raise TypeError(f"config '{self._name}': received the deletion of '{key}'; {_IMMUTABLE}")

    def __reduce__(self) -> tuple[Any, ...]:
        return ConfigValue, (self._values, self._name)

    def __repr__(self) -> str:
        return f"ConfigValue({self._values!r})"

    def to_dict(self) -> dict[str, Any]:
        """A copy as a dictionary, free to be changed."""
        return copy.deepcopy(self._values)

    def _seen(self, key: str, value: Any) -> Any:
        if isinstance(value, dict):
            return ConfigValue(value, f"{self._name}.{key}")
        if isinstance(value, list):  # a copy, so that it can't be changed for others either
            return [self._seen(f"{key}[{index}]", one) for index, one in enumerate(value)]
        return value
