"""Code packages: the same files, the same bytes."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from stepwell import Flow
from stepwell.errors import PlatformError, UsageError
from stepwell.execution import files, package
from stepwell.execution.revision import ask
from stepwell.flow.commandline import Frozen
from tests.support import run_flow, write_flow


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


def git(folder: Path, *words: str) -> None:
    who = ["-c", "user.name=ada", "-c", "user.email=ada@example.com"]
    subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)


def test_what_git_ignores_stays_out(tmp_path: Path) -> None:
    """In a work tree of git, files and folders that a `.gitignore` names are not packed, wherever it lies."""
    flow = make(tmp_path / "tree" / "flow")
    git(tmp_path / "tree", "init")
    (tmp_path / "tree/.gitignore").write_text("secret*\n/flow/built/\n")
    (flow.parent / "built").mkdir()
    for name in ("built/made.py", "secrets.json", "helpers/secret.txt", "helpers/kept.txt"):
        (flow.parent / name).write_text("x")
    assert set(package.pack(flow).files) == {"flow.py", "helpers/data.sql", "helpers/kept.txt"}


def test_suffixes_that_are_asked_for(tmp_path: Path) -> None:
    """Files of other kinds go in where their suffix is asked for."""
    flow = make(tmp_path / "flow")
    assert set(package.pack(flow, suffixes=[".parquet"]).files) == {
        "flow.py", "helpers/big.parquet", "helpers/data.sql",
    }  # fmt: skip


def test_the_commit_is_known(tmp_path: Path) -> None:
    """The commit is told, and whether anything but hidden files was changed or added since."""
    flow = make(tmp_path / "flow")
    assert ask(flow)() is None
    git(flow.parent, "init")
    assert ask(flow)() is None
    git(flow.parent, "add", "flow.py", "helpers", "env")
    git(flow.parent, "commit", "-m", "first")
    shutil.rmtree(flow.parent / "node_modules")
    shutil.rmtree(flow.parent / "__pycache__")
    told = ask(flow)()
    assert told is not None and len(told["commit"]) == 40 and not told["dirty"]
    (flow.parent / "new.py").write_text("x")
    assert ask(flow)() == {**told, "dirty": True}


def test_the_commit_is_kept_with_the_run(tmp_path: Path) -> None:
    """A run says at which commit it was started, and whether the tree was dirty."""
    file = write_flow(
        tmp_path,
        """
        @step
        def start(self):
            self.next(self.end)
        @step
        def end(self): pass
        """,
    )
    git(tmp_path, "init")
    git(tmp_path, "add", "made.py")
    git(tmp_path, "commit", "-m", "first")
    for dirty in (False, True):
        ended = run_flow(file, tmp_path / ".home", "run")
        assert ended.returncode == 0, ended.stderr
        kept = Flow(
            "Made", datastore=str(tmp_path / ".home"), namespace="user/tester"
        ).latest_run.info.revision
        assert kept == {**(ask(file)() or {}), "dirty": dirty} and len(kept["commit"]) == 40
        (tmp_path / "new.py").write_text("x = 1")


@pytest.mark.parametrize(
    ("image", "flow", "fits"),
    [("0.4.2", "0.4.1", True), ("0.4.1", "0.4.2", False), ("0.5.0", "0.4.2", False), ("2.3.0", "2.1.9", True),
     ("2.0.0", "1.9.9", False), ("1.0", "", True)],
)  # fmt: skip
def test_an_image_has_a_stepwell_that_fits(image: str, flow: str, fits: bool) -> None:
    """Tasks run with a Stepwell of the series that a flow was deployed with, and no older one."""
    if fits:
        package.check_runtime(Frozen(stepwell=flow), image)
        return
    with pytest.raises(
        PlatformError, match=f"this image has Stepwell {image}, and .* deployed with {flow}; let"
    ):
        package.check_runtime(Frozen(stepwell=flow), image)


def test_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package above the limit is refused, and the largest files are named."""
    flow = make(tmp_path / "flow")
    (flow.parent / "large.json").write_text("x" * 500)
    monkeypatch.setattr(files, "MAX_BYTES", 400)
    with pytest.raises(
        UsageError, match=r"above the limit of 400; the largest files are large.json \(500 by"
    ):
        package.pack(flow)
