"""Refusals as each of AWS's protocols words them: pure.

Source: the API references, "Common error types", and each protocol's error format as botocore reads it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from xml.sax.saxutils import escape

Answer = tuple[int, dict[str, str], bytes]
"""Status, headers and body."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request goes no further: `codes` has the error's code where a protocol has its own."""

    message: str
    code: str
    codes: Mapping[str, str]

    def answer(self, protocol: str) -> Answer:
        """The refusal as `protocol` (botocore's name of it) words it."""
        code, message = self.codes.get(protocol, self.code), self.message
        if protocol in ("json", "rest-json"):
            status = 400 if protocol == "json" else 403
            headers = {"Content-Type": "application/x-amz-json-1.1", "x-amzn-ErrorType": code}
            return status, headers, json.dumps({"__type": code, "message": message}).encode()
        error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
        body = {
            "query": f"<ErrorResponse>{error}<RequestId/></ErrorResponse>",
            "ec2": f"<Response><Errors>{error}</Errors><RequestID/></Response>",
        }.get(protocol, error)
        return 403, {"Content-Type": "application/xml"}, body.encode()


def denied(message: str) -> Refusal:
    """The caller may not do it."""
    return Refusal(
        message, "AccessDeniedException",
        {"query": "AccessDenied", "rest-xml": "AccessDenied", "ec2": "UnauthorizedOperation"},
    )  # fmt: skip


def unknown_key() -> Refusal:
    """Nobody has the access key that signs the request, or not with its session token."""
    return Refusal(
        "The security token included in the request is invalid.", "UnrecognizedClientException",
        {"query": "InvalidClientTokenId", "rest-xml": "InvalidAccessKeyId", "ec2": "AuthFailure"},
    )  # fmt: skip
