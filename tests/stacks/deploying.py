"""``make matrix``: each row of the matrix, deployed with real Terraform to a local cloud of its own.

Run: ``python -m tests.stacks.deploying [ROW ...]``. Of a row foundations and environment are deployed; a
second plan is empty; a change (`tests.stacks.changes`) touches what belongs to it and nothing else; what
is to be kept is not destroyed before both keys are turned; and then nothing is left. It prints a line for
each row with the seconds that each step took, and ends with 1 if a row fails.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Any

import boto3

from modules.names import state_bucket
from stacks.app import synth
from stacks.bootstrap import make_bucket
from stacks.places import FOUNDATION, home, places
from stacks.schema import Settings
from stepwell.cloud import control
from tests.deployment import ENVIRONMENT
from tests.stacks.changes import change, faults, paths
from tests.stacks.inventory import inventory
from tests.stacks.matrix import ACCOUNT, ROWS, TWO_KEYS
from tests.synthesis import settings

AT_ONCE = 3
REFUSED = "Instance cannot be destroyed"
KEYS = {"datastore": TWO_KEYS, "foundation": {"force_destroy": True, "force_destroy_confirm": FOUNDATION}}


class Failed(Exception):
    """A row is not as it should be."""


class Row:
    """One row on a cloud of its own, to which this process's variables point.

    Attributes:
        steps: what has been done, and how long it took.
    """

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.steps: list[str] = []
        self._folder = folder
        self._documents: dict[str, Any] = {}

    def run(self) -> None:
        """All of it.

        Raises:
            Failed: something is wrong; the message says what.
        """
        step = self._step
        there = _network(self.name)
        expected = change(self.name)
        before, after = settings(**_with(expected.before, there)), settings(**_with(expected.after, there))
        regions = sorted({place.region for place in places(before)})
        was = inventory(os.environ, regions)
        with step("deploy"):
            stacks = self._synth(before)
            if before.foundation.state == "s3":
                region = home(before, ACCOUNT).region
                make_bucket(boto3.client("s3", region), state_bucket(ACCOUNT, region), region)
            for stack in stacks:
                self._terraform(stack, "init", "-input=false")
                self._apply(stack)
        with step("second plan is empty"):
            self._expect_no_change(stacks)
        with step("change") as told:
            where = paths(self._documents[ENVIRONMENT])
            self._synth(after)
            where |= paths(self._documents[ENVIRONMENT])
            self._terraform(ENVIRONMENT, "plan", "-input=false", "-out=planned")
            plan = json.loads(self._terraform(ENVIRONMENT, "show", "-json", "planned"))
            if wrong := list(faults(plan, where, expected)):
                raise Failed("; ".join(wrong))
            self._terraform(ENVIRONMENT, "apply", "planned")
            self._expect_no_change(stacks)
            touched = [one for one in plan["resource_changes"] if one["change"]["actions"] == [expected.does]]
            told.append(f"{expected.does}s {len(touched)} resources")
        self._destroy(stacks, after, _with(expected.after, there))
        if left := inventory(os.environ, regions) - was:
            raise Failed(f"{len(left)} resources are left: " + "; ".join(sorted(left))[:2000])

    def _destroy(self, stacks: list[str], made: Settings, changes: Mapping[str, Any]) -> None:
        """The environment, then its foundations; who has not turned both keys is refused first."""
        bucket = self._bucket()
        boto3.client("s3", _region(made)).put_object(Bucket=bucket, Key="ns/user/ada/kept", Body=b"kept")
        kept = [
            stack
            for stack in stacks
            if not (made.foundation if stack.startswith(FOUNDATION) else _dev(made).datastore).force_destroy
        ]
        if kept:
            with self._step("not destroyed without two keys"):
                for stack in kept:
                    said = self._terraform(stack, "plan", "-destroy", "-input=false", expected=1)
                    if REFUSED not in said:
                        raise Failed(f"{stack}: a destroy is refused, but not for its data: {said[-1000:]}")
            with self._step("both keys turned"):
                self._synth(settings(**_turned(changes)))
                for stack in kept:
                    self._apply(stack)
        with self._step("destroy"):
            # The states of the account's other stacks lie in its home.
            last = home(made, _dev(made).account).stack
            for stack in sorted(stacks, key=lambda one: (one == last, one.startswith(FOUNDATION))):
                if stack == last and made.foundation.state == "s3":
                    self._take_state_out(stack)
                self._terraform(stack, "destroy", "-auto-approve", "-input=false")
                if left := self._terraform(stack, "state", "list").split():
                    raise Failed(f"{stack}: still in the state: {', '.join(left)}")

    def _take_state_out(self, stack: str) -> None:
        """A state can't lie in the bucket that is destroyed by it."""
        file = self._folder / "stacks" / stack / "cdk.tf.json"
        document = json.loads(file.read_text())
        del document["terraform"]["backend"]
        file.write_text(json.dumps(document))
        self._terraform(stack, "init", "-migrate-state", "-force-copy", "-input=false")

    def _synth(self, made: Settings) -> list[str]:
        """Write all stacks; returns their names, in the order in which they are deployed."""
        synth(made, str(self._folder))
        found = {
            path.parent.name: json.loads(path.read_text())
            for path in self._folder.glob("stacks/*/cdk.tf.json")
        }
        self._documents = found
        return sorted(found, key=lambda name: (not name.startswith(FOUNDATION), name))

    def _bucket(self) -> str:
        """Name of the datastore's bucket, the only one of an environment."""
        shown = json.loads(self._terraform(ENVIRONMENT, "show", "-json"))
        resources = shown["values"]["root_module"]["resources"]
        (bucket,) = (one["values"]["bucket"] for one in resources if one["type"] == "aws_s3_bucket")
        return str(bucket)

    def _apply(self, stack: str) -> None:
        self._terraform(stack, "apply", "-auto-approve", "-input=false")

    def _expect_no_change(self, stacks: list[str]) -> None:
        for stack in stacks:
            self._terraform(stack, "plan", "-detailed-exitcode", "-input=false")

    def _terraform(self, stack: str, *arguments: str, expected: int = 0) -> str:
        """What a command printed.

        Raises:
            Failed: it ended with another code than is expected.
        """
        command = ["terraform", *arguments, *(["-no-color"] if arguments[0] != "state" else [])]
        done = subprocess.run(command, cwd=self._folder / "stacks" / stack, capture_output=True, text=True)
        if done.returncode != expected:
            said = " ".join((done.stderr or done.stdout)[-3000:].split())
            raise Failed(f"{stack}: terraform {arguments[0]} ended with code {done.returncode}: {said}")
        return done.stdout + (done.stderr if expected else "")

    @contextmanager
    def _step(self, name: str) -> Any:
        started, told = time.monotonic(), []
        try:
            yield told
        except Failed as error:
            raise Failed(f"{name}: {error}") from None
        self.steps.append(" ".join([name, *told, f"({time.monotonic() - started:.0f} s)"]))
        print(f"  {self.name}: {self.steps[-1]}", file=sys.stderr, flush=True)


