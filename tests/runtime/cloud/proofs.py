"""Which test proves that which patch is needed."""

from __future__ import annotations

from collections.abc import Callable

from tests.runtime.cloud.support import Aws

Proof = Callable[[Aws], None]
PROOFS: dict[str, list[Proof]] = {}


def proves(patch: str) -> Callable[[Proof], Proof]:
    """Decorator of a test that fails on a local cloud without `patch`."""

    def register(proof: Proof) -> Proof:
        PROOFS.setdefault(patch, []).append(proof)
        return proof

    return register
