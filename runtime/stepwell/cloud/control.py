"""Start, find and end the local cloud of a STEPWELL_HOME. This imports no moto: the server does.

Everything it has lies in ``HOME/cloud/`` and lives as long as it runs, Terraform's state included:
what the state describes is gone with the process.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from stepwell.cloud import terraform
from stepwell.cloud.iam.simulator import find_package
from stepwell.cloud.identities import ADMINISTRATOR, Keys
from stepwell.cloud.server import IDENTITY_PATH, LOCK
from stepwell.errors import PlatformError, UsageError

REGION = "us-east-1"
START_SECONDS = 60.0
END_SECONDS = 15.0
_ours: list[subprocess.Popen[bytes]] = []
"""Servers that end with this process: each reads a pipe that ends with it, and that is kept open here."""


@dataclass(frozen=True, slots=True)
class CloudInfo:
    """A local cloud that runs.

    Attributes:
        pid: of its server.
        port: on 127.0.0.1.
        url: the endpoint of every AWS service.
        started: when it began to serve, ISO 8601, UTC.
        enforces_iam: whether it refuses what no policy allows.
        folder: absolute path of what it keeps: ``cloud.json``, ``cloud.log``, ``state/``.
    """

    pid: int
    port: int
    url: str
    started: str
    enforces_iam: bool
    folder: Path


@contextlib.contextmanager
def running(home: Path, *, enforce_iam: bool = False) -> Iterator[CloudInfo]:
    """A local cloud for as long as the block lasts, or this process, however that ends; as `up` else."""
    try:
        yield up(home, enforce_iam=enforce_iam, detached=False)
    finally:
        down(home)


def up(home: Path, *, port: int = 0, enforce_iam: bool = False, detached: bool = True) -> CloudInfo:
    """Start the local cloud of `home` and return once it serves; or find the one that does.

    Args:
        home: the STEPWELL_HOME; made if missing.
        port: to listen on; 0 chooses a free one. A cloud that already runs keeps its own.
        enforce_iam: refuse what no policy allows; all but the administrator's keys, which `environment` has.
        detached: it outlives this process.

    Raises:
        UsageError: what the local cloud is made of is not installed, or the one that runs is the other kind.
        PlatformError: it ended at once, or didn't serve within a minute.
    """
    if importlib.util.find_spec("moto") is None:
        raise UsageError("the local cloud: moto is not installed; pip install 'stepwell[local]'")
    if enforce_iam:
        find_package(Path.cwd())
    with _alone(home):
        running = status(home)
        if running is not None:
            if running.enforces_iam != enforce_iam:
                kind = "with" if running.enforces_iam else "without"
                raise UsageError(
                    f"the local cloud of {home}: one runs at {running.url}, {kind} --enforce-iam; go on with "
                    "it, or end it and what is deployed to it first: stepwell local down"
                )
            return running
        folder = _folder(home)
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "state").mkdir(parents=True)
        with (folder / "cloud.log").open("wb") as log:
            server = subprocess.Popen(
                [sys.executable, "-m", "stepwell.cloud.server", "--port", str(port), "--state", str(folder)]
                + ["--enforce-iam"] * enforce_iam
                + ["--while-stdin"] * (not detached),
                stdin=subprocess.DEVNULL if detached else subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=_server_environment(os.environ),
                start_new_session=True,
            )
        if not detached:
            _ours.append(server)
        return _wait_until_ready(home, server)


def status(home: Path) -> CloudInfo | None:
    """The local cloud of `home`, if it runs: whatever listens there is asked whether it is the one."""
    folder = _folder(home)
    try:
        identity = json.loads((folder / "cloud.json").read_text())
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
            identity["url"] + IDENTITY_PATH, timeout=5
        ) as answer:
            same = json.loads(answer.read()) == identity
        return CloudInfo(**identity, folder=folder) if same else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def down(home: Path) -> bool:
    """End the local cloud of `home` with all its jobs, and remove its folder; False if none ran."""
    if not home.exists():
        return False
    with _alone(home):
        running = status(home)
        if running is not None:
            _end(running)
        shutil.rmtree(_folder(home), ignore_errors=True)
    return running is not None


def environment(info: CloudInfo, roles: Sequence[str] = ()) -> dict[str, str]:
    """The variables that point Terraform, cdktf, boto3, obstore, pyiceberg and the runtime to `info`.

    Args:
        roles: names of roles to act as, each assumed by the one before it and the first by the
            administrator, who it is without.

    Raises:
        PlatformError: a role isn't there, or doesn't trust who would assume it.
    """
    return {
        "AWS_ENDPOINT_URL": info.url,
        **_assumed(info, roles).variables,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ALLOW_HTTP": "true",
        "AWS_EC2_METADATA_DISABLED": "true",
        "STEPWELL_STATE_DIR": str(info.folder / "state"),
        "CHECKPOINT_DISABLE": "1",
        **terraform.cli_environment(os.environ, info.folder),
    }


def _assumed(info: CloudInfo, roles: Sequence[str]) -> Keys:
    keys = ADMINISTRATOR
    for role in roles:
        import boto3
        from botocore.exceptions import ClientError

        sts = boto3.Session(keys.key, keys.secret, keys.token).client("sts", REGION, endpoint_url=info.url)
        account = sts.get_caller_identity()["Account"]
        arn = f"arn:aws:iam::{account}:role/{role}"
        try:
            made = sts.assume_role(RoleArn=arn, RoleSessionName="stepwell")["Credentials"]
        except ClientError as error:
            raise PlatformError(f"role {role}: {error.response['Error']['Message']}") from error
        keys = Keys(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])
    return keys


def _folder(home: Path) -> Path:
    return home.absolute() / "cloud"


@contextlib.contextmanager
def _alone(home: Path) -> Iterator[None]:
    """One `up` or `down` at a time for each home."""
    home.mkdir(parents=True, exist_ok=True)
    handle = os.open(home, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _server_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The server talks to itself only: no profile, no proxy of the user's gets in between."""
    return {
        name: value
        for name, value in environ.items()
        if not name.startswith(("AWS_", "MOTO_")) and not name.lower().endswith("_proxy")
    }


def _wait_until_ready(home: Path, server: subprocess.Popen[bytes]) -> CloudInfo:
    log = _folder(home) / "cloud.log"
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if (running := status(home)) is not None:
            return running
        if server.poll() is not None:
            last = (log.read_text(errors="replace").strip().splitlines() or ["nothing was logged"])[-1]
            raise PlatformError(f"the local cloud ended with code {server.returncode}: {last}")
        time.sleep(0.05)
    server.kill()
    server.wait()
    raise PlatformError(f"the local cloud did not serve within {START_SECONDS:.0f} s; its log: {log}")


def _end(info: CloudInfo) -> None:
    os.kill(info.pid, signal.SIGTERM)
    deadline = time.monotonic() + END_SECONDS
    with (info.folder / LOCK).open() as lock:
        while not _has(lock):
            if time.monotonic() > deadline:
                os.kill(info.pid, signal.SIGKILL)
            time.sleep(0.01)


def _has(lock: TextIO) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
