"""Code packages: the same files, the same bytes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from stepwell.errors import UsageError
from stepwell.execution import files, package


def make(folder: Path) -> Path:
    (folder / "helpers").mkdir(parents=True)
    (folder / "flow.py").write_text("print('flow')\n")
    (folder / "helpers" / "data.sql").write_text("select 1")
    (folder / "helpers" / "big.parquet").write_bytes(b"not code")
    for hidden in (".git", "__pycache__", "env", "node_modules"):
        (folder / hidden).mkdir()
        (folder / hidden / "inside.py").write_text("no")
    (folder / "env" / "pyvenv.cfg").write_text("")
    (folder / ".secret.py").write_text("no")
    return folder / "flow.py"


def test_same_files_same_bytes(tmp_path: Path) -> None:
    """Two folders with the same code give the same package byte for byte, whatever their times and modes."""
    one, two = make(tmp_path / "one"), make(tmp_path / "two")
    os.utime(two, (1, 1))
    two.chmod(0o755)
    assert package.pack(one) == package.pack(two)


def test_only_code_goes_in(tmp_path: Path) -> None:
    """Hidden files, caches, virtual environments and data stay out; what is packed is unpacked as it was."""
    packed = package.pack(make(tmp_path / "flow"))
    assert packed.files == {"flow.py": 14, "helpers/data.sql": 8}
    package.unpack(packed.data, tmp_path / "out")
    assert (tmp_path / "out" / "helpers" / "data.sql").read_text() == "select 1"
    assert sorted(path.name for path in (tmp_path / "out").rglob("*") if path.is_file()) == [
        "data.sql",
        "flow.py",
    ]


def test_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package above the limit is refused, and the largest files are named."""
    flow = make(tmp_path / "flow")
    (flow.parent / "large.json").write_text("x" * 500)
    monkeypatch.setattr(files, "MAX_BYTES", 400)
    with pytest.raises(
        UsageError, match=r"above the limit of 400; the largest files are large.json \(500 by"
    ):
        package.pack(flow)
