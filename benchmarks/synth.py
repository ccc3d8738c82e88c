"""Process time of the synth of the repository's environments, with and without the door to the bindings.

Run: ``python benchmarks/synth.py``. Both commands are whole processes, run from bytecode that is compiled
already; their times are user and system time of Python and of jsii's Node process together.
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

# The package imported before the door is reached: `modules._bindings` then finds it in place.
ORDINARY = "import runpy; import cdktf_cdktf_provider_aws; runpy.run_module('stacks', run_name='__main__', alter_sys=True)"
COMMANDS = {
    "through the door": [sys.executable, "-m", "stacks"],
    "ordinary import": [sys.executable, "-c", ORDINARY],
}


def process_seconds(command: list[str]) -> float:
    """User and system time of one synth, its child processes included, in seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with TemporaryDirectory() as folder:
        environ = {**os.environ, "CDKTF_OUTDIR": folder}
        subprocess.run(command, cwd=ROOT, env=environ, check=True, stdout=subprocess.DEVNULL)
        assert list(Path(folder).glob("stacks/*/cdk.tf.json")), "nothing was synthesized"
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Print the best of some runs of each command, their ratio, and whether the target is met."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--runs", type=int, default=3, help="of ours; the ordinary import runs once. Default: 3"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    process_seconds(COMMANDS["through the door"])  # compiles bytecode, fills jsii's package cache
    ours = min(process_seconds(COMMANDS["through the door"]) for _ in range(options.runs))
    ordinary = process_seconds(COMMANDS["ordinary import"])
    figures = {"ours_s": round(ours, 2), "ordinary_s": round(ordinary, 2), "ratio": round(ordinary / ours, 1)}
    if options.json:
        print(json.dumps({**figures, "target_s": TARGET_SECONDS}))
        return
    print(f"synth, process time: {ours:.2f} s through the door, {ordinary:.2f} s with the ordinary import")
    print(
        f"ratio {ordinary / ours:.1f}; target {TARGET_SECONDS:.0f} s: {'met' if ours <= TARGET_SECONDS else 'missed'}"
    )


if __name__ == "__main__":
    main()
