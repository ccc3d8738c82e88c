from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOORS = {"modules/_bindings.py", "modules/aws.py", "modules/cdk.py"}


def test_only_the_named_submodules_are_loaded() -> None:
    """A synth imports the submodules that modules.aws names, of the 1,500 that the bindings have."""
    script = "import sys, stacks.app; print(*(m for m in sys.modules if m.startswith('cdktf_cdktf')))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = {name.split(".")[1] for name in done.stdout.split() if "." in name} - {"_jsii"}
    named = {
        alias.name
        for node in ast.parse((ROOT / "modules/aws.py").read_text()).body
        if isinstance(node, ast.ImportFrom) and node.module == "cdktf_cdktf_provider_aws"
        for alias in node.names
    }
    assert loaded == named | {"provider"}


def test_node_loads_what_is_asked_for(tmp_path: Path) -> None:
    """In jsii's process a submodule of the bindings' index is read when it is first used, and not before."""
    package = tmp_path / "@cdktf/provider-aws/lib"
    package.mkdir(parents=True)
    names = ("bucket", "queue")
    lines = [f'exports.{name} = require("./{name}");' for name in names]
    package.joinpath("index.js").write_text("exports.queue = exports.bucket = void 0;\n" + "\n".join(lines))
    for name in names:
        package.joinpath(f"{name}.js").write_text(f'console.log("{name} is read"); exports.name = "{name}";')
    script = f"const all = require({str(package)!r}); console.log(Object.keys(all)); all.queue; all.queue"
    node = ["node", "--require", str(ROOT / "modules/_bindings.cjs"), "--eval", script]
    done = subprocess.run(node, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[ 'bucket', 'queue' ]", "queue is read"]


def test_without_the_bindings_the_way_out_is_told() -> None:
    """A missing package names the extra that has it."""
    script = (
        "import sys, importlib.util\nimportlib.util.find_spec = lambda name: None\nimport modules._bindings"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.stderr.splitlines()[-1] == (
        "ModuleNotFoundError: cdktf_cdktf_provider_aws is not installed: pip install 'stepwell[infra]'"
    )


@pytest.mark.parametrize(
    "path",
    [
        str(path.relative_to(ROOT))
        for folder in ("modules", "stacks")
        for path in (ROOT / folder).glob("*.py")
    ],
)
def test_cdktf_is_imported_through_its_doors(path: str) -> None:
    """No file but the doors imports cdktf or the bindings, so a successor is one change."""
    tree = ast.parse((ROOT / path).read_text())
    imported = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    behind = imported & {"cdktf", "constructs", "jsii", "cdktf_cdktf_provider_aws"}
    assert behind == set() or path in DOORS
