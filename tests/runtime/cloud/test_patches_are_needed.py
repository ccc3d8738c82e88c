from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from stepwell.cloud.control import status
from tests.runtime.cloud import (  # noqa: F401 - importing a module registers its proofs
    test_athena,
    test_batch,
    test_budgets,
    test_events,
    test_glue,
    test_lakeformation,
    test_multinode,
    test_s3,
    test_small_services,
    test_stepfunctions,
)
from tests.runtime.cloud.iam import test_services  # noqa: F401
from tests.runtime.cloud.proofs import ENFORCING, PROOFS, RACES, Proof
from tests.runtime.cloud.support import Aws, until


@contextmanager
def cloud_without(patch: str, home: Path) -> Iterator[Aws]:
    """A local cloud that lacks one patch."""
    command = [
        sys.executable,
        "-m",
        "stepwell.cloud.server",
        "--without",
        patch,
        "--state",
        str(home / "cloud"),
        *(["--enforce-iam"] if patch in ENFORCING else []),
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            info = until(lambda: status(home), lambda found: found is not None, seconds=60)
            assert info is not None
            yield Aws(info.url, [patch])
        finally:
            server.kill()


def fails(proof: Proof, aws: Aws) -> bool:
    """Whether a proof fails; how it does depends on what moto does."""
    try:
        proof(aws)
    except (Exception, pytest.fail.Exception):
        return True
    return False


@pytest.mark.parametrize("patch", sorted(PROOFS.keys() - RACES))
def test_a_patch_is_needed(patch: str, tmp_path: Path) -> None:
    """Every proof of a patch fails on a cloud without that patch; races are left to chance, and so out."""
    with cloud_without(patch, tmp_path) as aws:
        for proof in PROOFS[patch]:
            assert fails(proof, aws), proof


def test_every_patch_has_a_proof() -> None:
    """No patch is applied that no test proves."""
    from stepwell.cloud.patches import PATCHES

    assert {patch.__name__ for patch in PATCHES} == PROOFS.keys()
