"""``python flow.py step-functions``: the commands for production."""

from __future__ import annotations

import click

from stepwell.cli.lazy import LazyGroup, load_for
from stepwell.flow.spec import FlowSpec

COMMANDS = {
    "create": "stepwell.cli.production.deployments:create_command",
    "trigger": "stepwell.cli.production.runs:trigger_command",
    "resume": "stepwell.cli.production.runs:resume_command",
    "list-runs": "stepwell.cli.production.runs:list_runs_command",
    "describe": "stepwell.cli.production.describe:describe_command",
    "logs": "stepwell.cli.production.runs:logs_command",
    "history": "stepwell.cli.production.describe:history_command",
    "terminate": "stepwell.cli.production.runs:terminate_command",
    "list-deployments": "stepwell.cli.production.deployments:list_deployments_command",
    "delete": "stepwell.cli.production.deployments:delete_command",
}
"""Where each command is made, in the order of the help."""


def production_group(flow_class: type[FlowSpec]) -> click.Group:
    """The group ``step-functions`` of a flow."""
    return LazyGroup(
        COMMANDS,
        load_for(flow_class),
        name="step-functions",
        help="Deploy to AWS Step Functions, start runs there, and see what becomes of them.",
    )
