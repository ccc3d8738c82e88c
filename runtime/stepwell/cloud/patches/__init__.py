"""What the local cloud needs that moto 5.2.5 lacks, one small named function each.

Every docstring says what moto does, what AWS does instead and where AWS says so, so that it can be
sent upstream; a patch is dropped when moto has it. No patch is there without a test that fails
without it (``tests/runtime/cloud/test_patches_are_needed.py`` holds all of them to that).
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from stepwell.cloud.jobs import JobHost, LocalJob
from stepwell.cloud.patches import (
    athena,
    batch,
    budgets,
    distributed_map,
    ec2,
    events,
    glue,
    jsonata,
    kms,
    lakeformation,
    logs,
    s3,
    stepfunctions,
    stepfunctions_batch,
    threads,
)

PATCHES: tuple[Callable[[], None], ...] = (
    *s3.PATCHES,
    *kms.PATCHES,
    *ec2.PATCHES,
    *logs.PATCHES,
    *glue.PATCHES,
    *lakeformation.PATCHES,
    *athena.PATCHES,
    *batch.PATCHES,
    *budgets.PATCHES,
    *jsonata.PATCHES,
    *stepfunctions.PATCHES,
    *stepfunctions_batch.PATCHES,
    *distributed_map.PATCHES,
    *events.PATCHES,
    *threads.PATCHES,
)


def apply(host: JobHost, without: Collection[str] = ()) -> None:
    """Apply all patches, in this process, but those named in `without`; jobs run on `host`."""
    LocalJob.host = host
    for patch in PATCHES:
        if patch.__name__ not in without:
            patch()
