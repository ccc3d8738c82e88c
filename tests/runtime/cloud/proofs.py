"""Which test proves that which patch is needed."""

from __future__ import annotations

from collections.abc import Callable

from tests.runtime.cloud.support import Aws

Proof = Callable[[Aws], None]
PROOFS: dict[str, list[Proof]] = {}
RACES: set[str] = set()
"""Patches against races: whether one shows without the patch depends on the machine and the moment."""


ENFORCING: set[str] = set()
"""Patches that show on a cloud that enforces IAM only."""


def proves(patch: str, *, race: bool = False, enforcing: bool = False) -> Callable[[Proof], Proof]:
    """Decorator of a test that fails on a local cloud without `patch`; of a `race`, sooner or later.

    Where it shows only on a cloud `enforcing` IAM, the test's caller is that cloud's administrator.
    """

    def register(proof: Proof) -> Proof:
        PROOFS.setdefault(patch, []).append(proof)
        if race:
            RACES.add(patch)
        if enforcing:
            ENFORCING.add(patch)
        return proof

    return register
