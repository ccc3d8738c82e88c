"""The command line: ``stepwell``."""

from __future__ import annotations

import click

from stepwell.cli.errors import run_command
from stepwell.cli.lazy import LazyGroup, load_command

group = LazyGroup(
    {
        "completion": "stepwell.cli.completion:completion",
        "cost": "stepwell.cli.cost:cost",
        "describe": "stepwell.cli.tables:describe_command",
        "diff": "stepwell.cli.tables:diff_command",
        "doctor": "stepwell.cli.doctor:doctor",
        "gc": "stepwell.cli.gc:gc",
        "history": "stepwell.cli.tables:history_command",
        "lineage": "stepwell.cli.lineage:lineage",
        "load": "stepwell.cli.load:load",
        "local": "stepwell.cli.local:local",
        "maintain": "stepwell.cli.tables:maintain_command",
        "replay": "stepwell.cli.replay:replay",
        "runs": "stepwell.cli.runs:command",
        "sql": "stepwell.cli.sql:sql",
        "tables": "stepwell.cli.tables:tables_command",
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
