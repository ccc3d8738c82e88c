"""``tag``: the tags of a run."""

from __future__ import annotations

import click

from stepwell.cli.look import find_run
from stepwell.cli.options import namespace_option
from stepwell.flow.spec import FlowSpec


def tag_group(flow_class: type[FlowSpec]) -> click.Group:
    """The group ``tag`` of a flow."""

    @click.group("tag")
    def group() -> None:
        """Show and change the tags of a run, by default the newest."""

    @group.command()
    @click.argument("tags", nargs=-1, required=True)
    @click.pass_obj
    def add(datastore: str | None, run_id: str | None, tags: tuple[str, ...]) -> None:
        """Add tags to a run."""
        run = find_run(flow_class, run_id, datastore)
        run.datastore.add_tags(flow_class.__name__, run.id, tags)

    @group.command()
    @click.argument("tags", nargs=-1, required=True)
    @click.pass_obj
    def remove(datastore: str | None, run_id: str | None, tags: tuple[str, ...]) -> None:
        """Take tags from a run."""
        run = find_run(flow_class, run_id, datastore)
        run.datastore.remove_tags(flow_class.__name__, run.id, tags)

    @group.command()
    @click.argument("old")
    @click.argument("new")
    @click.pass_obj
    def replace(datastore: str | None, run_id: str | None, old: str, new: str) -> None:
        """Put the tag NEW in the place of OLD."""
        run = find_run(flow_class, run_id, datastore)
        run.datastore.add_tags(flow_class.__name__, run.id, [new])
        run.datastore.remove_tags(flow_class.__name__, run.id, [old])

    @group.command("list")
    @click.option("--hide-system-tags", is_flag=True, help="Only the tags that people gave.")
    @click.pass_obj
    def list_tags(datastore: str | None, run_id: str | None, hide_system_tags: bool) -> None:
        """List the tags of a run, one a line."""
        run = find_run(flow_class, run_id, datastore)
        tags = run.datastore.tags(flow_class.__name__, run.id)
        system = frozenset() if hide_system_tags else run.info.system_tags
        for tag in sorted(tags | system):
            click.echo(tag)

    for command in group.commands.values():
        command.params += [
            click.Option(["--run-id"], metavar="RUN", help="Which run.  [default: the newest]"),
            namespace_option(),
        ]
    return group
