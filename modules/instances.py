"""Instances of EC2 for job queues: what they start from, and the role they have."""

from __future__ import annotations

from dataclasses import dataclass

from modules import aws
from modules.cdk import Construct
from modules.policy import ANY, allow, trust
from modules.role import Role, RoleProps
from modules.site import Site

JOIN = [
    "ecs:DeregisterContainerInstance",
    "ecs:RegisterContainerInstance",
    "ecs:SubmitAttachmentStateChanges",
]
REPORT = ["ecs:SubmitContainerStateChange", "ecs:SubmitTaskStateChange"]
LISTEN = ["ecs:Poll", "ecs:StartTelemetrySession", "ecs:UpdateContainerInstancesState"]
FIND = ["ec2:DescribeTags", "ecs:DiscoverPollEndpoint"]
ROOT_DISK = "/dev/xvda"


def clusters(site: Site, kind: str) -> str:
    """ARN pattern of the clusters that Batch makes for the environment, or of what is in them.

    Batch names a cluster after its compute environment, with something before and behind.
    """
    below = "" if kind == "cluster" else "/*"
    return site.arn("ecs", f"{kind}/*{site.names.prefix}-*{below}")


@dataclass(frozen=True, slots=True)
class InstancesProps:
    """What instances are.

    Attributes:
        site: where they run.
        disk_gib: size of the root disk, which images and files of jobs are on. Default: 100.
    """

    site: Site
    disk_gib: int = 100


class Instances(Construct):
    """A launch template and an instance profile.

    The disk is encrypted, and metadata is given to who asks for a token first (IMDSv2). The role lets the
    agent of ECS join its cluster, and nothing more: jobs have roles of their own.

    Attributes:
        profile: ARN of the instance profile.
        template, version: id of the launch template, and its newest version.
        role: what instances run with.
    """

    def __init__(self, scope: Construct, id: str, props: InstancesProps) -> None:
        super().__init__(scope, id)
        site = props.site
        name = f"{site.names.prefix}-instance"
        self.role = Role(
            self,
            "role",
            RoleProps(
                site,
                name=name,
                description="Instances of Batch join their cluster with it",
                # EC2 says on whose behalf it asks in no key that a condition could look at.
                trusted=[trust({"Service": "ec2.amazonaws.com"})],
            ),
        )
        self.role.grant(
            allow([*JOIN, *REPORT], [clusters(site, "cluster")]),
            allow(LISTEN, [clusters(site, "container-instance")]),
            # AWS can't limit these to a resource.
            allow(FIND, [ANY]),
        )
        profile = aws.iam_instance_profile.IamInstanceProfile(self, "profile", name=name, role=self.role.name)
        self.profile: str = profile.arn
        launch = aws.launch_template
        template = launch.LaunchTemplate(
            self,
            "template",
            name=name,
            metadata_options=launch.LaunchTemplateMetadataOptions(
                http_endpoint="enabled", http_tokens="required", http_put_response_hop_limit=1
            ),
            block_device_mappings=[
                launch.LaunchTemplateBlockDeviceMappings(
                    device_name=ROOT_DISK,
                    ebs=launch.LaunchTemplateBlockDeviceMappingsEbs(
                        # With the key that AWS manages for EBS: Spot may not use another without a grant.
                        encrypted="true",
                        volume_type="gp3",
                        volume_size=props.disk_gib,
                        delete_on_termination="true",
                    ),
                )
            ],
            tag_specifications=[
                launch.LaunchTemplateTagSpecifications(resource_type=kind, tags=site.tags)
                for kind in ("instance", "volume")
            ],
        )
        self.template: str = template.id
        self.version = template.latest_version
