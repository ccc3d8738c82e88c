"""``environment``: the packages of a flow's steps."""

from __future__ import annotations

import click

from stepwell.flow.spec import FlowSpec


def environment_group(flow_class: type[FlowSpec]) -> click.Group:
    """The group ``environment`` of a flow."""

    @click.group("environment")
    def group() -> None:
        """Show the packages of steps, or look for newer versions."""

    @group.command("show")
    @click.pass_obj
    def show(datastore: str | None) -> None:
        """Resolve what steps ask for, unless that was done before, and print the locks."""
        _tell(flow_class, datastore, anew=False)

    @group.command("resolve")
    @click.pass_obj
    def resolve(datastore: str | None) -> None:
        """Look for the newest versions of what steps ask for, and build their environments."""
        _tell(flow_class, datastore, anew=True)

    return group


def _tell(flow_class: type[FlowSpec], where: str | None, *, anew: bool) -> None:
    from stepwell import config
    from stepwell.datastore import Datastore
    from stepwell.environments.prepare import prepare
    from stepwell.flow.decorators.packages import wanted
    from stepwell.location import datastore_url
    from stepwell.store.opening import open_store

    asked = wanted(flow_class, flow_class.step_functions())
    datastore = Datastore(open_store(datastore_url(where)), config.namespace())
    said = prepare(asked, datastore, lambda text: click.echo(text, err=True), anew=anew, bring=anew)
    for lock, text in said["locks"].items():
        steps = [step for step, about in said["steps"].items() if about["lock"] == lock]
        about = said["steps"][steps[0]]
        click.echo(f"# {', '.join(steps)}: {about['kind']}, Python {about['python']}, lock {lock[:12]}")
        click.echo(text)
    if not said["locks"]:
        click.echo("No step has packages of its own.")
