"""Have ready what the steps of a run ask for: locked, built, and in the datastore, before the first task."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

from stepwell import config
from stepwell.datastore import Datastore, utc_now
from stepwell.environments import bringing, conda, place, platforms, pythons, uv, wheels
from stepwell.environments.bytecode import compile_modules
from stepwell.environments.pack import Distribution, is_kept, without_tests, write
from stepwell.environments.shelf import Shelf
from stepwell.errors import PackagesError
from stepwell.flow.decorators.packages import Wanted, condition, wanted
from stepwell.flow.spec import FlowSpec

Say = Callable[[str], None]


def prepare(
    asked: Mapping[str, Wanted],
    datastore: Datastore | None,
    say: Say,
    *,
    made_for: Collection[str] = (platforms.CONTAINER,),
    bring: bool = False,
    anew: bool = False,
) -> dict[str, Any]:
    """Have the environments of these steps ready; returns what is kept of them beside a run.

    That is ``steps``, by step its kind, its Python, the pack of that for containers (or None), the names of
    the distributions that it asks for, its lock and the pack of each platform; and ``locks``, the text of
    each lock by its hash.

    Args:
        asked: what each step asks for.
        datastore: where they are kept besides this machine.
        say: is told what takes its time.
        made_for: the platforms that they are built for now; they are locked for this machine and containers.
        bring: whether containers get a Python of the version that is asked for, where their image has none.
        anew: whether to look for versions even where that was done before.

    Raises:
        PackagesError: what is asked for does not fit together, can't be fetched, or is not what was locked.
        UsageError: uv is not there.
    """
    shelf = Shelf(datastore)
    said: dict[str, Any] = {"steps": {}, "locks": {}}
    ready: dict[Wanted, dict[str, Any]] = {}
    for step, one in asked.items():
        if one not in ready:
            steps = [name for name, other in asked.items() if other == one]
            what = f"environment of {'step' if len(steps) == 1 else 'steps'} {', '.join(steps)}"
            ready[one] = _Maker(one, shelf, say, what).make(made_for, bring, anew)
        about = dict(ready[one])
        said["locks"][about["lock"]] = about.pop("text")
        said["steps"][step] = about
    return said


def prepare_run(
    asked: Mapping[str, Wanted], on_batch: Collection[str], datastore: Datastore, say: Say
) -> dict[str, Any]:
    """`prepare` for a run of which some steps are Batch jobs, and the others processes of this machine."""
    made_for = {platforms.CONTAINER if step in on_batch else platforms.here() for step in asked}
    return prepare(asked, datastore, say, made_for=made_for, bring=bool(on_batch))


def prepare_deployment(flow_class: type[FlowSpec], datastore: Datastore | None) -> dict[str, Any]:
    """`prepare` for a flow that is deployed; nothing where its steps have no packages of their own."""
    asked = wanted(flow_class, flow_class.step_functions())
    return prepare(asked, datastore, partial(print, file=sys.stderr), bring=True) if asked else {}


def requirements() -> list[str]:
    """What Stepwell itself needs, which is in every environment."""
    return [one for one in metadata.requires("stepwell") or () if "extra ==" not in one]


class _Maker:
    """Makes one environment."""

    def __init__(self, wanted: Wanted, shelf: Shelf, say: Say, what: str) -> None:
        self._wanted, self._shelf, self._say, self._what = wanted, shelf, say, what
        self._platforms = sorted({platforms.here(), platforms.CONTAINER})
        self._python = wanted.python or f"{sys.version_info[0]}.{sys.version_info[1]}"

    def make(self, made_for: Collection[str], bring: bool, anew: bool) -> dict[str, Any]:
        locked = self._lock(anew)
        lock = _hash(locked)
        packs = {platform: self._build(lock, locked["text"], platform) for platform in made_for}
        asked = bring and self._wanted.python and self._wanted.kind == "pypi"
        brought = bringing.bring(self._python, self._shelf, self._say, anew) if asked else None
        return {
            "kind": self._wanted.kind, "python": self._python, "interpreter": brought,
            "asked": [wheels.normal(name) for name, _ in self._wanted.packages],
            "lock": lock, "packs": packs, "text": locked["text"],
        }  # fmt: skip

    def _lock(self, anew: bool) -> dict[str, Any]:
        asked = {**self._wanted._asdict(), "python": self._python, "platforms": self._platforms}
        name = _hash({**asked, "stepwell": requirements()})
        found = None if anew else self._shelf.get("locks", name)
        if found is None:
            self._say(f"Resolving the {self._what}: {self._wanted}")
            found = {**asked, "text": self._resolve(), "at": utc_now().isoformat()}
            self._shelf.put("locks", name, found)
        return found

    def _resolve(self) -> str:
        if self._wanted.kind == "conda":
            return conda.lock(self._wanted, requirements(), self._python, self._platforms, self._what)
        own = [name + condition(version) for name, version in self._wanted.packages]
        return uv.lock([*own, *requirements()], self._python, self._platforms, self._what)

    def _install(self, root: Path, site: str, text: str, platform: str) -> None:
        if self._wanted.kind == "conda":
            conda.install(text, self._python, platform, root, root / site, self._what)
        else:
            uv.install(text, self._python, platform, root / site, self._what)
        _move_scripts(root / site / "bin", root / "bin")

    def _read(self, root: Path, site: str) -> tuple[list[Distribution], dict[str, Any]]:
        """The distributions that are installed, and what else the pack says."""
        if self._wanted.kind == "conda":
            found, moved = conda.distributions(root, site)
            return [*without_tests(found)], {
                "first": [wheels.FIRST, "python"],
                "prefix": conda.PREFIX,
                "moved": moved,
            }
        return [*without_tests(wheels.distributions(root, site))], {"first": [wheels.FIRST]}

    def _build(self, lock: str, text: str, platform: str) -> str:
        name = f"{lock}.{platform}.{wheels.FORM}"
        built = self._shelf.get("builds", name)
        if built is None or not self._shelf.has_pack(built["pack"]):
            built = self._built(lock, text, platform)
            self._shelf.put("builds", name, built)
        pack: str = built["pack"]
        return pack

    def _built(self, lock: str, text: str, platform: str) -> dict[str, Any]:
        self._say(f"Building the {self._what}: for {platform}, Python {self._python}")
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="stepwell-") as folder:
            root, packed, kept = Path(folder, "root"), Path(folder, "pack"), config.cache() / "parts"
            site = place.site_packages(self._python)
            python = "" if self._wanted.kind == "conda" else pythons.interpreter(self._python)
            self._install(root, site, text, platform)
            new = [one for one in self._read(root, site)[0] if not is_kept(one, kept)]
            compile_modules(
                python or str(root / "bin" / "python"), root, [file for one in new for file in one.files]
            )
            found, more = self._read(root, site)
            about = {"kind": self._wanted.kind, "python": self._python, "platform": platform, "lock": lock}
            pack = write(root, found, {**about, **more}, packed, kept)
            count = sum(not one.name.endswith(" tests") for one in found) - 1
            size = packed.stat().st_size
            self._shelf.put_pack(pack, packed)
        seconds = time.monotonic() - began
        self._say(
            f"Built the {self._what} as {pack[:12]} in {seconds:.1f} s: {count} packages, "
            f"{size / 1e6:,.0f} MB"
        )
        return {"pack": pack, "bytes": size, "packages": count, "seconds": round(seconds, 1)}


def _move_scripts(site: Path, to: Path) -> None:
    """Put scripts of wheels where they are found, to be run by the environment's Python wherever it lies."""
    to.mkdir(exist_ok=True)
    for script in site.glob("*"):
        text = script.read_bytes() if script.is_file() else b""
        if text.startswith(b"#!") and b"python" in text.partition(b"\n")[0]:
            script.write_bytes(b"#!/usr/bin/env python\n" + text.partition(b"\n")[2])
        if text:
            script.rename(to / script.name)
    shutil.rmtree(site, ignore_errors=True)


def local_folder(said: Mapping[str, Any], step: str, datastore: Datastore) -> Path:
    """The folder of a step's environment on this machine; it is unpacked there, if it was not yet.

    Args:
        said: what `prepare` has returned.
    """
    about = said["steps"][step]
    name = about["packs"][platforms.here()]
    if not place.tree(name).exists():
        shelf = Shelf(datastore)
        if not shelf.has_pack(name):
            raise PackagesError(
                f"environment {name[:12]} of step '{step}' is gone from {datastore.store.url}"
            )
        with shelf.pack(name) as pack:
            place.unpack(pack, None if about["kind"] == "conda" else pythons.interpreter(about["python"]))
    return place.tree(name)


def _hash(document: Mapping[str, Any] | Sequence[Any]) -> str:
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
