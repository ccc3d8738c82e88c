"""The bucket of a region that S3's access logs and networks' flow logs go to."""

from __future__ import annotations

from dataclasses import dataclass

from modules import aws
from modules.bucket import Bucket, BucketProps
from modules.cdk import Construct
from modules.policy import allow
from modules.site import Site

FLOW_LOGS = "flows/"


@dataclass(frozen=True, slots=True)
class LogBucketProps:
    """What the log bucket is.

    Attributes:
        site: where it stands.
        days: how long a log is kept. Default: 365.
        destroyable: whether destroying the stack destroys the logs too. Default: no.
    """

    site: Site
    days: int = 365
    destroyable: bool = False


class LogBucket(Construct):
    """AWS's log services write into it, for this account only; no role of an environment has any right.

    It is encrypted with S3's own keys, because access logs are not delivered to a bucket with another
    default (Amazon S3 User Guide, "Enabling Amazon S3 server access logging").

    Attributes:
        ready: its name, once S3 may write into it: before that no bucket of the same stack can log to it.
    """

    def __init__(self, scope: Construct, id: str, props: LogBucketProps) -> None:
        super().__init__(scope, id)
        site = props.site
        name = site.log_bucket
        arn = f"arn:{site.partition}:s3:::{name}"
        own = {"StringEquals": {"aws:SourceAccount": site.account}}
        flows = {
            **own,
            "ArnLike": {"aws:SourceArn": f"arn:{site.partition}:logs:{site.region}:{site.account}:*"},
        }
        delivery = {"Service": "delivery.logs.amazonaws.com"}
        bucket = Bucket(
            self,
            "bucket",
            BucketProps(
                site,
                name,
                destroyable=props.destroyable,
                # A bucket that logs into itself never ends.
                logged=False,
                allowed=[
                    allow(
                        ["s3:PutObject"],
                        [f"{arn}/s3/*"],
                        {**own, "ArnLike": {"aws:SourceArn": f"arn:{site.partition}:s3:::stepwell-*"}},
                        to={"Service": "logging.s3.amazonaws.com"},
                    ),
                    allow(["s3:PutObject"], [f"{arn}/{FLOW_LOGS}*"], flows, to=delivery),
                    allow(["s3:GetBucketAcl", "s3:ListBucket"], [arn], flows, to=delivery),
                ],
            ),
        )
        self.ready = bucket.guarded
        bucket.accept(
            CKV_AWS_18="Logs of who reads the logs would be logged in their turn, without an end.",
            CKV_AWS_145="S3 delivers access logs only to buckets with S3's own keys (User Guide).",
            CKV2_AWS_62="Nothing is started by a log that arrives.",
        )
        s3 = aws.s3_bucket_lifecycle_configuration
        s3.S3BucketLifecycleConfiguration(
            self,
            "lifecycle",
            bucket=bucket.name,
            rule=[
                s3.S3BucketLifecycleConfigurationRule(
                    id="old-logs",
                    status="Enabled",
                    filter=[s3.S3BucketLifecycleConfigurationRuleFilter(prefix="")],
                    expiration=[s3.S3BucketLifecycleConfigurationRuleExpiration(days=props.days)],
                    noncurrent_version_expiration=[
                        s3.S3BucketLifecycleConfigurationRuleNoncurrentVersionExpiration(noncurrent_days=1)
                    ],
                    abort_incomplete_multipart_upload=[
                        s3.S3BucketLifecycleConfigurationRuleAbortIncompleteMultipartUpload(
                            days_after_initiation=1
                        )
                    ],
                )
            ],
            depends_on=[bucket.versioned],
        )
