"""`python -m stacks`, as cdktf runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def stacks(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run `python -m stacks` in `folder`, as if it were a checkout."""
    environ = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'runtime'}", "CDKTF_OUTDIR": str(folder / "out")}
    command = [sys.executable, "-m", "stacks"]
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True)


def test_mistakes_are_lines_without_a_traceback(tmp_path: Path) -> None:
    """Each mistake is one `Error:` line on stderr, the exit code is 2, and nothing is written."""
    (tmp_path / "environments.toml").write_text("[teams]\n[tams]\n")
    done = stacks(tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [
        "Error: environments.toml: teams: received {}; at least one is needed",
        "Error: environments.toml: tams: received an unknown key; allowed are foundation, teams; "
        "did you mean 'teams'?",
    ]
    assert not (tmp_path / "out").exists()


def test_a_mistake_is_told_without_the_bindings() -> None:
    """The settings are read before the bindings are imported, so a mistake is told at once."""
    script = (
        "import sys, stacks.settings; print(sorted({'cdktf', 'jsii', 'constructs'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_the_repositorys_own_environment_is_synthesized_quietly(tmp_path: Path) -> None:
    """The demo's environments.toml gives two stacks, and not a word on either stream."""
    (tmp_path / "environments.toml").write_bytes((ROOT / "environments.toml").read_bytes())
    done = stacks(tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    made = {path.name for path in (tmp_path / "out/stacks").iterdir()}
    assert made == {"foundation-us-east-1", "growth-dev"}
