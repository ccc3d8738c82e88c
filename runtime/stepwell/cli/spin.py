"""``spin``: one step again, with a past run's inputs."""

from __future__ import annotations

import click

from stepwell.cli.options import step_argument
from stepwell.flow.spec import FlowSpec
from stepwell.location import datastore_url


def _go_where_its_packages_are(flow_class: type[FlowSpec], step: str, datastore: str | None) -> None:
    """Go on with this command line in the Python of the step's environment, if it has one."""
    from stepwell.flow.decorators.packages import wanted

    asked = {
        name: one for name, one in wanted(flow_class, flow_class.step_functions()).items() if name == step
    }
    if asked:
        from stepwell.execution.elsewhere import go_on_in_environment

        go_on_in_environment(asked, step, datastore_url(datastore))


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
        _go_where_its_packages_are(flow_class, step, datastore)
        run, done = run_again(flow_class, step, path or None, origin_run_id, datastore_url(datastore))
        click.echo(f"Done: {flow_class.__name__}/{run}/{done}")

    spin.params.insert(0, step_argument(flow_class, "task", metavar="STEP[/TASK]"))
    return spin
