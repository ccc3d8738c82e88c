"""`python -m stacks.export`: stacks as Terraform JSON for those who have neither Node nor Python."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from stacks.export import plain
from tests.synthesis import Synthesized

ROOT = Path(__file__).parents[2]


PRINTED = "exported/foundation-us-east-1/main.tf.json\nexported/growth-dev/main.tf.json\n"


def export(folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "runtime")]), **more}
    command = [sys.executable, "-m", "stacks.export", "exported"]
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True)


def test_a_stack_is_exported_to_its_folder(tmp_path: Path) -> None:
    """Each stack is a file of its own that names no place of this machine, whatever the shell points to.

    A state that is there already stays.
    """
    (tmp_path / "environments.toml").write_bytes((ROOT / "environments.toml").read_bytes())
    state = tmp_path / "exported/growth-dev/terraform.tfstate"
    state.parent.mkdir(parents=True)
    state.touch()
    done = export(tmp_path, AWS_ENDPOINT_URL="http://127.0.0.1:9", STEPWELL_STATE_DIR="/var/states")
    assert (done.returncode, done.stdout, done.stderr) == (0, PRINTED, "")
    written = state.with_name("main.tf.json").read_text()
    for word in ("127.0.0.1", "/var/states", str(tmp_path), str(ROOT), "backend", '"//"', "skip_"):
        assert word not in written
    assert state.exists()


def test_mistakes_are_told_and_nothing_is_written(tmp_path: Path) -> None:
    """Settings that are wrong are told as `python -m stacks` tells them."""
    (tmp_path / "environments.toml").write_text("[tams]\n")
    done = export(tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Error: environments.toml: teams: received nothing")
    assert not (tmp_path / "exported").exists()


def test_what_is_exported_is_what_is_deployed(demo: Synthesized) -> None:
    """Only cdktf's notes and its local backend are left out."""
    exported, deployed = plain(demo.document), demo.document
    assert exported.keys() == deployed.keys() - {"//"}
    for kind, bodies in deployed["resource"].items():
        for name, body in bodies.items():
            kept = {key: value for key, value in body.items() if key != "//"}
            assert exported["resource"][kind][name] == kept
    assert "backend" in deployed["terraform"]
    assert "backend" not in exported["terraform"]


def test_a_remote_state_stays_where_it_is() -> None:
    """A backend that is no place of this machine is exported."""
    backend = {"s3": {"bucket": "states", "key": "growth-dev.tfstate"}}
    document = {"//": {}, "terraform": {"backend": backend}, "resource": {}}
    assert plain(document) == {"terraform": {"backend": backend}, "resource": {}}
