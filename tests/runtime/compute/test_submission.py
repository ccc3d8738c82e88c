"""What a task's Batch job is: whole requests, compared without any service."""

from __future__ import annotations

from stepwell.compute.submission import Jobs, JobTask, StepPlan, job_name, submission
from stepwell.machines import Machine

JOBS = Jobs(
    datastore="s3://store", namespace="project/flights/branch/x", username="ada", code="c0de", flow="Made",
    flow_file="made.py",
)  # fmt: skip


def test_a_job() -> None:
    """A task's job carries pointers alone, is tagged as its namespace's owner's, and asks for its machine."""
    plan = StepPlan("queue", "definition", Machine(0.5, 1024))
    assert submission(JOBS, JobTask("r1", "work", "0-3", None), "Made-work-0-3", plan) == {
        "jobName": "Made-work-0-3",
        "jobQueue": "queue",
        "jobDefinition": "definition",
        "shareIdentifier": "projectSflightsSbranch",
        "containerOverrides": {
            "environment": [
                {"name": "STEPWELL_DATASTORE", "value": "s3://store"},
                {"name": "STEPWELL_NAMESPACE", "value": "project/flights/branch/x"},
                {"name": "STEPWELL_USER", "value": "ada"},
                {"name": "STEPWELL_CODE", "value": "c0de"},
                {"name": "STEPWELL_FLOW", "value": "Made"},
                {"name": "STEPWELL_FLOW_FILE", "value": "made.py"},
                {"name": "STEPWELL_RUN", "value": "r1"},
                {"name": "STEPWELL_STEP", "value": "work"},
                {"name": "STEPWELL_TASK", "value": "0-3"},
            ],
            "resourceRequirements": [{"type": "VCPU", "value": "0.5"}, {"type": "MEMORY", "value": "1024"}],
        },
        "tags": {"stepwell:namespace": "project/flights/branch"},
        "propagateTags": True,
    }


def test_what_is_said_is_added() -> None:
    """A limit of splits, an attempt, a time limit and GPUs are in the request."""
    jobs = Jobs("s3://store", "user/ada_l", "ada", "c0de", "Made", "made.py", 7)
    plan = StepPlan("queue", "definition", Machine(1, 2048, 2), limit=300)
    made = submission(jobs, JobTask("r1", "work", "0", "2"), "name", plan)
    assert made["timeout"] == {"attemptDurationSeconds": 360}
    assert made["shareIdentifier"] == "userSadaUl"
    assert made["containerOverrides"]["resourceRequirements"][-1] == {"type": "GPU", "value": "2"}
    assert made["containerOverrides"]["environment"][-2:] == [
        {"name": "STEPWELL_MAX_SPLITS", "value": "7"},
        {"name": "STEPWELL_ATTEMPT", "value": "2"},
    ]


def test_a_gang_is_one_job() -> None:
    """Every node has the same container, and the path of the task that has split; it appends its index."""
    plan = StepPlan("queue", "definition", Machine(2, 4096))
    whole = submission(JOBS, JobTask("r1", "train", "0-3", None, 4), "Made-train-0-3", plan)
    alone = submission(JOBS, JobTask("r1", "train", "0-3", None), "Made-train-0-3", plan)
    container = alone.pop("containerOverrides")
    assert whole.pop("nodeOverrides") == {
        "numNodes": 4,
        "nodePropertyOverrides": [{"targetNodes": "0:", "containerOverrides": container}],
    }
    assert whole == alone


def test_job_names_fit_the_limit() -> None:
    """A job's name keeps to 128 characters however long flow, step and path are."""
    assert job_name("Made", "work", "0-3") == "Made-work-0-3"
    assert len(job_name("F" * 100, "step", "0-" * 90)) == 128


def test_job_names_are_of_the_characters_batch_takes() -> None:
    """Letters that Python takes and Batch does not are replaced, at the beginning left out."""
    assert job_name("_Übung", "größe", "0-r1") == "bung-gr__e-0-r1"
    assert job_name("数", "据", "0") == "job-0"
