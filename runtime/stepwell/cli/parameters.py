"""A flow's parameters as options of its commands."""

from __future__ import annotations

from typing import Any

import click

from stepwell.flow.spec import FlowSpec


def parameter_options(flow_class: type[FlowSpec]) -> list[click.Option]:
    """An option for each parameter; values are taken as text and converted by the parameter."""
    options = []
    for parameter in flow_class.parameters().values():
        default = (
            ""
            if parameter.default is None or callable(parameter.default)
            else f"[default: {parameter.default}]"
        )
        notes = "[required]" if parameter.required else default
        options.append(
            click.Option(
                [f"--{parameter.name}"],
                metavar=parameter.kind.upper().rpartition(" ")[2],
                help=f"{parameter.help}  {notes}".strip(),
            )
        )
    return options


def given_parameters(flow_class: type[FlowSpec], options: dict[str, Any]) -> dict[str, Any]:
    """The parameters that were given on the command line, by name."""
    names = {
        parameter.name.replace("-", "_").lower(): parameter.name
        for parameter in flow_class.parameters().values()
    }
    return {names[key]: value for key, value in options.items() if key in names and value is not None}
