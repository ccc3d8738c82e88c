"""`stepwell cost estimate`, as a person runs it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from stepwell.cli.main import group
from tests.support import FLOWS

CONTAINER = json.dumps({"networkConfiguration": {"assignPublicIp": "ENABLED"}})


def stack(region: str = "us-east-1") -> dict[str, Any]:
    return {
        "provider": {"aws": [{"region": region}]},
        "resource": {
            "aws_kms_key": {"key": {}},
            "aws_s3_bucket": {"bucket": {}},
            "aws_batch_job_definition": {"one": {"container_properties": CONTAINER}},
            "aws_batch_compute_environment": {"one": {"compute_resources": {"type": "FARGATE"}}},
        },
    }


@pytest.fixture
def stacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an environment of a region that has prices."""
    monkeypatch.delenv("STEPWELL_ENVIRONMENT", raising=False)
    add(tmp_path, "growth-dev", stack())
    return tmp_path


def add(folder: Path, name: str, document: dict[str, Any]) -> None:
    (folder / name).mkdir()
    (folder / name / "main.tf.json").write_text(json.dumps(document))


def estimate(*arguments: str | Path) -> Result:
    return CliRunner().invoke(group, ["cost", "estimate", *map(str, arguments)])


def test_people_get_tables(stacks: Path) -> None:
    """Each line has its resource, quantity, unit price and sum; what was assumed stands below."""
    assert estimate("--from", stacks, "--storage", "100", "--tasks", "10").output.splitlines() == [
        "growth-dev: list prices of us-east-1 of 2025-06-30, in USD",
        "without free tiers, discounts, taxes and data transfer",
        "",
        "A month without a run",
        "                                      quantity unit                unit price         sum",
        "  1 aws_kms_key                              1 key-month                    1      1.0000",
        "  data in S3                               100 GB-month                 0.023      2.3000",
        "  total                                                                            3.3000",
        "  3 more, which cost nothing while nothing runs",
        "",
        "A run on FARGATE of 10 x 1 vCPU, 4096 MiB, 5 minutes each",
        "                                      quantity unit                unit price         sum",
        "  vCPUs                                      1 vCPU-hour              0.04048      0.0405",
        "  memory                                     4 GB-hour               0.004445      0.0178",
        "  public addresses                           1 address-hour             0.005      0.0050",
        "  Step Functions                          0.02 1,000 transitions        0.025      0.0005",
        "  S3 writes                               0.03 1,000 requests           0.005      0.0001",
        "  S3 reads                                0.04 1,000 requests          0.0004      0.0000",
        "  logs                                   0.001 GB                         0.5      0.0005",
        "  total                                                                            0.0644",
        "  a month with 30 runs                                                             5.2328",
        "  assumed: Step Functions enters 2 states for each task, as in a foreach",
        "  assumed: a task is paid for 1 minute before it computes",
        "  assumed: a task makes 3 writes and 4 reads in S3 and prints 100 kB",
    ]


def test_programs_get_json(stacks: Path) -> None:
    """The same as one object: sums add up, and each line names the page its price is from."""
    found = json.loads(estimate("growth-dev", "--from", stacks, "--runs", "2", "--json").output)
    where = {"region": "us-east-1", "date": "2025-06-30", "currency": "USD"}
    assert found["prices"] == {**where, "checked": True}
    assert found["idle"]["total"] == sum(line["sum"] for line in found["idle"]["lines"]) == 1
    (run,) = found["run"]
    assert run["total"] == pytest.approx(sum(line["quantity"] * line["price"] for line in run["lines"]))
    assert run["month"] == pytest.approx(1 + 2 * run["total"])
    assert all(line["source"].startswith(("AWS ", "Amazon ")) for line in run["lines"])


def test_a_flow_says_which_tasks_it_has(stacks: Path) -> None:
    """With --flow the tasks are those of the flow, as it is compiled for Step Functions."""
    found = estimate("--from", stacks, "--flow", FLOWS / "foreach.py", "--splits", "7")
    assert "A run on FARGATE of 7 x 0.5 vCPU, 1024 MiB and 10 x 1 vCPU, 4096 MiB, 5 " in found.output
    assert "  assumed: each foreach has 7 items" in found.output


def test_a_run_that_no_compute_takes(stacks: Path) -> None:
    """A run with GPUs on an environment without has no bill, and that is told."""
    found = estimate("--from", stacks, "--gpu", "1")
    assert found.exit_code == 0
    assert found.output.splitlines()[-1] == (
        "It has no compute for a run of 100 x 1 vCPU, 4096 MiB, 1 GPU, 5 minutes each."
    )


def test_what_is_not_known_is_told(stacks: Path) -> None:
    """A type of resource that the table knows nothing of is not passed over."""
    add(stacks, "growth-odd", {**stack(), "resource": {"aws_redshift_cluster": {"one": {}}}})
    found = estimate("growth-odd", "--from", stacks)
    assert "  not counted, for nothing is known of their prices: 1 aws_redshift_cluster" in found.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["growth"], "TEAM-ENV: received 'growth'; there are growth-asia, growth-dev"),
        ([], "TEAM-ENV: received none; name one of growth-asia, growth-dev"),
        (
            ["growth-asia"],
            "region: received 'ap-south-1', of which the price table of 2025-06-30 has no prices; it has "
            "eu-central-1, eu-west-1, us-east-1: estimate with one of them (--prices-of REGION)",
        ),
        (
            ["growth-dev", "--flow", "flow.py", "--cpu", "2"],
            "--cpu: received 2.0, and --flow; a flow says itself which tasks it has and what they need: "
            "leave one of the two out",
        ),
    ],
)
def test_mistakes_are_one_line(stacks: Path, arguments: list[str], message: str) -> None:
    """What can't be estimated is told with what can."""
    add(stacks, "growth-asia", stack("ap-south-1"))
    assert str(estimate(*arguments, "--from", stacks).exception) == message


def test_another_regions_prices(stacks: Path) -> None:
    """A region without prices is estimated with those of another one, which is said."""
    add(stacks, "growth-asia", stack("ap-south-1"))
    found = estimate("growth-asia", "--from", stacks, "--prices-of", "eu-central-1")
    assert found.output.startswith("growth-asia: list prices of eu-central-1 of ")
    # whoever reads it hears which prices nobody has compared with AWS's pages
    assert "not checked: those of eu-central-1 were not compared" in found.output


def test_the_environment_is_the_one_in_use(stacks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where none is named, STEPWELL_ENVIRONMENT names it."""
    add(stacks, "growth-prod", stack())
    monkeypatch.setenv("STEPWELL_ENVIRONMENT", "growth-prod")
    assert estimate("--from", stacks).output.startswith("growth-prod: ")
