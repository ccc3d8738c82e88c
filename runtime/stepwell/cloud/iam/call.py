"""One call of an AWS API, as far as IAM looks at it: pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Place:
    """Where a call goes: the partition, region and account that ARNs are made of."""

    partition: str
    region: str
    account: str

    def arn(self, service: str, resource: str) -> str:
        """ARN of something of this account; what is one already stays as it is."""
        if resource.startswith("arn:"):
            return resource
        region = "" if service == "iam" else self.region
        return f"arn:{self.partition}:{service}:{region}:{self.account}:{resource}"


@dataclass(frozen=True, slots=True)
class Call:
    """What is asked of a service.

    Attributes:
        service: as signatures name it: ``states``, ``s3``.
        operation: as the API names it: ``StartExecution``, ``ListObjectsV2``.
        params: the operation's parameters, with the API's names.
        headers: of the request, names in lower case; only S3's calls have them.
    """

    service: str
    operation: str
    place: Place
    params: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)
