"""An environment in a container: there at once, and unpacked as far as its step imports it.

No index is asked and nothing is resolved: the pack is read from the datastore, part by part. What the step
asks for is unpacked while its Python starts, for it will hardly not be imported.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from stepwell.environments import hook, place, pythons
from stepwell.environments.pack import Pack
from stepwell.errors import PackagesError, StepwellError

_HOOK = "import stepwell.environments.hook\n"
_MANIFESTS, _TABLES = ("arro3-core", "arro3-io"), ("pyarrow",)
"""What each task imports of Stepwell's needs; and what pandas, scikit-learn and others import where it is."""


@contextmanager
def unpacking(
    pack: Pack,
    folder: Path,
    environ: Mapping[str, str],
    asked: Sequence[str] = (),
    python: Callable[[], Pack] | None = None,
) -> Iterator[tuple[str, dict[str, str]]]:
    """An environment in a folder, as long as the block lasts: its Python, and the variables to call it with.

    Args:
        asked: the distributions that the step asks for.
        python: the pack of a Python, for an image that has none of the version.

    Raises:
        PackagesError: the image has no Python for it.
        StoreError: the pack can't be read.
    """
    index = pack.index
    if index["kind"] == "pypi":
        place.furnish(folder, pythons.found(index["python"]) or _unpacked(python, folder, index["python"]))
    pack.unpack(folder, index["first"])
    site = folder / place.site_packages(index["python"])
    site.mkdir(parents=True, exist_ok=True)
    (site / "stepwell.pth").write_text(_HOOK)
    (folder / hook.PACKED).write_text(json.dumps(sorted(pack.names)))
    variables = place.command_environment(folder, environ, folder / "runtime")
    soon, enough = [*_MANIFESTS, *asked, *_TABLES * bool(asked)], threading.Event()
    ahead = threading.Thread(target=pack.unpack_ahead, args=(folder, soon, enough), name="stepwell-ahead")
    with socket.socket(socket.AF_UNIX) as ear:
        ear.bind(str(folder / hook.SOCKET))
        ear.listen()
        threading.Thread(target=_serve, args=(ear, pack, folder), daemon=True, name="stepwell-unpack").start()
        ahead.start()
        try:
            yield str(folder / "bin" / "python"), variables
        finally:
            enough.set()
            ahead.join()


def _unpacked(python: Callable[[], Pack] | None, folder: Path, version: str) -> str:
    if python is None:
        image = f"{sys.version_info[0]}.{sys.version_info[1]}"
        raise PackagesError(
            f"the environment is of Python {version}, and this image has {image}; write python={version!r} "
            f"in @pypi, which brings one along, or python={image!r}, or take an image with Python {version}"
        )
    pack, to = python(), folder / "python"
    pack.unpack(to)
    return str(to / "bin" / f"python{'.'.join(version.split('.')[:2])}")


def _serve(ear: socket.socket, pack: Pack, folder: Path) -> None:
    names = pack.names
    with suppress(OSError):  # the block is over
        while True:
            connection, _ = ear.accept()
            with connection, suppress(OSError):  # who asked is gone
                name = connection.makefile("rb").readline().decode().strip()
                try:
                    pack.unpack(folder, names.get(name, ()))
                except StepwellError as error:
                    connection.sendall(str(error).encode())
