"""What runs tasks elsewhere calls: ``task`` in Batch jobs, ``task-server`` in an environment of packages."""

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


def task_server_command(flow_class: type[FlowSpec]) -> click.Command:
    """The command ``task-server`` of a flow."""

    @click.command("task-server", hidden=True)
    @click.argument("descriptor", type=int)
    def task_server(descriptor: int) -> None:
        """Start tasks as the process at the other end of a socket asks for them; for `run`."""
        import socket

        from stepwell.execution.forkserver import serve
        from stepwell.execution.taskserver import served

        serve(socket.socket(fileno=descriptor), served(flow_class))

    return task_server
