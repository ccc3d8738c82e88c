"""Who acts in the deployed environment, and how they try things."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from obstore.store import S3Store


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with the variables of a shell of theirs."""

    variables: Mapping[str, str]

    def client(self, service: str) -> Any:
        """A boto3 client with their keys."""
        variables = self.variables
        session = boto3.Session(
            variables["AWS_ACCESS_KEY_ID"],
            variables["AWS_SECRET_ACCESS_KEY"],
            variables.get("AWS_SESSION_TOKEN"),
            variables["AWS_REGION"],
        )
        return session.client(service, endpoint_url=variables["AWS_ENDPOINT_URL"])

    def store(self, bucket: str) -> S3Store:
        """obstore, with their keys."""
        variables = self.variables
        return S3Store(
            bucket,
            endpoint=variables["AWS_ENDPOINT_URL"],
            region=variables["AWS_REGION"],
            access_key_id=variables["AWS_ACCESS_KEY_ID"],
            secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
            session_token=variables["AWS_SESSION_TOKEN"],
            virtual_hosted_style_request=False,
            client_options={"allow_http": True},
        )

    def python(self, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A script of theirs."""
        environ = {**os.environ, **self.variables}
        return subprocess.run(
            [sys.executable, "-c", script, *arguments],
            env=environ,
            capture_output=True,
            text=True,
            timeout=120,
        )
