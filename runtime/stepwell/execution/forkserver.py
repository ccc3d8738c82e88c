"""Start a process for a task in milliseconds: by forking a server that has everything loaded.

The server is itself forked from the command line's process, right after the flow's module was
imported and before anything there could start a thread. So the user's imports are paid once a
run, and a class of the flow's module is the same class in every task. ``multiprocessing``'s own
fork server would import the flow's module a second time, under another name.

Scheduler and server talk over a socket pair. Each request carries the write ends of three pipes:
the task's stdout, its stderr, and the one its outcome comes back on. When the scheduler is gone,
the server reads the end of the socket, kills its tasks and goes too.
"""

from __future__ import annotations

import os
import pickle
import select
import signal
import socket
import struct
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple, NoReturn

_LENGTH = struct.Struct("!I")


class Started(NamedTuple):
    """The server's word that a task's process runs."""

    ticket: int
    pid: int


class Ended(NamedTuple):
    """The server's word that a task's process is gone; a negative status is the signal that killed it."""

    ticket: int
    status: int


class Worker(NamedTuple):
    """A task's process as the scheduler sees it: the read ends of its three pipes."""

    ticket: int
    out: int
    err: int
    result: int

    def close(self) -> None:
        for descriptor in (self.out, self.err, self.result):
            os.close(descriptor)


class Served(NamedTuple):
    """What a server does: ``work(request)`` in a fresh fork for each request, which returns its outcome.

    Attributes:
        work: what a forked process does with a request; what it returns comes back pickled.
        preload: called once in the server: imports what every task needs.
        prepare: called in the server with each request before it forks for it.

    Neither of the last two may start a thread, for a fork would lose it.
    """

    work: Callable[[Any], Any]
    preload: Callable[[], None]
    prepare: Callable[[Any], None]


class ForkServer:
    """A server as the scheduler sees it.

    Args:
        begin: makes a process that serves at the other end of a socket; returns its pid.
        why_gone: says, of a server that is gone, why.
    """

    def __init__(
        self,
        begin: Callable[[socket.socket, socket.socket], int],
        why_gone: Callable[[], str] = lambda: "the process that starts tasks was killed",
    ) -> None:
        self._tickets, self.why_gone = 0, why_gone
        self._socket, theirs = socket.socketpair()
        self.pid = begin(self._socket, theirs)
        theirs.close()

    @classmethod
    def forked(cls, served: Served) -> ForkServer:
        """A fork of this process."""

        def begin(ours: socket.socket, theirs: socket.socket) -> int:
            sys.stdout.flush()
            sys.stderr.flush()
            pid = os.fork()
            if pid == 0:
                ours.close()
                serve(theirs, served)
            return pid

        return cls(begin)

    def fileno(self) -> int:
        """Readable when `events` has something to say."""
        return self._socket.fileno()

    def start(self, request: Any) -> Worker:
        """Ask for a process that works on `request`. Raises `OSError` where the server is gone."""
        self._tickets += 1
        reads, writes = zip(*(os.pipe() for _ in range(3)), strict=True)
        try:
            body = pickle.dumps((self._tickets, request))
            socket.send_fds(self._socket, [_LENGTH.pack(len(body))], list(writes))
            self._socket.sendall(body)
        finally:
            for descriptor in writes:
                os.close(descriptor)
        return Worker(self._tickets, *reads)

    def event(self) -> Started | Ended | None:
        """The next word of the server; None when it is gone."""
        try:
            return _receive(self._socket)[0]  # type: ignore[no-any-return]
        except (EOFError, ConnectionError):
            return None

    def close(self) -> None:
        """End the server and every task that still runs."""
        self._socket.close()
        with suppress(ChildProcessError):
            os.waitpid(self.pid, 0)


def _receive(connection: socket.socket) -> tuple[Any, list[int]]:
    header, descriptors, _, _ = socket.recv_fds(connection, _LENGTH.size, 3)
    header += _exactly(connection, _LENGTH.size - len(header)) if header else b""
    if not header:
        raise EOFError
    return pickle.loads(_exactly(connection, _LENGTH.unpack(header)[0])), list(descriptors)


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            raise EOFError
        data += part
    return data


def _send(connection: socket.socket, message: Started | Ended) -> None:
    body = pickle.dumps(message)
    connection.sendall(_LENGTH.pack(len(body)) + body)


def serve(connection: socket.socket, served: Served) -> NoReturn:
    """Be the server at this end of a socket."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the scheduler's to handle
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_read, False)
    os.set_blocking(wake_write, False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    tickets: dict[int, int] = {}
    try:
        served.preload()
        ears: list[Any] = [connection, wake_read]
        while True:
            readable, _, _ = select.select(ears, [], [])
            if wake_read in readable:
                with suppress(BlockingIOError):
                    os.read(wake_read, 4096)
                _reap(connection, tickets)
            if connection in readable:
                (ticket, request), pipes = _receive(connection)
                served.prepare(request)
                pid = os.fork()
                if pid == 0:
                    signal.set_wakeup_fd(-1)
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    connection.close()
                    _work(served.work, request, pipes)
                for descriptor in pipes:
                    os.close(descriptor)
                tickets[pid] = ticket
                _send(connection, Started(ticket, pid))
    except (EOFError, ConnectionError):
        pass  # the scheduler is gone, and its tasks go with it
    except BaseException:
        traceback.print_exc()
    finally:
        for pid in tickets:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        os._exit(0)


def _reap(connection: socket.socket, tickets: dict[int, int]) -> None:
    while tickets:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        if pid in tickets:
            _send(connection, Ended(tickets.pop(pid), os.waitstatus_to_exitcode(status)))


def _work(work: Callable[[Any], Any], request: Any, pipes: list[int]) -> NoReturn:
    status = 1
    try:
        out, err, result = pipes
        os.dup2(out, 1)
        os.dup2(err, 2)
        os.close(out)
        os.close(err)
        sys.stdout = open(1, "w", buffering=1, closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", buffering=1, closefd=False, errors="backslashreplace")  # noqa: SIM115
        with os.fdopen(result, "wb") as back:
            pickle.dump(work(request), back)
        sys.stdout.flush()
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)
