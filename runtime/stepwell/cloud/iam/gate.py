"""The gate before moto: no request passes that IAM does not allow.

moto's own check is not used; it knows no conditions, boundaries, session policies or policy variables, and
few resources: docs/decisions/0101-the-gate-before-moto.md.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from stepwell.cloud.iam import permissions, requests, s3
from stepwell.cloud.iam.account import Account, NoSuchRole, UnknownKey
from stepwell.cloud.iam.answers import Refusal, denied, unknown_key
from stepwell.cloud.iam.call import Call
from stepwell.cloud.iam.evaluator import Access, Caller, Evaluator, Undecidable, Verdict
from stepwell.cloud.identities import ADMINISTRATOR, Identities, Refused

Application = Callable[[requests.Environ, Callable[..., Any]], Iterable[bytes]]

logger = logging.getLogger(__name__)


class Gate:
    """A WSGI application around moto's: what IAM refuses is answered here.

    The administrator's requests pass unseen, for who deploys the account owns it; but a role that doesn't
    trust the administrator isn't assumed.
    """

    def __init__(self, application: Application, evaluator: Evaluator, identities: Identities) -> None:
        self._application = application
        self._evaluator = evaluator
        self._identities = identities

    def __call__(self, environ: requests.Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        signature = requests.signature(environ)
        refusal = self._refusal(environ, signature)
        if refusal is None:
            return self._application(environ, start_response)
        logger.warning("IAM: %s", refusal.message)
        service = signature.service if signature else None
        status, headers, body = refusal.answer(requests.protocol(service, environ))
        headers["x-amzn-RequestId"] = str(uuid.uuid4())
        requests.discard_body(environ)
        start_response(f"{status} {HTTPStatus(status).phrase}", list(headers.items()))
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    def _refusal(self, environ: requests.Environ, signature: requests.Signature | None) -> Refusal | None:
        if signature is None:
            return self._of_nobody(environ)
        if signature.key == ADMINISTRATOR.key and signature.service != "sts":
            return None
        account = Account(signature.region)
        try:
            caller = account.caller(signature.key, signature.token)
            call = requests.call(environ, signature.service, account.place)
        except (UnknownKey, NoSuchRole):
            return unknown_key()
        except requests.UnknownCall as error:
            return denied(f"The local cloud knows no call of {signature.service} like {error}")
        if (call.service, call.operation) == ("sts", "GetCallerIdentity"):
            return None  # no policy can deny it (AWS STS API Reference)
        needed = permissions.accesses(call)
        if needed is None:
            return denied(
                f"The local cloud checks no access to {call.service}, so only its administrator has"
            )
        if call.service == "s3" and "Key" in call.params:
            bucket, key = call.params["Bucket"], call.params["Key"]
            needed += s3.key_accesses(call, account.encryption(bucket))
            if call.operation in ("GetObject", "HeadObject") and not account.has_object(bucket, key):
                needed.append(s3.missing_access(call))
        return self._first(caller, needed, account) or self._demand(call)

    def _first(self, caller: Caller, needed: Sequence[Access], account: Account) -> Refusal | None:
        """The refusal of the first access that is refused."""
        for access in needed:
            try:
                access = account.completed(_told(access, account))
                verdict = self._evaluator.decide(caller, access)
            except NoSuchRole:
                verdict = Verdict(False, "because there is no such role")
            except Undecidable as error:
                return denied(f"The local cloud can't decide on {error}")
            if not verdict.allowed:
                return denied(verdict.message(caller, access))
        return None

    def _of_nobody(self, environ: requests.Environ) -> Refusal | None:
        """The one call that nobody signs: a token of OpenID Connect says who it is."""
        account = Account(requests.DEFAULT_REGION)
        try:
            call = requests.call(environ, "sts", account.place)
            caller = account.bearer(call.params["WebIdentityToken"])
        except (requests.UnknownCall, UnknownKey, KeyError):
            return denied("Anonymous requests are refused: nobody signs this one")
        needed = permissions.accesses(call) or []
        return self._first(caller, needed, account)

    def _demand(self, call: Call) -> Refusal | None:
        for demand in permissions.demands(call):
            try:
                self._identities.require(demand.role, demand.service, demand.accesses)
            except Refused as error:
                return denied(f"{demand.what}: {error}")
        return None


def _told(access: Access, account: Account) -> Access:
    """The access with what is true of every request; the local endpoint stands for the encrypted one."""
    now = datetime.now(UTC)
    context = {
        "aws:CurrentTime": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "aws:EpochTime": str(int(now.timestamp())),
        "aws:RequestedRegion": account.place.region,
        "aws:ResourceAccount": account.place.account,
        "aws:SecureTransport": "true",
        "aws:SourceIp": "127.0.0.1",
        "aws:ViaAWSService": "false",
        "s3:TlsVersion": "1.3",
    }
    return replace(access, context={**context, **access.context})
