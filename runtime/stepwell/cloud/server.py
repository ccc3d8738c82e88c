"""The local cloud's process: moto behind one loopback port, with Batch jobs as local processes.

``python -m stepwell.cloud.server --state DIR`` writes ``DIR/cloud.json`` once it serves.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

from stepwell.cloud.guardian import Guardian
from stepwell.cloud.identities import Everybody, Identities
from stepwell.cloud.slots import Slots, slots_of
from stepwell.errors import StepwellError

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
"""What WSGI calls one."""

HOST = "127.0.0.1"
IDENTITY_PATH = "/_stepwell/cloud"
LOCK = "server.lock"
"""A file that the server holds a lock on until its last instant, however it ends."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until SIGTERM or SIGINT, or the end of what is read; then end every job and return."""
    parser = argparse.ArgumentParser(prog="python -m stepwell.cloud.server")
    parser.add_argument("--port", type=int, default=0, help="0 chooses a free one")
    parser.add_argument("--state", type=Path, required=True, metavar="DIR")
    parser.add_argument("--enforce-iam", action="store_true", help="refuse what no policy allows")
    parser.add_argument(
        "--without", action="append", default=[], metavar="PATCH", help="to see whether moto still needs it"
    )
    parser.add_argument("--while-stdin", action="store_true", help="serve until standard input ends")
    options = parser.parse_args(arguments)
    try:
        slots = Slots(slots_of(os.environ))
    except StepwellError as error:
        sys.exit(f"Error: {error}")

    guardian = Guardian()
    try:
        _serve(options, guardian, slots)
    finally:
        guardian.close()


def _serve(options: argparse.Namespace, guardian: Guardian, slots: Slots) -> None:
    listener = socket.create_server((HOST, options.port))
    port, state = listener.getsockname()[1], options.state
    state.mkdir(parents=True, exist_ok=True)
    url = f"http://{HOST}:{port}"
    os.environ["MOTO_PORT"] = str(port)  # moto's Step Functions calls back over it

    from moto.core.config import default_user_config
    from moto.moto_server.werkzeug_app import (
        DomainDispatcherApplication,
        MotoRequestHandler,
        create_backend_app,
    )
    from werkzeug.serving import make_server

    from stepwell.cloud import patches
    from stepwell.cloud.jobs import JobHost

    default_user_config["stepfunctions"]["execute_state_machine"] = True
    default_user_config["iam"]["load_aws_managed_policies"] = True
    moto: Application = DomainDispatcherApplication(create_backend_app)
    identities: Identities = Everybody()
    if options.enforce_iam:
        from stepwell.cloud.iam.enforcement import enforced

        moto, identities = enforced(moto, url, guardian.folder)
    patches.apply(JobHost(url, guardian, slots, identities), options.without)

    fcntl.flock(os.open(state / LOCK, os.O_CREAT | os.O_RDWR), fcntl.LOCK_EX)
    identity = {
        "pid": os.getpid(),
        "port": port,
        "url": url,
        "started": datetime.now(UTC).isoformat(timespec="microseconds"),
        "enforces_iam": options.enforce_iam,
    }
    server = make_server(
        HOST,
        port,
        _with_identity(moto, identity),
        threaded=True,
        request_handler=MotoRequestHandler,
        fd=listener.fileno(),
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    if options.while_stdin:
        threading.Thread(target=_leave_with_stdin, daemon=True).start()
    _write_whole(state / "cloud.json", json.dumps(identity))
    server.serve_forever()


def _with_identity(application: Application, identity: dict[str, Any]) -> Application:
    def dispatch(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] != IDENTITY_PATH:
            return application(environ, start_response)
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps(identity).encode()]

    return dispatch


def _leave_with_stdin() -> None:
    """Whoever writes to standard input is gone when that ends, also by SIGKILL."""
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _leave(number: int, frame: object) -> NoReturn:
    raise SystemExit(0)


def _write_whole(path: Path, text: str) -> None:
    partial = path.with_suffix(".partial")
    partial.write_text(text)
    partial.replace(path)


if __name__ == "__main__":
    main()