def _dev(made: Settings) -> Any:
    (team,) = made.teams.values()
    (environment,) = team.environments.values()
    return environment


def _region(made: Settings) -> str:
    return str(_dev(made).region)


def _with(changes: Mapping[str, Any], network: Mapping[str, Any]) -> dict[str, Any]:
    return {**changes, "network": {**changes["network"], **network}} if network else dict(changes)


def _turned(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Settings with both keys of the environment and of the foundations turned."""
    return {**changes, **{name: {**changes.get(name, {}), **keys} for name, keys in KEYS.items()}}


def _network(row: str) -> dict[str, Any]:
    """The ids of a network that is there, if the row asks for one: it is made here, as by somebody else."""
    if ROWS[row].get("network", {}).get("mode") != "existing":
        return {}
    ec2 = boto3.client("ec2", control.REGION)
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.0.0/20")["Subnet"]["SubnetId"]
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    return {"vpc_id": vpc, "subnet_ids": [subnet], "route_table_ids": [table]}


def deployed(name: str) -> tuple[bool, str]:
    """Whether all is well with a row, and its line. For a process of its own: it points it to the cloud."""
    with TemporaryDirectory(prefix="stepwell-matrix-") as temporary:
        folder = Path(temporary)
        row = Row(name, folder / "out")
        try:
            os.environ.update(control.environment(control.up(folder / "home", detached=False)))
            row.run()
            return True, f"ok      {name}: {', '.join(row.steps)}; nothing is left"
        except Exception as error:  # whatever breaks a row, the others are told of
            said = str(error) if isinstance(error, Failed) else repr(error)
            log = Path(gettempdir(), f"stepwell-matrix-{name.replace(' ', '-')}.log")
            shutil.copyfile(folder / "home/cloud/cloud.log", log)
            return False, f"FAILED  {name}: {', '.join([*row.steps, said])}; the cloud's log: {log}"
        finally:
            control.down(folder / "home")


def main(names: list[str]) -> int:
    """Deploy the rows of these names, or all, three at once, for they mostly wait; a line for each."""
    if unknown := set(names) - set(ROWS):
        print(f"Error: no such row: {', '.join(unknown)}; there are: {', '.join(ROWS)}", file=sys.stderr)
        return 2
    well = True
    # A local cloud is pointed to by variables, which are a process's.
    with ProcessPoolExecutor(AT_ONCE, get_context("spawn"), max_tasks_per_child=1) as pool:
        for made in as_completed([pool.submit(deployed, name) for name in names or ROWS]):
            good, line = made.result()
            print(line, flush=True)
            well &= good
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
