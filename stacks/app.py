"""Every stack of the settings as one CDKTF app: foundations and team environments."""

from __future__ import annotations

from modules.cdk import App
from stacks.foundation import FoundationStack
from stacks.places import places
from stacks.schema import Settings
from stacks.team import TeamEnvironment
from stepwell.contract import EnvironmentName


def app(settings: Settings, outdir: str | None = None) -> App:
    """The app, ready to synth; into `outdir`, by default where the cdktf CLI says."""
    root = App(outdir=outdir)
    for place in places(settings):
        FoundationStack(root, place, settings)
    for team_name, team in settings.teams.items():
        for key in team.environments:
            TeamEnvironment(root, EnvironmentName(team_name, key), settings)
    return root
