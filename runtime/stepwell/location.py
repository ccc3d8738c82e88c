"""Where the datastore is: what ``--datastore`` and STEPWELL_DATASTORE mean."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from stepwell import config
from stepwell.errors import UsageError


def datastore_url(where: str | None = None, environ: Mapping[str, str] = os.environ) -> str:
    """The datastore's URL, as `stepwell.store.objects.open_store` takes it.

    Args:
        where: ``local`` (the folder .stepwell), ``s3`` (the bucket of the environment that
            STEPWELL_ENVIRONMENT names), a folder, or ``s3://BUCKET``; None for STEPWELL_DATASTORE,
            and ``local`` where that is not set.

    Raises:
        UsageError: ``s3`` without an environment.
    """
    where = where or environ.get("STEPWELL_DATASTORE") or "local"
    if where == "local":
        return str(config.home(environ))
    if where != "s3":
        return where if "://" in where else str(Path(where).absolute())
    from stepwell import aws

    name = aws.environment_name(environ)
    if name is None:
        raise UsageError(
            "--datastore: received 's3', but no environment is named; set STEPWELL_ENVIRONMENT=TEAM-ENV, "
            "or name the bucket: --datastore=s3://BUCKET"
        )
    return f"s3://{aws.contract(name).bucket}"
