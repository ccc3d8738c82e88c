"""Sessions that services open with the roles they were given, and how containers find theirs."""

from __future__ import annotations

import contextlib
import json
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stepwell.cloud.iam.account import Account, NoSuchRole
from stepwell.cloud.iam.evaluator import Access, Caller, Evaluator, Undecidable
from stepwell.cloud.identities import Keys, Refused

CREDENTIALS_PATH = "/_stepwell/credentials/"
SECONDS = 3600
"""How long a session's keys last; a container asks for new ones before."""


@dataclass(frozen=True, slots=True)
class _Container:
    role: str
    session: str
    token: str


class Sessions:
    """`Identities` of a cloud with IAM: a service gets a role's session only if the role trusts it."""

    def __init__(self, evaluator: Evaluator, account: Account, endpoint: str, folder: Path) -> None:
        self._evaluator = evaluator
        self._account = account
        self._endpoint = endpoint
        self._folder = folder
        self._containers: dict[str, _Container] = {}

    def keys(self, role: str, service: str, session: str) -> Keys:
        self._must_trust(role, service)
        return self._open(role, session)[0]

    @contextlib.contextmanager
    def container(self, role: str | None, session: str) -> Iterator[Mapping[str, str]]:
        """As EKS Pod Identity has it: the one form, with an address of its own, that both boto3 and obstore
        take (AWS SDKs and Tools Reference, "Container credential provider")."""
        if not role:
            yield {}
            return
        self._must_trust(role, "ecs-tasks.amazonaws.com")
        name, token = secrets.token_urlsafe(12), secrets.token_urlsafe(24)
        file = self._folder / f"token-{name}"
        file.write_text(token)
        self._containers[name] = _Container(role, session, token)
        try:
            yield {
                "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{self._endpoint}{CREDENTIALS_PATH}{name}",
                "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(file),
            }
        finally:
            del self._containers[name]
            file.unlink(missing_ok=True)

    def require(self, role: str, service: str, accesses: Sequence[Access]) -> None:
        self._must_trust(role, service)
        caller = self._account.role_session(role, service.partition(".")[0])
        for access in accesses:
            self._must_allow(caller, access)

    def serve(self, environ: Mapping[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """A WSGI application: give a container that shows its token the keys of its role."""
        found = self._containers.get(environ["PATH_INFO"].removeprefix(CREDENTIALS_PATH))
        if found is None or environ.get("HTTP_AUTHORIZATION") != found.token:
            start_response("403 Forbidden", [("Content-Type", "application/json")])
            return [b'{"code": "AccessDenied", "message": "no container has this token"}']
        keys, expiration = self._open(found.role, found.session)
        document = {
            "AccessKeyId": keys.key, "SecretAccessKey": keys.secret, "Token": keys.token,
            "Expiration": expiration, "RoleArn": found.role,
        }  # fmt: skip
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps(document).encode()]

    def _open(self, role: str, session: str) -> tuple[Keys, str]:
        made = self._account.open_session(role, session, SECONDS)
        expiration = made.expiration.strftime("%Y-%m-%dT%H:%M:%SZ")
        return Keys(made.access_key_id, made.secret_access_key, made.session_token), expiration

    def _must_trust(self, role: str, service: str) -> None:
        try:
            self._account.role(role)
        except NoSuchRole:
            raise Refused(f"there is no role {role}") from None
        account = self._account.place.account
        context = {"aws:SourceAccount": account}
        self._must_allow(Caller(service), Access("sts:AssumeRole", role, account, context))

    def _must_allow(self, caller: Caller, access: Access) -> None:
        access = self._account.completed(access)
        try:
            verdict = self._evaluator.decide(caller, access)
        except Undecidable as error:
            raise Refused(f"the local cloud can't decide on {error}") from error
        if not verdict.allowed:
            raise Refused(verdict.message(caller, access))
