"""``python -m stacks.export FOLDER``: every stack as Terraform JSON that needs neither Node nor Python.

``FOLDER/NAME/main.tf.json`` is what `cdktf deploy NAME` deploys, but for what only this machine has:
``terraform init`` and ``terraform apply`` take it, wherever it is copied to.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from stacks.__main__ import FILE, told
from stacks.settings import load

FOLDER = Path("dist/terraform")
# Of a shell that is pointed at a local cloud; what is exported is for AWS, whichever shell exports it.
LOCAL = ("AWS_ENDPOINT_URL", "STEPWELL_STATE_DIR")


def main(folder: Path) -> None:
    """Synth all stacks and write each to its own folder; what else is there, such as a state, stays."""
    settings = load(FILE)
    for name in LOCAL:
        os.environ.pop(name, None)
    from stacks.app import synth

    with TemporaryDirectory(prefix="stepwell-synth-") as synthesized:
        synth(settings, synthesized)
        for path in sorted(Path(synthesized).glob("stacks/*/cdk.tf.json")):
            target = folder / path.parent.name / "main.tf.json"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(json.dumps(plain(json.loads(path.read_text())), indent=2) + "\n")
            print(target)


def plain(document: dict[str, Any]) -> dict[str, Any]:
    """What cdktf wrote without its own notes, and without the place that it chose for a local state.

    Terraform then keeps a local state beside the file, as it does for everybody. A remote one is kept
    where the settings say.
    """
    exported: dict[str, Any] = _without_notes(document)
    backend = exported["terraform"].get("backend", {})
    backend.pop("local", None)
    if not backend:
        exported["terraform"].pop("backend", None)
    return exported


def _without_notes(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_notes(inner) for key, inner in value.items() if key != "//"}
    return [_without_notes(inner) for inner in value] if isinstance(value, list) else value


if __name__ == "__main__":
    sys.exit(told(lambda: main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)))
