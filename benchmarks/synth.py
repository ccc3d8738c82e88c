"""Process time of the synth of the repository's environments, with and without the door to the bindings.

Run: ``python benchmarks/synth.py``. Each figure is a whole process: user and system time of Python and of
jsii's Node process together. Fresh means without compiled bytecode, as in a container or on a CI machine
that runs it for the first time; warm means with it.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]
TARGET_SECONDS = 6.0

# With the package imported before the door is reached, `modules._bindings` leaves it in place.
ORDINARY = "import cdktf_cdktf_provider_aws, runpy; runpy.run_module('stacks', run_name='__main__')"
COMMANDS = {
    "door": [sys.executable, "-m", "stacks"],
    "ordinary import": [sys.executable, "-c", ORDINARY],
}


def process_seconds(command: list[str], *, fresh: bool) -> float:
    """User and system time of one synth, its child processes included, in seconds."""
    with TemporaryDirectory() as folder:
        environ = {**os.environ, "CDKTF_OUTDIR": f"{folder}/out"}
        if fresh:
            environ["PYTHONPYCACHEPREFIX"] = f"{folder}/bytecode"
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, cwd=ROOT, env=environ, check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if not list(Path(folder).glob("out/stacks/*/cdk.tf.json")):
            raise RuntimeError(f"nothing was synthesized by {command}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> int:
    """Print both ways side by side; exit with 1 where the target is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    process_seconds(COMMANDS["door"], fresh=False)  # fills jsii's package cache, which both use
    figures = {
        kind: {name: process_seconds(command, fresh=kind == "fresh") for name, command in COMMANDS.items()}
        for kind in ("warm", "fresh")
    }
    if options.json:
        print(json.dumps({**figures, "target": TARGET_SECONDS}))
    else:
        print(f"{'synth, process time':22}{'door':>9}{'ordinary import':>18}{'ratio':>8}")
        for kind, seconds in figures.items():
            ours, ordinary = seconds.values()
            print(f"{kind:22}{ours:7.2f} s{ordinary:16.2f} s{ordinary / ours:8.1f}")
    return int(max(seconds["door"] for seconds in figures.values()) > TARGET_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
