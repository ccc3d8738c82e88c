"""Which test proves that which patch is needed."""

from __future__ import annotations

from collections.abc import Callable

from tests.runtime.cloud.support import Aws

Proof = Callable[[Aws], None]
PROOFS: dict[str, list[Proof]] = {}
RACES: set[str] = set()
"""Patches against races: whether one shows without the patch depends on the machine and the moment."""


def proves(patch: str, *, race: bool = False) -> Callable[[Proof], Proof]:
    """Decorator of a test that fails on a local cloud without `patch`; of a `race`, sooner or later."""

    def register(proof: Proof) -> Proof:
        PROOFS.setdefault(patch, []).append(proof)
        if race:
            RACES.add(patch)
        return proof

    return register
