from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import obstore
import pytest
from botocore.exceptions import ClientError
from obstore.exceptions import AlreadyExistsError
from obstore.store import S3Store

from tests.runtime.cloud.proofs import proves
from tests.runtime.cloud.support import Aws


def policy(bucket: str, **condition: object) -> str:
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": f"arn:aws:s3:::{bucket}/*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [{**deny, **condition}]})


@proves("bucket_policy_conditions_are_not_denials")
def test_a_policy_that_wants_tls_denies_no_object_call(aws: Aws) -> None:
    """A bucket whose policy denies insecure transport still takes and gives objects."""
    s3, bucket = aws.client("s3"), aws.bucket()
    insecure = {"Bool": {"aws:SecureTransport": "false"}}
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(bucket, Condition=insecure))
    s3.put_object(Bucket=bucket, Key="k", Body=b"v")
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"v"


def test_an_unconditional_denial_denies(aws: Aws) -> None:
    """A policy that denies everybody everything without a condition refuses a put."""
    s3, bucket = aws.client("s3"), aws.bucket()
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(bucket))
    with pytest.raises(ClientError, match="403"):
        s3.put_object(Bucket=bucket, Key="k", Body=b"v")


@proves("lifecycle_is_given_back_as_put")
def test_a_lifecycle_comes_back_as_it_was_put(aws: Aws) -> None:
    """Rules with And-filters and noncurrent versions, and the size header, come back unchanged."""
    s3, bucket = aws.client("s3"), aws.bucket()
    rules = [
        {
            "ID": "old",
            "Status": "Enabled",
            "Filter": {"And": {"Prefix": "ns/", "ObjectSizeGreaterThan": 10}},
            "NoncurrentVersionExpiration": {"NoncurrentDays": 7, "NewerNoncurrentVersions": 2},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 3},
        }
    ]
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})
    answer = s3.get_bucket_lifecycle_configuration(Bucket=bucket)
    assert answer["Rules"] == rules
    assert answer["TransitionDefaultMinimumObjectSize"] == "all_storage_classes_128K"


def test_a_deleted_lifecycle_is_gone(aws: Aws) -> None:
    """After its deletion a bucket has no lifecycle configuration."""
    s3, bucket = aws.client("s3"), aws.bucket()
    rules = [{"ID": "a", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}]
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})
    s3.delete_bucket_lifecycle(Bucket=bucket)
    with pytest.raises(ClientError, match="NoSuchLifecycleConfiguration"):
        s3.get_bucket_lifecycle_configuration(Bucket=bucket)


@proves("unknown_subresources_are_refused")
def test_deleting_an_unknown_configuration_leaves_the_bucket(aws: Aws) -> None:
    """Deleting a metrics configuration is refused, and the bucket is still there."""
    s3, bucket = aws.client("s3"), aws.bucket()
    with pytest.raises(ClientError, match="NotImplemented"):
        s3.delete_bucket_metrics_configuration(Bucket=bucket, Id="all")
    s3.head_bucket(Bucket=bucket)


def test_putting_an_unknown_configuration_is_refused(aws: Aws) -> None:
    """A metrics configuration that moto doesn't know is refused by name."""
    with pytest.raises(ClientError, match="metrics"):
        aws.client("s3").put_bucket_metrics_configuration(
            Bucket=aws.bucket(), Id="all", MetricsConfiguration={"Id": "all"}
        )


def store(aws: Aws, bucket: str) -> S3Store:
    return S3Store(
        bucket,
        endpoint=aws.url,
        region="us-east-1",
        access_key_id="test",
        secret_access_key="test",
        client_options={"allow_http": True},
        virtual_hosted_style_request=False,
    )


@proves("requests_are_atomic", race=True)
def test_a_slow_conditional_put_still_has_one_winner(aws: Aws) -> None:
    """Of 8 writers whose megabytes are checked by the server in between, exactly one creates the key."""
    bucket, body = aws.bucket(), b"x" * 4_000_000
    gate = threading.Barrier(8)

    def claim(key: str) -> int:
        headers = {
            "Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request",
            "If-None-Match": "*",
            "x-amz-sdk-checksum-algorithm": "SHA256",
        }
        request = urllib.request.Request(f"{aws.url}/{bucket}/{key}", body, headers, method="PUT")
        gate.wait()
        try:
            with urllib.request.urlopen(request) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as refusal:
            return refusal.code

    with ThreadPoolExecutor(8) as pool:
        for number in range(5):
            assert sorted(pool.map(claim, [f"run-{number}"] * 8)) == [200] + [412] * 7


def test_of_many_conditional_puts_exactly_one_wins(aws: Aws) -> None:
    """32 threads create each of 40 keys with obstore's mode "create"; each key has one winner."""
    objects = store(aws, aws.bucket())
    gate = threading.Barrier(32)

    def claim(key: str) -> bool:
        gate.wait()
        try:
            obstore.put(objects, key, b"x" * 20_000, mode="create")
        except AlreadyExistsError:
            return False
        return True

    with ThreadPoolExecutor(32) as pool:
        for number in range(40):
            assert sum(pool.map(claim, [f"run-{number}"] * 32)) == 1


def test_a_deleted_key_may_be_created_again(aws: Aws) -> None:
    """In a versioned bucket, a conditional put succeeds where only a delete marker is."""
    s3, bucket = aws.client("s3"), aws.bucket()
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    objects = store(aws, bucket)
    obstore.put(objects, "k", b"1", mode="create")
    obstore.delete(objects, "k")
    obstore.put(objects, "k", b"2", mode="create")
    assert obstore.get(objects, "k").bytes() == b"2"


@proves("versions_outlive_versioning")
def test_a_bucket_is_emptied_whose_versioning_is_suspended(aws: Aws) -> None:
    """A version that is named is deleted, delete markers too, and no other; in the end there is none."""
    s3, bucket = aws.client("s3"), aws.bucket()
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    first, second = (s3.put_object(Bucket=bucket, Key="k", Body=body)["VersionId"] for body in (b"1", b"2"))
    marker = s3.delete_object(Bucket=bucket, Key="k")["VersionId"]
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    s3.delete_object(Bucket=bucket, Key="k", VersionId=second)
    assert s3.get_object(Bucket=bucket, Key="k", VersionId=first)["Body"].read() == b"1"
    rest = [{"Key": "k", "VersionId": version} for version in (first, marker)]
    s3.delete_objects(Bucket=bucket, Delete={"Objects": rest})
    left = s3.list_object_versions(Bucket=bucket)
    assert (left.get("Versions"), left.get("DeleteMarkers")) == (None, None)


def test_a_stale_pointer_update_is_refused(aws: Aws) -> None:
    """A put with If-Match of an older ETag fails, and the object stays."""
    s3, bucket = aws.client("s3"), aws.bucket()
    first = s3.put_object(Bucket=bucket, Key="latest", Body=b"1")["ETag"]
    s3.put_object(Bucket=bucket, Key="latest", Body=b"2", IfMatch=first)
    with pytest.raises(ClientError, match="PreconditionFailed"):
        s3.put_object(Bucket=bucket, Key="latest", Body=b"3", IfMatch=first)
    assert s3.get_object(Bucket=bucket, Key="latest")["Body"].read() == b"2"


def test_listing_while_keys_are_put_never_fails(aws: Aws) -> None:
    """200 keys are put by 8 threads while 4 others list; no call fails."""
    s3, bucket = aws.client("s3"), aws.bucket()
    with ThreadPoolExecutor(12) as pool:
        puts = [pool.submit(s3.put_object, Bucket=bucket, Key=f"k/{n}", Body=b"") for n in range(200)]
        lists = [pool.submit(s3.list_objects_v2, Bucket=bucket, Prefix="k/") for _ in range(100)]
        for call in [*puts, *lists]:
            call.result()
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 200


@proves("notifications_are_given_back_as_put")
def test_a_bucket_tells_that_eventbridge_hears_of_it(aws: Aws) -> None:
    """A bucket that sends its events to EventBridge says so, and no longer once it doesn't."""
    s3, bucket = aws.client("s3"), aws.bucket()
    for configuration in ({"EventBridgeConfiguration": {}}, {}):
        s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=configuration)
        answer = s3.get_bucket_notification_configuration(Bucket=bucket)
        assert ("EventBridgeConfiguration" in answer) == bool(configuration)


@proves("log_rights_are_patterns")
def test_access_logs_go_where_the_service_may_put(aws: Aws) -> None:
    """A log bucket whose policy lets the log service put below a pattern is taken, another is refused."""
    s3, bucket, logs = aws.client("s3"), aws.bucket(), aws.bucket()
    arn = f"arn:aws:s3:::{logs}"
    statements = [
        {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [arn, f"{arn}/*"],
         "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
        {"Effect": "Allow", "Principal": {"Service": "logging.s3.amazonaws.com"}, "Action": ["s3:PutObject"],
         "Resource": [f"{arn}/s3/*"]},
    ]  # fmt: skip
    s3.put_bucket_policy(Bucket=logs, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements}))
    allowed = {"LoggingEnabled": {"TargetBucket": logs, "TargetPrefix": f"s3/{bucket}/"}}
    s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus=allowed)
    assert s3.get_bucket_logging(Bucket=bucket)["LoggingEnabled"] == allowed["LoggingEnabled"]
    elsewhere = {"LoggingEnabled": {"TargetBucket": logs, "TargetPrefix": "other/"}}
    with pytest.raises(ClientError, match="InvalidTargetBucketForLogging"):
        s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus=elsewhere)
