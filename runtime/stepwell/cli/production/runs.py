"""``step-functions trigger``, ``resume``, ``list-runs``, ``terminate`` and ``logs``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from stepwell.cli.look import logs_options, show_logs
from stepwell.cli.options import namespace_option, run_id_file_option, tag_option
from stepwell.cli.output import json_option, show_rows
from stepwell.cli.parameters import given_parameters, parameter_options
from stepwell.cli.production.options import authorize_option, given
from stepwell.cli.resume import resume_options
from stepwell.flow.spec import FlowSpec

_STATUSES = ("running", "succeeded", "failed", "timed-out", "aborted")


def trigger_command(flow_class: type[FlowSpec]) -> click.Command:
    """The command ``trigger``."""

    def trigger(run_id_file: Path | None, tag: tuple[str, ...], **options: Any) -> None:
        from stepwell.production.executions import Executions
        from stepwell.production.target import Target

        run = Executions(Target(flow_class)).trigger(given_parameters(flow_class, options), tag)
        _started(run, run_id_file)

    return click.Command(
        "trigger",
        callback=trigger,
        help="Start a run of the deployed flow.",
        params=[
            *parameter_options(flow_class),
            tag_option("A tag of the run; may be given several times."),
            namespace_option(),
            run_id_file_option(),
        ],
    )


def resume_command(flow_class: type[FlowSpec]) -> click.Command:
    """The command ``resume``."""

    def resume(step: str | None, origin_run_id: str | None, run_id_file: Path | None) -> None:
        from stepwell.execution.run import Resume
        from stepwell.production.executions import Executions
        from stepwell.production.target import Target

        _started(Executions(Target(flow_class)).resume(Resume(origin_run_id, step)), run_id_file)

    callback: Callable[..., None] = resume
    return click.Command(
        "resume",
        callback=callback,
        params=[*resume_options(flow_class), namespace_option(), run_id_file_option()],
        help="Start a run of what is deployed that takes over what another run has done; from STEP on "
        "it runs again, if one is named.",
    )


def _started(run: str, run_id_file: Path | None) -> None:
    if run_id_file:
        run_id_file.write_text(run)
    click.echo(f"Started run {run}")


def list_runs_command(flow_class: type[FlowSpec]) -> click.Command:
    """The command ``list-runs``."""

    def list_runs(as_json: bool, **wanted: bool) -> None:
        from stepwell.production.executions import Executions
        from stepwell.production.target import Target

        chosen: list[str] = [name for name, asked in wanted.items() if asked]
        executions = Executions(Target(flow_class))
        statuses: list[str | None] = [name.upper() for name in chosen]
        found = [one for status in statuses or [None] for one in executions.list(status)]
        rows = [
            {"run": one.run, "status": one.status, "started": one.started, "stopped": one.stopped}
            for one in sorted(found, key=lambda one: one.started, reverse=True)
        ]
        show_rows(rows, as_json, "No runs.")

    flags = [
        click.Option([f"--{name}"], is_flag=True, help=f"Only runs that are {name.replace('-', ' ')}.")
        for name in _STATUSES
    ]
    return click.Command(
        "list-runs",
        callback=list_runs,
        params=[*flags, namespace_option(), json_option()],
        help="List the runs of the deployed flow, newest first.",
    )


def terminate_command(flow_class: type[FlowSpec]) -> click.Command:
    """The command ``terminate``."""

    def terminate(run: str, **options: Any) -> None:
        from stepwell.production.deploy import Production
        from stepwell.production.executions import Executions

        production = Production(flow_class)
        production.authorize(given(options))
        status = Executions(production).terminate(run)
        click.echo(
            f"Run {run} and its jobs are being ended" if status == "RUNNING" else f"Run {run} had {status}"
        )

    return click.Command(
        "terminate",
        callback=terminate,
        params=[click.Argument(["run"]), authorize_option(), namespace_option()],
        help="End a run and its jobs; what they have done stays.",
    )


def logs_command(flow_class: type[FlowSpec]) -> click.Command:
    """The command ``logs``: that of any run, in the environment's bucket."""

    def logs(pathspec: str, **options: Any) -> None:
        show_logs(flow_class, pathspec, "s3", **options)

    return click.Command(
        "logs",
        callback=logs,
        params=[*logs_options(), namespace_option()],
        help="Show what tasks of a production run printed. PATHSPEC is RUN, RUN/STEP or RUN/STEP/TASK.",
    )
