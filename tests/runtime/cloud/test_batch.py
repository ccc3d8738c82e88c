from __future__ import annotations

import time

import pytest
from botocore.exceptions import ClientError

from tests.runtime.cloud.proofs import proves
from tests.runtime.cloud.support import Aws, is_alive, until


@proves("jobs_are_local_processes")
def test_a_job_runs_its_command(aws: Aws) -> None:
    """A job's command is run with the definition's environment under the submission's, and its log kept."""
    definition = aws.definition(
        "python",
        "-c",
        "import os; print(os.environ['A'], os.environ['B'], os.environ['AWS_BATCH_JOB_ATTEMPT'])",
        container={"environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "1"}]},
    )
    job = aws.submit(definition, containerOverrides={"environment": [{"name": "B", "value": "2"}]})
    detail = aws.ended_job(job)
    assert detail["status"] == "SUCCEEDED"
    assert detail["container"]["exitCode"] == 0
    assert aws.log_lines(detail) == ["1 2 1"]


def test_a_job_sees_only_what_a_container_would(aws: Aws) -> None:
    """A job's variables are the container's, the job role's and Batch's; none of the server's."""
    detail = aws.ended_job(
        aws.submit(aws.definition("python", "-c", "import os; print(*sorted(os.environ))"))
    )
    assert aws.log_lines(detail) == [
        "AWS_ACCESS_KEY_ID AWS_ALLOW_HTTP AWS_BATCH_CE_NAME AWS_BATCH_JOB_ATTEMPT AWS_BATCH_JOB_ID "
        "AWS_BATCH_JQ_NAME AWS_DEFAULT_REGION AWS_EC2_METADATA_DISABLED AWS_ENDPOINT_URL AWS_REGION "
        "AWS_SECRET_ACCESS_KEY HOME LANG PATH TMPDIR"
    ]


def test_a_job_works_in_an_empty_folder_that_is_gone_afterwards(aws: Aws) -> None:
    """The working folder is the job's own, empty at first, and removed at its end."""
    detail = aws.ended_job(
        aws.submit(aws.definition("sh", "-c", "pwd; ls -A; touch made; test $HOME = $(pwd) && echo home"))
    )
    folder, home = aws.log_lines(detail)
    assert home == "home"
    ls = aws.ended_job(aws.submit(aws.definition("ls", folder)))
    assert ls["status"] == "FAILED"


def test_a_command_that_is_not_there_fails_its_job(aws: Aws) -> None:
    """A job whose command can't start is FAILED, and its status reason names the command."""
    detail = aws.ended_job(aws.submit(aws.definition("no-such-command", "x")))
    assert detail["status"] == "FAILED"
    assert detail["statusReason"].startswith("CannotStartContainerError")
    assert '"no-such-command"' in detail["statusReason"]
    assert detail["container"]["reason"] == detail["statusReason"]


def test_a_failing_command_fails_its_job(aws: Aws) -> None:
    """The exit code of a failing command is told, and why the job ended."""
    detail = aws.ended_job(aws.submit(aws.definition("python", "-c", "raise SystemExit(3)")))
    assert (detail["status"], detail["container"]["exitCode"]) == ("FAILED", 3)
    assert detail["statusReason"] == "Essential container in task exited"


def test_a_killed_process_has_the_exit_code_docker_gives(aws: Aws) -> None:
    """A process that dies of SIGKILL ends its job with exit code 137."""
    detail = aws.ended_job(aws.submit(aws.definition("sh", "-c", "kill -9 $$")))
    assert detail["container"]["exitCode"] == 137


def test_a_terminated_job_ends_with_its_whole_process_group(aws: Aws) -> None:
    """Terminating a job ends it FAILED, with the reason given, and ends the processes it started."""
    job = aws.submit(aws.definition("sh", "-c", "sleep 300 & echo $!; wait"))
    running = until(lambda: aws.job(job), lambda j: j["status"] == "RUNNING" and aws.log_lines(j) != [])
    aws.client("batch").terminate_job(jobId=job, reason="enough")
    detail = aws.ended_job(job, seconds=5)
    assert (detail["status"], detail["statusReason"]) == ("FAILED", "enough")
    (pid,) = aws.log_lines(running)
    assert not is_alive(int(pid))


def test_what_a_job_leaves_running_ends_with_it(aws: Aws) -> None:
    """A background process of a job ends when the job's command ends."""
    detail = aws.ended_job(aws.submit(aws.definition("sh", "-c", "sleep 300 & echo $!")))
    (pid,) = aws.log_lines(detail)
    assert not is_alive(int(pid))


def test_a_job_is_tried_as_often_as_its_strategy_says(aws: Aws) -> None:
    """With 3 attempts, a job that fails twice succeeds, and each attempt is told."""
    script = "test $AWS_BATCH_JOB_ATTEMPT = 3"
    detail = aws.ended_job(aws.submit(aws.definition("sh", "-c", script, retryStrategy={"attempts": 3})))
    assert detail["status"] == "SUCCEEDED"
    assert [attempt["container"]["exitCode"] for attempt in detail["attempts"]] == [1, 1, 0]
    assert len({attempt["container"]["logStreamName"] for attempt in detail["attempts"]}) == 3


@proves("submitted_retry_strategy_counts")
def test_the_retry_strategy_of_a_submission_wins(aws: Aws) -> None:
    """A submission's retry strategy takes the place of the definition's."""
    definition = aws.definition("false", retryStrategy={"attempts": 1})
    detail = aws.ended_job(aws.submit(definition, retryStrategy={"attempts": 2}))
    assert len(detail["attempts"]) == 2


def test_a_job_out_of_time_is_not_tried_again(aws: Aws) -> None:
    """A job past its attempt duration is FAILED at once, whatever its retry strategy."""
    definition = aws.definition("sleep", "300", retryStrategy={"attempts": 3})
    detail = aws.ended_job(aws.submit(definition, timeout={"attemptDurationSeconds": 1}), seconds=5)
    assert detail["statusReason"] == "Job attempt duration exceeded timeout"
    assert len(detail["attempts"]) == 1


@proves("job_names_may_have_one_character")
def test_a_job_name_may_have_one_character(aws: Aws) -> None:
    """A job may be called "a"."""
    aws.submit(aws.definition("true"), name="a")


@proves("job_definitions_go_by_arn_without_revision")
def test_a_definition_goes_by_its_arn_without_revision(aws: Aws) -> None:
    """A job submitted by an ARN without revision runs the newest one."""
    arn = aws.definition("true")
    assert aws.ended_job(aws.submit(arn.rpartition(":")[0]))["jobDefinition"] == arn


@proves("job_definitions_go_by_arn_without_revision")
def test_a_definition_goes_by_its_newest_active_revision(aws: Aws) -> None:
    """A job submitted by a name runs the newest revision that is not deregistered."""
    batch, first = aws.client("batch"), aws.definition("true")
    name = first.rpartition("/")[2].partition(":")[0]
    container = batch.describe_job_definitions(jobDefinitionName=name)["jobDefinitions"][0][
        "containerProperties"
    ]
    again = batch.register_job_definition(
        jobDefinitionName=name, type="container", containerProperties={**container, "command": ["false"]}
    )["jobDefinitionArn"]
    assert aws.ended_job(aws.submit(name))["status"] == "FAILED"
    batch.deregister_job_definition(jobDefinition=again)
    assert aws.ended_job(aws.submit(name))["jobDefinition"] == first


def test_logs_go_where_the_definition_says(aws: Aws) -> None:
    """A job's log goes to the definition's log group and prefix, and its lines can be read as it runs."""
    group = aws.name("/stepwell/jobs")
    aws.client("logs").create_log_group(logGroupName=group)
    options = {"awslogs-group": group, "awslogs-stream-prefix": "user-ada"}
    log = {"logConfiguration": {"logDriver": "awslogs", "options": options}}
    job = aws.submit(aws.definition("sh", "-c", "echo begun; sleep 300", container=log))
    detail = until(
        lambda: aws.job(job), lambda j: j["status"] == "RUNNING" and aws.log_lines(j, group) == ["begun"]
    )
    aws.client("batch").terminate_job(jobId=job, reason="seen")
    assert detail["container"]["logStreamName"].startswith("user-ada/default/")


def test_a_missing_log_group_fails_the_job(aws: Aws) -> None:
    """A job whose log group isn't there can't start, and says so."""
    options = {"awslogs-group": "/no/such/group"}
    log = {"logConfiguration": {"logDriver": "awslogs", "options": options}}
    detail = aws.ended_job(aws.submit(aws.definition("true", container=log)))
    assert "/no/such/group does not exist" in detail["statusReason"]


def test_jobs_beyond_the_slots_wait_runnable_and_can_be_cancelled(aws: Aws) -> None:
    """While all slots are taken a job is RUNNABLE; cancelling it there ends it with the reason."""
    batch, sleeper = aws.client("batch"), aws.definition("sleep", "300")
    jobs = [aws.submit(sleeper) for _ in range(12)]
    states = until(
        lambda: [aws.job(job)["status"] for job in jobs],
        lambda s: set(s) == {"RUNNING", "RUNNABLE"},
    )
    waiting = jobs[states.index("RUNNABLE")]
    batch.cancel_job(jobId=waiting, reason="not needed")
    assert aws.ended_job(waiting, seconds=5)["statusReason"] == "not needed"
    for job in jobs:
        batch.terminate_job(jobId=job, reason="seen")
    assert {aws.ended_job(job, seconds=5)["status"] for job in jobs} == {"FAILED"}


def test_a_trivial_job_ends_within_a_second(aws: Aws) -> None:
    """Nothing waits for a poll: a job that does nothing has ended a second after its submission."""
    definition, begun = aws.definition("true"), time.monotonic()
    aws.ended_job(aws.submit(definition))
    assert time.monotonic() - begun < 1


def test_an_unknown_queue_is_refused(aws: Aws) -> None:
    """A submission to a queue that isn't there is refused."""
    with pytest.raises(ClientError, match="ClientException"):
        aws.client("batch").submit_job(
            jobName="job", jobQueue="nowhere", jobDefinition=aws.definition("true")
        )


@proves("shares_are_asked_for")
def test_a_fair_queue_wants_a_share(aws: Aws) -> None:
    """A queue with a fair-share policy takes jobs with a share and a priority only, another those without."""
    batch, definition = aws.client("batch"), aws.definition("true")
    ordered = aws.definition("true", schedulingPriority=1)
    for queue, given in ((aws.fair_queue, {}), (aws.queue, {"shareIdentifier": "userSada"})):
        with pytest.raises(ClientError, match="shareIdentifier"):
            batch.submit_job(jobName="job", jobQueue=queue, jobDefinition=definition, **given)
    mine = {"jobName": "job", "jobQueue": aws.fair_queue, "shareIdentifier": "userSada"}
    with pytest.raises(ClientError, match="schedulingPriority"):
        batch.submit_job(**mine, jobDefinition=definition)
    batch.submit_job(**mine, jobDefinition=ordered)


@proves("scheduling_priorities_are_kept")
def test_a_job_definition_tells_its_priority(aws: Aws) -> None:
    """The scheduling priority that a job definition was registered with comes back."""
    arn = aws.definition("true", schedulingPriority=7)
    (found,) = aws.client("batch").describe_job_definitions(jobDefinitions=[arn])["jobDefinitions"]
    assert found["schedulingPriority"] == 7
