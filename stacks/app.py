"""Every team environment of the settings as one CDKTF app."""

from __future__ import annotations

from modules.cdk import App
from stacks.schema import Settings
from stacks.team import TeamEnvironment
from stepwell.contract import EnvironmentName


def app(settings: Settings, outdir: str | None = None) -> App:
    """The app, ready to synth; into `outdir`, by default where the cdktf CLI says."""
    root = App(outdir=outdir)
    for team_name, team in settings.teams.items():
        for key, environment in team.environments.items():
            TeamEnvironment(root, EnvironmentName(team_name, key), team, environment)
    return root
