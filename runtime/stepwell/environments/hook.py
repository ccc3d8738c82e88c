"""In the interpreter of a container's environment: packages are unpacked when they are first imported.

The environment's ``.pth`` file imports this, so that processes which a step starts have it too. What
unpacks is the job's process (`stepwell.environments.container`), which has the means for it.
"""

from __future__ import annotations

import importlib
import json
import os
import socket
import sys
from collections.abc import Sequence
from types import ModuleType

PACKED, SOCKET = "packed.json", "unpack"
"""In the environment's folder: the names that can be imported and are still packed, and whom to ask."""


TESTS = ".tests"
"""Behind the name of a package, its tests: a third of the files, which hardly a step imports."""


class Finder:
    """Stands before all other finders: asks for what is packed, and leaves finding to them."""

    def __init__(self, folder: str) -> None:
        self._socket = os.path.join(folder, SOCKET)
        with open(os.path.join(folder, PACKED), encoding="utf-8") as file:
            self._packed = set(json.load(file))

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> None:
        wanted = name if path is None else name.partition(".")[0] + TESTS if TESTS in name else ""
        if wanted in self._packed:
            ask(self._socket, wanted)
            self._packed.discard(wanted)
            importlib.invalidate_caches()


def ask(address: str, name: str) -> None:
    """Have what an import of `name` needs unpacked. Raises `ImportError` where that fails."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(address)
        connection.sendall(f"{name}\n".encode())
        answer = connection.makefile("rb").read().decode()
    if answer:
        raise ImportError(answer, name=name)


if os.path.exists(os.path.join(sys.prefix, PACKED)):
    sys.meta_path.insert(0, Finder(sys.prefix))
