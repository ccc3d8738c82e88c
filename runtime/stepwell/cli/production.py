"""``python flow.py step-functions``: the commands for production."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stepwell.cli.attaching import attached_for_all
from stepwell.cli.options import namespace_option, run_id_file_option, tag_option
from stepwell.cli.parameters import given_parameters, parameter_options
from stepwell.cli.resume import resume_options
from stepwell.flow.decorators.flowlevel import flow_decorators
from stepwell.flow.spec import FlowSpec

if TYPE_CHECKING:
    from stepwell.production.deploy import Execution

_STATUSES = ("running", "succeeded", "failed", "timed-out", "aborted")


def production_group(flow_class: type[FlowSpec]) -> click.Group:
    """The group ``step-functions`` of a flow."""

    @click.group("step-functions")
    def group() -> None:
        """Deploy to AWS Step Functions, start runs there and list them."""

    @group.command()
    @click.option("--only-json", is_flag=True, help="Print the state machine and deploy nothing.")
    @click.option(
        "--max-workers",
        type=click.IntRange(min=1),
        default=100,
        show_default=True,
        help="How many tasks of a foreach run at once.",
    )
    def create(only_json: bool, max_workers: int, tag: tuple[str, ...]) -> None:
        """Deploy the flow, or renew its deployment."""
        from stepwell.production.deploy import Production, definition

        options: dict[str, Any] = {"attached": attached_for_all(), "tags": tag}
        if only_json:
            click.echo(json.dumps(definition(flow_class, max_workers, **options), indent=2))
            return
        production = Production(flow_class)
        deployed = production.create(max_workers, **options)
        package = deployed.package
        click.echo(
            f"Packaged {len(package.files)} files, {len(package.data):,} bytes, as {package.sha256[:12]}\n"
            f"{'Created' if deployed.created else 'Renewed'} state machine {deployed.name} "
            f"in environment {production.environment}, namespace {production.namespace}\n"
            f"Start a run with: step-functions trigger"
        )
        for decorator in flow_decorators(flow_class):
            click.echo(
                f"Warning: @{decorator.name} was checked, but this version does not deploy it: the flow "
                f"starts by `trigger` only, in namespace {production.namespace}",
                err=True,
            )

    create.params.append(tag_option("A tag of every run of the deployment; may be given several times."))

    def trigger(run_id_file: Path | None, tag: tuple[str, ...], **given: Any) -> None:
        from stepwell.production.deploy import Production

        run = Production(flow_class).trigger(given_parameters(flow_class, given), tag)
        if run_id_file:
            run_id_file.write_text(run)
        click.echo(f"Started run {run}")

    group.add_command(
        click.Command(
            "trigger",
            params=[
                *parameter_options(flow_class),
                tag_option("A tag of the run; may be given several times."),
                namespace_option(),
                run_id_file_option(),
            ],
            callback=trigger,
            help="Start a run of the deployed flow.",
        )
    )

    def resume(step: str | None, origin_run_id: str | None) -> None:
        from stepwell.execution.run import Resume
        from stepwell.production.deploy import Production

        run = Production(flow_class).resume(Resume(origin_run_id, step))
        click.echo(f"Started run {run}")

    group.add_command(
        click.Command(
            "resume",
            params=resume_options(flow_class),
            callback=resume,
            help="Start a run of what is deployed that takes over what another run has done; from STEP on "
            "it runs again, if one is named.",
        )
    )

    def list_runs(**wanted: bool) -> None:
        from stepwell.production.deploy import Production

        chosen: list[str] = [name for name, asked in wanted.items() if asked]
        production = Production(flow_class)
        statuses: list[str | None] = [name.upper() for name in chosen]
        rows = [one for status in statuses or [None] for one in production.runs(status)]
        _print_runs(rows)

    group.add_command(
        click.Command(
            "list-runs",
            params=[
                click.Option(
                    [f"--{name}"], is_flag=True, help=f"Only runs that are {name.replace('-', ' ')}."
                )
                for name in _STATUSES
            ],
            callback=list_runs,
            help="List the runs of the deployed flow, newest first.",
        )
    )
    return group


def _print_runs(rows: list[Execution]) -> None:
    if not rows:
        click.echo("No runs.")
        return
    click.echo(f"{'RUN':<34}{'STATUS':<12}{'STARTED':<21}{'STOPPED':<21}")
    for one in sorted(rows, key=lambda one: one.started, reverse=True):
        click.echo(f"{one.run:<34}{one.status:<12}{_time(one.started):<21}{_time(one.stopped):<21}".rstrip())


def _time(moment: datetime | None) -> str:
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S") if moment else ""
