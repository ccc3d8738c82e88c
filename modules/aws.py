"""The one door to the bindings of Terraform's AWS provider, and the provider's settings.

Every other module takes resource classes from here (``aws.vpc.Vpc``), so that only the submodules named
below are loaded. Nothing outside `provider` knows whether the AWS it talks to is the local cloud.
"""

from __future__ import annotations

import os

import modules._bindings  # noqa: F401

# isort: split
from cdktf_cdktf_provider_aws import (
    batch_compute_environment,
    batch_job_definition,
    batch_job_queue,
    cloudwatch_log_group,
    data_aws_availability_zones,
    data_aws_caller_identity,
    data_aws_partition,
    default_security_group,
    glue_catalog_database,
    iam_policy,
    iam_role,
    iam_role_policy,
    internet_gateway,
    route_table,
    route_table_association,
    s3_bucket,
    s3_bucket_lifecycle_configuration,
    s3_bucket_ownership_controls,
    s3_bucket_policy,
    s3_bucket_public_access_block,
    s3_bucket_server_side_encryption_configuration,
    s3_bucket_versioning,
    scheduler_schedule_group,
    security_group,
    sqs_queue,
    ssm_parameter,
    subnet,
    vpc,
    vpc_endpoint,
)
from cdktf_cdktf_provider_aws.provider import AwsProvider, AwsProviderDefaultTags

from modules.cdk import Construct, TerraformStack

__all__ = [
    "batch_compute_environment",
    "batch_job_definition",
    "batch_job_queue",
    "cloudwatch_log_group",
    "data_aws_availability_zones",
    "data_aws_caller_identity",
    "data_aws_partition",
    "default_security_group",
    "glue_catalog_database",
    "iam_policy",
    "iam_role",
    "iam_role_policy",
    "internet_gateway",
    "provider",
    "route_table",
    "route_table_association",
    "s3_bucket",
    "s3_bucket_lifecycle_configuration",
    "s3_bucket_ownership_controls",
    "s3_bucket_policy",
    "s3_bucket_public_access_block",
    "s3_bucket_server_side_encryption_configuration",
    "s3_bucket_versioning",
    "scheduler_schedule_group",
    "security_group",
    "sqs_queue",
    "ssm_parameter",
    "subnet",
    "vpc",
    "vpc_endpoint",
]

SOURCE = "hashicorp/aws"
# The bindings pin 5.99.1; the platform is tried against 5.100.
CONSTRAINT = "~> 5.100"
# The first that locks a state in S3 by itself.
TERRAFORM = ">= 1.10"


def provider(
    scope: Construct, id: str, *, region: str, account: str | None, tags: dict[str, str]
) -> AwsProvider:
    """The AWS provider of a stack: everything it makes carries `tags`.

    With `account` (12 digits) Terraform refuses to touch any other account. Where AWS_ENDPOINT_URL is
    set, the settings are those of a local cloud: it serves buckets by path, has no metadata service, and
    an error of it is final, so waiting for it to pass only hides it.
    """
    stack = TerraformStack.of(scope)
    stack.add_override("terraform.required_version", TERRAFORM)
    stack.add_override("terraform.required_providers.aws", {"source": SOURCE, "version": CONSTRAINT})
    local = True if os.environ.get("AWS_ENDPOINT_URL") else None
    return AwsProvider(
        scope,
        id,
        region=region,
        allowed_account_ids=[account] if account else None,
        default_tags=[AwsProviderDefaultTags(tags=tags)],
        s3_use_path_style=local,
        skip_credentials_validation=local,
        skip_metadata_api_check="true" if local else None,
        max_retries=2 if local else None,
    )
