"""What is in the wheel, and how large it is."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

import stepwell

ROOT = Path(__file__).parents[2]
LARGEST = 650_000
"""Bytes of the wheel, without its dependencies."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of the repository as it is, built in this process without a network."""
    built = WheelBuilder(str(ROOT)).build(
        directory=str(tmp_path_factory.mktemp("wheel")), versions=["standard"]
    )
    return Path(next(iter(built)))


def test_the_wheel_is_small(wheel: Path) -> None:
    """Without its dependencies the wheel stays below its limit: containers fetch it."""
    assert wheel.stat().st_size < LARGEST


def test_the_wheel_holds_the_runtime_alone(wheel: Path) -> None:
    """The wheel has every module of `runtime/stepwell`, its license and entry points, and nothing else."""
    assert wheel.name == f"stepwell-{stepwell.__version__}-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        told = f"stepwell-{stepwell.__version__}.dist-info"
        entries = archive.read(f"{told}/entry_points.txt").decode()
    source = ROOT / "runtime"
    files = {
        path.relative_to(source).as_posix()
        for path in source.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    about = {f"{told}/{name}" for name in ("METADATA", "RECORD", "WHEEL", "entry_points.txt")}
    assert names == files | about | {f"{told}/licenses/LICENSE"}
    assert {"stepwell/py.typed", "stepwell/job.py", "stepwell/flow/spec.py"} <= files
    assert "stepwell = stepwell.cli.main:main" in entries and "stepwell.testing.plugin" in entries
