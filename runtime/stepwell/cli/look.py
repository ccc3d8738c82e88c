"""``dump`` and ``logs``: what the tasks of a run left, at a terminal."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

import click

from stepwell.cli.options import namespace_option
from stepwell.errors import UsageError
from stepwell.flow.spec import FlowSpec

if TYPE_CHECKING:
    from stepwell.client.objects import Run, Task

_PATHSPEC = "RUN, RUN/STEP or RUN/STEP/TASK; the flow's name may stand before it."
_MAX_VALUE_SIZE = 1000
"""Metaflow's ``--max-value-size``."""


def dump_command(flow_class: type[FlowSpec]) -> click.Command:
    """The command ``dump`` of a flow."""

    @click.command(help=f"Show the artifacts of tasks. PATHSPEC is {_PATHSPEC}")
    @click.argument("pathspec")
    @click.option("--include", metavar="NAMES", help="Only these artifacts, separated by commas.")
    @click.option(
        "--max-value-size", type=click.IntRange(min=0), default=_MAX_VALUE_SIZE, show_default=True,
        help="Bytes, and characters, up to which a value is shown; of others, what they are.",
    )  # fmt: skip
    @click.option(
        "--private",
        is_flag=True,
        help="Also artifacts that begin with _, and what Stepwell keeps of a task: times, parents, code.",
    )
    @click.pass_obj
    def dump(
        datastore: str | None, pathspec: str, include: str | None, max_value_size: int, private: bool
    ) -> None:
        for task in _tasks(flow_class, pathspec, datastore):
            click.echo(f"{task.pathspec}:")
            if not task.successful:
                click.echo("  not done, so without artifacts")
                continue
            public = [name for name in dir(task.artifacts) if private or name[0] != "_"]
            names = include.split(",") if include else public
            shown = {name: _shown(task, name, max_value_size) for name in names}
            if private:
                shown |= {f"({name})": repr(value) for name, value in sorted(task.manifest.meta.items())}
            width = max((len(name) for name in shown), default=0)
            for name, value in shown.items():
                click.echo(f"  {name:<{width}}  {value}")

    dump.params.append(namespace_option())
    return dump


def logs_command(flow_class: type[FlowSpec]) -> click.Command:
    """The command ``logs`` of a flow."""

    @click.pass_obj
    def logs(datastore: str | None, /, pathspec: str, **options: bool) -> None:
        show_logs(flow_class, pathspec, datastore, **options)

    return _Logs(
        "logs",
        callback=logs,
        params=[*logs_options(), namespace_option()],
        help=f"Show what tasks printed. PATHSPEC is {_PATHSPEC}",
    )


def logs_options() -> list[click.Parameter]:
    """What `show_logs` takes."""
    return [
        click.Argument(["pathspec"]),
        click.Option(["--stdout"], is_flag=True, help="Only what went to stdout."),
        click.Option(["--stderr"], is_flag=True, help="Only what went to stderr."),
        click.Option(["--timestamps"], is_flag=True, help="Begin each line with its time, in UTC."),
    ]


def show_logs(
    flow_class: type[FlowSpec],
    pathspec: str,
    datastore: str | None,
    *,
    stdout: bool,
    stderr: bool,
    timestamps: bool,
) -> None:
    """Print what tasks have printed, and of what died why."""
    tasks = _tasks(flow_class, pathspec, datastore)
    for task in tasks:
        if len(tasks) > 1:
            click.secho(f"{task.pathspec}:", bold=True)
        for time, text, is_error in _lines(task, stdout or not stderr, stderr or not stdout):
            before = f"{time.isoformat(' ', 'milliseconds').partition('+')[0]} " if timestamps else ""
            click.echo(before + text, err=is_error)
        failure = task.exception
        if failure and not failure.traceback:  # one with a traceback has printed it
            click.echo(f"Error: {failure.reason}", err=True)


class _Logs(click.Command):
    """Takes ``logs show PATHSPEC`` too, as Metaflow has it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, args[1:] if args[:1] == ["show"] else args)


def find_run(flow_class: type[FlowSpec], run: str | None, datastore: str | None) -> Run:
    """A run by its id, or the newest. Raises `NoSuchObject`."""
    from stepwell.client.objects import Flow, Run

    name = flow_class.__name__
    if run is not None:
        return Run(f"{name}/{run}", datastore=datastore)
    return Flow(name, datastore=datastore).latest_run


def _tasks(flow_class: type[FlowSpec], pathspec: str, datastore: str | None) -> list[Task]:
    parts = pathspec.strip("/").split("/")
    parts = parts[1:] if parts[0] == flow_class.__name__ else parts
    if not 1 <= len(parts) <= 3 or not all(parts):
        raise UsageError(f"pathspec: received {pathspec!r}; it must be {_PATHSPEC}")
    run = find_run(flow_class, parts[0], datastore)
    if len(parts) == 1:
        return [task for step in run for task in step]
    step = run[parts[1]]
    return list(step) if len(parts) == 2 else [step[parts[2]]]


def _shown(task: Task, name: str, max_size: int) -> str:
    artifact = task[name]
    value = repr(artifact.load()) if artifact.size <= max_size else None
    return repr(artifact) if value is None or len(value) > max_size else value


def _lines(task: Task, stdout: bool, stderr: bool) -> Iterator[tuple[datetime, str, bool]]:
    """The lines that a task printed, in the order of their times, and whether to stderr."""
    out = ((time, text, False) for time, text in (task.loglines("stdout") if stdout else ()))
    err = ((time, text, True) for time, text in (task.loglines("stderr") if stderr else ()))
    return heapq.merge(out, err, key=lambda line: line[0])
