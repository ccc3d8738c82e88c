"""KMS, CloudWatch Logs, EC2, and what Terraform asks of Batch and Step Functions."""

from __future__ import annotations

from tests.runtime.cloud.proofs import proves
from tests.runtime.cloud.support import Aws, single


@proves("rotation_period_is_kept")
def test_a_key_tells_its_rotation_period(aws: Aws) -> None:
    """A key that is rotated every 180 days says so."""
    kms = aws.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=180)
    assert kms.get_key_rotation_status(KeyId=key)["RotationPeriodInDays"] == 180


@proves("log_group_class_is_kept")
def test_a_log_group_tells_its_class(aws: Aws) -> None:
    """A log group has the class it was made with, STANDARD by default."""
    logs, name = aws.client("logs"), aws.name("/group")
    logs.create_log_group(logGroupName=f"{name}/a")
    logs.create_log_group(logGroupName=f"{name}/b", logGroupClass="INFREQUENT_ACCESS")
    groups = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    assert [group["logGroupClass"] for group in groups] == ["STANDARD", "INFREQUENT_ACCESS"]


@proves("flow_logs_go_to_folders")
def test_a_flow_log_goes_into_a_folder(aws: Aws) -> None:
    """A flow log is written below a prefix of a bucket, and says so."""
    ec2, destination = aws.client("ec2"), f"arn:aws:s3:::{aws.bucket()}/flows/"
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/24")["Vpc"]["VpcId"]
    (made,) = ec2.create_flow_logs(
        ResourceIds=[vpc],
        ResourceType="VPC",
        TrafficType="ALL",
        LogDestinationType="s3",
        LogDestination=destination,
    )["FlowLogIds"]
    (log,) = ec2.describe_flow_logs(FlowLogIds=[made])["FlowLogs"]
    ec2.delete_vpc(VpcId=vpc)
    assert log["LogDestination"] == destination


@proves("templates_hold_no_tags_of_their_own")
def test_a_launch_templates_own_tags_are_not_its_instances(aws: Aws) -> None:
    """A launch template that is tagged gives instances its data's tags, and not its own."""
    ec2, name = aws.client("ec2"), aws.name("template")
    tags = [{"Key": "a", "Value": "b"}]
    ec2.create_launch_template(
        LaunchTemplateName=name,
        LaunchTemplateData={"TagSpecifications": [{"ResourceType": "volume", "Tags": tags}]},
        TagSpecifications=[{"ResourceType": "launch-template", "Tags": tags}],
    )
    (version,) = ec2.describe_launch_template_versions(LaunchTemplateName=name)["LaunchTemplateVersions"]
    kinds = [one["ResourceType"] for one in version["LaunchTemplateData"]["TagSpecifications"]]
    assert kinds == ["volume"]


@proves("service_role_is_optional")
def test_a_compute_environment_needs_no_service_role(aws: Aws) -> None:
    """Without a service role the service-linked one is used, and shared by the next environment."""
    batch = aws.client("batch")
    arns = [aws.compute_environment(serviceRole=None) for _ in range(2)]
    details = batch.describe_compute_environments(computeEnvironments=arns)["computeEnvironments"]
    roles = {detail["serviceRole"].rpartition(":role")[2] for detail in details}
    assert roles == {"/aws-service-role/batch.amazonaws.com/AWSServiceRoleForBatch"}


@proves("update_policy_is_kept")
def test_a_compute_environment_tells_its_update_policy(aws: Aws) -> None:
    """The update policy given at creation, and the one of an update, come back."""
    batch, arn = aws.client("batch"), aws.compute_environment()
    policy = {"terminateJobsOnUpdate": True, "jobExecutionTimeoutMinutes": 30}
    batch.update_compute_environment(computeEnvironment=arn, updatePolicy=policy)
    (detail,) = batch.describe_compute_environments(computeEnvironments=[arn])["computeEnvironments"]
    assert detail["updatePolicy"] == policy


@proves("job_state_time_limits_are_kept")
def test_a_queue_tells_its_job_state_time_limits(aws: Aws) -> None:
    """The job state time limit actions of a queue come back."""
    batch = aws.client("batch")
    limit = {
        "reason": "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT",
        "state": "RUNNABLE",
        "maxTimeSeconds": 600,
        "action": "CANCEL",
    }
    batch.update_job_queue(jobQueue=aws.queue, jobStateTimeLimitActions=[limit])
    (detail,) = batch.describe_job_queues(jobQueues=[aws.queue])["jobQueues"]
    batch.update_job_queue(jobQueue=aws.queue, jobStateTimeLimitActions=[])
    assert detail["jobStateTimeLimitActions"] == [limit]


@proves("versions_are_listed")
def test_the_versions_of_a_state_machine_are_listed(aws: Aws) -> None:
    """A published state machine lists its versions, the newest first."""
    states = aws.client("stepfunctions")
    arn = aws.state_machine(single({"Type": "Pass"}), publish=True)
    states.update_state_machine(
        stateMachineArn=arn, definition='{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}', publish=True
    )
    versions = states.list_state_machine_versions(stateMachineArn=arn)["stateMachineVersions"]
    assert [v["stateMachineVersionArn"] for v in versions] == [f"{arn}:2", f"{arn}:1"]
