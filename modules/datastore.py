"""The datastore: one bucket for artifacts, code and tables, guarded by prefix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from modules import aws
from modules.bucket import Bucket, BucketProps
from modules.cdk import Construct
from modules.encryption import Encryption
from modules.policy import allow
from modules.role import Role
from modules.site import Site
from stepwell.contract import NAMESPACES, TEMPORARY, WAREHOUSE

GET = ["s3:GetObject"]
LIST = ["s3:ListBucket"]
LOCATE = ["s3:GetBucketLocation"]
WRITE = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:PutObject"]


@dataclass(frozen=True, slots=True)
class DatastoreProps:
    """What a datastore is.

    Attributes:
        site: where it stands.
        encryption: what its objects are encrypted with.
        noncurrent_days: how long a deleted or overwritten object can be brought back. Default: 30.
        multipart_days: when an upload that was never finished is thrown away. Default: 7.
        temporary_days: when what is below ``tmp/`` is thrown away. Default: 7.
        tiering_days: when artifacts and tables go to Intelligent-Tiering, which makes cheaper what is not
            read; 0 for never. Default: 30.
        destroyable: whether destroying the environment destroys its data too. Default: no, Terraform
            refuses to plan it.
    """

    site: Site
    encryption: Encryption
    noncurrent_days: int = 30
    multipart_days: int = 7
    temporary_days: int = 7
    tiering_days: int = 30
    destroyable: bool = False


class Datastore(Construct):
    """The environment's bucket, and who gets to which of its keys; what happens in it, EventBridge hears.

    Attributes:
        bucket: its name.
    """

    def __init__(self, scope: Construct, id: str, props: DatastoreProps) -> None:
        super().__init__(scope, id)
        self._site = props.site
        self._encryption = props.encryption
        self._bucket = Bucket(
            self,
            "bucket",
            BucketProps(
                props.site, props.site.bucket, key=props.encryption.key, destroyable=props.destroyable
            ),
        )
        self._bucket.accept(
            CKV_AWS_145="Where the settings say encryption = 'aws' the keys are S3's own.",
        )
        self.bucket: str = self._bucket.name
        self._expire(props)
        # Free; without a rule nothing comes of it, with one a new object can start a flow.
        aws.s3_bucket_notification.S3BucketNotification(
            self, "notifications", bucket=self.bucket, eventbridge=True
        )

    def grant_get(self, role: Role, *keys: str) -> None:
        """Get the objects whose keys match a pattern, without listing them."""
        role.grant(allow(GET, [self._site.bucket_arn(key) for key in keys]))
        self._encryption.grant_decrypt_objects(role, self._bucket.arn)

    def grant_read(self, role: Role, *prefixes: str) -> None:
        """Get and list what is below the `prefixes`, each a folder that ends with ``/``."""
        below = [f"{prefix}*" for prefix in prefixes]
        self.grant_get(role, *below)
        role.grant(allow(LIST, [self._site.bucket_arn()], {"StringLike": {"s3:prefix": below}}))

    def grant_locate(self, role: Role) -> None:
        """Ask for the bucket's region, as Athena does before it writes."""
        role.grant(allow(LOCATE, [self._site.bucket_arn()]))

    def grant_write(self, role: Role, *prefixes: str) -> None:
        """Put and delete what is below the `prefixes`; deleted versions stay until they expire."""
        role.grant(allow(WRITE, [self._site.bucket_arn(f"{prefix}*") for prefix in prefixes]))
        self._encryption.grant_encrypt_objects(role, self._bucket.arn)

    def grant_put(self, role: Role, *keys: str) -> None:
        """Put objects whose keys match a pattern, without deleting any."""
        role.grant(allow(["s3:PutObject"], [self._site.bucket_arn(key) for key in keys]))
        self._encryption.grant_encrypt_objects(role, self._bucket.arn)

    def _expire(self, props: DatastoreProps) -> None:
        """Rules by prefix; S3 takes the sooner of two that fit an object."""
        s3 = aws.s3_bucket_lifecycle_configuration
        rules = [
            _rule(
                "unfinished-uploads",
                "",
                abort_incomplete_multipart_upload=[
                    s3.S3BucketLifecycleConfigurationRuleAbortIncompleteMultipartUpload(
                        days_after_initiation=props.multipart_days
                    )
                ],
            ),
            _rule(
                "noncurrent-versions",
                "",
                noncurrent_version_expiration=_old_versions(props.noncurrent_days),
                expiration=[
                    s3.S3BucketLifecycleConfigurationRuleExpiration(expired_object_delete_marker=True)
                ],
            ),
            _rule(
                "temporary",
                TEMPORARY,
                expiration=[s3.S3BucketLifecycleConfigurationRuleExpiration(days=props.temporary_days)],
                noncurrent_version_expiration=_old_versions(1),
            ),
        ]
        if props.tiering_days:
            rules += [
                _rule(
                    f"tiering-{prefix.removesuffix('/')}",
                    prefix,
                    transition=[
                        s3.S3BucketLifecycleConfigurationRuleTransition(
                            days=props.tiering_days, storage_class="INTELLIGENT_TIERING"
                        )
                    ],
                )
                for prefix in (NAMESPACES, WAREHOUSE)
            ]
        s3.S3BucketLifecycleConfiguration(
            self,
            "lifecycle",
            bucket=self.bucket,
            rule=rules,
            # A rule on versions is refused where there are none yet.
            depends_on=[self._bucket.versioned],
        )


def _rule(
    id: str, prefix: str, **does: Any
) -> aws.s3_bucket_lifecycle_configuration.S3BucketLifecycleConfigurationRule:
    s3 = aws.s3_bucket_lifecycle_configuration
    where = [s3.S3BucketLifecycleConfigurationRuleFilter(prefix=prefix)]
    return s3.S3BucketLifecycleConfigurationRule(id=id, status="Enabled", filter=where, **does)


def _old_versions(days: int) -> list[Any]:
    s3 = aws.s3_bucket_lifecycle_configuration
    return [s3.S3BucketLifecycleConfigurationRuleNoncurrentVersionExpiration(noncurrent_days=days)]
