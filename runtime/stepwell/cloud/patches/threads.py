"""Requests at once: AWS has no such thing as a dictionary that changed size during iteration."""

from __future__ import annotations

import threading
from typing import Any

from moto.batch.responses import BatchResponse
from moto.glue.responses import GlueResponse
from moto.logs.responses import LogsResponse
from moto.s3.responses import S3Response

from stepwell.cloud.patches.replacing import replaces

HANDLERS = {
    S3Response: ("_bucket_response", "_key_response"),
    BatchResponse: ("_dispatch",),
    GlueResponse: ("_dispatch",),
    LogsResponse: ("_dispatch",),
}


def requests_are_atomic() -> None:
    """moto's server handles requests in threads, with nothing to keep them apart.

    Of many S3 writers with ``If-None-Match: *`` several may win; ``ListObjectsV2`` and
    ``DescribeJobs`` answer 500 when an object is put, or a job submitted, while they look.
    AWS: S3 User Guide, "How to prevent object overwrites with conditional writes" (the first one
    wins) and "Amazon S3 data consistency model".
    """
    for responses, names in HANDLERS.items():
        lock = threading.RLock()
        for name in names:
            _hold(lock, responses, name)


def _hold(lock: Any, owner: type, name: str) -> None:
    @replaces(owner, name)
    def guarded(original: Any, *args: Any, **kwargs: Any) -> Any:
        with lock:
            return original(*args, **kwargs)


PATCHES = (requests_are_atomic,)
