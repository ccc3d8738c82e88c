"""`make checkov`: what fails and what is accepted are held against each other."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from modules.accepted import accept
from modules.cdk import App, TerraformStack
from tests.findings import checked, faults

WHY = "Everybody may know these names."


def stack(**accepted: str) -> dict[str, Any]:
    """Terraform JSON in which checks are accepted for a bucket."""
    return {"//": {"checkov": {"aws_s3_bucket/data_1": accepted}}}


def failure(check: str, resource: str = "aws_s3_bucket.data_1") -> dict[str, Any]:
    return {"check_id": check, "check_name": "Ensure it", "resource": resource}


def test_a_finding_needs_a_reason() -> None:
    """A check that fails is a fault, unless the resource accepts it with a reason."""
    assert list(faults(stack(CKV_1=WHY), [failure("CKV_1")])) == []
    assert list(faults(stack(), [failure("CKV_1")])) == [
        "data_1: CKV_1 fails: Ensure it; change it, or accept() it with a reason"
    ]


def test_a_reason_is_the_resources_own() -> None:
    """What one resource accepts, another doesn't, also where checkov names resources by the id alone."""
    found = list(faults(stack(CKV_1=WHY), [failure("CKV_1"), failure("CKV_1", "resource.other_2")]))
    assert found == ["other_2: CKV_1 fails: Ensure it; change it, or accept() it with a reason"]
    assert list(faults(stack(CKV_1=WHY), [failure("CKV_1", "resource.data_1")])) == []


def test_a_reason_that_is_not_needed_goes() -> None:
    """An accepted check that doesn't fail is a fault, so that no reason outlives its finding."""
    assert list(faults(stack(CKV_1=WHY), [])) == [
        "data_1: CKV_1 is accepted, but doesn't fail (any more): remove the reason"
    ]


def test_a_reason_is_a_sentence() -> None:
    """A word is no reason."""
    assert list(faults(stack(CKV_1="ok"), [failure("CKV_1")])) == [
        "data_1: CKV_1 is accepted for 'ok', which is no reason"
    ]


def test_accepting_is_told_in_the_stack(tmp_path: Path) -> None:
    """What `accept` says of a resource or a data source stands in its stack's comment, and nowhere else."""
    from modules import aws

    made = TerraformStack(App(outdir=str(tmp_path)), "made")
    bucket = aws.s3_bucket.S3Bucket(made, "bucket", bucket="x")
    zones = aws.data_aws_availability_zones.DataAwsAvailabilityZones(made, "zones")
    accept(bucket, CKV_1=WHY)
    accept(zones, CKV_2=WHY)
    document = json.loads(json.dumps(made.to_terraform()))
    assert document["//"]["checkov"] == {
        "aws_s3_bucket/bucket": {"CKV_1": WHY},
        "aws_availability_zones/zones": {"CKV_2": WHY},
    }
    assert document["resource"]["aws_s3_bucket"]["bucket"]["bucket"] == "x"


def test_a_checkov_that_breaks_is_no_pass(tmp_path: Path) -> None:
    """A command that fails ends the check with its words."""
    broken = tmp_path / "checkov"
    broken.write_text(f"#!{sys.executable}\nraise SystemExit('no such thing')\n")
    broken.chmod(0o755)
    with pytest.raises(SystemExit, match="ended with code 1: no such thing"):
        checked(str(broken), tmp_path)
