"""``stepwell local``: the local cloud."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path

import click

from stepwell.cloud import control
from stepwell.errors import PlatformError


def _home() -> Path:
    return Path(os.environ.get("STEPWELL_HOME", ".stepwell"))


def _running() -> control.CloudInfo:
    info = control.status(_home())
    if info is None:
        raise PlatformError(f"no local cloud runs in {_home()}; start one with `stepwell local up`")
    return info


@click.group()
def local() -> None:
    """The local cloud: AWS on this machine, for `cdktf deploy` and for flows."""


@local.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0, the default, chooses a free one.")
@click.option("--enforce-iam", is_flag=True, help="Refuse what no IAM policy allows.")
def up(port: int, enforce_iam: bool) -> None:
    """Start the local cloud, or find the one that runs."""
    info = control.up(_home(), port=port, enforce_iam=enforce_iam)
    click.echo(
        f"The local cloud serves at {info.url} (process {info.pid}); its log: {info.folder / 'cloud.log'}\n"
        "Point cdktf and flows at it in this shell:\n"
        '  eval "$(stepwell local env)"\n'
        "  cdktf deploy TEAM-ENV --auto-approve\n"
        "  export STEPWELL_ENVIRONMENT=TEAM-ENV\n"
        "It keeps what is deployed to it as long as it runs; end it with `stepwell local down`."
    )


@local.command()
def status() -> None:
    """Say whether the local cloud runs, and where."""
    info = _running()
    click.echo(f"The local cloud serves at {info.url} (process {info.pid}) since {info.started}")


@local.command()
def down() -> None:
    """End the local cloud and its jobs; what was deployed to it is gone."""
    ended = control.down(_home())
    click.echo("The local cloud has ended." if ended else f"No local cloud ran in {_home()}.")


@local.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object in place of `export` lines.")
@click.option(
    "--role",
    "roles",
    multiple=True,
    metavar="NAME",
    help="Act as this IAM role, not as administrator; a second one is assumed by the first.",
)
def env(as_json: bool, roles: tuple[str, ...]) -> None:
    """Print the variables that point cdktf and flows at the local cloud."""
    variables = control.environment(_running(), roles)
    if as_json:
        click.echo(json.dumps(variables, indent=2, sort_keys=True))
        return
    for name, value in sorted(variables.items()):
        click.echo(f"export {name}={shlex.quote(value)}")
