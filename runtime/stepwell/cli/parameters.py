"""A flow's parameters and configs as options of its commands."""

from __future__ import annotations

from typing import Any

import click

from stepwell.flow.commandline import CONFIG, CONFIG_VALUE, FROZEN
from stepwell.flow.config import ConfigSource
from stepwell.flow.parameters import Parameter
from stepwell.flow.spec import FlowSpec


def parameter_options(flow_class: type[FlowSpec]) -> list[click.Option]:
    """An option for each parameter; values are taken as text and converted by the parameter."""
    options = []
    for parameter in _parameters(flow_class):
        shown = parameter.show_default and not callable(parameter.default)
        default = f"[default: {parameter.default}]" if shown and parameter.default not in (None, ()) else ""
        notes = "[required]" if parameter.required else default
        options.append(
            click.Option(
                [f"--{parameter.name}"],
                metavar=parameter.metavar,
                multiple=parameter.multiple,
                help=f"{parameter.help}  {notes}".strip(),
            )
        )
    return options


def given_parameters(flow_class: type[FlowSpec], options: dict[str, Any]) -> dict[str, Any]:
    """The parameters that were given on the command line, by name."""
    names = {
        parameter.name.replace("-", "_").lower(): parameter.name for parameter in _parameters(flow_class)
    }
    return {names[key]: value for key, value in options.items() if key in names and value not in (None, ())}


def config_options(flow_class: type[FlowSpec]) -> list[click.Option]:
    """The options that say which configs a flow has; their values were read while its class was made."""
    configs = [one for one in flow_class.parameters().values() if isinstance(one, ConfigSource)]
    names = ", ".join(config.name for config in configs) or "none"

    def check(context: click.Context, option: click.Parameter, given: tuple[tuple[str, str], ...]) -> None:
        for name, _ in given:
            if name not in {config.name for config in configs}:
                raise click.UsageError(
                    f"{option.opts[0]}: received the config {name!r}; this flow's configs are {names}"
                )

    about = "".join(f"  {config.name}: {config.help}." for config in configs if config.help)
    shared: dict[str, Any] = {
        "nargs": 2, "multiple": True, "callback": check, "expose_value": False, "hidden": not configs,
    }  # fmt: skip
    return [
        click.Option(
            [CONFIG], metavar="NAME FILE", help=f"The file of a config ({names}), .toml or .json.{about}",
            **shared,
        ),
        click.Option(
            [CONFIG_VALUE], metavar="NAME JSON", help="The values of a config in place of a file.", **shared
        ),
        click.Option([FROZEN], hidden=True, expose_value=False, help="What the flow was deployed with."),
    ]  # fmt: skip


def _parameters(flow_class: type[FlowSpec]) -> list[Parameter]:
    return [one for one in flow_class.parameters().values() if isinstance(one, Parameter)]
