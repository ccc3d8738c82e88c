"""Every stack of the settings as one CDKTF app: foundations and team environments."""

from __future__ import annotations

import json
from pathlib import Path

from modules.cdk import App
from stacks.foundation import FoundationStack
from stacks.places import places
from stacks.policies import faults
from stacks.schema import Settings
from stacks.team import TeamEnvironment
from stepwell.contract import EnvironmentName
from stepwell.errors import PlatformError


def app(settings: Settings, outdir: str | None = None) -> App:
    """The app, ready to synth; into `outdir`, by default where the cdktf CLI says."""
    root = App(outdir=outdir)
    for place in places(settings):
        FoundationStack(root, place, settings)
    for team_name, team in settings.teams.items():
        for key in team.environments:
            TeamEnvironment(root, EnvironmentName(team_name, key), settings)
    return root


def synth(settings: Settings, outdir: str | None = None) -> None:
    """Write every stack's Terraform JSON.

    Raises:
        PlatformError: a stack has a fault (`stacks.policies`); none is left to be deployed.
    """
    made = app(settings, outdir)
    made.synth()
    refuse_faults(Path(made.outdir))


def refuse_faults(folder: Path) -> None:
    """Look through all stacks in cdktf's output folder; if one has a fault, leave none to be deployed.

    Raises:
        PlatformError: a stack has a fault; its message has one line for each.
    """
    written = sorted(folder.glob("stacks/*/cdk.tf.json"))
    wrong = [
        f"{path.parent.name}: {fault}" for path in written for fault in faults(json.loads(path.read_text()))
    ]
    if wrong:
        for path in written:
            path.unlink()
        raise PlatformError("\n".join(wrong))
