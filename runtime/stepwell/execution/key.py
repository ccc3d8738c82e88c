"""By what a later run knows that a task need not be run: the names of what it read, and one hash."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from stepwell.execution.origin import Origin, from_meta

ITEM = "self.input"
"""The name under which a task reads the item of its foreach."""


class Key(NamedTuple):
    """Names of what a task read, sorted, and the hash of it; no hash where no other task may stand on it."""

    reads: tuple[str, ...]
    digest: str | None


def key_of(meta: Mapping[str, Any]) -> Key | None:
    """The key of a finished task, from its manifest.

    None of what a resumed run has taken over, for with which code that was done is not known there; and
    where the image of a Batch job has a Stepwell that did not note what tasks read.
    """
    if "reads" not in meta or ("taken_from" in meta and isinstance(from_meta(meta["origin"]), Origin)):
        return None
    reads: dict[str, str] = meta["reads"]
    serves = not meta["table_writes"] and not meta["caught"]
    return Key(tuple(sorted(reads)), combined(meta["runtime"], reads) if serves else None)


def combined(runtime: str, reads: Mapping[str, str]) -> str:
    """One hash of where a task ran and of all that it read there."""
    return digest(runtime, *(part for name in sorted(reads) for part in (name, reads[name])))


def digest(*parts: str) -> str:
    """128 bits of SHA-256 over texts, hexadecimal; where one ends and the next begins counts."""
    import hashlib

    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]
