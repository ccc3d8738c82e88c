"""``make checkov``: no check of checkov fails on a synthesized stack, but where the code says why it may.

Run: ``python -m tests.findings CHECKOV``, with checkov's command, which has an environment of its own: it
pins an older boto3. Every stack of the matrix of settings is looked at. Reasons stand where resources are
made: `modules.accepted.accept`.
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
from tests.stacks.matrix import ROWS
from tests.synthesis import settings

Document = Mapping[str, Any]
Finding = tuple[str, str]
"""A resource, by its logical id in the stack, and a check."""


def reasons(stack: Document) -> dict[Finding, str]:
    """What the code of a stack accepts, and why."""
    return {
        (address.partition("/")[2], check): reason
        for address, checks in stack.get("//", {}).get("checkov", {}).items()
        for check, reason in checks.items()
    }


def findings(failed: list[Document]) -> dict[Finding, str]:
    """Checkov's records of checks that failed, and what each would have ensured."""
    return {(one["resource"].rpartition(".")[2], one["check_id"]): one["check_name"] for one in failed}


def faults(given: Mapping[Finding, str], found: Mapping[Finding, str]) -> Iterator[str]:
    """A line for each finding without a reason, reason without a finding, and reason that is none."""
    for (resource, check), ensures in found.items():
        if (resource, check) not in given:
            yield f"{resource}: {check} fails: {ensures}; change it, or accept() it with a reason"
    for (resource, check), reason in given.items():
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


def main(command: str) -> int:
    """Check every stack of the matrix; a line for each fault.

    A reason has to be needed by one row at least: what a setting makes right fails in the others.
    """
    given: dict[Finding, str] = {}
    found: dict[Finding, str] = {}
    passed = 0
    for changes in ROWS.values():
        with TemporaryDirectory() as folder:
            app(settings(**changes), folder).synth()
            for path in sorted(Path(folder).glob("stacks/*/cdk.tf.json")):
                stack = json.loads(path.read_text())
                # checkov can't read what is Terraform's own: a required_version, an import.
                read = {key: value for key, value in stack.items() if key not in ("terraform", "import")}
                path.write_text(json.dumps(read, indent=2))
                count, failed = checked(command, path.parent)
                passed += count
                given |= reasons(stack)
                found |= findings(failed)
    if not passed:
        raise SystemExit("Error: checkov has checked nothing")
    wrong = list(faults(given, found))
    for line in wrong:
        print(f"Error: {line}", file=sys.stderr)
    print(f"checkov: {passed} checks passed, {len(found)} findings, {len(wrong)} faults")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
