"""Process time of the synth of one environment and of twenty, with and without the door to the bindings.

Run: ``python benchmarks/synth.py``. Each figure is a whole process: user and system time of Python and of
jsii's Node process together. Fresh means without compiled bytecode, as in a container or on a CI machine
that runs it for the first time; warm means with it. The environments are the repository's, repeated.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]
TARGET_SECONDS = {1: 5.0, 20: 15.0}
"""Of process time through the door, fresh or warm, by the number of environments."""

# With the package imported before the door is reached, `modules._bindings` leaves it in place.
ORDINARY = "import cdktf_cdktf_provider_aws, runpy; runpy.run_module('stacks', run_name='__main__')"
COMMANDS = {
    "door": [sys.executable, "-m", "stacks"],
    "ordinary import": [sys.executable, "-c", ORDINARY],
}


def settings(environments: int) -> str:
    """The repository's environments.toml for that many teams of one environment each."""
    one = (ROOT / "environments.toml").read_text()
    shared, found, team = one.partition("[teams.growth]")
    return shared + "".join(
        (found + team).replace("growth", f"growth{index}" if index else "growth")
        for index in range(environments)
    )


def process_seconds(command: list[str], environments: int, *, fresh: bool) -> float:
    """User and system time of one synth, its child processes included, in seconds."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "environments.toml").write_text(settings(environments))
        shutil.copy(ROOT / "cdktf.json", folder)
        environ = {**os.environ, "CDKTF_OUTDIR": f"{folder}/out", "PYTHONPATH": str(ROOT)}
        if fresh:
            environ["PYTHONPYCACHEPREFIX"] = f"{folder}/bytecode"
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, cwd=folder, env=environ, check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        made = len(list(folder.glob("out/stacks/*/cdk.tf.json")))
        if made < environments:
            raise RuntimeError(f"{made} stacks were synthesized by {command}, not {environments}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> int:
    """Print both ways side by side; exit with 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    process_seconds(COMMANDS["door"], 1, fresh=False)  # fills jsii's package cache, which both use
    figures = [
        {
            "environments": environments,
            "bytecode": "fresh" if fresh else "warm",
            "target": TARGET_SECONDS[environments],
            **{
                name: process_seconds(command, environments, fresh=fresh)
                for name, command in COMMANDS.items()
            },
        }
        for environments in TARGET_SECONDS
        for fresh in (False, True)
    ]
    if options.json:
        print(json.dumps(figures))
    else:
        print(f"{'synth, process time':24}{'door':>9}{'ordinary import':>18}{'ratio':>8}{'target':>12}")
        for row in figures:
            what = f"{row['environments']} environments, {row['bytecode']}"
            ours, ordinary = row["door"], row["ordinary import"]
            print(f"{what:24}{ours:7.2f} s{ordinary:16.2f} s{ordinary / ours:8.1f}{row['target']:9.0f} s")
    return int(any(row["door"] > row["target"] for row in figures))


if __name__ == "__main__":
    sys.exit(main())
