"""What the image of Batch jobs is made of; it is not built here."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()


def test_every_requirement_is_pinned_by_hash() -> None:
    """requirements-runtime.txt has each requirement of the wheel, and each version in it has its hashes."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    blocks = re.split(r"\n(?=\S)", (ROOT / "requirements-runtime.txt").read_text())
    pinned = {match[1] for block in blocks if (match := re.match(r"([\w.-]+)==\S+", block))}
    assert {re.match(r"[\w-]+", one)[0] for one in project["dependencies"]} <= pinned  # type: ignore[index]
    assert all("--hash=sha256:" in block for block in blocks if "==" in block.partition("\n")[0])
    assert "--require-hashes --requirement /build/requirements-runtime.txt" in DOCKERFILE


def test_the_image_is_nobody_s() -> None:
    """Jobs run as a user without rights, by number, and start Stepwell's job; what is copied is there."""
    last = DOCKERFILE.rpartition("\nFROM ")[2]
    assert re.findall(r"^USER (\S+)$", last, re.M) == ["1000"]
    assert last.rstrip().endswith('CMD ["python", "-m", "stepwell.job"]')
    for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.M):
        assert all((ROOT / name).exists() for name in line.split()[:-1])
