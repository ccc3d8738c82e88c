"""The command line of a flow: ``python flow.py run``."""

from __future__ import annotations

import sys
from typing import Any

import click

from stepwell.cli.errors import run_command, told
from stepwell.cli.look import look_commands
from stepwell.cli.package import package_group
from stepwell.cli.parameters import config_options, given_parameters, parameter_options
from stepwell.cli.production import production_group
from stepwell.cli.resume import resume_command
from stepwell.cli.runoptions import run_arguments, run_options
from stepwell.cli.spin import spin_command
from stepwell.cli.tags import tag_group
from stepwell.errors import FlowError
from stepwell.execution.run import run_locally
from stepwell.flow.dot import dot
from stepwell.flow.draw import draw
from stepwell.flow.spec import FlowSpec
from stepwell.location import datastore_url


def main(flow_class: type[FlowSpec], arguments: list[str] | None = None) -> None:
    """Run the command line of a flow; ends the process."""
    with told():
        command = flow_command(flow_class)
    run_command(command, arguments)


def flow_command(flow_class: type[FlowSpec]) -> click.Group:
    """The commands of a flow.

    Raises:
        FlowError: a parameter's name is taken by an option.
    """

    settings = {"help_option_names": ["-h", "--help"], "token_normalize_func": _hyphened}

    @click.group(help=flow_class.__doc__, context_settings=settings)
    @click.option(
        "--datastore",
        metavar="WHERE",
        help="Where artifacts go: 'local' (the folder .stepwell), 's3' (the environment's bucket), "
        "a folder, or s3://BUCKET.  [default: $STEPWELL_DATASTORE, or local]",
    )
    @click.pass_context
    def cli(context: click.Context, datastore: str | None) -> None:
        context.obj = datastore

    @cli.command()
    def show() -> None:
        """Draw the flow's graph."""
        graph = flow_class.graph()
        click.echo(f"{graph.flow}: {_first_line(flow_class)}".rstrip(": ") + "\n\n" + draw(graph))

    @cli.command()
    def check() -> None:
        """Check the flow without running it."""
        graph = flow_class.graph()
        click.echo(f"{graph.flow}: {len(graph)} steps, no mistakes found")

    @cli.command("output-dot")
    def output_dot() -> None:
        """Print the graph in Graphviz's language, for `dot -Tsvg`."""
        click.echo(dot(flow_class.graph()))

    @cli.command(hidden=True)
    def task() -> None:
        """Run the one task that the environment variables name; for Batch jobs."""
        from stepwell.execution.job import run_named_task

        sys.exit(run_named_task(flow_class))

    cli.params += config_options(flow_class)
    cli.add_command(_run_command(flow_class))
    cli.add_command(resume_command(flow_class))
    cli.add_command(spin_command(flow_class))
    for command in (
        *look_commands(flow_class), tag_group(flow_class), package_group(flow_class),
        production_group(flow_class),
    ):  # fmt: skip
        cli.add_command(command)
    return cli


def _run_command(flow_class: type[FlowSpec]) -> click.Command:
    @click.pass_obj
    def run(datastore: str | None, /, **given: Any) -> None:
        run_locally(
            flow_class,
            given_parameters(flow_class, given),
            datastore_url(datastore),
            **run_arguments(given),
        )

    options = run_options()
    taken = {option.name for option in options}
    ours = parameter_options(flow_class)
    for option in ours:
        if option.name in taken:
            raise FlowError(
                f"parameter '{option.opts[0].removeprefix('--')}': `run` has an option of that name; "
                "give the parameter another one"
            )
    return click.Command("run", params=[*ours, *options], callback=run, help="Run the flow on this machine.")


def _hyphened(name: str) -> str:
    """Options are taken with ``_`` for ``-`` too, as Python's keyword arguments have them."""
    return name.replace("_", "-")


def _first_line(flow_class: type[FlowSpec]) -> str:
    return (flow_class.__doc__ or "").strip().partition("\n")[0]
