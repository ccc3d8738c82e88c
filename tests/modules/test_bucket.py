"""What every bucket of Stepwell has."""

from __future__ import annotations

from typing import Any

import pytest

from tests.synthesis import ACCOUNT, KEY, Synthesized, settings, synthesized

BUCKET = f"arn:aws:s3:::stepwell-growth-dev-{ACCOUNT}"
HEADER = "s3:x-amz-server-side-encryption"


@pytest.fixture(scope="module")
def keyless() -> Synthesized:
    return synthesized(settings(encryption="aws"))


def denials(made: Synthesized) -> dict[str, dict[str, Any]]:
    """The statements of the datastore's bucket policy by their ids; all of them deny, to everybody."""
    statements = made.policy(made.one("aws_s3_bucket_policy")["policy"])
    assert {(one["Effect"], one["Principal"]) for one in statements} == {("Deny", "*")}
    return {one["Sid"]: one for one in statements}


def test_objects_are_encrypted_with_the_regions_key(demo: Synthesized) -> None:
    """Every object is encrypted with the foundation's key without being asked to, by way of a bucket key."""
    (rule,) = demo.one("aws_s3_bucket_server_side_encryption_configuration")["rule"]
    default = rule["apply_server_side_encryption_by_default"]
    assert default["sse_algorithm"] == "aws:kms"
    assert demo.resolved(default["kms_master_key_id"]) == KEY
    assert rule["bucket_key_enabled"] is True


def test_s3s_own_keys_can_be_chosen(keyless: Synthesized) -> None:
    """With `encryption = "aws"` objects are encrypted with S3's keys, and no key is looked up."""
    (rule,) = keyless.one("aws_s3_bucket_server_side_encryption_configuration")["rule"]
    assert rule["apply_server_side_encryption_by_default"] == {"sse_algorithm": "AES256"}
    assert "aws_kms_alias" not in keyless.document["data"]
    roles = [path.removesuffix("/role") for path in keyless.all("aws_iam_role")]
    actions = {action for role in roles for item in keyless.statements(role) for action in item["Action"]}
    assert not any(action.startswith("kms:") for action in actions)


def test_the_bucket_is_versioned(demo: Synthesized) -> None:
    """What is overwritten or deleted can be brought back."""
    versioning = demo.one("aws_s3_bucket_versioning")["versioning_configuration"]
    assert versioning == {"status": "Enabled"}


def test_nothing_of_it_can_be_public(demo: Synthesized) -> None:
    """All four blocks of public access are on, and access lists are off."""
    block = demo.one("aws_s3_bucket_public_access_block")
    four = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
    assert [block[name] for name in four] == [True] * 4
    rule = demo.one("aws_s3_bucket_ownership_controls")["rule"]
    assert rule == {"object_ownership": "BucketOwnerEnforced"}


def test_requests_are_logged(demo: Synthesized) -> None:
    """Who asked for which object is written to the region's log bucket."""
    logging = demo.one("aws_s3_bucket_logging")
    assert demo.resolved(logging["target_bucket"]) == f"stepwell-logs-{ACCOUNT}-us-east-1"
    assert demo.resolved(logging["target_prefix"]) == f"s3/stepwell-growth-dev-{ACCOUNT}/"


def test_only_modern_tls_gets_through(demo: Synthesized) -> None:
    """Everything is denied without TLS, and with a version before 1.2."""
    found = denials(demo)
    for name, condition in {
        "TlsOnly": {"Bool": {"aws:SecureTransport": "false"}},
        "ModernTlsOnly": {"NumericLessThan": {"s3:TlsVersion": "1.2"}},
    }.items():
        assert found[name]["Action"] == "s3:*"
        assert found[name]["Resource"] == [BUCKET, f"{BUCKET}/*"]
        assert found[name]["Condition"] == condition


def test_a_put_with_another_encryption_is_denied(demo: Synthesized) -> None:
    """A put may leave the encryption to the bucket; it may not choose another, another key, or bring one."""
    puts = {name: one["Condition"] for name, one in denials(demo).items() if one["Action"] == "s3:PutObject"}
    assert puts == {
        "OtherEncryption": {"Null": {HEADER: "false"}, "StringNotEquals": {HEADER: "aws:kms"}},
        "OtherKey": {
            "Null": {f"{HEADER}-aws-kms-key-id": "false"},
            "ArnNotEquals": {f"{HEADER}-aws-kms-key-id": KEY},
        },
        "BroughtKey": {"Null": {f"{HEADER}-customer-algorithm": "false"}},
    }


def test_without_a_key_of_ours_only_s3s_is_allowed(keyless: Synthesized) -> None:
    """With S3's own keys a put that names KMS is denied."""
    found = denials(keyless)
    assert found["OtherEncryption"]["Condition"]["StringNotEquals"] == {HEADER: "AES256"}
    assert "OtherKey" not in found


@pytest.mark.parametrize("role", ["role", "job-role"])
def test_the_key_is_used_by_way_of_the_bucket_only(demo: Synthesized, role: str) -> None:
    """A role's rights on the key hold for objects of the environment's bucket, through S3."""
    rights = [
        one
        for one in demo.statements(f"user-ada/namespace/{role}")
        if any(action.startswith("kms:") for action in one["Action"])
    ]
    assert [one["Action"] for one in rights] == [["kms:Decrypt"], ["kms:Decrypt", "kms:GenerateDataKey"]]
    for one in rights:
        assert one["Resource"] == [KEY]
        assert one["Condition"] == {
            "StringEquals": {
                "kms:ViaService": "s3.us-east-1.amazonaws.com",
                "kms:EncryptionContext:aws:s3:arn": BUCKET,
            }
        }
