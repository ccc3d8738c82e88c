"""The fixtures that pytest finds wherever Stepwell is installed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import stepwell
from stepwell.cloud.control import CloudInfo
from stepwell.contract import EnvironmentName
from stepwell.errors import PlatformError
from stepwell.testing.deployment import deploy

HEAVY = ["boto3", "click", "moto", "numpy", "obstore", "pandas", "pyarrow", "pyiceberg"]


def test_a_home_is_the_tests_own(stepwell_home: Path, tmp_path: Path) -> None:
    """`stepwell_home` is a new folder of the test, and what Stepwell uses."""
    assert stepwell_home.is_relative_to(tmp_path)
    assert {name for name in os.environ if name.startswith("STEPWELL_")} == {"STEPWELL_HOME", "STEPWELL_USER"}
    assert os.environ["STEPWELL_HOME"] == str(stepwell_home)


def test_an_environment_has_tables(stepwell_environment: dict[str, str]) -> None:
    """In a test that uses the environment, tables are those of its catalog."""
    import pyarrow as pa

    assert os.environ["STEPWELL_ENVIRONMENT"] == stepwell_environment["STEPWELL_ENVIRONMENT"] == "test-local"
    stepwell.write_table("facts.prices", pa.table({"price": [1, 2, 3]}))
    assert stepwell.table("facts.prices").to_arrow().num_rows == 3


def test_loading_the_plugin_imports_nothing_heavy() -> None:
    """A test run that uses no fixture pays for none."""
    code = f"import stepwell.testing.plugin, sys; print(sorted(set({HEAVY!r}) & sys.modules.keys()))"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert printed.stdout == "[]\n"


def npx(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a program of that name before all others."""
    (folder / "npx").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "npx").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)


def test_stacks_are_deployed_from_their_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`stepwell_cdktf` calls cdktf there, pointed at the cloud; a failure's last words are in the error."""
    cloud = CloudInfo(1, 2, "http://127.0.0.1:2", "now", enforces_iam=False, folder=tmp_path)
    name = EnvironmentName.parse("growth-dev")
    npx(tmp_path, 'echo "$PWD $1 $2 $3 $4 $AWS_ENDPOINT_URL" > called', monkeypatch)
    variables = deploy(cloud, name, tmp_path)
    assert variables["STEPWELL_ENVIRONMENT"] == "growth-dev"
    assert (tmp_path / "called").read_text() == (
        f"{tmp_path} cdktf deploy growth-dev --auto-approve {cloud.url}\n"
    )
    npx(tmp_path, "echo no terraform >&2; exit 3", monkeypatch)
    with pytest.raises(PlatformError, match=r"cdktf deploy foundation-\* ended with status 3: no terraform"):
        deploy(cloud, name, tmp_path)
