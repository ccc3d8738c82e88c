from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config

from stepwell.cloud.control import CloudInfo
from stepwell.cloud.identities import Keys
from tests.runtime.cloud.support import Aws

ACCOUNT = "123456789012"
Statement = dict[str, Any]


class Someone:
    """Clients of somebody who is no administrator."""

    def __init__(self, url: str, keys: Keys, arn: str = "") -> None:
        self.url = url
        self.keys = keys
        self.arn = arn

    def client(self, service: str, *, unsigned: bool = False) -> Any:
        session = boto3.Session(self.keys.key, self.keys.secret, self.keys.token)
        config = Config(signature_version=UNSIGNED) if unsigned else None
        return session.client(service, "us-east-1", endpoint_url=self.url, config=config)


@pytest.fixture(scope="session")
def admin(enforcing_cloud: CloudInfo) -> Aws:
    """The administrator of a cloud that enforces IAM."""
    return Aws(enforcing_cloud.url)


def document(*statements: Statement) -> str:
    return json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **one} for one in statements]}
    )


def trust(**principal: str) -> str:
    return document({"Action": "sts:AssumeRole", "Principal": principal})


ANYONE_HERE = trust(AWS=f"arn:aws:iam::{ACCOUNT}:root")
MakeRole = Callable[..., str]
"""``(*statements, trusted=...)``: the ARN of a new role that may do what the statements allow."""


@pytest.fixture
def make_role(admin: Aws) -> MakeRole:
    def make(*statements: Statement, trusted: str = ANYONE_HERE, boundary: str | None = None) -> str:
        name = f"role-{uuid.uuid4().hex[:8]}"
        limits = {"PermissionsBoundary": boundary} if boundary else {}
        iam = admin.client("iam")
        arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusted, **limits)["Role"]["Arn"]
        if statements:
            iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document(*statements))
        return arn

    return make


@pytest.fixture
def someone(admin: Aws, make_role: MakeRole) -> Callable[..., Someone]:
    """``(*statements, session=...)``: somebody who has assumed a role with these rights."""

    def assume(*statements: Statement, session: str | None = None, boundary: str | None = None) -> Someone:
        role = make_role(*statements, boundary=boundary)
        limits = {"Policy": session} if session else {}
        made = admin.client("sts").assume_role(RoleArn=role, RoleSessionName="someone", **limits)
        keys = made["Credentials"]
        return Someone(
            admin.url, Keys(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"]), role
        )

    return assume
