"""The command line of a flow: ``python flow.py run``."""

from __future__ import annotations

from typing import Any

import click

from stepwell.cli.attaching import attach_for_all, with_option
from stepwell.cli.errors import run_command, told
from stepwell.cli.lazy import LazyGroup, load_for
from stepwell.cli.options import project_options
from stepwell.cli.parameters import config_options
from stepwell.flow.spec import FlowSpec

COMMANDS = {
    "run": "stepwell.cli.run:run_command",
    "resume": "stepwell.cli.resume:resume_command",
    "replay": "stepwell.cli.resume:replay_command",
    "spin": "stepwell.cli.spin:spin_command",
    "step-functions": "stepwell.cli.production:production_group",
    "show": "stepwell.cli.graph:show_command",
    "check": "stepwell.cli.graph:check_command",
    "output-dot": "stepwell.cli.graph:output_dot_command",
    "dump": "stepwell.cli.look:dump_command",
    "logs": "stepwell.cli.look:logs_command",
    "tag": "stepwell.cli.tags:tag_group",
    "environment": "stepwell.cli.environment:environment_group",
    "package": "stepwell.cli.package:package_group",
    "task": "stepwell.cli.task:task_command",
    "task-server": "stepwell.cli.task:task_server_command",
}
"""Where each command is made, in the order of the help."""


def main(flow_class: type[FlowSpec], arguments: list[str] | None = None) -> None:
    """Run the command line of a flow; ends the process."""
    with told():
        command = flow_command(flow_class)
    run_command(command, arguments)


def flow_command(flow_class: type[FlowSpec]) -> click.Group:
    """The commands of a flow."""

    @click.pass_context
    def start(context: click.Context, /, datastore: str | None, **options: Any) -> None:
        context.obj = datastore
        attach_for_all(context, flow_class, options["with"])
        if options["package_suffixes"]:
            from stepwell.execution.files import pack_also

            pack_also(flow_class, options["package_suffixes"].split(","))
        if options["environment"]:
            from stepwell.flow.decorators.attach import use_environment

            use_environment(flow_class, options["environment"])

    datastore = click.Option(
        ["--datastore"],
        metavar="WHERE",
        help="Where artifacts go: 'local' (the folder .stepwell), 's3' (the environment's bucket), "
        "a folder, or s3://BUCKET.  [default: $STEPWELL_DATASTORE, or local]",
    )
    environment = click.Option(
        ["--environment"],
        type=click.Choice(["local", "pypi", "conda"]),
        help="'pypi' or 'conda': steps that ask for no packages get an environment of their own too; "
        "'local': all run with what is installed, whatever they ask for.",
    )
    suffixes = click.Option(
        ["--package-suffixes"],
        metavar=".SUFFIX,..",
        help="Files that go into the code package besides code and small text files, such as .csv,.html.",
    )
    return LazyGroup(
        COMMANDS,
        load_for(flow_class),
        help=flow_class.__doc__,
        params=[
            datastore,
            environment,
            suffixes,
            with_option(),
            *config_options(flow_class),
            *project_options(flow_class),
        ],
        callback=start,
        context_settings={"help_option_names": ["-h", "--help"], "token_normalize_func": _hyphened},
    )


def _hyphened(name: str) -> str:
    """Options are taken with ``_`` for ``-`` too, as Python's keyword arguments have them."""
    return name.replace("_", "-")
