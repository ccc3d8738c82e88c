"""Amazon S3."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.s3.models import FakeBucket, S3Backend
from moto.s3.responses import S3Response

from stepwell.cloud.patches.replacing import replaces

TRANSITION_HEADER = "x-amz-transition-default-minimum-object-size"

KNOWN_SUBRESOURCES = {
    "_bucket_response_put": {
        "accelerate", "acl", "cors", "encryption", "inventory", "lifecycle", "logging", "notification",
        "object-lock", "ownershipControls", "policy", "publicAccessBlock", "replication", "tagging",
        "versioning", "website",
    },
    "_bucket_response_delete": {
        "cors", "encryption", "lifecycle", "ownershipControls", "policy", "publicAccessBlock",
        "replication", "tagging", "website",
    },
}  # fmt: skip


def bucket_policy_conditions_are_not_denials() -> None:
    """moto denies every object call once a policy statement has a Condition, as the usual "TLS only" has.

    AWS: IAM User Guide, "Policy evaluation logic": a statement applies when its Condition holds and
    its Principal is the caller. moto knows neither here, so only statements for everybody, without a
    Condition, are judged: the local endpoint stands for the encrypted one.
    """

    @replaces(FakeBucket, "get_permission")
    def get_permission(original: Any, self: Any, action: str, resource: str) -> Any:
        if self.policy is None:
            return original(self, action, resource)
        document = json.loads(self.policy)
        statements = document["Statement"]
        statements = statements if isinstance(statements, list) else [statements]
        document["Statement"] = [s for s in statements if _is_for_everybody(s)]
        if not document["Statement"]:
            return PermissionResult.NEUTRAL
        return IAMPolicy(json.dumps(document)).is_action_permitted(action, resource)


def _is_for_everybody(statement: Mapping[str, Any]) -> bool:
    return not statement.get("Condition") and statement.get("Principal") in (
        "*",
        {"AWS": "*"},
        {"AWS": ["*"]},
    )


def log_rights_are_patterns() -> None:
    """moto breaks on a log bucket whose policy has a statement for everybody, and compares ARNs whole.

    AWS: User Guide, "Enabling Amazon S3 server access logging": the policy of the target bucket lets
    ``logging.s3.amazonaws.com`` put below the prefix; ``*`` in a resource matches.
    """

    @replaces(FakeBucket, "_log_permissions_enabled_policy")
    def _log_permissions_enabled_policy(original: Any, target_bucket: Any, target_prefix: str | None) -> bool:
        if not target_bucket.policy:
            return False
        arn = f"arn:{target_bucket.partition}:s3:::{target_bucket.name}/{target_prefix or ''}log"
        return any(_lets_logs_in(one, arn) for one in json.loads(target_bucket.policy)["Statement"])


def _lets_logs_in(statement: Mapping[str, Any], arn: str) -> bool:
    principal = statement.get("Principal")
    service = principal.get("Service", []) if isinstance(principal, Mapping) else []
    return (
        statement["Effect"] == "Allow"
        and "logging.s3.amazonaws.com" in _listed(service)
        and any(fnmatchcase("s3:PutObject", action) for action in _listed(statement.get("Action", [])))
        and any(fnmatchcase(arn, resource) for resource in _listed(statement.get("Resource", [])))
    )


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def lifecycle_is_given_back_as_put() -> None:
    """moto gives back another lifecycle than it was given (And-filters, noncurrent versions), and no header.

    Terraform then waits three minutes for the configuration to settle, and fails.
    AWS: API Reference, ``GetBucketLifecycleConfiguration``: the rules, and the header
    ``x-amz-transition-default-minimum-object-size``.
    """

    _give_back_as_put("lifecycle", "get_bucket_lifecycle")

    @replaces(S3Backend, "delete_bucket_lifecycle")
    def delete_bucket_lifecycle(original: Any, self: Any, bucket: str) -> None:
        original(self, bucket)
        getattr(self.get_bucket(bucket), "as_put", {}).pop("lifecycle", None)


def notifications_are_given_back_as_put() -> None:
    """moto leaves ``EventBridgeConfiguration`` out of what it gives back: Terraform sees drift for ever.

    AWS: API Reference, ``GetBucketNotificationConfiguration``.
    """
    _give_back_as_put("notification", "get_bucket_notification")


def _give_back_as_put(subresource: str, getter: str) -> None:
    """A GET answers with what was PUT, to the letter."""

    @replaces(S3Response, "_bucket_response_put")
    def _bucket_response_put(original: Any, self: Any, request: Any, bucket: str, querystring: Any) -> Any:
        answer = original(self, request, bucket, querystring)
        if subresource in querystring:
            size = self.headers.get(TRANSITION_HEADER) or "all_storage_classes_128K"
            kept = vars(self.backend.get_bucket(bucket)).setdefault("as_put", {})
            kept[subresource] = (200, {TRANSITION_HEADER: size, "Content-Type": "application/xml"}, self.body)
        return answer

    @replaces(S3Response, getter)
    def get(original: Any, self: Any) -> Any:
        kept = getattr(self.backend.get_bucket(self.bucket_name), "as_put", {})
        return kept[subresource] if subresource in kept else original(self)


def unknown_subresources_are_refused() -> None:
    """moto takes a PUT on a sub-resource it doesn't know for CreateBucket, and a DELETE for DeleteBucket.

    So destroying a metrics configuration destroys the bucket. What moto doesn't know is answered
    with 501 ``NotImplemented`` (AWS: API Reference, "Error responses").
    """

    def guard(name: str, known: set[str]) -> None:
        @replaces(S3Response, name)
        def guarded(original: Any, self: Any, *args: Any) -> Any:
            unknown = _subresources(args[-1]) - known
            if unknown:
                message = f"moto does not know the sub-resource {', '.join(sorted(unknown))}"
                body = f"<Error><Code>NotImplemented</Code><Message>{message}</Message></Error>"
                return 501, {"Content-Type": "application/xml"}, body
            return original(self, *args)

    for name, known in KNOWN_SUBRESOURCES.items():
        guard(name, known)


def _subresources(names: Iterable[str]) -> set[str]:
    """Names of a query string without what signing and the SDKs add to it."""
    signing = {"x-id", "id", "AWSAccessKeyId", "Signature", "Expires"}
    return {name for name in names if name not in signing and not name.lower().startswith("x-amz-")}


def versions_outlive_versioning() -> None:
    """moto deletes the whole key for one version where versioning is suspended, and breaks on delete markers.

    AWS: User Guide, "Deleting objects from versioning-suspended buckets": a version that is named is
    deleted, and no other. Terraform suspends versioning before it empties a bucket.
    """

    @replaces(S3Backend, "delete_object")
    def delete_object(
        original: Any,
        self: Any,
        bucket_name: str,
        key_name: str,
        version_id: Any = None,
        bypass: bool = False,
    ) -> Any:
        bucket = self.get_bucket(bucket_name)
        if version_id is None or bucket.versioning_status != "Suspended":
            return original(self, bucket_name, key_name, version_id, bypass)
        if key_name in bucket.keys:
            versions = bucket.keys.getlist(key_name)
            bucket.keys.setlist(key_name, [one for one in versions if str(one.version_id) != str(version_id)])
            if not bucket.keys.getlist(key_name):
                bucket.keys.pop(key_name)
        return True, {"version-id": version_id}


PATCHES = (
    bucket_policy_conditions_are_not_denials,
    log_rights_are_patterns,
    lifecycle_is_given_back_as_put,
    notifications_are_given_back_as_put,
    unknown_subresources_are_refused,
    versions_outlive_versioning,
)
