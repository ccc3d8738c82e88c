"""Small wheels in a folder, which is all that uv sees."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from stepwell.datastore import Datastore
from stepwell.environments import prepare
from stepwell.store.folder import open_folder

Wheel = Callable[..., Path]


def write_wheel(
    folder: Path,
    name: str,
    version: str,
    *,
    requires: tuple[str, ...] = (),
    tag: str = "py3-none-any",
    **more: str,
) -> Path:
    """A wheel with one module, and `more` of them by name."""
    info = f"{name}-{version}.dist-info"
    told = "".join(f"Requires-Dist: {one}\n" for one in requires)
    contents = {
        f"{name}/__init__.py": f"version = {version!r}\n",
        **{f"{name}/{module}.py": source for module, source in more.items()},
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{told}",
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {tag}\n",
    }
    record = "".join(f"{path},sha256={_sum(text)},{len(text)}\n" for path, text in contents.items())
    file = folder / f"{name}-{version}-{tag}.whl"
    with zipfile.ZipFile(file, "w") as archive:
        for path, text in {**contents, f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}.items():
            archive.writestr(path, text)
    return file


def _sum(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of wheels; Stepwell asks for none of its own, and everything it keeps is new."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    settings = tmp_path / "uv.toml"
    settings.write_text(f'no-index = true\nfind-links = ["{folder}"]\n')
    variables = {
        "UV_CONFIG_FILE": str(settings), "UV_HTTP_RETRIES": "0", "UV_CACHE_DIR": str(tmp_path / "uv"),
        "STEPWELL_CACHE": str(tmp_path / "cache"),
    }  # fmt: skip
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(prepare, "requirements", list)
    write_wheel(folder, "leaf", "1.0", data="WORD = 'leaf'\n")
    write_wheel(folder, "leaf", "2.0", data="WORD = 'new leaf'\n")
    write_wheel(folder, "tree", "1.0", requires=("leaf<2",), top="import leaf.data\n")
    write_wheel(folder, "stone", "3.1")
    return folder


@pytest.fixture
def datastore(tmp_path: Path) -> Datastore:
    return Datastore(open_folder(tmp_path / "store"), "user/ada")
