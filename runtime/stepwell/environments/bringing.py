"""Pythons that go along into containers, each packed once, for images that have another one."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from stepwell import config
from stepwell.environments import platforms, pythons, wheels
from stepwell.environments.bytecode import compile_modules
from stepwell.environments.pack import Distribution, write
from stepwell.environments.shelf import Shelf
from stepwell.errors import PackagesError


def bring(python: str, shelf: Shelf, say: Callable[[str], None], anew: bool) -> str | None:
    """The pack of a Python for containers; None where it can't be had, of which `say` is told.

    Args:
        anew: whether to try to have it once more, where that has failed.
    """
    name = f"python-{python}.{platforms.CONTAINER}.{wheels.FORM}"
    built = shelf.get("builds", name)
    lost = built and built["pack"] and not shelf.has_pack(built["pack"])
    if built is None or lost or (anew and not built["pack"]):
        say(f"Packing Python {python}, for images that have another one")
        built = _built(python, shelf)
        shelf.put("builds", name, built)
    if not built["pack"]:
        say(
            f"Python {python} does not go along, images must have it: {built['why']}; then try it again: "
            "environment resolve"
        )
    pack: str | None = built["pack"]
    return pack


def _built(python: str, shelf: Shelf) -> dict[str, Any]:
    try:
        fetched = pythons.fetched(python, platforms.CONTAINER)
    except PackagesError as error:
        return {"pack": None, "why": str(error)}
    with tempfile.TemporaryDirectory(prefix="stepwell-") as folder:
        root, packed = Path(folder, "root"), Path(folder, "pack")
        compile_modules(pythons.interpreter(python), root, pythons.copy(fetched, root))
        files = [path.relative_to(root).as_posix() for path in root.rglob("*") if not path.is_dir()]
        about = {"kind": "python", "python": python, "platform": platforms.CONTAINER}
        pack = write(root, [Distribution("python", files, [], [])], about, packed, config.cache() / "parts")
        size = packed.stat().st_size
        shelf.put_pack(pack, packed)
    return {"pack": pack, "bytes": size, "from": fetched.name}
