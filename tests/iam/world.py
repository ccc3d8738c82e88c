"""The roles and policies of synthesized stacks as IAM will have them, for an evaluator to decide on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from modules.compute import DEFAULT_IMAGE
from stepwell.cloud.iam.evaluator import Access, Caller, Context, Evaluator, Verdict
from stepwell.contract import Contract, EnvironmentName, NamespaceContract, job_definition
from tests.synthesis import ACCOUNT, Body, Synthesized

REGION = "us-east-1"


class World:
    """An environment's stacks, deployed in thought; what is of which name is read from its contracts.

    Args:
        stacks: the environment's own first, then what it needs.
    """

    def __init__(self, evaluator: Evaluator, name: EnvironmentName, stacks: Sequence[Synthesized]) -> None:
        self._evaluator = evaluator
        self._stacks = stacks
        self.name = name

    @cached_property
    def contract(self) -> Contract:
        name = self.name.contract_parameter
        return Contract.from_json(self._parameter(name), name)

    def namespace(self, owner: str) -> NamespaceContract:
        """The contract of ``user/NAME`` or ``project/NAME``."""
        name = self.name.namespace_parameter(owner)
        return NamespaceContract.from_json(self._parameter(name), name)

    def role(self, name: str) -> str:
        """ARN of a role of the environment that is no namespace's."""
        return f"arn:aws:iam::{ACCOUNT}:role/stepwell-{self.name}-{name}"

    def definition(self, owner: str) -> str:
        """The job definition of a namespace for the default image on Fargate."""
        return job_definition(self.namespace(owner).job_definitions, DEFAULT_IMAGE, "FARGATE")

    def container(self, owner: str) -> Body:
        """What the job definition of a namespace says of its container."""
        name = self.definition(owner).rpartition("/")[2]
        for stack, body in self._all("aws_batch_job_definition"):
            if stack.resolved(body["name"]) == name:
                found: Body = json.loads(stack.resolved(body["container_properties"]))
                return found
        raise KeyError(name)

    @cached_property
    def roles(self) -> dict[str, Caller]:
        """A session of every role, by the role's ARN; with its inline policies, its boundary and its tags."""
        return {
            f"arn:aws:iam::{ACCOUNT}:role/{stack.resolved(body['name'])}": self._session(stack, body)
            for stack, body in self._all("aws_iam_role")
        }

    def trust(self, role: str) -> str:
        """The trust policy of the role of that ARN."""
        for stack, body in self._all("aws_iam_role"):
            if role.endswith(f":role/{stack.resolved(body['name'])}"):
                return stack.resolved(body["assume_role_policy"])
        raise KeyError(role)

    def location(self, database: str) -> str:
        """The prefix of the keys of a logical database's tables."""
        name = self.contract.database(database)
        for stack, body in self._all("aws_glue_catalog_database"):
            if stack.resolved(body["name"]) == name:
                return stack.resolved(body["location_uri"]).removeprefix(f"s3://{self.contract.bucket}/")
        raise KeyError(database)

    def decide(self, caller: Caller, action: str, resource: str, context: Context | None = None) -> Verdict:
        """What IAM says of a request that came over TLS, unless the context has it otherwise."""
        everywhere = {"aws:SecureTransport": "true", "aws:RequestedRegion": REGION}
        whole = {**everywhere, **(context or {})}
        return self._evaluator.decide(
            caller, Access(action, resource, ACCOUNT, whole, self._policy_of(action, resource))
        )

    def _session(self, stack: Synthesized, role: Body) -> Caller:
        name = stack.resolved(role["name"])
        policies = tuple(
            there.resolved(body["policy"])
            for there, body in self._all("aws_iam_role_policy")
            if there.resolved(body["role"]) == name
        )
        boundary = role.get("permissions_boundary")
        context = {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/{name}", "aws:PrincipalAccount": ACCOUNT}
        tags = {**_default_tags(stack), **(role.get("tags") or {})}
        context |= {f"aws:PrincipalTag/{key}": stack.resolved(value) for key, value in tags.items()}
        return Caller(
            f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/session",
            policies,
            boundary=self._managed(stack.resolved(boundary)) if boundary else None,
            context=context,
        )

    def _managed(self, arn: str) -> str:
        for stack, body in self._all("aws_iam_policy"):
            if arn.endswith(f":policy/{stack.resolved(body['name'])}"):
                return stack.resolved(body["policy"])
        raise KeyError(arn)

    def _policy_of(self, action: str, resource: str) -> str | None:
        """The resource's own policy: a role's trust, a bucket's, a key's."""
        if action.startswith("sts:"):
            return self.trust(resource)
        if resource.startswith("arn:aws:s3:::"):
            bucket = resource.removeprefix("arn:aws:s3:::").partition("/")[0]
            for stack, body in self._all("aws_s3_bucket_policy"):
                if stack.resolved(body["bucket"]) == bucket:
                    return stack.resolved(body["policy"])
        if action.startswith("kms:"):
            for stack, body in self._all("aws_kms_key"):
                return stack.resolved(body["policy"])
        return None

    def _parameter(self, name: str) -> str:
        for stack, body in self._all("aws_ssm_parameter"):
            if stack.resolved(body["name"]) == name:
                return stack.resolved(body["value"])
        raise KeyError(name)

    def _all(self, kind: str) -> list[tuple[Synthesized, Body]]:
        return [
            (stack, body)
            for stack in self._stacks
            for body in stack.document["resource"].get(kind, {}).values()
        ]


def _default_tags(stack: Synthesized) -> dict[str, Any]:
    (provider,) = stack.document["provider"]["aws"]
    return {key: value for tags in provider.get("default_tags", []) for key, value in tags["tags"].items()}
