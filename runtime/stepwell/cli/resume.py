"""``resume``: run again only what a run has not done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from stepwell.cli.options import step_argument
from stepwell.cli.runoptions import run_arguments, run_options
from stepwell.execution.run import Resume, run_locally
from stepwell.flow.spec import FlowSpec
from stepwell.location import datastore_url


def resume_options(flow_class: type[FlowSpec]) -> list[click.Parameter]:
    """What to resume: ``[STEP] --origin-run-id RUN``."""
    return [
        step_argument(flow_class, "step", required=False),
        click.Option(["--origin-run-id"], metavar="RUN", help="The run to resume.  [default: the newest]"),
    ]


def resume_command(flow_class: type[FlowSpec]) -> click.Command:
    """The command ``resume`` of a flow."""

    @click.pass_obj
    def resume(datastore: str | None, /, step: str | None, origin_run_id: str | None, **options: Any) -> None:
        run_locally(
            flow_class,
            {},
            datastore_url(datastore),
            origin=Resume(origin_run_id, step),
            **run_arguments(options),
        )

    callback: Callable[..., None] = resume
    return click.Command(
        "resume",
        params=[*resume_options(flow_class), *run_options()],
        callback=callback,
        help="Run again what a run has not done, with its parameters; from STEP on, if one is named. "
        "What it has done is taken over without copying data.",
    )
