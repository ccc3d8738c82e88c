"""``resume`` and ``replay``: run again what a run has not done, or all that it has done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from stepwell.cli.options import step_argument
from stepwell.cli.runoptions import run_arguments, run_options
from stepwell.execution.run import Resume, run_locally
from stepwell.flow.graph import START
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


def replay_command(flow_class: type[FlowSpec]) -> click.Command:
    """The command ``replay`` of a flow."""

    @click.pass_obj
    def replay(datastore: str | None, /, run: str, **options: Any) -> None:
        origin = Resume(run, START, replay=True)
        run_locally(flow_class, {}, datastore_url(datastore), origin=origin, **run_arguments(options))

    callback: Callable[..., None] = replay
    return click.Command(
        "replay",
        params=[click.Argument(["run"], metavar="RUN"), *run_options()],
        callback=callback,
        help="Run all of a past run again, with its parameters and on the snapshots of tables that it has "
        "read. What it writes to tables stays on the new run's branches.",
    )
