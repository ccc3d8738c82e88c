"""Amazon EC2."""

from __future__ import annotations

from typing import Any

from moto.ec2.models import EC2Backend
from moto.ec2.models.launch_templates import LaunchTemplate

from stepwell.cloud.patches.replacing import replaces


def flow_logs_go_to_folders() -> None:
    """moto takes bucket and folder of a flow log's destination for the name of a bucket.

    AWS: User Guide, "Publish flow logs to Amazon S3": ``arn:aws:s3:::my-bucket/my-logs/``.
    """

    @replaces(EC2Backend, "create_flow_logs")
    def create_flow_logs(original: Any, self: Any, **given: Any) -> Any:
        destination = given["log_destination"]
        if given["log_destination_type"] == "s3":
            given["log_destination"] = destination.partition("/")[0]
        made, refused = original(self, **given)
        for one in made:
            one.log_destination = destination
        return made, refused


def templates_hold_no_tags_of_their_own() -> None:
    """moto takes the tags of a launch template for part of what instances start from.

    AWS: API Reference, ``CreateLaunchTemplate``: ``TagSpecifications`` tags the template itself; what
    instances are tagged with is in ``LaunchTemplateData``.
    """

    @replaces(LaunchTemplate, "create_version")
    def create_version(original: Any, self: Any, data: dict[str, Any], description: str) -> Any:
        kept = [one for one in data.get("TagSpecifications", []) if one["ResourceType"] != "launch-template"]
        others = {name: value for name, value in data.items() if name != "TagSpecifications"}
        return original(self, {**others, **({"TagSpecifications": kept} if kept else {})}, description)


PATCHES = (flow_logs_go_to_folders, templates_hold_no_tags_of_their_own)
