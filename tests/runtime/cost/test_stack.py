"""Where a stack's Terraform JSON comes from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stepwell.cost.stack import read, region, synthesized
from stepwell.errors import SettingsError, UsageError

APP = """
import json, os, pathlib, sys
out = pathlib.Path(os.environ["CDKTF_OUTDIR"]) / "stacks/growth-dev"
out.mkdir(parents=True)
(out / "cdk.tf.json").write_text(json.dumps({"python": sys.executable}))
"""


def checkout(folder: Path, app: str) -> Path:
    (folder / "cdktf.json").write_text(json.dumps({"app": "python app.py"}))
    (folder / "app.py").write_text(app)
    return folder


def test_a_checkout_is_synthesized(tmp_path: Path) -> None:
    """The app of cdktf.json is run by this Python, and leaves nothing in the folder."""
    import sys

    found = synthesized(checkout(tmp_path, APP))
    assert list(found) == ["growth-dev"]
    assert Path(found["growth-dev"]["python"]).parent == Path(sys.executable).parent
    assert sorted(path.name for path in tmp_path.iterdir()) == ["app.py", "cdktf.json"]


def test_mistakes_of_the_settings_are_told(tmp_path: Path) -> None:
    """What the app says of the settings is what one hears."""
    folder = checkout(tmp_path, "import sys\nsys.exit('Error: one: wrong\\nError: two: wrong')")
    with pytest.raises(SettingsError) as caught:
        synthesized(folder)
    assert str(caught.value) == "one: wrong\ntwo: wrong"


@pytest.mark.parametrize("text", [None, "{}", "[]", "no JSON"])
def test_a_folder_that_is_no_checkout(tmp_path: Path, text: str | None) -> None:
    """Without a cdktf.json that names an app the way out is to name Terraform JSON."""
    if text is not None:
        (tmp_path / "cdktf.json").write_text(text)
    with pytest.raises(UsageError, match="--from PATH"):
        synthesized(tmp_path)


def test_json_that_is_there(tmp_path: Path) -> None:
    """A folder of cdktf's or of `make terraform-json`, or one file: stacks are called as their folders."""
    for folder, name in (("a/stacks/growth-dev", "cdk.tf.json"), ("b/growth-prod", "main.tf.json")):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / name).write_text("{}")
    assert read(tmp_path).keys() == {"growth-dev", "growth-prod"}
    assert read(tmp_path / "b/growth-prod/main.tf.json") == {"growth-prod": {}}


def test_no_json_is_there(tmp_path: Path) -> None:
    """A folder without Terraform JSON, and a file that is none, are told."""
    with pytest.raises(UsageError, match=r"there is no cdk\.tf\.json or main\.tf\.json"):
        read(tmp_path)
    (tmp_path / "main.tf.json").write_text("resource {}")
    with pytest.raises(UsageError, match="which is no JSON"):
        read(tmp_path)


def test_the_region_is_the_providers() -> None:
    """The provider may be an object or a list; without a region one has to be named."""
    assert region({"provider": {"aws": [{"region": "eu-west-1"}]}}) == "eu-west-1"
    assert region({"provider": {"aws": {"region": "eu-west-1"}}}) == "eu-west-1"
    with pytest.raises(UsageError, match="--prices-of REGION"):
        region({})
