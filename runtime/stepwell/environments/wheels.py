"""What an environment of wheels consists of, read off what was installed of them."""

from __future__ import annotations

import csv
import hashlib
import re
from email.parser import HeaderParser
from pathlib import Path

from stepwell.environments.pack import Distribution

FIRST = "first"
"""The distribution of what any task needs: what belongs to no other, and what others say of themselves."""
FORM = 2
"""Another number, where the same wheels become another pack: parts and packs are kept by what they are of."""
_TOLD = ("METADATA", "entry_points.txt")


def distributions(root: Path, site: str, there: set[str] | None = None) -> list[Distribution]:
    """The distributions of an environment whose site-packages folder is `site`; `FIRST` is the last.

    Args:
        there: its files, but for those that are no wheel's; by default all.
    """
    folder = root / site
    if there is None:
        there = {path.relative_to(root).as_posix() for path in root.rglob("*") if not path.is_dir()}
    files = {file.removeprefix(f"{site}/") for file in there if file.startswith(f"{site}/")}
    scripts = there - {f"{site}/{file}" for file in files}
    infos = {
        normal(path.name.partition("-")[0]): path
        for path in folder.glob("*.dist-info")
        if f"{path.name}/RECORD" in files
    }
    found, first = list[Distribution](), list[str]()
    for name, info in sorted(infos.items()):
        record = (info / "RECORD").read_bytes()
        recorded = _recorded(record.decode())
        own = recorded & files
        own |= compiled(own, files)
        files -= own
        told = {f"{info.name}/{file}" for file in _TOLD} & own
        first += told
        names = sorted({importable(file) for file in own} - {""})
        listed = [f"{site}/{file}" for file in own - told] + list(recorded & scripts)
        scripts -= recorded
        key = hashlib.sha256(f"{site} {FORM} ".encode() + record).hexdigest()
        found.append(Distribution(name, listed, names, _requires(info, infos.keys() - {name}), key))
    rest = [f"{site}/{file}" for file in (*first, *files)]
    return [*found, Distribution(FIRST, [*rest, *scripts], [], [])]


def _recorded(record: str) -> set[str]:
    # scripts stand in bin/, beside the packages, whatever the record says of where
    return {re.sub(r"^(\.\./)+", "", row[0]) for row in csv.reader(record.splitlines()) if row}


def compiled(own: set[str], files: set[str]) -> set[str]:
    """Which files are compiled of modules among those of a distribution."""
    modules = {file.removesuffix(".py") for file in own if file.endswith(".py")}
    found = set()
    for file in files:
        folder, _, name = file.rpartition("/")
        if folder.endswith("__pycache__") and name.endswith(".pyc"):
            source = folder.removesuffix("__pycache__") + name.partition(".")[0]
            if source in modules:
                found.add(file)
    return found


def importable(file: str) -> str:
    """The name to import that a file of site-packages belongs to; empty for none."""
    top, slash, _ = file.partition("/")
    name = top if slash else top.partition(".")[0] if top.endswith((".py", ".so")) else ""
    return name if name.isidentifier() and name != "__pycache__" else ""


def _requires(info: Path, known: set[str]) -> list[str]:
    told = HeaderParser().parsestr((info / "METADATA").read_text(encoding="utf-8"))
    asked = told.get_all("Requires-Dist") or []
    always = [one for one in asked if not re.search(r"\bextra\b", one)]
    names = {normal(re.split(r"[^\w.-]", one, maxsplit=1)[0]) for one in always}
    return sorted(names & known)


def normal(name: str) -> str:
    """The one form of a distribution's name, without extras: ``scikit-learn`` of ``Scikit_Learn[tests]``."""
    return re.sub(r"[-_.]+", "-", name.partition("[")[0]).lower()
