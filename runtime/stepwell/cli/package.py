"""``package``: what a deployment takes along."""

from __future__ import annotations

import click

from stepwell.flow.spec import FlowSpec


def package_group(flow_class: type[FlowSpec]) -> click.Group:
    """The group ``package`` of a flow."""

    @click.group("package")
    def group() -> None:
        """Show the code package that `step-functions create` makes."""

    @group.command("list")
    def list_files() -> None:
        """List the files that would be packed, with their sizes."""
        from stepwell.execution.package import pack_flow

        package = pack_flow(flow_class)
        for name, size in package.files.items():
            click.echo(f"{size:>12,}  {name}")
        total = sum(package.files.values())
        click.echo(f"{total:>12,}  bytes in {len(package.files)} files; {len(package.data):,} bytes packed")

    return group
