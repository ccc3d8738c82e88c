"""Tasks of steps that have packages of their own: forked by a server in the Python of their environment."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stepwell import config
from stepwell.datastore import Datastore
from stepwell.environments import place, platforms
from stepwell.environments.prepare import local_folder, prepare
from stepwell.execution.files import source_file
from stepwell.execution.forkserver import ForkServer
from stepwell.execution.package import freeze
from stepwell.flow.commandline import FROZEN
from stepwell.flow.decorators.packages import Wanted
from stepwell.flow.spec import FlowSpec


def environment_servers(
    flow_class: type[FlowSpec], said: Mapping[str, Any], steps: set[str], datastore: Datastore
) -> dict[str, ForkServer]:
    """The server of each of these steps; steps of one environment share theirs.

    Args:
        said: what `stepwell.environments.prepare.prepare` has returned.
    """
    found: dict[Path, ForkServer] = {}
    servers = {}
    for step in sorted(steps & said["steps"].keys()):
        folder = local_folder(said, step, datastore)
        if folder not in found:
            found[folder] = _server(flow_class, step, folder)
        servers[step] = found[folder]
    return servers


def _server(flow_class: type[FlowSpec], step: str, folder: Path) -> ForkServer:
    # of the command line only configs matter, and a flow's file is told them as a job is
    frozen = tempfile.NamedTemporaryFile(prefix="stepwell-", suffix=".json")  # noqa: SIM115, gone with the server
    frozen.write(freeze(flow_class).to_json() or b"{}")
    frozen.flush()
    errors = tempfile.TemporaryFile()  # noqa: SIM115
    processes: list[subprocess.Popen[bytes]] = []

    def begin(ours: socket.socket, theirs: socket.socket) -> int:
        descriptor = theirs.fileno()
        words = [str(source_file(flow_class)), FROZEN, frozen.name, "task-server", str(descriptor)]
        command = [str(folder / "bin" / "python"), *words]
        processes.append(
            subprocess.Popen(
                command,
                env=_variables(folder),
                pass_fds=(descriptor,),
                stderr=errors,
                stdin=subprocess.DEVNULL,
            )
        )
        return processes[0].pid

    def why_gone() -> str:
        frozen.close()
        status = processes[0].wait()
        errors.seek(0)
        lines = errors.read().decode(errors="replace").split("\n")
        said = next(
            (line.removeprefix("Error: ") for line in reversed(lines) if line.strip()), f"status {status}"
        )
        missing = " add it to the step's packages, or import it inside of the steps that have it;"
        return (
            f"the flow's file can't be run in the environment of step '{step}': {said};"
            f"{missing if 'No module named' in said else ''} the environment is {folder}"
        )

    return ForkServer(begin, why_gone)


def go_on_in_environment(asked: Mapping[str, Wanted], step: str, datastore_url: str) -> None:
    """Let this process become the same command in the Python of a step's environment, unless it is that."""
    from stepwell.store.opening import open_store

    if Path(sys.prefix).parent == place.home():
        return
    datastore = Datastore(open_store(datastore_url), config.namespace())
    said = prepare(asked, datastore, print, made_for=[platforms.here()])
    folder = local_folder(said, step, datastore)
    python, variables = str(folder / "bin" / "python"), _variables(folder)
    sys.stdout.flush()
    os.execve(python, [python, *sys.argv], variables)


def _variables(folder: Path) -> dict[str, str]:
    return place.command_environment(folder, os.environ, config.cache() / "runtime" / _key())


def _key() -> str:
    """A name for where this Stepwell lies: one machine may have several."""
    import hashlib

    import stepwell

    return hashlib.sha256(stepwell.__file__.encode()).hexdigest()[:16]
