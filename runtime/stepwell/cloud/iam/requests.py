"""HTTP requests as calls of AWS's APIs: who signs them, and what they ask for."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs
from xml.etree import ElementTree

from moto.core.model import OperationModel
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.utils import get_service_model
from werkzeug.exceptions import NotFound

from stepwell.cloud.iam.call import Call, Place

Environ = dict[str, Any]
"""A request as WSGI has it."""

# botocore's names of services, where signatures name them otherwise.
MODELS = {"states": "stepfunctions", "monitoring": "cloudwatch", "tagging": "resourcegroupstaggingapi"}
DEFAULT_REGION = "us-east-1"
_CREDENTIAL = re.compile(r"(?P<key>[^/=\s]+)/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")


@dataclass(frozen=True, slots=True)
class Signature:
    """Who signs a request, by access key and session token, and which service and region it is for."""

    key: str
    token: str | None
    service: str
    region: str


class UnknownCall(Exception):
    """The service has no operation that the request could be."""


def signature(environ: Environ) -> Signature | None:
    """Of the header, or of a presigned URL, of S3 also the older kind; None where nobody signs.

    The signature itself is not checked: a session's token is as secret as its key.
    """
    query = {name.lower(): values[0] for name, values in parse_qs(environ.get("QUERY_STRING", "")).items()}
    text = environ.get("HTTP_AUTHORIZATION") or query.get("x-amz-credential", "")
    found = _CREDENTIAL.search(text)
    token = environ.get("HTTP_X_AMZ_SECURITY_TOKEN") or query.get("x-amz-security-token")
    if found is None:
        key = query.get("awsaccesskeyid")
        return Signature(key, token, "s3", DEFAULT_REGION) if key else None
    return Signature(found["key"], token, found["service"], found["region"])


def protocol(service: str | None, environ: Environ) -> str:
    """Of a request, as botocore names it: ``json``, ``rest-json``, ``query``, ``ec2``, ``rest-xml``.

    Where nobody signs, and so nobody names the service, it is what a form or no form says.
    """
    if service is None:
        return "query" if "form" in environ.get("CONTENT_TYPE", "") else "rest-xml"
    model = get_service_model(MODELS.get(service, service))
    return determine_request_protocol(model, environ.get("CONTENT_TYPE"))


def call(environ: Environ, service: str, place: Place) -> Call:
    """What a request asks for; whoever gets `environ` next finds its body whole.

    Raises:
        UnknownCall: nothing that the service knows.
    """
    request = Request(environ)
    # What is put into S3 is not read here: it may be large, and says nothing to IAM.
    body = request.get_data() if service != "s3" or "delete" in request.args else b""
    environ["wsgi.input"] = io.BytesIO(body) if body else environ["wsgi.input"]
    try:
        request = Request(environ)
        operation, in_path = get_service_router(MODELS.get(service, service)).match(request)
        read = _params_of_s3 if service == "s3" else _params
        params = read(operation, request, in_path, body)
    except (NotFound, NotImplementedError) as error:
        raise UnknownCall(f"{environ['REQUEST_METHOD']} {environ.get('PATH_INFO', '')}") from error
    finally:
        environ["wsgi.input"] = io.BytesIO(body) if body else environ["wsgi.input"]
    headers = {name.lower(): value for name, value in request.headers.items()} if service == "s3" else {}
    return Call(service, operation.name, place, params, headers)


def discard_body(environ: Environ) -> None:
    """Read what nobody else will: a connection closed on unread data is broken before the answer is read."""
    Request(environ).get_data(cache=False)


def _params(operation: OperationModel, request: Request, in_path: dict[str, Any], body: bytes) -> Any:
    parser = PROTOCOL_PARSERS[protocol(operation.service_model.service_name, request.environ)](operation)
    return parser.parse(
        {
            "method": request.method, "values": request.values, "headers": request.headers,
            "body": body, "url_path": request.path, "url_params": in_path,
        }
    )  # fmt: skip


def _params_of_s3(
    operation: OperationModel, request: Request, in_path: dict[str, Any], body: bytes
) -> dict[str, Any]:
    """What stands in the path and the query; of bodies only the keys of `DeleteObjects`."""
    params = dict(in_path)
    for name, shape in operation.input_shape.members.items() if operation.input_shape else ():
        written = shape.serialization.get("name", name)
        if shape.serialization.get("location") == "querystring" and written in request.args:
            params[name] = request.args[written]
    if operation.name == "DeleteObjects":
        params["Keys"] = [key.text or "" for key in ElementTree.fromstring(body).iterfind(".//{*}Key")]
    return params
