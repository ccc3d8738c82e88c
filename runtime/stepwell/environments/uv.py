"""What uv does for environments: find versions that fit together, and install them.

uv is a program, found in the package ``uv`` or on the PATH; where it looks for packages, and with which
credentials, is its own configuration's to say (``uv.toml``, ``UV_INDEX`` and others).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from stepwell.environments import platforms
from stepwell.errors import PackagesError, UsageError

_ONLY_WHEELS = ("--only-binary", ":all:")
_WAYS_OUT = {
    "Failed to install cpython": "put such a Python on the PATH, check the network, or name a mirror of "
    "python-build-standalone (UV_PYTHON_INSTALL_MIRROR)",
    "No download found|[Nn]o Python": "choose a version that uv has: uv python list",
    "Failed to fetch|dns error|tcp connect|network was disabled|timed out": "check the network, and where "
    "uv looks for packages (UV_INDEX, UV_DEFAULT_INDEX, uv.toml)",
    "Hash mismatch": "the file is another one than was locked: find out why; where that is well, resolve "
    "again: environment resolve",
    "no usable wheels|matching platform|no wheels with|matching Python": "choose a version that has a wheel "
    "for each of {platforms}, or use @conda",
    "no version of|not found in the": "correct the name or the version",
}


@cache
def program() -> str:
    """The path of uv. Raises `UsageError` where there is none."""
    try:
        from uv import find_uv_bin

        return str(find_uv_bin())
    except (ImportError, FileNotFoundError):
        if found := shutil.which("uv"):
            return found
    raise UsageError(
        "uv, which makes environments of packages, is not there; install it: pip install 'stepwell[pypi]', "
        "or use what is installed: --environment=local before the command"
    )


def find_python(python: str) -> str | None:
    """The path of a Python of this machine, of a version; None for none."""
    words = ["python", "find", "--no-project", "--system", "--no-python-downloads", python]
    done = subprocess.run([program(), *words], capture_output=True, text=True)
    return None if done.returncode else done.stdout.strip()


def fetch_python(key: str) -> Path:
    """Fetch a Python, unless it is there; returns the folder in which all of them lie.

    Args:
        key: uv's name for it, such as ``cpython-3.12-linux-x86_64-gnu``.

    Raises:
        PackagesError: there is none, or it can't be fetched.
    """
    _run(["python", "install", "--no-bin", key], f"Python {key}", [])
    return Path(_run(["python", "dir"], f"Python {key}", []).strip())


def lock(
    requirements: Sequence[str],
    python: str,
    platforms_: Sequence[str],
    what: str,
    *,
    pinned: str = "",
    left_out: Iterable[str] = (),
) -> str:
    """The versions that fit together on all platforms, with the hashes of their files, as requirements.

    Args:
        what: whom they are for, which messages begin with.
        pinned: versions that are there already, as requirements.
        left_out: names of packages that are not to be installed, for they are there.

    Raises:
        PackagesError: there are none, or no index can be reached.
    """
    with tempfile.TemporaryDirectory(prefix="stepwell-") as folder:
        asked, there = Path(folder, "requirements.in"), Path(folder, "constraints.txt")
        asked.write_text("\n".join(requirements))
        there.write_text(pinned)
        words = [
            "pip", "compile", str(asked), "--constraint", str(there), "--python-version", python,
            "--generate-hashes", "--no-header", "--no-annotate", "--no-emit-index-url",
            "--no-emit-find-links", *_ONLY_WHEELS,
        ]  # fmt: skip
        words += [word for name in left_out for word in ("--no-emit-package", name)]
        if len(platforms_) == 1:
            return _run([*words, "--python-platform", platforms.TRIPLES[platforms_[0]]], what, platforms_)
        text = _run([*words, "--universal"], what, platforms_)
        for platform in platforms_:  # that the version has wheels for it is said now, not when a job starts
            _install(text, python, platform, Path(folder, "nothing"), what, "--dry-run")
        return text


def install(text: str, python: str, platform: str, to: Path, what: str) -> None:
    """Install what is locked into a folder, each file with the hash that it was locked with.

    Raises:
        PackagesError: a file is another one, or can't be fetched.
    """
    _install(text, python, platform, to, what)


def _install(text: str, python: str, platform: str, to: Path, what: str, *more: str) -> None:
    with tempfile.TemporaryDirectory(prefix="stepwell-") as folder:
        locked = Path(folder, "requirements.txt")
        locked.write_text(text)
        words = [
            "pip", "install", "--target", str(to), "--python-version", python, "--require-hashes",
            "--python-platform", platforms.TRIPLES[platform], "--no-deps", "--python", sys.executable,
            "-r", str(locked), *_ONLY_WHEELS, *more,
        ]  # fmt: skip
        _run(words, what, [platform])


def _run(words: Sequence[str], what: str, platforms_: Sequence[str]) -> str:
    environ = {**os.environ, "NO_COLOR": "1", "UV_NO_PROGRESS": "1"}
    done = subprocess.run([program(), *words], capture_output=True, text=True, env=environ)
    if done.returncode == 0:
        return done.stdout
    raise PackagesError(f"{what}: {told(done.stderr, platforms_)}")


def told(stderr: str, platforms_: Sequence[str]) -> str:
    """What uv said of an error, as one line with the way out."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", stderr)
    text = text[text.rfind("error: ") :].removeprefix("error: ") if "error: " in text else text
    said = " ".join(text.partition("\n\nhint:")[0].split()).replace(" cause: ", ": ")
    said = said.replace(", we can conclude that your requirements are unsatisfiable.", "").rstrip(".")
    way = next((way for sign, way in _WAYS_OUT.items() if re.search(sign, text)), "correct what is asked for")
    return f"{said or 'uv failed and gave no reason'}; {way.format(platforms=', '.join(platforms_))}"
