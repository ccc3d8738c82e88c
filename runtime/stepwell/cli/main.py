"""The command line: ``stepwell``."""

from __future__ import annotations

import click

from stepwell.cli.errors import run_command
from stepwell.cli.lazy import LazyGroup, load_command

group = LazyGroup(
    {
        "completion": "stepwell.cli.completion:completion",
        "cost": "stepwell.cli.cost:cost",
        "doctor": "stepwell.cli.doctor:doctor",
        "local": "stepwell.cli.local:local",
        "runs": "stepwell.cli.runs:command",
        "ui": "stepwell.cli.ui:ui",
        "watch": "stepwell.cli.watch:watch",
    },
    load_command,
    name="stepwell",
    help="Flows of steps, from the laptop to AWS.",
)
click.version_option(package_name="stepwell")(group)


def main() -> None:
    """Run the command line; ends the process."""
    run_command(group, prog_name="stepwell")
