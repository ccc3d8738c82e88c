from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner

from stepwell.cli.local import local
from stepwell.cloud import control
from stepwell.errors import PlatformError
from tests.runtime.cloud.support import Aws, is_alive, until


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def running_sleeper(aws: Aws) -> tuple[int, Path]:
    """The process of a job's child that sleeps, and the job's folder."""
    job = aws.submit(aws.definition("sh", "-c", "sleep 300 & echo $! $HOME; wait"))
    detail = until(lambda: aws.job(job), lambda j: j["status"] == "RUNNING" and aws.log_lines(j) != [])
    pid, folder = aws.log_lines(detail)[0].split()
    return int(pid), Path(folder)


def test_up_serves_until_down(home: Path) -> None:
    """A cloud is up once, found again by status and up, and leaves nothing after down."""
    first = control.up(home)
    assert control.status(home) == first == control.up(home)
    sleeper, folder = running_sleeper(Aws(first.url))
    assert control.down(home)
    until(lambda: is_alive(first.pid) or is_alive(sleeper), lambda alive: not alive, seconds=0.5)
    assert control.status(home) is None
    assert list(home.iterdir()) == []
    assert not folder.parent.exists()
    assert not control.down(home)


def test_a_killed_server_takes_its_jobs_along(home: Path) -> None:
    """SIGKILL of the server ends its jobs' processes too, and the next up is a new, empty cloud."""
    first = control.up(home)
    try:
        aws = Aws(first.url)
        (sleeper, folder), bucket = running_sleeper(aws), aws.bucket()
        (first.folder / "state" / "terraform.tfstate").write_text("{}")
        os.kill(first.pid, signal.SIGKILL)
        until(lambda: is_alive(sleeper) or folder.parent.exists(), lambda left: not left, seconds=5)
        assert control.status(home) is None
        second = control.up(home)
        buckets = Aws(second.url).client("s3").list_buckets()["Buckets"]
        assert bucket not in {b["Name"] for b in buckets}
        assert list((second.folder / "state").iterdir()) == []
    finally:
        control.down(home)


def test_a_cloud_ends_with_its_process(home: Path) -> None:
    """A cloud that is not detached ends with whoever has started it, also where that is killed."""
    script = f"""if True:
        import os, signal
        from pathlib import Path
        from stepwell.cloud import control
        with control.running(Path({str(home)!r})) as cloud:
            print(cloud.pid, flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
    """
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL
    until(lambda: is_alive(int(done.stdout)), lambda alive: not alive, seconds=10)
    assert control.status(home) is None


def test_two_at_once_start_one_server(home: Path) -> None:
    """Two calls of up at the same time give the same cloud."""
    found: list[control.CloudInfo] = []
    threads = [threading.Thread(target=lambda: found.append(control.up(home))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    control.down(home)
    assert found[0] == found[1]


def test_a_stranger_on_the_port_is_not_our_cloud(home: Path, local_cloud: control.CloudInfo) -> None:
    """A cloud.json whose server is another one says that none runs, and down ends nobody."""
    (home / "cloud").mkdir(parents=True)
    identity = json.loads((local_cloud.folder / "cloud.json").read_text())
    (home / "cloud" / "cloud.json").write_text(json.dumps({**identity, "pid": os.getpid()}))
    assert control.status(home) is None
    assert not control.down(home)
    assert Aws(local_cloud.url).client("s3").list_buckets()


def test_a_taken_port_is_one_clear_line(home: Path) -> None:
    """A port that someone else listens on ends up with the reason."""
    reason = r"the local cloud ended with code 1: .*in use"
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(PlatformError, match=reason):
        control.up(home, port=taken.getsockname()[1])


def test_bad_slots_are_one_clear_line(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A STEPWELL_LOCAL_SLOTS that is no number is named with what is allowed."""
    monkeypatch.setenv("STEPWELL_LOCAL_SLOTS", "many")
    with pytest.raises(PlatformError, match="STEPWELL_LOCAL_SLOTS: received 'many'; it must be"):
        control.up(home)


def test_the_environment_points_everything_to_the_cloud(local_cloud: control.CloudInfo) -> None:
    """The variables name the endpoint, dummy keys, a region and the folder of Terraform's state."""
    variables = control.environment(local_cloud)
    assert {name: value for name, value in variables.items() if not name.startswith("TF_")} == {
        "AWS_ENDPOINT_URL": local_cloud.url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ALLOW_HTTP": "true",
        "AWS_EC2_METADATA_DISABLED": "true",
        "STEPWELL_STATE_DIR": str(local_cloud.folder / "state"),
        "CHECKPOINT_DISABLE": "1",
    }


def test_obstore_needs_nothing_but_the_environment(local_cloud: control.CloudInfo, aws: Aws) -> None:
    """With the variables of the cloud set, obstore opens a bucket by its name alone."""
    script = (
        "import sys, obstore; from obstore.store import S3Store;"
        "store = S3Store(sys.argv[1]); obstore.put(store, 'k', b'v', mode='create');"
        "print(bytes(obstore.get(store, 'k').bytes()).decode())"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, aws.bucket()],
        env={**os.environ, **control.environment(local_cloud)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout == "v\n"


def test_importing_control_and_the_command_line_loads_no_moto() -> None:
    """The control of the cloud and its commands import neither moto nor boto3."""
    script = "import sys, stepwell.cli.local; print({'moto', 'boto3'} & sys.modules.keys())"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout == "set()\n"


def test_the_commands_say_where_the_cloud_is(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """up, status, env and down tell the endpoint; env is shell code that sets it."""
    monkeypatch.setenv("STEPWELL_HOME", str(home))
    run = CliRunner().invoke
    try:
        up = run(local, ["up"], catch_exceptions=False).output
        info = control.status(home)
        assert info is not None
        assert f"serves at {info.url}" in up
        assert f"serves at {info.url}" in run(local, ["status"]).output
        shell = run(local, ["env"]).output + 'printf %s "$AWS_ENDPOINT_URL"'
        assert subprocess.run(["sh", "-c", shell], capture_output=True, text=True).stdout == info.url
        assert json.loads(run(local, ["env", "--json"]).output) == control.environment(info)
    finally:
        down = run(local, ["down"]).output
    assert down == "The local cloud has ended.\n"


def test_without_a_cloud_the_way_out_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """status and env without a running cloud fail, and name the command that starts one."""
    monkeypatch.setenv("STEPWELL_HOME", str(home))
    for command in ("status", "env"):
        with pytest.raises(PlatformError, match="start one with `stepwell local up`"):
            CliRunner().invoke(local, [command], catch_exceptions=False)
