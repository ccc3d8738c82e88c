"""``make checkov``: no check of checkov fails on a synthesized stack, but where the code says why it may.

Run: ``python -m tests.findings CHECKOV [SETTINGS.toml ...]``, with checkov's command, which has an
environment of its own: it pins an older boto3. Reasons stand where resources are made:
`modules.accepted.accept`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from stacks.app import app
from stacks.settings import load

SETTINGS = "environments.toml"
Document = Mapping[str, Any]


def faults(stack: Document, failed: list[Document]) -> Iterator[str]:
    """What is wrong: checks that fail without a reason, reasons for checks that don't fail, no reasons.

    Args:
        stack: the Terraform JSON.
        failed: checkov's records of the checks that failed on it.
    """
    reasons = {
        (address.partition("/")[2], check): reason
        for address, checks in stack.get("//", {}).get("checkov", {}).items()
        for check, reason in checks.items()
    }
    found = {(one["resource"].rpartition(".")[2], one["check_id"]): one for one in failed}
    for (resource, check), one in found.items():
        if (resource, check) not in reasons:
            yield f"{resource}: {check} fails: {one['check_name']}; change it, or accept() it with a reason"
    for (resource, check), reason in reasons.items():
        if (resource, check) not in found:
            yield f"{resource}: {check} is accepted, but doesn't fail (any more): remove the reason"
        elif len(reason.split()) < 4:
            yield f"{resource}: {check} is accepted for {reason!r}, which is no reason"


def checked(command: str, folder: Path) -> tuple[int, list[Document]]:
    """How many checks passed on the Terraform JSON in a folder, and the records of those that failed."""
    options = ("--framework", "terraform_json", "--output", "json", "--skip-download", "--soft-fail")
    done = subprocess.run([command, "--directory", str(folder), *options], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{command} ended with code {done.returncode}: {done.stderr.strip()[-2000:]}")
    report = json.loads(done.stdout)
    if report["results"]["parsing_errors"]:
        raise SystemExit(f"checkov can't read {report['results']['parsing_errors']}")
    return report["summary"]["passed"], report["results"]["failed_checks"]


def main(command: str, *files: str) -> int:
    """Check every stack of the settings in `files`; a line for each fault."""
    wrong, passed, accepted = [], 0, 0
    for file in files or (SETTINGS,):
        with TemporaryDirectory() as folder:
            app(load(Path(file)), folder).synth()
            for path in sorted(Path(folder).glob("stacks/*/cdk.tf.json")):
                stack = json.loads(path.read_text())
                # checkov can't read settings of Terraform's own, such as a required_version.
                path.write_text(json.dumps({**stack, "terraform": {}}, indent=2))
                count, failed = checked(command, path.parent)
                wrong += [f"{file}: {path.parent.name}: {line}" for line in faults(stack, failed)]
                passed, accepted = passed + count, accepted + len(failed)
    for line in wrong:
        print(f"Error: {line}", file=sys.stderr)
    if not passed:
        raise SystemExit("Error: checkov has checked nothing")
    print(f"checkov: {passed} checks passed, {accepted} findings, {len(wrong)} of them without a good reason")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
