"""``show``, ``check`` and ``output-dot``: the graph of a flow, without running it."""

from __future__ import annotations

import click

from stepwell.cli.run import run_command
from stepwell.flow.dot import dot
from stepwell.flow.draw import draw
from stepwell.flow.spec import FlowSpec


def show_command(flow_class: type[FlowSpec]) -> click.Command:
    """The command ``show`` of a flow."""

    @click.command()
    def show() -> None:
        """Draw the flow's graph."""
        graph = flow_class.graph()
        click.echo(f"{graph.flow}: {_first_line(flow_class)}".rstrip(": ") + "\n\n" + draw(graph))

    return show


def check_command(flow_class: type[FlowSpec]) -> click.Command:
    """The command ``check`` of a flow."""

    @click.command()
    def check() -> None:
        """Check the flow without running it."""
        graph = flow_class.graph()
        run_command(flow_class)  # a parameter may have the name of one of its options
        click.echo(f"{graph.flow}: {len(graph)} steps, no mistakes found")

    return check


def output_dot_command(flow_class: type[FlowSpec]) -> click.Command:
    """The command ``output-dot`` of a flow."""

    @click.command("output-dot")
    def output_dot() -> None:
        """Print the graph in Graphviz's language, for `dot -Tsvg`."""
        click.echo(dot(flow_class.graph()))

    return output_dot


def _first_line(flow_class: type[FlowSpec]) -> str:
    return (flow_class.__doc__ or "").strip().partition("\n")[0]
