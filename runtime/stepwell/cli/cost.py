"""``stepwell cost estimate``: what an environment costs, before it is deployed."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import click

from stepwell.cost.estimate import estimate as estimated
from stepwell.cost.prices import Prices, table
from stepwell.cost.stack import Documents, read, region, synthesized
from stepwell.cost.workload import Tasks, Workload, given, of_state_machine
from stepwell.errors import UsageError

_TASKS = {"tasks": 100, "cpu": 1.0, "memory": 4096, "gpu": 0}
"""What a run is where nothing is said; the sizes are those of `@resources`."""


@click.group()
def cost() -> None:
    """What environments and runs cost."""


def _size(name: str, kind: click.ParamType[Any], help: str) -> click.Option:
    return click.Option([f"--{name}"], type=kind, help=f"{help}  [default: {_TASKS[name]:g}]")


def estimate(
    name: str | None,
    flow: Path | None,
    splits: int,
    minutes: float,
    runs: int,
    storage: float,
    prices_of: str | None,
    source: Path | None,
    as_json: bool,
    **size: float | None,
) -> None:
    workload = _workload(flow, splits, minutes, size)
    stacks = read(source) if source else synthesized(Path.cwd())
    name = _chosen(name, stacks)
    prices = Prices(table(), prices_of or region(stacks[name]))
    found = estimated(name, stacks[name], prices, workload, runs=runs, stored=storage)
    click.echo(json.dumps(found.to_json(), indent=2) if as_json else found.to_text())


cost.add_command(
    click.Command(
        "estimate",
        callback=estimate,
        help="Say what an environment costs a month while nothing runs, and what a run costs.\n\n"
        "The environment is one of environments.toml as it is now; by default STEPWELL_ENVIRONMENT, or the "
        "only one there is. Nothing is deployed, and AWS is not asked: list prices are in a dated table.",
        params=[
            click.Argument(["name"], required=False, metavar="[TEAM-ENV]"),
            click.Option(
                ["--flow"], type=click.Path(path_type=Path), metavar="FILE", help="A run of this flow."
            ),
            click.Option(
                ["--splits"],
                type=click.IntRange(1),
                default=10,
                show_default=True,
                help="Items of each foreach of the flow, and nodes of each gang.",
            ),
            _size("tasks", click.IntRange(1), "Tasks of a run."),
            _size("cpu", click.FloatRange(0, min_open=True), "vCPUs of a task."),
            _size("memory", click.IntRange(1), "MiB of a task."),
            _size("gpu", click.IntRange(0), "GPUs of a task."),
            click.Option(
                ["--minutes"],
                type=click.FloatRange(0, min_open=True),
                default=5.0,
                show_default=True,
                help="How long a task computes.",
            ),
            click.Option(
                ["--runs"], type=click.IntRange(0), default=30, show_default=True, help="Runs in a month."
            ),
            click.Option(
                ["--storage"],
                type=click.FloatRange(0),
                default=0.0,
                show_default=True,
                help="GB of data that are kept.",
            ),
            click.Option(["--prices-of"], metavar="REGION", help="Take the prices of another region."),
            click.Option(
                ["--from", "source"],
                type=click.Path(exists=True, path_type=Path),
                metavar="PATH",
                help="Terraform JSON that is there: a file, cdktf.out, dist/terraform.  "
                "[default: synthesize it now]",
            ),
            click.Option(["--json", "as_json"], is_flag=True, help="One JSON object in place of tables."),
        ],
    )
)


def _workload(flow: Path | None, splits: int, minutes: float, size: dict[str, Any]) -> Workload:
    said = {option: value for option, value in size.items() if value is not None}
    if flow is None:
        chosen = {**_TASKS, **said}
        return given(Tasks(chosen["tasks"], chosen["cpu"], chosen["memory"], chosen["gpu"]), minutes)
    if said:
        option, value = next(iter(said.items()))
        raise UsageError(
            f"--{option}: received {value}, and --flow; a flow says itself which tasks it has and what they "
            "need: leave one of the two out"
        )
    from stepwell.deployer.load import load_flow
    from stepwell.production.deploy import definition

    return of_state_machine(definition(load_flow(flow)), splits, minutes)


def _chosen(name: str | None, stacks: Documents) -> str:
    known = ", ".join(sorted(stacks))
    name = name or os.environ.get("STEPWELL_ENVIRONMENT") or (known if len(stacks) == 1 else None)
    if name is None:
        raise UsageError(f"TEAM-ENV: received none; name one of {known}")
    if name not in stacks:
        raise UsageError(f"TEAM-ENV: received {name!r}; there are {known}")
    return name
