"""The local cloud's account as IAM sees it: who has which policies, and what is known of resources.

The only module of this package that reads moto's state.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from moto.athena.models import athena_backends
from moto.batch.models import batch_backends
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.iam.models import IAMBackend, Policy, Role, User, iam_backends
from moto.kms.models import KmsBackend, kms_backends
from moto.s3.models import FakeDeleteMarker, s3_backends
from moto.secretsmanager.models import secretsmanager_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends
from moto.sts.models import STSBackend, sts_backends
from moto.utilities.utils import get_partition

from stepwell.cloud.iam.call import Place
from stepwell.cloud.iam.evaluator import Access, Caller
from stepwell.cloud.identities import ADMINISTRATOR


class UnknownKey(Exception):
    """Nobody has such an access key, or not with that session token."""


class NoSuchRole(Exception):
    """There is no role of that ARN."""


class Account:
    """The account in one region."""

    def __init__(self, region: str) -> None:
        self.place = Place(get_partition(region), region, DEFAULT_ACCOUNT_ID)

    @property
    def _iam(self) -> IAMBackend:
        return iam_backends[self.place.account][self.place.partition]

    @property
    def _sts(self) -> STSBackend:
        return sts_backends[self.place.account][self.place.partition]

    @property
    def _kms(self) -> KmsBackend:
        return kms_backends[self.place.account][self.place.region]

    def caller(self, key: str, token: str | None) -> Caller:
        """Who signs with an access key, and with the session token where it is a temporary one.

        Raises:
            UnknownKey: nobody does.
        """
        if key == ADMINISTRATOR.key:
            return self._administrator()
        session = self._sts.get_assumed_role_from_access_key(key)
        if session is not None:
            if token != session.session_token:
                raise UnknownKey(key)
            made = self._of_role(self.role(session.role_arn), session.arn)
            return replace(made, session=session.policy or None)
        for user in list(self._iam.users.values()):
            if any(one.access_key_id == key for one in user.access_keys):
                return self._of_user(user)
        raise UnknownKey(key)

    def bearer(self, token: str) -> Caller:
        """Who bears a token of an OpenID Connect provider that the account has.

        Its issuer isn't asked whether it is genuine: the local cloud may be without a network.

        Raises:
            UnknownKey: it is no token, or the account doesn't know its issuer.
        """
        try:
            payload = token.split(".")[1]
            claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
            issuer = claims["iss"].removeprefix("https://")
        except (IndexError, ValueError, KeyError, AttributeError) as error:
            raise UnknownKey("a token") from error
        provider = self.place.arn("iam", f"oidc-provider/{issuer}")
        if provider not in self._iam.open_id_providers:
            raise UnknownKey(provider)
        named = {f"{issuer}:{claim}": value for claim, value in claims.items() if isinstance(value, str)}
        return Caller(provider, context=named)

    def role(self, arn: str) -> Role:
        """Raises `NoSuchRole`."""
        for role in list(self._iam.roles.values()):
            if role.arn == arn:
                return role
        raise NoSuchRole(arn)

    def role_session(self, role_arn: str, name: str) -> Caller:
        """Who a session of that name of a role would be; raises `NoSuchRole`."""
        role = self.role(role_arn)
        place = self.place
        return self._of_role(
            role, f"arn:{place.partition}:sts::{place.account}:assumed-role/{role.name}/{name}"
        )

    def open_session(self, role_arn: str, name: str, seconds: int) -> Any:
        """A new session: its ``access_key_id``, ``secret_access_key``, ``session_token``, ``expiration``."""
        return self._sts.assume_role(
            region_name=self.place.region, role_session_name=name, role_arn=role_arn, policy="",
            duration=seconds, external_id="",
        )  # fmt: skip

    def completed(self, access: Access) -> Access:
        """The access with the resource's ARN in place of its alias or name, its tags and its policy.

        Raises:
            NoSuchRole: it is a role to be assumed, and there is none.
        """
        service = access.resource.split(":")[2] if access.resource.startswith("arn:") else ""
        look: Mapping[str, Callable[[Access], Access]] = {
            "s3": self._bucket,
            "kms": self._key,
            "iam": self._trusted,
            "batch": self._job,
            "secretsmanager": self._secret,
            "sqs": self._queue,
            "sns": self._topic,
            "athena": self._workgroup,
        }
        return look[service](access) if service in look else access

    def encryption(self, bucket: str) -> Mapping[str, Any]:
        """The default encryption of a bucket, a ``ServerSideEncryptionRule``; empty where there is none."""
        found = s3_backends[self.place.account][self.place.partition].buckets.get(bucket)
        rule: Mapping[str, Any] = ((found.encryption if found else None) or {}).get("Rule") or {}
        return rule

    def has_object(self, bucket: str, key: str) -> bool:
        """Whether an object is there and not deleted."""
        found = s3_backends[self.place.account][self.place.partition].buckets.get(bucket)
        if found is None:
            return False
        current = found.keys.get(key)
        return current is not None and not isinstance(current, FakeDeleteMarker)

    def _of_role(self, role: Role, arn: str) -> Caller:
        boundary = role.permissions_boundary_arn
        attached = [_default(policy) for policy in list(role.managed_policies.values())]
        context = {
            "aws:PrincipalArn": role.arn,
            "aws:PrincipalAccount": self.place.account,
            "aws:PrincipalType": "AssumedRole",
            "aws:userid": f"{role.id}:{arn.rpartition('/')[2]}",
        }
        context |= {f"aws:PrincipalTag/{tag['Key']}": tag["Value"] for tag in role.tags}
        return Caller(
            arn,
            (*list(role.policies.values()), *attached),
            boundary=_default(self._iam.managed_policies[boundary]) if boundary else None,
            context=context,
        )

    def _administrator(self) -> Caller:
        """The user that moto takes everybody for."""
        arn = f"arn:{self.place.partition}:iam::{self.place.account}:user/moto"
        everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
        return Caller(arn, (document,), context={"aws:PrincipalArn": arn, "aws:PrincipalType": "User"})

    def _of_user(self, user: User) -> Caller:
        owners: list[Any] = [
            user,
            *(group for group in list(self._iam.groups.values()) if user in group.users),
        ]
        policies = [
            *(document for owner in owners for document in list(owner.policies.values())),
            *(_default(policy) for owner in owners for policy in list(owner.managed_policies.values())),
        ]
        return Caller(
            user.arn,
            tuple(policies),
            context={
                "aws:PrincipalArn": user.arn,
                "aws:PrincipalAccount": self.place.account,
                "aws:PrincipalType": "User",
                "aws:userid": user.id,
                "aws:username": user.name,
            },
        )

    def _bucket(self, access: Access) -> Access:
        name = access.resource.split(":::")[1].split("/")[0]
        bucket = s3_backends[self.place.account][self.place.partition].buckets.get(name)
        if bucket is None or bucket.policy is None:
            return access
        return replace(access, policy=_text(bucket.policy))

    def _key(self, access: Access) -> Access:
        named = access.resource.split(":", 5)[5]
        key = self._kms.keys.get(self._kms.any_id_to_key_id(named.removeprefix("key/")))
        if key is None:
            return access
        tags = self._kms.tagger.get_tag_dict_for_resource(key.id)
        return replace(_tagged(access, tags), resource=key.arn, policy=key.policy)

    def _trusted(self, access: Access) -> Access:
        """Of IAM's resources only roles that are assumed have a policy of their own."""
        if not access.action.startswith("sts:"):
            return access
        return replace(access, policy=self.role(access.resource).assume_role_policy_document)

    def _job(self, access: Access) -> Access:
        backend = batch_backends[self.place.account][self.place.region]
        return _tagged(access, backend.tagger.get_tag_dict_for_resource(access.resource))

    def _secret(self, access: Access) -> Access:
        backend = secretsmanager_backends[self.place.account][self.place.region]
        found = backend.secrets.get(access.resource)
        if found is None:
            return access
        return replace(access, resource=found.arn, policy=getattr(found, "policy", None))

    def _queue(self, access: Access) -> Access:
        queue = sqs_backends[self.place.account][self.place.region].queues.get(access.resource.split(":")[-1])
        return replace(access, policy=_document(queue.policy)) if queue else access

    def _workgroup(self, access: Access) -> Access:
        """A query is its workgroup's."""
        executions = athena_backends[self.place.account][self.place.region].executions
        query = executions.get(access.resource.rpartition(":query/")[2])
        return replace(access, resource=query.workgroup.arn) if query and query.workgroup else access

    def _topic(self, access: Access) -> Access:
        topic = sns_backends[self.place.account][self.place.region].topics.get(access.resource)
        return replace(access, policy=_document(topic.policy)) if topic else access


def _default(policy: Policy) -> str:
    """The document of the version that is in force."""
    return next(version.document for version in policy.versions if version.is_default)


def _tagged(access: Access, tags: Mapping[str, str]) -> Access:
    named = {f"aws:ResourceTag/{key}": value for key, value in tags.items()}
    return replace(access, context={**access.context, **named})


def _text(document: str | bytes) -> str:
    return document.decode() if isinstance(document, bytes) else document


def _document(policy: Any) -> str | None:
    """moto keeps some policies as text, some decoded, and none as an empty one."""
    if not policy:
        return None
    return policy if isinstance(policy, str) else json.dumps(policy)
