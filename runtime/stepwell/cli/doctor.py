"""``stepwell doctor``: what works here and what does not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import click

from stepwell.doctor.checks import checks
from stepwell.doctor.examine import SECONDS, examine
from stepwell.doctor.finding import Finding, Outcome
from stepwell.errors import PlatformError
from stepwell.terminal import paints

_COLORS = {Outcome.OK: "green", Outcome.WARNING: "yellow", Outcome.FAILED: "red"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object in place of lines.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=SECONDS,
    show_default=True,
    help="Seconds that a check may take.",
)
def doctor(as_json: bool, timeout: float) -> None:
    """Say what works on this machine and in the environment, and what does not and why.

    Looks at this machine, then at what STEPWELL_ENVIRONMENT names, with the caller's credentials. It writes
    one object to the caller's namespace, and deletes it.
    """
    findings = examine(checks(Path.cwd()), timeout)
    if as_json:
        click.echo(json.dumps({name: asdict(finding) for name, finding in findings.items()}, indent=2))
    else:
        _print(findings)
    broken = [name for name, finding in findings.items() if finding.outcome is Outcome.FAILED]
    if broken:
        raise PlatformError(f"{len(broken)} of {len(findings)} checks failed: {', '.join(broken)}")


def _print(findings: Mapping[str, Finding]) -> None:
    color = paints()
    width = max(map(len, findings))
    for name, finding in findings.items():
        shade = _COLORS.get(finding.outcome, "bright_black") if color else None
        outcome = click.style(f"{finding.outcome:<{len(Outcome.NOT_ALLOWED)}}", fg=shade)
        click.echo(f"{name:<{width}}  {outcome}  {finding.reason}")
        if finding.way_out:
            click.echo(f"{'':<{width}}  {'':<{len(Outcome.NOT_ALLOWED)}}  -> {finding.way_out}")
