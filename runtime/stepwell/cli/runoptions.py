"""The options that every run on this machine takes."""

from __future__ import annotations

import shlex
import sys
from typing import Any

import click

from stepwell.cli.attaching import attached_for_all, with_option
from stepwell.cli.options import namespace_option, run_id_file_option, tag_option
from stepwell.datastore import Datastore, RunInfo
from stepwell.execution.reporter import Console, Quiet, Reporter
from stepwell.execution.run import MAX_SPLITS, MAX_WORKERS
from stepwell.terminal import is_live


def run_options() -> list[click.Option]:
    """The options; `run_arguments` takes their values."""
    return [
        with_option(),
        click.Option(
            ["--max-workers"],
            type=click.IntRange(min=1),
            default=MAX_WORKERS,
            show_default=True,
            help="How many tasks run at once.",
        ),
        click.Option(
            ["--max-num-splits"],
            type=click.IntRange(min=1),
            default=MAX_SPLITS,
            show_default=True,
            help="How many items a foreach may have.",
        ),
        tag_option("A tag of the run; may be given several times."),
        namespace_option(),
        run_id_file_option(),
        click.Option(["--quiet"], is_flag=True, help="Print nothing but how a run failed."),
    ]


def run_arguments(options: dict[str, Any]) -> dict[str, Any]:
    """The arguments of `run_locally` that the options make."""

    def begun(datastore: Datastore, info: RunInfo) -> None:
        if options["tag"]:
            datastore.add_tags(info.flow, info.run, options["tag"])
        if options["run_id_file"]:
            options["run_id_file"].write_text(info.run)

    return {
        "attached": [*attached_for_all(), *options["with"]],
        "max_workers": options["max_workers"],
        "max_splits": options["max_num_splits"],
        "reporter": _reporter(_command(), options["quiet"]),
        "begun": begun,
    }


def _reporter(command: str, quiet: bool) -> Reporter:
    """What suits stdout: a live display at a terminal, else lines."""
    if quiet:
        return Quiet(command)
    if is_live():
        from stepwell.execution.progress import Live

        return Live(command)
    return Console(command)


def _command() -> str:
    """The command line up to the command, for others that are to be called in the same way."""
    name = click.get_current_context().info_name
    words = sys.argv[: sys.argv.index(name, 1)] if name in sys.argv[1:] else sys.argv[:1]
    return shlex.join(["python", *words])
