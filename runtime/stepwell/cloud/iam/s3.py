"""What a call of Amazon S3 needs: pure.

Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon S3", and S3
User Guide, "Required permissions for Amazon S3 API operations".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from stepwell.cloud.iam.call import Call
from stepwell.cloud.iam.evaluator import Access

# Where the action is not called as the operation is.
ACTIONS = {
    "HeadObject": "GetObject",
    "SelectObjectContent": "GetObject",
    "CopyObject": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "UploadPart": "PutObject",
    "UploadPartCopy": "PutObject",
    "CompleteMultipartUpload": "PutObject",
    "DeleteObjects": "DeleteObject",
    "ListParts": "ListMultipartUploadParts",
    "HeadBucket": "ListBucket",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListObjectVersions": "ListBucketVersions",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "ListBuckets": "ListAllMyBuckets",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
}
VERSIONED = ("GetObject", "DeleteObject", "GetObjectTagging")
FROM_QUERY = {"Prefix": "s3:prefix", "Delimiter": "s3:delimiter", "MaxKeys": "s3:max-keys"}
FROM_HEADERS = (
    "x-amz-acl", "x-amz-copy-source", "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id", "x-amz-storage-class",
)  # fmt: skip


KEY_ACTIONS = {
    "PutObject": ["GenerateDataKey"],
    "CopyObject": ["Decrypt", "GenerateDataKey"],
    "CreateMultipartUpload": ["GenerateDataKey"],
    "UploadPart": ["Decrypt"],
    "CompleteMultipartUpload": ["Decrypt"],
    "GetObject": ["Decrypt"],
    "HeadObject": ["Decrypt"],
}


def accesses(call: Call) -> list[Access]:
    """All that IAM has to allow for a call of S3, but for the keys of KMS that it uses."""
    params = call.params
    action = ACTIONS.get(call.operation, call.operation)
    if action in VERSIONED and params.get("VersionId"):
        action += "Version"
    context: dict[str, str | Sequence[str]] = {
        key: str(params[name]) for name, key in FROM_QUERY.items() if params.get(name) is not None
    }
    context |= {f"s3:{name}": call.headers[name] for name in FROM_HEADERS if name in call.headers}

    def access(action: str, *path: str) -> Access:
        resource = f"arn:{call.place.partition}:s3:::{'/'.join(path)}" if path else "*"
        return Access(f"s3:{action}", resource, call.place.account, context)

    if "Bucket" not in params:
        return [access(action)]
    bucket = params["Bucket"]
    if call.operation == "DeleteObjects":
        return [access(action, bucket, key) for key in params["Keys"]]
    if "Key" not in params:
        return [access(action, bucket)]
    needed = [access(action, bucket, params["Key"])]
    if source := call.headers.get("x-amz-copy-source"):
        needed.append(access("GetObject", unquote(source).partition("?")[0].removeprefix("/")))
    if call.headers.get("x-amz-tagging"):
        needed.append(access("PutObjectTagging", bucket, params["Key"]))
    if action != "GetObject" and "if-match" in call.headers:  # "Conditional requests": it reads the ETag
        needed.append(access("GetObject", bucket, params["Key"]))
    return needed


def missing_access(call: Call) -> Access:
    """What it takes to be told that an object isn't there; else it is as if the object were not one's own.

    Source: API Reference, ``GetObject``: 404 for who may list the bucket, 403 for others. A condition on
    ``s3:prefix`` is held against the key (Ceph, which follows S3, does so since its pull request 68577).
    """
    place, bucket = call.place, call.params["Bucket"]
    context = {"s3:prefix": call.params["Key"]}
    return Access("s3:ListBucket", f"arn:{place.partition}:s3:::{bucket}", place.account, context)


def key_accesses(call: Call, encryption: Mapping[str, Any]) -> list[Access]:
    """What a call of S3 does with the key of KMS that encrypts the object; nothing where S3's own does.

    Source: S3 User Guide, "Using server-side encryption with AWS KMS keys". With a bucket key the encryption
    context is the bucket, without it the object.

    Args:
        encryption: the bucket's default, a ``ServerSideEncryptionRule``; it counts for reading too, as if no
            object had been written before it was set.
    """
    default = encryption.get("ApplyServerSideEncryptionByDefault") or {}
    algorithm = call.headers.get("x-amz-server-side-encryption") or default.get("SSEAlgorithm", "")
    key = call.headers.get("x-amz-server-side-encryption-aws-kms-key-id") or default.get("KMSMasterKeyID")
    if not key or not algorithm.startswith("aws:kms"):
        return []
    place, encrypted = call.place, call.params["Bucket"]
    if str(encryption.get("BucketKeyEnabled")).lower() != "true":
        encrypted += f"/{call.params['Key']}"
    context: dict[str, str | Sequence[str]] = {
        "kms:ViaService": f"s3.{place.region}.amazonaws.com",
        "kms:CallerAccount": place.account,
        "kms:EncryptionContext:aws:s3:arn": f"arn:{place.partition}:s3:::{encrypted}",
        "kms:EncryptionContextKeys": ["aws:s3:arn"],
    }
    arn = place.arn("kms", key if ":" in key else f"key/{key}")
    return [
        Access(f"kms:{action}", arn, place.account, context) for action in KEY_ACTIONS.get(call.operation, [])
    ]
