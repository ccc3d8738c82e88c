"""What a run costs on the compute that a stack has. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stepwell.compute.fargate import smallest
from stepwell.cost.lines import Line, line
from stepwell.cost.prices import Prices
from stepwell.cost.workload import Workload
from stepwell.machines import Machine

START_MINUTES = 1.0
"""Minutes that a task is paid for before it computes: its image is pulled, Python starts. It is above the
least that Fargate bills, so that needs no rule of its own."""
MACHINE_MINUTES = 5.0
"""Minutes that a machine of EC2 runs before its first and after its last job."""
PUTS, GETS = 3, 4
"""Requests to S3 of a task with a few artifacts: a run of 11 tasks made 14 and 18 of them, counted at S3's
side; a job also gets its code and its run's parameters."""
LOG_GB = 0.0001
"""What a task prints: 100 kB."""


@dataclass(frozen=True, slots=True)
class Compute:
    """What tasks run on: a kind as Batch names it, FARGATE, FARGATE_SPOT, EC2 or SPOT.

    Attributes:
        types: of machines, or their families, for EC2 and SPOT.
        addresses: whether each task has a public address of its own.
    """

    kind: str
    types: tuple[str, ...] = ()
    addresses: bool = False

    def __str__(self) -> str:
        return f"{self.kind} ({', '.join(self.types)})" if self.types else self.kind


@dataclass(frozen=True, slots=True)
class Bill:
    """What a run costs on one kind of compute, and what was assumed."""

    compute: Compute
    lines: tuple[Line, ...]
    assumed: tuple[str, ...]


def computes(document: Mapping[str, Any]) -> list[Compute]:
    """The kinds of compute in a stack's Terraform JSON, each once, in its order."""
    resources = document.get("resource", {})
    public = any(
        json.loads(body.get("container_properties", "{}"))  # nodes of gangs have none
        .get("networkConfiguration", {})
        .get("assignPublicIp")
        == "ENABLED"
        for body in resources.get("aws_batch_job_definition", {}).values()
    )
    found = []
    for body in resources.get("aws_batch_compute_environment", {}).values():
        described = body["compute_resources"]
        described = described[0] if isinstance(described, list) else described
        kind = described["type"]
        found.append(
            Compute(kind, tuple(described.get("instance_type", ())), public and kind.startswith("FARGATE"))
        )
    return list(dict.fromkeys(found))


def bill(workload: Workload, compute: Compute, prices: Prices) -> Bill | None:
    """The bill of a run; None where that kind of compute has no machine for a task of it."""
    paid = _on_fargate if compute.kind.startswith("FARGATE") else _on_machines
    found = paid(workload, compute, prices)
    if found is None:
        return None
    lines, assumed = found
    count = workload.count
    lines += [
        line(prices, "Step Functions", "transitions", workload.transitions / 1000),
        line(prices, "S3 writes", "s3.put", count * PUTS / 1000),
        line(prices, "S3 reads", "s3.get", count * GETS / 1000),
        line(prices, "logs", "logs", count * LOG_GB),
    ]
    requests = f"a task makes {PUTS} writes and {GETS} reads in S3 and prints {LOG_GB * 1e6:.0f} kB"
    return Bill(compute, tuple(lines), (*workload.assumed, *assumed, requests))


Paid = tuple[list[Line], list[str]]
"""Lines of a bill, and what was assumed for them."""


def _on_fargate(workload: Workload, compute: Compute, prices: Prices) -> Paid | None:
    sizes = []
    for one in workload.tasks:
        machine = smallest(Machine(one.vcpus, one.memory, one.gpus))
        if machine is None:
            return None
        sizes.append((one.count, machine.vcpus, machine.memory))
    hours = (workload.minutes + START_MINUTES) / 60
    assumed = [f"a task is paid for {START_MINUTES:g} minute before it computes"]
    share = 1.0
    if compute.kind == "FARGATE_SPOT":
        share = prices.spot["fargate"]
        assumed.append(f"Fargate Spot costs {share:.0%} of the price on demand; it has no list price")
    vcpu_hours = sum(count * vcpus for count, vcpus, _ in sizes) * hours
    gb_hours = sum(count * memory / 1024 for count, _, memory in sizes) * hours
    lines = [
        line(prices, "vCPUs", "fargate.vcpu", vcpu_hours, share),
        line(prices, "memory", "fargate.memory", gb_hours, share),
    ]
    if compute.addresses:
        lines.append(line(prices, "public addresses", "ipv4", workload.count * hours))
    return lines, assumed


def _on_machines(workload: Workload, compute: Compute, prices: Prices) -> Paid | None:
    """A task takes as much of a machine as the scarcest of what it asks for; machines are filled."""
    machine = prices.machine(compute.types)
    if any(one.gpus for one in workload.tasks) and not machine.gpus:
        return None
    taken = sum(
        one.count
        * max(
            one.vcpus / machine.vcpus,
            one.memory / 1024 / machine.memory,
            one.gpus / (machine.gpus or 1),
        )
        for one in workload.tasks
    )
    hours = (workload.minutes + START_MINUTES + MACHINE_MINUTES) / 60
    assumed = [
        f"machines cost what {machine.type} does, are filled with tasks, and run {MACHINE_MINUTES:g} minutes "
        "longer than those",
        f"a task takes {START_MINUTES:g} minute to start",
    ]
    share = 1.0
    if compute.kind == "SPOT":
        share = prices.spot["ec2"]
        assumed.append(f"EC2 Spot costs {share:.0%} of the price on demand; it has no list price")
    return [line(prices, "machines", f"ec2.{machine.type}", taken * hours, share)], assumed
