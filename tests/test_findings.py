"""`make checkov`: what fails and what is accepted are held against each other."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from modules.accepted import accept
from modules.cdk import App, TerraformStack
from tests.findings import checked, faults, findings, reasons

WHY = "Everybody may know these names."
FOUND = {("data_1", "CKV_1"): "Ensure it"}


def test_a_finding_needs_a_reason() -> None:
    """A check that fails is a fault, unless the resource accepts it with a reason."""
    assert list(faults({("data_1", "CKV_1"): WHY}, FOUND)) == []
    assert list(faults({}, FOUND)) == [
        "data_1: CKV_1 fails: Ensure it; change it, or accept() it with a reason"
    ]


def test_a_reason_is_the_resources_own() -> None:
    """What one resource accepts, another doesn't, and no other check of it."""
    for other in (("other_2", "CKV_1"), ("data_1", "CKV_2")):
        (line,) = faults({("data_1", "CKV_1"): WHY}, {**FOUND, other: "Ensure it"})
        assert line.startswith(f"{other[0]}: {other[1]} fails: Ensure it;")


def test_a_reason_that_is_not_needed_goes() -> None:
    """An accepted check that doesn't fail is a fault, so that no reason outlives its finding."""
    assert list(faults({("data_1", "CKV_1"): WHY}, {})) == [
        "data_1: CKV_1 is accepted, but doesn't fail (any more): remove the reason"
    ]


def test_a_reason_is_a_sentence() -> None:
    """A word is no reason."""
    assert list(faults({("data_1", "CKV_1"): "ok"}, FOUND)) == [
        "data_1: CKV_1 is accepted for 'ok', which is no reason"
    ]


@pytest.mark.parametrize("resource", ["aws_s3_bucket.data_1", "resource.data_1", "data.data_1"])
def test_resources_go_by_their_id(resource: str) -> None:
    """However checkov names a resource, it is the one that accepts."""
    assert findings([{"check_id": "CKV_1", "check_name": "Ensure it", "resource": resource}]) == FOUND


def test_accepting_is_told_in_the_stack(tmp_path: Path) -> None:
    """What `accept` says of a resource or a data source stands in its stack's comment, and nowhere else."""
    from modules import aws

    made = TerraformStack(App(outdir=str(tmp_path)), "made")
    bucket = aws.s3_bucket.S3Bucket(made, "bucket", bucket="x")
    zones = aws.data_aws_availability_zones.DataAwsAvailabilityZones(made, "zones")
    accept(bucket, CKV_1=WHY)
    accept(zones, CKV_2=WHY)
    document = json.loads(json.dumps(made.to_terraform()))
    assert reasons(document) == {("bucket", "CKV_1"): WHY, ("zones", "CKV_2"): WHY}
    assert document["resource"]["aws_s3_bucket"]["bucket"]["bucket"] == "x"


def test_a_checkov_that_breaks_is_no_pass(tmp_path: Path) -> None:
    """A command that fails ends the check with its words."""
    broken = tmp_path / "checkov"
    broken.write_text(f"#!{sys.executable}\nraise SystemExit('no such thing')\n")
    broken.chmod(0o755)
    with pytest.raises(SystemExit, match="ended with code 1: no such thing"):
        checked(str(broken), tmp_path)
