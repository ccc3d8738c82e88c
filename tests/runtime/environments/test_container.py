"""In a container an environment is there at once, and unpacked as far as it is imported."""

from __future__ import annotations

import errno
import os
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pytest

from stepwell.datastore import Datastore
from stepwell.environments import pack as pack_module
from stepwell.environments import platforms, prepare
from stepwell.environments.container import unpacking
from stepwell.environments.pack import Distribution, Pack, write
from stepwell.errors import StoreError
from stepwell.flow.decorators.packages import Wanted
from tests.runtime.environments.conftest import write_wheel


@pytest.fixture
def packed(wheels: Path, datastore: Datastore, tmp_path: Path) -> Path:
    """The pack of an environment with tree, which needs leaf, and stone."""
    write_wheel(wheels, "oak", "1.0", **{"tests/__init__": "X = 5\n"})
    asked = {"a": Wanted("pypi", None, (("oak", ""), ("stone", ""), ("tree", "")))}
    said = prepare.prepare(asked, datastore, print)
    return tmp_path / f"cache/packs/{said['steps']['a']['packs'][platforms.CONTAINER]}.pack"


def there(folder: Path) -> set[str]:
    """The packages that are unpacked in an environment."""
    return {path.parent.name for path in folder.rglob("__init__.py")}


def test_imports_unpack_what_they_need(packed: Path, tmp_path: Path) -> None:
    """An import unpacks the package and what it requires, also in processes that the step starts; others
    and tests stay packed, while what packages say of themselves is there for all."""
    code = (
        "import subprocess, sys, tree; from importlib.metadata import version; print(version('stone')); "
        "subprocess.run([sys.executable, '-c', 'import tree.top, leaf.data; print(leaf.data.WORD)'])"
    )
    folder = tmp_path / "e"
    with (
        pa.OSFile(str(packed)) as file,
        unpacking(Pack(file, packed.stem), folder, os.environ) as (python, env),
    ):
        assert there(folder) == set()
        assert subprocess.check_output([python, "-c", code], env=env, text=True) == "3.1\nleaf\n"
        assert there(folder) == {"tree", "leaf"}
        subprocess.run([python, "-c", "import oak"], env=env, check=True)
        assert there(folder) == {"tree", "leaf", "oak"}
        tests = subprocess.check_output(
            [python, "-c", "import oak.tests; print(oak.tests.X)"], env=env, text=True
        )
        assert tests == "5\n" and "tests" in there(folder)
        missing = subprocess.run([python, "-c", "import pandas"], env=env, capture_output=True, text=True)
        assert missing.stderr.strip().endswith("ModuleNotFoundError: No module named 'pandas'")


def test_what_is_asked_for_is_unpacked_ahead(packed: Path, tmp_path: Path) -> None:
    """What a step asks for is unpacked, with what it requires, before it is imported; nothing is when the
    task is over, and who asks meanwhile waits until all of it is there, and no longer."""
    enough = threading.Event()
    with pa.OSFile(str(packed)) as file:
        pack = Pack(file, packed.stem)
        pack.unpack_ahead(tmp_path / "e", ["no such", "tree"], enough)
        assert there(tmp_path / "e") == {"tree", "leaf"}
        enough.set()
        pack.unpack_ahead(tmp_path / "e", ["stone"], enough)
        assert there(tmp_path / "e") == {"tree", "leaf"}
        with ThreadPoolExecutor(8) as pool:
            asking = [pool.submit(pack.unpack, tmp_path / "e", ["stone"]) for _ in range(8)]
            assert [one.result() for one in asking] == [None] * 8
        assert there(tmp_path / "e") == {"tree", "leaf", "stone"}
    folder = tmp_path / "f"
    with (
        pa.OSFile(str(packed)) as file,
        unpacking(Pack(file, packed.stem), folder, os.environ, ["oak"]) as (python, env),
    ):
        subprocess.run([python, "-c", "import oak, tree"], env=env, check=True)
        assert {"oak", "tree"} <= there(folder)


def test_a_full_disk_is_one_line(packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where an environment can't be written, the import says so, and what to do."""

    def full(*given: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with (
        pa.OSFile(str(packed)) as file,
        unpacking(Pack(file, packed.stem), tmp_path / "e", os.environ) as (python, env),
    ):
        monkeypatch.setattr(pack_module.os, "write", full)
        done = subprocess.run([python, "-c", "import stone"], env=env, capture_output=True, text=True)
        monkeypatch.undo()
    said = (
        f"ImportError: environment {packed.stem[:12]}: can't be unpacked into {tmp_path / 'e'}: No space left"
    )
    assert done.stderr.splitlines()[-1].startswith(said)


def test_stepwell_is_the_one_that_starts_the_task(packed: Path, tmp_path: Path) -> None:
    """An environment has no Stepwell of its own, and no other package of whoever starts it."""
    import stepwell

    code = "import stepwell, sys, os; print(os.path.realpath(stepwell.__file__)); import pytest"
    with (
        pa.OSFile(str(packed)) as file,
        unpacking(Pack(file, packed.stem), tmp_path / "e", os.environ) as (python, env),
    ):
        done = subprocess.run([python, "-c", code], env=env, capture_output=True, text=True)
    assert done.stdout == f"{os.path.realpath(stepwell.__file__)}\n"
    assert "No module named 'pytest'" in done.stderr


def test_a_damaged_pack_is_refused(tmp_path: Path) -> None:
    """A part or an index that is not what was packed is refused, whichever byte differs."""
    root = tmp_path / "root"
    root.mkdir()
    (root / "a.txt").write_text("one " * 1000)
    one = Distribution("one", ["a.txt"], [], [])
    name = write(root, [one], {"python": "3.11"}, tmp_path / "pack", tmp_path / "kept")
    good = (tmp_path / "pack").read_bytes()
    Pack(pa.BufferReader(good), name).unpack(tmp_path / "good")
    assert (tmp_path / "good/a.txt").read_text() == "one " * 1000
    for position, what in ((10, "its part one"), (len(good) - 60, "its index")):
        bad = bytearray(good)
        bad[position] ^= 1
        with pytest.raises(StoreError, match=f"environment {name[:12]}: {what} does not match its hash"):
            Pack(pa.BufferReader(bytes(bad)), name).unpack(tmp_path / "bad")
