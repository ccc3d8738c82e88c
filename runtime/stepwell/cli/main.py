"""The command line: ``stepwell``."""

from __future__ import annotations

from importlib import import_module

import click

from stepwell.cli.errors import run_command

_COMMANDS = {"completion": "stepwell.cli.completion:completion", "local": "stepwell.cli.local:local"}


class _Lazy(click.Group):
    """A group that imports a command when it is called, so that help and errors stay fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command


@click.group(cls=_Lazy)
@click.version_option(package_name="stepwell")
def group() -> None:
    """Flows of steps, from the laptop to AWS."""


def main() -> None:
    """Run the command line; ends the process."""
    run_command(group, prog_name="stepwell")
