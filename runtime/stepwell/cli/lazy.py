"""A group of commands, each imported when it is called: so that help, errors and runs start fast."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module

import click

from stepwell.errors import UsageError, did_you_mean
from stepwell.flow.spec import FlowSpec

Made = Callable[[str], click.Command]


class LazyGroup(click.Group):
    """A group of the commands that `homes` names, ``module:name`` each.

    Args:
        load: makes a command of its home; `load_command` where the name is a command's, `load_for`
            where it is that of a function from a flow to a command.
    """

    def __init__(self, homes: Mapping[str, str], load: Made, **settings: object) -> None:
        super().__init__(**settings)  # type: ignore[arg-type]
        self._homes, self._load = homes, load

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._homes)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.commands and cmd_name in self._homes:
            self.add_command(self._load(self._homes[cmd_name]), cmd_name)
        return super().get_command(ctx, cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name[:1] != "-" and not ctx.resilient_parsing and self.get_command(ctx, name) is None:
            known = [one for one in self._homes if not getattr(self.get_command(ctx, one), "hidden", False)]
            way_out = did_you_mean(name, known) or f"; there are {', '.join(known)}"
            raise UsageError(f"there is no command '{name}'{way_out}")
        return super().resolve_command(ctx, args)


def load_command(home: str) -> click.Command:
    """The command at ``module:name``."""
    module, _, name = home.partition(":")
    command: click.Command = getattr(import_module(module), name)
    return command


def load_for(flow_class: type[FlowSpec]) -> Made:
    """What makes a flow's command of ``module:function``."""

    def load(home: str) -> click.Command:
        module, _, name = home.partition(":")
        command: click.Command = getattr(import_module(module), name)(flow_class)
        return command

    return load
