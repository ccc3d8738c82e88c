"""Encryption: the region's KMS key, made by the foundation and used by environments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from modules import aws
from modules.cdk import Construct, TerraformResourceLifecycle
from modules.names import KEY_ALIAS
from modules.policy import ANY, allow, document
from modules.role import Role
from modules.site import Site

DECRYPT = ["kms:Decrypt"]
ENCRYPT = ["kms:GenerateDataKey"]
_USE = [*DECRYPT, *ENCRYPT]
# What publishes to topics, and sends to queues, on its own behalf.
_PUBLISHERS = ["budgets", "cloudwatch", "events"]
_SENDERS = ["events"]
# What CloudWatch Logs needs on top (its User Guide, "Encrypt log data").
_LOGS = [
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
]
_LOG_GROUPS = ["log-group:/stepwell/*", "log-group:/aws/vendedlogs/states/stepwell-*"]


@dataclass(frozen=True, slots=True)
class SharedKeyProps:
    """What the region's key is.

    Attributes:
        site: where it stands.
        rotation_days: how often KMS makes new key material. Default: 365.
        destroyable: whether destroying the stack destroys the key, and all data with it. Default: no.
    """

    site: Site
    rotation_days: int = 365
    destroyable: bool = False


class SharedKey(Construct):
    """One key for all environments of a region, under an alias.

    It outlives them: what an environment left behind can be read as long as the key is there.

    Attributes:
        arn: of the key.
    """

    def __init__(self, scope: Construct, id: str, props: SharedKeyProps) -> None:
        super().__init__(scope, id)
        key = aws.kms_key.KmsKey(
            self,
            "key",
            description="Everything that Stepwell keeps in this region",
            enable_key_rotation=True,
            rotation_period_in_days=props.rotation_days,
            deletion_window_in_days=30,
            policy=document(_key_policy(props.site)),
            lifecycle=TerraformResourceLifecycle(prevent_destroy=not props.destroyable),
        )
        aws.kms_alias.KmsAlias(self, "alias", name=KEY_ALIAS, target_key_id=key.id)
        self.arn: str = key.arn


def _key_policy(site: Site) -> list[dict[str, object]]:
    """Roles are let by IAM, each on what is its own; services for this account's resources only."""
    # In the policy of a key "*" is the key itself.
    return [
        allow(["kms:*"], [ANY], to={"AWS": site.root()}),
        *(
            allow(
                _USE,
                [ANY],
                # SNS and SQS say for which of their resources they encrypt.
                {"ArnLike": {f"kms:EncryptionContext:{context}": site.arn(service, "stepwell-*")}},
                to={"Service": [f"{one}.amazonaws.com" for one in services]},
            )
            for service, context, services in (
                ("sns", "aws:sns:topicArn", _PUBLISHERS),
                ("sqs", "aws:sqs:arn", _SENDERS),
            )
        ),
        allow(
            [*_USE, *_LOGS],
            [ANY],
            {
                "ArnLike": {
                    "kms:EncryptionContext:aws:logs:arn": [site.arn("logs", group) for group in _LOG_GROUPS]
                }
            },
            to={"Service": f"logs.{site.region}.amazonaws.com"},
        ),
    ]


@dataclass(frozen=True, slots=True)
class EncryptionProps:
    """`customer_key`: the region's key, which the foundation made; else keys that AWS owns."""

    site: Site
    customer_key: bool = True


class Encryption(Construct):
    """What an environment is encrypted with, and who may use it for what.

    Attributes:
        key: ARN of the KMS key, None for keys that AWS owns.
    """

    def __init__(self, scope: Construct, id: str, props: EncryptionProps) -> None:
        super().__init__(scope, id)
        self._site = props.site
        self.key: str | None = None
        if props.customer_key:
            found = aws.data_aws_kms_alias.DataAwsKmsAlias(self, "key", name=KEY_ALIAS)
            self.key = found.target_key_arn

    def grant_decrypt_objects(self, role: Role, bucket: str) -> None:
        """Decrypt what S3 keeps in the bucket of that ARN."""
        self._grant(role, DECRYPT, bucket)

    def grant_encrypt_objects(self, role: Role, bucket: str) -> None:
        """Encrypt what is put into the bucket; S3 decrypts the parts of an upload to put them together."""
        self._grant(role, [*DECRYPT, *ENCRYPT], bucket)

    def grant_send(self, role: Role, queue: str) -> None:
        """Encrypt messages to the SQS queue of that ARN."""
        if self.key:
            role.grant(
                allow(
                    [*DECRYPT, *ENCRYPT],
                    [self.key],
                    {
                        "StringEquals": {
                            "kms:ViaService": f"sqs.{self._site.region}.amazonaws.com",
                            "kms:EncryptionContext:aws:sqs:arn": queue,
                        }
                    },
                )
            )

    def _grant(self, role: Role, actions: Sequence[str], bucket: str) -> None:
        if self.key:
            role.grant(
                allow(
                    actions,
                    [self.key],
                    {
                        "StringEquals": {
                            "kms:ViaService": f"s3.{self._site.region}.amazonaws.com",
                            # With a bucket key the context is the bucket, not the object.
                            "kms:EncryptionContext:aws:s3:arn": bucket,
                        }
                    },
                )
            )
