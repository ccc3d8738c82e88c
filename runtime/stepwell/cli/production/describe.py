"""``step-functions describe`` and ``history``: a deployment, or a run of it, as AWS and the store have it."""

from __future__ import annotations

from typing import Any

import click

from stepwell.cli.options import namespace_option
from stepwell.cli.output import json_option, show_facts, show_rows
from stepwell.flow.spec import FlowSpec


def describe_command(flow_class: type[FlowSpec]) -> click.Command:
    """The command ``describe``."""

    def describe(run: str | None, as_json: bool) -> None:
        from stepwell.production.describe import deployment_facts, run_facts
        from stepwell.production.target import Target

        target = Target(flow_class)
        facts = deployment_facts(target) if run is None else run_facts(target, run)
        show_facts(facts, as_json)

    return click.Command(
        "describe",
        callback=describe,
        params=[click.Argument(["run"], required=False), namespace_option(), json_option()],
        help="Say what is deployed, by whom, and what starts it; with RUN how that run is: what it does and "
        "waits for, or why it failed.",
    )


def history_command(flow_class: type[FlowSpec]) -> click.Command:
    """The command ``history``."""

    def history(run: str, as_json: bool) -> None:
        from stepwell.production.describe import event_row
        from stepwell.production.executions import Executions
        from stepwell.production.target import Target

        events = Executions(Target(flow_class)).history(run)
        rows: list[Any] = list(events) if as_json else [event_row(one) for one in events]
        show_rows(rows, as_json, "No events.")

    return click.Command(
        "history",
        callback=history,
        params=[click.Argument(["run"]), namespace_option(), json_option()],
        help="List the events of a run's execution, as Step Functions has them. The children of a foreach "
        "have histories of their own.",
    )
