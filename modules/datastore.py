"""The datastore: one bucket for artifacts, code and tables, guarded by prefix."""

from __future__ import annotations

from dataclasses import dataclass

from modules import aws
from modules.accepted import accept
from modules.cdk import Construct, TerraformResourceLifecycle
from modules.policy import allow, document
from modules.role import Role
from modules.site import Site

GET = ["s3:GetObject"]
LIST = ["s3:ListBucket"]
WRITE = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:PutObject"]


@dataclass(frozen=True, slots=True)
class DatastoreProps:
    """What a datastore is.

    Attributes:
        site: where it stands.
        noncurrent_days: how long a deleted or overwritten object can be brought back. Default: 30.
        multipart_days: when an upload that was never finished is thrown away. Default: 7.
        destroyable: whether destroying the environment destroys its data too. Default: no, Terraform
            refuses to plan it.
    """

    site: Site
    noncurrent_days: int = 30
    multipart_days: int = 7
    destroyable: bool = False


class Datastore(Construct):
    """A versioned bucket that nobody reads from outside, or without TLS.

    It is encrypted with S3's own keys, not KMS: docs/decisions/0012-encryption-with-s3-keys.md.

    Attributes:
        bucket: its name.
    """

    def __init__(self, scope: Construct, id: str, props: DatastoreProps) -> None:
        super().__init__(scope, id)
        self._site = props.site
        self._bucket = aws.s3_bucket.S3Bucket(
            self,
            "bucket",
            bucket=props.site.bucket,
            force_destroy=props.destroyable,
            lifecycle=TerraformResourceLifecycle(prevent_destroy=not props.destroyable),
        )
        accept(
            self._bucket,
            CKV_AWS_18="Who reads what is in CloudTrail's data events, for those who need it.",
            CKV_AWS_144="Versions protect from mistakes; a second region doubles what data costs.",
            CKV_AWS_145="Encrypted with S3's own keys; why is in docs/decisions/0012.",
            CKV2_AWS_62="Nothing is started by an object that arrives.",
        )
        self.bucket: str = self._bucket.bucket
        self._encrypt()
        self._keep_private()
        versioning = aws.s3_bucket_versioning.S3BucketVersioningA(
            self,
            "versioning",
            bucket=self.bucket,
            versioning_configuration=aws.s3_bucket_versioning.S3BucketVersioningVersioningConfiguration(
                status="Enabled"
            ),
        )
        self._expire(props, versioning)

    def grant_get(self, role: Role, *keys: str) -> None:
        """Get the objects whose keys match a pattern, without listing them."""
        role.grant(allow(GET, [self._site.bucket_arn(key) for key in keys]))

    def grant_read(self, role: Role, *prefixes: str) -> None:
        """Get and list what is below the `prefixes`, each a folder that ends with ``/``."""
        below = [f"{prefix}*" for prefix in prefixes]
        self.grant_get(role, *below)
        role.grant(allow(LIST, [self._site.bucket_arn()], {"StringLike": {"s3:prefix": below}}))

    def grant_write(self, role: Role, *prefixes: str) -> None:
        """Put and delete what is below the `prefixes`; deleted versions stay until they expire."""
        role.grant(allow(WRITE, [self._site.bucket_arn(f"{prefix}*") for prefix in prefixes]))

    def grant_put(self, role: Role, *keys: str) -> None:
        """Put objects whose keys match a pattern, without deleting any."""
        role.grant(allow(["s3:PutObject"], [self._site.bucket_arn(key) for key in keys]))

    def _encrypt(self) -> None:
        s3 = aws.s3_bucket_server_side_encryption_configuration
        default = s3.S3BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultA(
            sse_algorithm="AES256"
        )
        rule = s3.S3BucketServerSideEncryptionConfigurationRuleA(
            apply_server_side_encryption_by_default=default
        )
        s3.S3BucketServerSideEncryptionConfigurationA(self, "encryption", bucket=self.bucket, rule=[rule])

    def _keep_private(self) -> None:
        block = aws.s3_bucket_public_access_block.S3BucketPublicAccessBlock(
            self,
            "public-access-block",
            bucket=self.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
        )
        aws.s3_bucket_ownership_controls.S3BucketOwnershipControls(
            self,
            "ownership",
            bucket=self.bucket,
            rule=aws.s3_bucket_ownership_controls.S3BucketOwnershipControlsRule(
                object_ownership="BucketOwnerEnforced"
            ),
        )
        tls_only = {
            "Sid": "TlsOnly",
            "Effect": "Deny",
            # A denial must leave no gap: every principal, every action of S3.
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [self._site.bucket_arn(), self._site.bucket_arn("*")],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
        aws.s3_bucket_policy.S3BucketPolicy(
            self,
            "policy",
            bucket=self.bucket,
            policy=document([tls_only]),
            # S3 refuses two changes of a bucket's access at once.
            depends_on=[block],
        )

    def _expire(
        self, props: DatastoreProps, versioning: aws.s3_bucket_versioning.S3BucketVersioningA
    ) -> None:
        s3 = aws.s3_bucket_lifecycle_configuration
        everything = [s3.S3BucketLifecycleConfigurationRuleFilter(prefix="")]
        s3.S3BucketLifecycleConfiguration(
            self,
            "lifecycle",
            bucket=self.bucket,
            rule=[
                s3.S3BucketLifecycleConfigurationRule(
                    id="unfinished-uploads",
                    status="Enabled",
                    filter=everything,
                    abort_incomplete_multipart_upload=[
                        s3.S3BucketLifecycleConfigurationRuleAbortIncompleteMultipartUpload(
                            days_after_initiation=props.multipart_days
                        )
                    ],
                ),
                s3.S3BucketLifecycleConfigurationRule(
                    id="noncurrent-versions",
                    status="Enabled",
                    filter=everything,
                    noncurrent_version_expiration=[
                        s3.S3BucketLifecycleConfigurationRuleNoncurrentVersionExpiration(
                            noncurrent_days=props.noncurrent_days
                        )
                    ],
                    expiration=[
                        s3.S3BucketLifecycleConfigurationRuleExpiration(expired_object_delete_marker=True)
                    ],
                ),
            ],
            # A rule on versions is refused where there are none yet.
            depends_on=[versioning],
        )
