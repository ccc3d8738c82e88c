"""A process that outlives its server by a moment, to end what the server left behind.

The server and the processes of its Batch jobs hold the write end of one pipe, the guardian the
read end. Lines ``+PID`` and ``-PID`` say which process groups are alive; the end of the stream
says that the server is gone, however it went: also by SIGKILL, which no handler can see.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import tempfile
from pathlib import Path

REGISTER_AND_RUN = 'echo "+$$" >&0; unset PWD OLDPWD SHLVL; exec "$@" </dev/null'
"""Shell script with the pipe as its standard input. It is the child that registers, before it
becomes the job: registered by the server, a job started just before a SIGKILL would be missed."""


class Guardian:
    """The server's side. Create it before the first thread and the first socket: it forks."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="stepwell-cloud-"))
        """For what jobs work in; the guardian removes it last of all."""
        read_end, self.pipe = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            os.close(self.pipe)
            _watch(read_end, self.folder)
        os.close(read_end)

    def forget(self, group: int) -> None:
        """The process group has ended; its number may be used again."""
        os.write(self.pipe, b"-%d\n" % group)

    def close(self) -> None:
        """End every process group still registered, and return when that is done."""
        os.close(self.pipe)
        os.waitpid(self._pid, 0)


def _watch(pipe: int, folder: Path) -> None:
    os.setsid()
    groups: set[int] = set()
    with os.fdopen(pipe, "rb") as lines:
        for line in lines:
            (groups.add if line.startswith(b"+") else groups.discard)(int(line[1:]))
    for group in groups:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)
