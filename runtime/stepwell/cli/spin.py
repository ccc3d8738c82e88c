"""``spin``: one step again, with a past run's inputs."""

from __future__ import annotations

import click

from stepwell.cli.options import step_argument
from stepwell.flow.spec import FlowSpec
from stepwell.location import datastore_url


def spin_command(flow_class: type[FlowSpec]) -> click.Command:
    """The command ``spin`` of a flow."""

    @click.command()
    @click.option(
        "--origin-run-id", metavar="RUN", help="The run whose inputs are taken.  [default: the newest]"
    )
    @click.pass_obj
    def spin(datastore: str | None, task: str, origin_run_id: str | None) -> None:
        """Run one step again in this process, with the inputs it had in a past run; a debugger works."""
        from stepwell.execution.spin import spin as run_again

        step, _, path = task.partition("/")
        run, done = run_again(flow_class, step, path or None, origin_run_id, datastore_url(datastore))
        click.echo(f"Done: {flow_class.__name__}/{run}/{done}")

    spin.params.insert(0, step_argument(flow_class, "task", metavar="STEP[/TASK]"))
    return spin
