"""The registry of container images: one ECR repository for the images that tasks run in."""

from __future__ import annotations

import json
from dataclasses import dataclass

from modules import aws
from modules.cdk import Construct, TerraformResourceLifecycle
from modules.names import REPOSITORY

UNTAGGED_DAYS = 14


@dataclass(frozen=True, slots=True)
class RegistryProps:
    """What a registry is.

    Attributes:
        key: ARN of the KMS key of its images.
        kept: how many images are kept, the newest. Default: 100.
        destroyable: whether destroying the stack destroys its images too. Default: no.
    """

    key: str
    kept: int = 100
    destroyable: bool = False


class Registry(Construct):
    """Images are scanned when they are pushed, and a tag, once pushed, stays what it is.

    Attributes:
        url: of the repository: what an image's name begins with.
    """

    def __init__(self, scope: Construct, id: str, props: RegistryProps) -> None:
        super().__init__(scope, id)
        ecr = aws.ecr_repository
        repository = ecr.EcrRepository(
            self,
            "repository",
            name=REPOSITORY,
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration=ecr.EcrRepositoryImageScanningConfiguration(scan_on_push=True),
            encryption_configuration=[
                ecr.EcrRepositoryEncryptionConfiguration(encryption_type="KMS", kms_key=props.key)
            ],
            force_delete=props.destroyable,
            lifecycle=TerraformResourceLifecycle(prevent_destroy=not props.destroyable),
        )
        aws.ecr_lifecycle_policy.EcrLifecyclePolicy(
            self,
            "lifecycle",
            repository=repository.name,
            policy=json.dumps(
                {
                    "rules": [
                        _rule(
                            1,
                            f"Untagged images go after {UNTAGGED_DAYS} days",
                            tagStatus="untagged",
                            countType="sinceImagePushed",
                            countUnit="days",
                            countNumber=UNTAGGED_DAYS,
                        ),
                        _rule(
                            2,
                            f"The newest {props.kept} images are kept",
                            tagStatus="any",
                            countType="imageCountMoreThan",
                            countNumber=props.kept,
                        ),
                    ]
                }
            ),
        )
        self.url: str = repository.repository_url


def _rule(priority: int, description: str, **selection: object) -> dict[str, object]:
    return {
        "rulePriority": priority,
        "description": description,
        "selection": selection,
        "action": {"type": "expire"},
    }
