"""What the image of Batch jobs is made of: its instructions are read, and run as processes without Docker."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from stepwell.environments import platforms, uv

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
INSTRUCTIONS = [
    (line.split()[0], line.partition(" ")[2])
    for line in re.sub(r"\\\n|^#.*\n", "", DOCKERFILE, flags=re.M).splitlines()
    if line
]
BUILT = INSTRUCTIONS[: max(at for at, (word, _) in enumerate(INSTRUCTIONS) if word == "FROM")]
"""The instructions of the first stage, which the last one copies a folder of."""


def sources() -> list[str]:
    """What is copied from the repository."""
    copied = [rest.split()[:-1] for word, rest in INSTRUCTIONS if word == "COPY" and "--from" not in rest]
    return [name for names in copied for name in names]


def test_every_requirement_is_pinned_by_hash() -> None:
    """requirements-runtime.txt has each requirement of the wheel, and each version in it has its hashes."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    blocks = re.split(r"\n(?=\S)", (ROOT / "requirements-runtime.txt").read_text())
    pinned = {match[1] for block in blocks if (match := re.match(r"([\w.-]+)==\S+", block))}
    assert {re.match(r"[\w-]+", one)[0] for one in project["dependencies"]} <= pinned  # type: ignore[index]
    assert all("--hash=sha256:" in block for block in blocks if "==" in block.partition("\n")[0])
    assert "--require-hashes --requirement /build/requirements-runtime.txt" in DOCKERFILE


def test_the_image_is_nobody_s() -> None:
    """Jobs run as a user without rights, by number, and start Stepwell's job, without a shell; the base is a
    small one of one Python, without what it is built with; nothing is fetched but by pip."""
    last = [word for word, _ in INSTRUCTIONS].index("USER")
    assert INSTRUCTIONS[last] == ("USER", "1000")
    assert INSTRUCTIONS[-1] == ("CMD", '["python", "-m", "stepwell.job"]')
    assert re.fullmatch(r"BASE=python:3\.\d+-slim-[a-z]+", INSTRUCTIONS[0][1])
    assert [rest.split()[0] for word, rest in INSTRUCTIONS if word == "FROM"] == ["${BASE}", "${BASE}"]
    assert {word for word, _ in INSTRUCTIONS} == {
        "ARG", "FROM", "COPY", "RUN", "ENV", "USER", "WORKDIR", "CMD",
    }  # fmt: skip
    installs = re.findall(r"pip install ([^&;\n]+)", DOCKERFILE)
    assert len(installs) == 3 and all("--no-cache-dir" in words for words in installs)
    assert not re.search(r"\b(apt-get|curl|wget|sudo|chmod)\b", DOCKERFILE)


def test_what_is_copied_is_there() -> None:
    """Each file that is copied is in the repository, and goes to the builder, which gets nothing else."""
    assert all((ROOT / name).exists() for name in sources())
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert {line[1:] for line in ignored if line.startswith("!")} == set(sources())
    assert "*" in ignored and "**/__pycache__" in ignored


def test_the_image_is_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands of the first stage make a folder with this Stepwell, without pip; each requirement has a
    wheel, of the hash that is pinned, for the base's Python."""
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.setenv("PIP_NO_COMPILE", "1")
    (tmp_path / "build").mkdir()
    version = re.search(r"python:(3\.\d+)", INSTRUCTIONS[0][1])
    assert version is not None
    fetch = f"{uv.program()} pip install --dry-run --only-binary :all: --python-version {version[1]} "
    fetch += f"--target {tmp_path}/nothing --python-platform {platforms.TRIPLES[platforms.CONTAINER]}"
    for word, rest in BUILT:
        if word == "COPY":
            *names, to = rest.replace("/build", f"{tmp_path}/build").split()
            for name in names:
                place = Path(to, name) if to.endswith("/") else Path(to)
                copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
                copy(ROOT / name, place)
        if word == "RUN":
            command = rest.replace("/opt/stepwell", f"{tmp_path}/opt").replace("/build", f"{tmp_path}/build")
            command = re.sub(r"\S+/pip install --no-cache-dir(?= --require-hashes)", fetch, command)
            path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
            done = subprocess.run(
                ["sh", "-ec", command], env={**os.environ, "PATH": path}, capture_output=True
            )
            assert done.returncode == 0, done.stderr.decode()[-3000:]
    python = tmp_path / "opt/bin/python"
    said = subprocess.check_output([python, "-c", "import stepwell; print(stepwell.__file__)"], text=True)
    assert said.startswith(f"{tmp_path}/opt/lib/")
    assert not list(tmp_path.glob("opt/bin/pip*")) and not list(tmp_path.rglob("opt/**/stacks"))
