"""One flow whose steps have different versions of a package, here and in the cloud, with the same files."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from stepwell import Flow, aws
from tests.comparing import assert_same
from tests.deployment import Deployed
from tests.runtime.environments.channels import write_channel
from tests.support import in_production, run_flow, write_flow

pytestmark = [pytest.mark.cloud, pytest.mark.xdist_group("cloud")]

HEAD = """
import hashlib, sys
from pathlib import Path
from stepwell import conda, pypi, pypi_base

def fitted():
    import numpy, sklearn
    from sklearn.cluster import KMeans
    points = numpy.array([[0.0, 0.0], [0.0, 2.0], [8.0, 0.0], [8.0, 2.0]])
    model = KMeans(2, n_init=1, random_state=7).fit(points)
    files = {}
    for package in (numpy, sklearn):
        folder, all_of_it = Path(package.__file__).parent, hashlib.sha256()
        assert folder.is_relative_to(sys.prefix)
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            if "tests" in path.parts:
                continue  # stay packed until they are imported
            all_of_it.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
        files[package.__name__] = all_of_it.hexdigest()
    return sklearn.__version__, sorted(model.cluster_centers_.tolist()), model.labels_, files

@pypi_base(packages={"scikit-learn": "1.5.2"})
"""
BODY = """
@pypi(disabled=True)
@step
def start(self):
    self.next(self.old, self.new, self.solved)
@conda(packages={"tree": "1.0"}, channels=[CHANNEL])
@step
def solved(self):
    import tree
    self.version, self.word = str(tree.leaf.__file__).removeprefix(sys.prefix), tree.leaf.WORD
    self.where = tree.WHERE[0].decode().replace(sys.prefix, "PREFIX")
    self.next(self.compare)
@step
def old(self):
    self.version, self.centers, self.labels, self.files = fitted()
    self.next(self.compare)
@pypi(packages={"scikit-learn": "1.7.2"})
@step
def new(self):
    self.version, self.centers, self.labels, self.files = fitted()
    self.next(self.compare)
@step
def compare(self, inputs):
    self.versions = [inputs.old.version, inputs.new.version]
    self.told = inputs.solved.word, inputs.solved.where
    self.same = inputs.old.centers == inputs.new.centers
    self.next(self.end)
@pypi(disabled=True)
@step
def end(self):
    pass
"""


def test_environments_are_the_same_everywhere(
    deployed: Deployed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Steps with scikit-learn 1.5.2 and 1.7.2 and one with conda packages in one flow: here, on Batch and
    on Step Functions each has its version, with the same files, and leaves the same artifacts."""
    variables = {**deployed.acting_as("user-ada"), "STEPWELL_USER": "ada"}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("STEPWELL_CACHE", str(tmp_path / "cache"))
    aws.forget()
    channel = write_channel(tmp_path / "channel").as_uri()
    file, home = write_flow(tmp_path, BODY, f"CHANNEL = {channel!r}\n{HEAD}"), tmp_path / "home"
    cache = {"STEPWELL_CACHE": str(tmp_path / "cache")}
    here = run_flow(file, home, "run", STEPWELL_USER="ada", **cache)
    assert here.returncode == 0, here.stdout + here.stderr
    local = Flow("Made", datastore=str(home)).latest_successful_run
    assert local["compare"].task.data.versions == ["1.5.2", "1.7.2"]
    assert local["compare"].task.data.same
    assert local["compare"].task.data.told == ("leaf", "PREFIX/share")
    lock = _environments(home / f"ns/user/ada/flows/Made/runs/{local.id}/environments.json")

    on_batch = run_flow(file, home, "--datastore=s3", "run", "--with", "batch", **cache, **variables)
    assert on_batch.returncode == 0, on_batch.stdout + on_batch.stderr
    assert "Resolving" not in on_batch.stdout and "Building" not in on_batch.stdout
    (run_id,) = {line.split("/")[0] for line in re.findall(r"\[(\S+/\S+)", on_batch.stdout)}
    cloud = Flow("Made", datastore="s3")
    assert_same(local, cloud[run_id], 6)
    produced, status = in_production(file, home, {**cache, **variables})
    assert status == "SUCCEEDED"
    assert_same(local, cloud[produced], 6)
    from stepwell.store.opening import open_store

    store = open_store(
        variables.get("STEPWELL_DATASTORE") or f"s3://{aws.contract(aws.required_environment('')).bucket}"
    )
    for run in (run_id, produced):
        kept = store.get(f"ns/user/ada/flows/Made/runs/{run}/environments.json")
        assert json.loads(kept) == lock


def _environments(file: Path) -> object:
    return json.loads(file.read_text())
