"""A bucket as every bucket of Stepwell is: private, encrypted, versioned, reached over TLS only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from modules import aws
from modules.accepted import accept
from modules.cdk import Construct, TerraformResourceLifecycle
from modules.policy import Statement, deny_all, document
from modules.site import Site

TLS = "1.2"


@dataclass(frozen=True, slots=True)
class BucketProps:
    """What a bucket is.

    Attributes:
        site: where it stands.
        name: of the bucket, in the whole world.
        key: ARN of the KMS key of its objects. Default: S3's own keys.
        destroyable: whether destroying the stack destroys what is in it. Default: no, Terraform refuses to
            plan it.
        logged: whether requests are logged. Default: yes.
        logs: name of the bucket that they are logged to. Default: the region's log bucket, which is there.
        allowed: further statements of its policy. Default: none.
        adopted: whether the bucket is there already, and the stack takes it over. Default: no.
    """

    site: Site
    name: str
    key: str | None = None
    destroyable: bool = False
    logged: bool = True
    logs: str | None = None
    allowed: Sequence[Statement] = ()
    adopted: bool = False


class Bucket(Construct):
    """A versioned bucket that nobody reads from outside, or without TLS.

    Objects are encrypted without being asked to; who asks for another key than the bucket's is refused,
    and so is who brings a key along, which would lock everybody else out.

    Attributes:
        name, arn: of the bucket.
        guarded: its name too, once its policy is in force.
        versioned: what a rule on versions depends on.
    """

    def __init__(self, scope: Construct, id: str, props: BucketProps) -> None:
        super().__init__(scope, id)
        bucket = aws.s3_bucket.S3Bucket(
            self,
            "bucket",
            bucket=props.name,
            force_destroy=props.destroyable,
            lifecycle=TerraformResourceLifecycle(prevent_destroy=not props.destroyable),
        )
        self._bucket = bucket
        self.accept(CKV_AWS_144="Versions protect from mistakes; a second region doubles what data costs.")
        if props.adopted:
            bucket.import_from(props.name)
        self.name: str = bucket.bucket
        self.arn = f"arn:{props.site.partition}:s3:::{props.name}"
        self._encrypt(props.key)
        self.guarded = self._keep_private(props)
        version = aws.s3_bucket_versioning
        self.versioned = version.S3BucketVersioningA(
            self,
            "versioning",
            bucket=self.name,
            versioning_configuration=version.S3BucketVersioningVersioningConfiguration(status="Enabled"),
        )
        if props.logged:
            aws.s3_bucket_logging.S3BucketLoggingA(
                self,
                "logging",
                bucket=self.name,
                target_bucket=props.logs or props.site.log_bucket,
                target_prefix=f"s3/{props.name}/",
            )

    def accept(self, **reasons: str) -> None:
        """Say why the bucket stays as it is though a check fails (`modules.accepted.accept`)."""
        accept(self._bucket, **reasons)

    def objects(self, keys: str) -> str:
        """ARN pattern of the objects whose keys match the pattern."""
        return f"{self.arn}/{keys}"

    def _encrypt(self, key: str | None) -> None:
        s3 = aws.s3_bucket_server_side_encryption_configuration
        default = s3.S3BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultA(
            sse_algorithm="aws:kms" if key else "AES256", kms_master_key_id=key
        )
        rule = s3.S3BucketServerSideEncryptionConfigurationRuleA(
            apply_server_side_encryption_by_default=default,
            # One request to KMS for many objects.
            bucket_key_enabled=True if key else None,
        )
        s3.S3BucketServerSideEncryptionConfigurationA(self, "encryption", bucket=self.name, rule=[rule])

    def _keep_private(self, props: BucketProps) -> str:
        block = aws.s3_bucket_public_access_block.S3BucketPublicAccessBlock(
            self,
            "public-access-block",
            bucket=self.name,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
        )
        ownership = aws.s3_bucket_ownership_controls
        ownership.S3BucketOwnershipControls(
            self,
            "ownership",
            bucket=self.name,
            rule=ownership.S3BucketOwnershipControlsRule(object_ownership="BucketOwnerEnforced"),
        )
        policy = aws.s3_bucket_policy.S3BucketPolicy(
            self,
            "policy",
            bucket=self.name,
            policy=document([*self._denied(props.key), *props.allowed]),
            # S3 refuses two changes of a bucket's access at once.
            depends_on=[block],
        )
        guarded: str = policy.bucket
        return guarded

    def _denied(self, key: str | None) -> list[Statement]:
        everything, puts = [self.arn, self.objects("*")], [self.objects("*")]
        header = "s3:x-amz-server-side-encryption"
        statements = [
            deny_all("TlsOnly", "s3:*", everything, {"Bool": {"aws:SecureTransport": "false"}}),
            deny_all("ModernTlsOnly", "s3:*", everything, {"NumericLessThan": {"s3:TlsVersion": TLS}}),
            # A put that names no encryption gets the bucket's; these two look at one that does.
            deny_all(
                "OtherEncryption",
                "s3:PutObject",
                puts,
                {"Null": {header: "false"}, "StringNotEquals": {header: "aws:kms" if key else "AES256"}},
            ),
            deny_all("BroughtKey", "s3:PutObject", puts, {"Null": {f"{header}-customer-algorithm": "false"}}),
        ]
        if key:
            named = f"{header}-aws-kms-key-id"
            statements.append(
                deny_all(
                    "OtherKey",
                    "s3:PutObject",
                    puts,
                    {"Null": {named: "false"}, "ArnNotEquals": {named: key}},
                )
            )
        return statements
