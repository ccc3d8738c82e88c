"""A container as far as a Batch job can tell: a process with its own group, folder and environment."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from stepwell.cloud.guardian import REGISTER_AND_RUN, Guardian

STOP_SECONDS = 30.0
"""From SIGTERM to SIGKILL when a job is stopped (AWS Batch User Guide, "Job timeouts")."""


class CannotStart(Exception):
    """The command could not become a process."""


class Container:
    """One run of `command`, started at once; standard output and error go line by line to `on_line`.

    It sees `environment` and what every container has: a PATH (this interpreter's folder first, so
    that ``python`` is the one with stepwell in it), and a working folder of its own, empty, which is
    HOME and TMPDIR too.

    Raises:
        CannotStart: no such command.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        guardian: Guardian,
        on_line: Callable[[str], None],
    ) -> None:
        self._guardian = guardian
        self._folder = tempfile.mkdtemp(prefix="job-", dir=guardian.folder)
        surroundings = {
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.defpath]),
            "HOME": self._folder,
            "TMPDIR": self._folder,  # a container's /tmp goes with it, also when the job is killed
            "LANG": "C.UTF-8",
            **environment,
        }
        if not command or shutil.which(command[0], path=surroundings["PATH"]) is None:
            shutil.rmtree(self._folder)
            name = command[0] if command else ""
            raise CannotStart(f'exec: "{name}": executable file not found in $PATH')
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", REGISTER_AND_RUN, "sh", *command],
            stdin=guardian.pipe,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=surroundings,
            cwd=self._folder,
            process_group=0,
        )
        self._reader = threading.Thread(target=self._read, args=(on_line,), daemon=True)
        self._reader.start()
        self._lock = threading.Lock()
        self._alive = True
        self._killer: threading.Timer | None = None

    def stop(self, grace: float | None = None) -> None:
        """Ask the whole process group to end, and kill it after `grace` seconds (`STOP_SECONDS`)."""
        self._signal(signal.SIGTERM)
        self._killer = threading.Timer(
            STOP_SECONDS if grace is None else grace, self._signal, [signal.SIGKILL]
        )
        self._killer.daemon = True
        self._killer.start()

    def wait(self) -> int:
        """Wait for the command's end, end what it left running, and give its exit code as Docker does."""
        code = self._process.wait()
        self._signal(signal.SIGKILL)
        with self._lock:
            self._alive = False
        if self._killer is not None:
            self._killer.cancel()
        # Whoever left the group may still hold the pipe; nobody waits for it.
        self._reader.join(timeout=1)
        self._guardian.forget(self._process.pid)
        shutil.rmtree(self._folder, ignore_errors=True)
        return code if code >= 0 else 128 - code

    def _signal(self, number: signal.Signals) -> None:
        with self._lock, contextlib.suppress(ProcessLookupError):
            if self._alive:
                os.killpg(self._process.pid, number)

    def _read(self, on_line: Callable[[str], None]) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                on_line(line.decode(errors="replace").rstrip("\r\n"))
