"""``task``: the command that Batch jobs call."""

from __future__ import annotations

import sys

import click

from stepwell.flow.spec import FlowSpec


def task_command(flow_class: type[FlowSpec]) -> click.Command:
    """The command ``task`` of a flow."""

    @click.command(hidden=True)
    def task() -> None:
        """Run the one task that the environment variables name; for Batch jobs."""
        from stepwell.execution.job import run_named_task

        sys.exit(run_named_task(flow_class))

    return task
