"""Who may assume which role, as IAM decides it on the synthesized trust policies. `+` may, `.` may not."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from stepwell.cloud.iam.evaluator import Caller
from tests.iam.table import principals, rows
from tests.iam.world import REGION, World
from tests.synthesis import ACCOUNT

OF_SERVICES = ("ecs-tasks", "states", "batch", "ec2", "scheduler", "glue", "lakeformation")
TRUST = """
                                                            | ppl  | task | sfn  | sch  | services
a person of the account                                     | ++.. | .... | .... | .... | ......
a person of the account without the right                   | .... | .... | .... | .... | ......
a person of another account                                 | .... | .... | .... | .... | ......
ada                                                         | ..++ | .... | .... | .... | ......
dana                                                        | ..++ | .... | .... | .... | ......
flights                                                     | .... | .... | .... | .... | ......
a task of ada                                               | .... | .... | .... | .... | ......
a task of flights                                           | .... | .... | .... | .... | ......
a state machine of ada                                      | .... | .... | .... | .... | ......
ecs-tasks                                                   | .... | ++++ | .... | .... | +.....
states                                                      | .... | .... | ++++ | .... | ..+...
batch                                                       | .... | .... | .... | .... | ......
ec2                                                         | .... | .... | .... | .... | .+....
ecs-tasks for another account                               | .... | .... | .... | .... | ......
states for another account                                  | .... | .... | .... | .... | ......
scheduler                                                   | .... | .... | .... | .... | ...+..
scheduler for ada's schedules                               | .... | .... | .... | +... | ...+..
scheduler for another group of schedules                    | .... | .... | .... | .... | ...+..
scheduler for ada's, of another account                     | .... | .... | .... | .... | ......
events for ada's rules                                      | .... | .... | .... | +... | ......
events for another rule                                     | .... | .... | .... | .... | ......
glue                                                        | .... | .... | .... | .... | ....+.
lakeformation                                               | .... | .... | .... | .... | .....+
glue for another account                                    | .... | .... | .... | .... | ......
a branch                                                    | .... | .... | .... | .... | ......
a task of a branch                                          | .... | .... | .... | .... | ......
"""


def assumers(world: World) -> dict[str, Caller]:
    """Who asks for roles in the table of trust, with what it is that tells services from each other."""
    right = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}],
        }
    )

    def person(account: str, *policies: str) -> Caller:
        arn = f"arn:aws:iam::{account}:user/someone"
        return Caller(arn, policies, context={"aws:PrincipalArn": arn})

    def service(name: str, account: str = ACCOUNT) -> Caller:
        return Caller(f"{name}.amazonaws.com", context={"aws:SourceAccount": account})

    def source(name: str, of: str, account: str = ACCOUNT) -> Caller:
        caller = service(name, account)
        arn = f"arn:aws:{name}:{REGION}:{account}:{of}"
        return replace(caller, context={**caller.context, "aws:SourceArn": arn})

    columns, ours = principals(world), world.namespace("user/ada").schedule_group
    return {
        "a person of the account": person(ACCOUNT, right),
        "a person of the account without the right": person(ACCOUNT),
        "a person of another account": person("999999999999", right),
        **dict(zip(("ada", "dana", "flights", "a branch"), columns, strict=False)),
        "a task of ada": columns[4],
        "a task of flights": columns[6],
        "a task of a branch": columns[7],
        "a state machine of ada": columns[8],
        **{name: service(name) for name in OF_SERVICES},
        **{
            f"{name} for another account": service(name, "999999999999")
            for name in ("ecs-tasks", "states", "glue")
        },
        "scheduler for ada's schedules": source("scheduler", f"schedule-group/{ours}"),
        "scheduler for another group of schedules": source("scheduler", "schedule-group/other"),
        "events for ada's rules": source("events", f"rule/{ours}-Flow-0"),
        "events for another rule": source("events", "rule/other"),
        "scheduler for ada's, of another account": source(
            "scheduler", f"schedule-group/{ours}", "999999999999"
        ),
    }


@pytest.mark.parametrize(("who", "label", "cells"), [pytest.param(*row, id=row[0]) for row in rows(TRUST)])
def test_each_role_trusts_these(world: World, who: str, label: str, cells: str) -> None:
    """A role is assumed by those it is for, with a right of theirs where they are people."""
    caller = assumers(world)[who]
    roles = [caller.context["aws:PrincipalArn"] for caller in principals(world)]
    found = ["+" if world.decide(caller, "sts:AssumeRole", str(role)).allowed else "." for role in roles]
    assert "".join(found) == cells
