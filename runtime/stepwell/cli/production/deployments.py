"""``step-functions create``, ``list-deployments`` and ``delete``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from stepwell.cli.attaching import attached_for_all
from stepwell.cli.options import namespace_option, tag_option
from stepwell.cli.output import json_option, show_json, show_rows
from stepwell.cli.production.options import authorize_option, given
from stepwell.flow.spec import FlowSpec

if TYPE_CHECKING:
    from stepwell.production.deploy import Deployed, Production


def create_command(flow_class: type[FlowSpec]) -> click.Command:
    """The command ``create``."""

    def create(only_json: bool, **options: Any) -> None:
        from stepwell.production.deploy import Options, Production, definition

        token = given(options)
        how = Options(
            options["max_workers"], options["workflow_timeout"], options["log_execution_history"],
            attached_for_all(), options["tag"],
        )  # fmt: skip
        if only_json:
            show_json(definition(flow_class, how))
            return
        production = Production(flow_class)
        _tell(production, production.create(how, token))

    return click.Command(
        "create",
        callback=create,
        help="Deploy the flow, or renew its deployment.",
        params=[
            click.Option(["--only-json"], is_flag=True, help="Print the state machine and deploy nothing."),
            click.Option(
                ["--max-workers"], type=click.IntRange(min=1), default=100, show_default=True,
                help="How many tasks of a foreach run at once.",
            ),
            click.Option(
                ["--workflow-timeout"], type=click.IntRange(min=1), metavar="SECONDS",
                help="End a run that takes longer.  [default: no limit]",
            ),
            click.Option(
                ["--log-execution-history"], is_flag=True,
                help="Log the whole history of each run, with its data; by default only what fails.",
            ),
            authorize_option(),
            click.Option(["--generate-new-token"], is_flag=True, help="Replace the production token."),
            click.Option(
                ["--new-token"], metavar="TOKEN", help="Replace the production token by one of your own."
            ),
            tag_option("A tag of every run of the deployment; may be given several times."),
            namespace_option(),
        ],
    )  # fmt: skip


def _tell(production: Production, deployed: Deployed) -> None:
    package = deployed.package
    click.echo(
        f"Packaged {len(package.files)} files, {len(package.data):,} bytes, as {package.sha256[:12]}\n"
        f"{'Created' if deployed.created else 'Renewed'} state machine {deployed.name} "
        f"in environment {production.environment}, namespace {production.namespace}"
    )
    for sentence in deployed.starts:
        click.echo(f"It starts {sentence}")
    click.echo("Start a run with: step-functions trigger")
    if deployed.token:
        click.echo(
            f"The production token of this deployment is {deployed.token}\n"
            "This machine keeps it. Whoever else is to deploy it needs it once: "
            "step-functions create --authorize TOKEN"
        )
    for note in deployed.notes:
        click.echo(f"Note: {note}", err=True)


def list_deployments_command(flow_class: type[FlowSpec]) -> click.Command:
    """The command ``list-deployments``."""

    def list_deployments(as_json: bool) -> None:
        from stepwell.production.target import deployments

        rows = [
            {
                "namespace": one.about.namespace, "deployed_by": one.about.deployed_by,
                "deployed": one.about.deployed, "code": one.about.code[:12], "state_machine": one.name,
            }
            for one in deployments(flow_class.__name__)
        ]  # fmt: skip
        show_rows(rows, as_json, f"Flow {flow_class.__name__} is not deployed.")

    return click.Command(
        "list-deployments",
        callback=list_deployments,
        params=[json_option()],
        help="List the flow's deployments in the environment: of all users, branches and production.",
    )


def delete_command(flow_class: type[FlowSpec]) -> click.Command:
    """The command ``delete``."""

    def delete(**options: Any) -> None:
        from stepwell.production.deploy import Production

        production = Production(flow_class)
        production.delete(given(options))
        click.echo(
            f"Deleted state machine {production.name} and what started it; runs that were under way are "
            "ended, and what all have done stays readable"
        )

    return click.Command(
        "delete",
        callback=delete,
        params=[authorize_option(), namespace_option()],
        help="Take the deployment down, with its schedule and triggers. What its runs have done stays.",
    )
