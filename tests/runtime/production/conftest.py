"""An environment with two users and a project, on a local cloud of this session's own."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from stepwell import aws
from stepwell.cloud import quick
from stepwell.cloud.control import CloudInfo
from stepwell.contract import Contract, EnvironmentName
from tests.support import run_flow

NAME = EnvironmentName("prod", "local")


@dataclass(frozen=True)
class Place:
    """A machine of a user, with flows in its folder."""

    folder: Path
    variables: Mapping[str, str]
    user: str = "ada"
    home: str = "home"

    def of(self, user: str, home: str | None = None) -> Place:
        """Another user's machine, or another machine of the same."""
        return Place(self.folder, self.variables, user, home or f"home-{user}")

    def run(self, file: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        """``python FILE ARGUMENTS``, however it ends."""
        variables = {**self.variables, "STEPWELL_USER": self.user}
        return run_flow(file, self.folder / self.home, *arguments, **variables)

    def did(self, file: Path, *arguments: str) -> str:
        """What the command printed; it has to succeed."""
        ended = self.run(file, *arguments)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    def json(self, file: Path, *arguments: str) -> Any:
        return json.loads(self.did(file, *arguments, "--json"))

    def refused(self, file: Path, *arguments: str) -> str:
        """The one line that the command failed with."""
        ended = self.run(file, *arguments)
        assert ended.returncode in (1, 2), ended.stdout
        assert ended.stderr.count("\n") == 1, ended.stderr
        return ended.stderr.removeprefix("Error: ").rstrip()

    def triggered(self, file: Path, *arguments: str, before: tuple[str, ...] = ()) -> str:
        """The id of a run that was started."""
        return self.did(file, *before, "step-functions", "trigger", *arguments).split()[-1]

    def ended(self, file: Path, run: str, before: tuple[str, ...] = (), seconds: float = 120) -> str:
        """The status of a run, once it has ended."""
        deadline = time.monotonic() + seconds
        while (status := self.status(file, run, before)) == "RUNNING":
            assert time.monotonic() < deadline, f"run {run} still runs after {seconds} s"
            time.sleep(0.5)
        return status

    def status(self, file: Path, run: str, before: tuple[str, ...] = ()) -> str:
        (found,) = [
            one["status"]
            for one in self.json(file, *before, "step-functions", "list-runs")
            if one["run"] == run
        ]
        return str(found)

    def client(self, service: str) -> Any:
        return aws.client(service)

    @property
    def contract(self) -> Contract:
        return aws.contract(NAME)


@pytest.fixture(scope="session")
def made(stepwell_cloud: CloudInfo) -> dict[str, str]:
    return quick.make(stepwell_cloud, NAME, users=["ada", "bob"], projects=["fraud"])


@pytest.fixture
def place(made: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """Ada's machine; this process sees the environment as she does."""
    for name, value in {**made, "STEPWELL_USER": "ada"}.items():
        monkeypatch.setenv(name, value)
    aws.forget()
    yield Place(tmp_path, made)
    aws.forget()


def until(look: Callable[[], Any], seconds: float = 60) -> Any:
    """What `look` sees once it sees something."""
    deadline = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < deadline, f"nothing after {seconds} s"
        time.sleep(0.25)
    return seen
