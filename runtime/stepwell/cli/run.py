"""``run``: run a flow on this machine."""

from __future__ import annotations

from typing import Any

import click

from stepwell.cli.parameters import given_parameters, parameter_options
from stepwell.cli.runoptions import run_arguments, run_options
from stepwell.errors import FlowError, UsageError
from stepwell.execution.origin import Reuse
from stepwell.execution.run import run_locally
from stepwell.flow.spec import FlowSpec
from stepwell.location import datastore_url


def run_command(flow_class: type[FlowSpec]) -> click.Command:
    """The command ``run`` of a flow.

    Raises:
        FlowError: a parameter's name is taken by an option.
    """

    @click.pass_obj
    def run(datastore: str | None, /, reuse: bool, explain: bool, **given: Any) -> None:
        if explain and not reuse:
            raise UsageError("--explain: says why tasks run under --reuse; add --reuse")
        run_locally(
            flow_class,
            given_parameters(flow_class, given),
            datastore_url(datastore),
            origin=Reuse(explain) if reuse else None,
            **run_arguments(given),
        )

    options = [*_reuse_options(), *run_options()]
    taken = {option.name for option in options}
    ours = parameter_options(flow_class)
    for option in ours:
        if option.name in taken:
            raise FlowError(
                f"parameter '{option.opts[0].removeprefix('--')}': `run` has an option of that name; "
                "give the parameter another one"
            )
    return click.Command("run", params=[*ours, *options], callback=run, help="Run the flow on this machine.")


def _reuse_options() -> list[click.Option]:
    return [
        click.Option(
            ["--reuse"],
            is_flag=True,
            help="Don't run what one of the newest runs has done with the same code, inputs, parameters "
            "and table snapshots: take that over.",
        ),
        click.Option(["--explain"], is_flag=True, help="With --reuse: each task that runs says why."),
    ]
