"""A process that ends the Batch jobs of a run whose scheduler was killed.

The scheduler ends its jobs itself, after Ctrl-C too. Killed by SIGKILL or SIGTERM, or with its
terminal, it can't. The guardian is told each job on its standard input; when that ends, it ends the
jobs that it still knows: ``python -m stepwell.compute.guardian``.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress

from stepwell.compute.service import Service

REASON = "the process that ran the flow was killed"


class Guardian:
    """The scheduler's end of it; any thread may call it."""

    def __init__(self, region: str) -> None:
        # in a session of its own, Ctrl-C and the end of the terminal do not reach it
        self._process = subprocess.Popen(
            [sys.executable, "-m", "stepwell.compute.guardian", region],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip

    def watch(self, job: str) -> None:
        """From now on the job is to be ended with this process."""
        self._say(f"+{job}\n")

    def forget(self, job: str) -> None:
        """The job has ended."""
        self._say(f"-{job}\n")

    def close(self) -> None:
        """Let it end; it ends what it still watches."""
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()

    def _say(self, text: str) -> None:
        assert self._process.stdin is not None
        with suppress(OSError):  # it was killed; the scheduler still ends its jobs itself
            self._process.stdin.write(text.encode())
            self._process.stdin.flush()


def left_over(lines: Iterable[str]) -> list[str]:
    """The jobs that were to be watched and not forgotten."""
    jobs: dict[str, None] = {}
    for line in lines:
        job = line[1:].strip()
        if line.startswith("+"):
            jobs[job] = None
        else:
            jobs.pop(job, None)
    return list(jobs)


def main() -> None:
    """Read to the end of standard input, and end the jobs that are left."""
    jobs = left_over(sys.stdin)
    if jobs:
        from stepwell import aws

        failed = Service(aws.client("batch", sys.argv[1])).terminate(jobs, REASON)
        for error in failed.values():
            print(f"Error: {error}", file=sys.stderr)
        ended = len(jobs) - len(failed)
        print(f"The process that ran the flow was killed; ended Batch jobs: {ended}", file=sys.stderr)


if __name__ == "__main__":
    main()
