"""The process of a command: what it printed, what it told, and its end."""

from __future__ import annotations

import atexit
import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal

from stepwell import notices

Stream = Literal["stdout", "stderr"]
GRACE = 10.0
"""Seconds that a command has to end its tasks and itself, before it is killed."""


class Command:
    """A command in a process of its own, which ends with `close`, and with this interpreter at the latest.

    Its output goes to files of a temporary folder, so that nobody has to read them for it to go on.
    """

    def __init__(self, arguments: Sequence[str], environ: Mapping[str, str], cwd: Path) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="stepwell-runner-")
        self._files: dict[str, Path] = {
            name: Path(self._folder.name) / name for name in ("stdout", "stderr", "notices")
        }
        self._kept: dict[str, bytes] = {}
        with self._files["stdout"].open("wb") as out, self._files["stderr"].open("wb") as err:
            self._process = subprocess.Popen(
                arguments, stdin=subprocess.DEVNULL, stdout=out, stderr=err, cwd=cwd,
                env={**environ, notices.VARIABLE: str(self._files["notices"])},
            )  # fmt: skip
        atexit.register(self.close)

    @property
    def returncode(self) -> int | None:
        """Its exit status; None while it runs."""
        return self._process.poll()

    def wait(self, seconds: float) -> bool:
        """Wait for its end, so long at most; whether it has ended."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        return self.returncode is not None

    def told(self) -> dict[str, dict[str, str]]:
        """What it has told so far; see `stepwell.notices`."""
        return notices.told(self._files["notices"])

    def printed(self, stream: Stream, start: int = 0) -> bytes:
        """What it has printed so far, from byte `start` on."""
        if stream in self._kept:
            return self._kept[stream][start:]
        with self._files[stream].open("rb") as file:
            file.seek(start)
            return file.read()

    def close(self) -> None:
        """End it as Ctrl-C does, if it runs still, and remove its files; what it printed stays readable."""
        if self._kept:
            return
        atexit.unregister(self.close)
        if self.returncode is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(GRACE)
            except subprocess.TimeoutExpired:
                self._process.kill()  # the processes of its tasks go with it
                self._process.wait()
        self._kept = {"stdout": self.printed("stdout"), "stderr": self.printed("stderr")}
        self._folder.cleanup()


def environment(more: Mapping[str, str], cwd: Path) -> dict[str, str]:
    """The variables of a command in the folder `cwd`; everything local lies where it will look for it."""
    found = {**os.environ, **more}
    return {**found, "STEPWELL_HOME": str(cwd / (found.get("STEPWELL_HOME") or ".stepwell"))}
