"""A task as a Batch job: what the container runs.

The container's command is ``python -m stepwell.job``. It fetches the code package, runs the one
task in a process of its own, passes on what that prints and keeps it as the task's log, so that
even a task that is killed leaves its log and the reason.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from io import TextIOWrapper
from pathlib import Path
from threading import Event
from types import FrameType
from typing import IO, cast

from stepwell.datastore import Datastore, Failure, utc_now
from stepwell.errors import NotFound, ParameterError, StoreError, UsageError
from stepwell.execution.gang import Gang
from stepwell.execution.growinglog import GrowingLog
from stepwell.execution.node import Node
from stepwell.execution.outcome import TASK_FAILED, death
from stepwell.execution.together import failed, kept_together
from stepwell.flow import paths
from stepwell.flow.graph import START, TaskId
from stepwell.flow.spec import FlowSpec
from stepwell.logs import LogBook, Stream
from stepwell.store import keys


@dataclass(frozen=True, slots=True)
class Job:
    """What the environment variables of a job say.

    Attributes:
        attempt: how many attempts came before: the state machine's retries, and those of Batch itself,
            which counts from 1 in AWS_BATCH_JOB_ATTEMPT.
        max_splits: how many items a foreach may have; None for any number.
        id: Batch's id of the job; None where it is not said.
        node: which node of a multi-node job this is; it appends its index to the task's path.
    """

    datastore: str
    namespace: str
    username: str
    code: str
    flow: str
    flow_file: str
    run: str
    task: TaskId
    attempt: int
    max_splits: int | None = None
    id: str | None = None
    node: Node | None = None

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Job:
        """Raises `UsageError` where a variable is missing."""
        names = ("DATASTORE", "NAMESPACE", "USER", "CODE", "FLOW", "FLOW_FILE", "RUN", "STEP", "TASK")
        missing = [f"STEPWELL_{name}" for name in names if not environ.get(f"STEPWELL_{name}")]
        if missing:
            raise UsageError(
                f"python -m stepwell.job: {', '.join(missing)} not set; this command is for Batch jobs that "
                "`step-functions create` or @batch has made, not to be called by hand"
            )
        said = {name: environ[f"STEPWELL_{name}"] for name in names}
        node = Node.from_environment(environ)
        earlier = int(environ.get("STEPWELL_ATTEMPT", "0"))
        attempt = earlier + int(environ.get("AWS_BATCH_JOB_ATTEMPT", "1")) - 1
        return cls(
            datastore=said["DATASTORE"],
            namespace=said["NAMESPACE"],
            username=said["USER"],
            code=said["CODE"],
            flow=said["FLOW"],
            flow_file=said["FLOW_FILE"],
            run=said["RUN"],
            task=TaskId(said["STEP"], paths.item(said["TASK"], node.index) if node else said["TASK"]),
            attempt=attempt,
            max_splits=int(environ["STEPWELL_MAX_SPLITS"]) if "STEPWELL_MAX_SPLITS" in environ else None,
            id=environ.get("AWS_BATCH_JOB_ID"),
            node=node,
        )


def run_job(environ: Mapping[str, str]) -> int:
    """Run the task that the environment variables name, from its code package; returns the exit status."""
    from stepwell.execution.package import frozen_arguments, unpack
    from stepwell.store.opening import open_store

    job = Job.from_environment(environ)
    datastore = Datastore(open_store(job.datastore), job.namespace)
    with tempfile.TemporaryDirectory(prefix="stepwell-") as folder, ExitStack() as ending:
        key = keys.code(job.namespace, job.code)
        try:
            unpack(datastore.store.get(key), Path(folder))
        except NotFound:
            raise StoreError(
                f"{key}: the code package of {job.flow} is gone from {datastore.store.url}; "
                "deploy the flow again: step-functions create"
            ) from None
        words = [job.flow_file, *frozen_arguments(Path(folder)), "task"]
        python, variables = ending.enter_context(_python(job, datastore, Path(folder), environ))
        process = subprocess.Popen(
            [python, *words], cwd=folder, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        log, asked_to_end, lost = LogBook(utc_now()), Event(), list[str]()
        gang = Gang.of(datastore, job.flow, job.run, job.task, job.attempt) if job.node else None

        def end(number: int, frame: FrameType | None) -> None:
            asked_to_end.set()
            process.terminate()

        def end_with_gang(why: str) -> None:
            lost.append(why)
            process.kill()

        signal.signal(signal.SIGTERM, end)
        with (
            GrowingLog(log, partial(datastore.put_log, job.flow, job.run, job.task, job.attempt)),
            kept_together(gang, job.node, end_with_gang),
        ):
            _follow(process, log)
            status = process.wait()
    reason = lost[0] if lost and status else death(status)
    if reason and not asked_to_end.is_set():  # who asked knows why
        failure = Failure(job.task.step, job.task.path, job.attempt, reason, "", utc_now())
        datastore.put_failure(job.flow, job.run, failure)
        print(f"Error: {reason}", file=sys.stderr)
    if status and gang and job.node and not asked_to_end.is_set():
        failed(gang, job.node, _why(datastore, job))
    return 1 if status else 0


def _why(datastore: Datastore, job: Job) -> str:
    """Why the task of a job has failed, which has said so."""
    return datastore.failure(job.flow, job.run, job.task, job.attempt).reason


@contextmanager
def _python(
    job: Job, datastore: Datastore, folder: Path, environ: Mapping[str, str]
) -> Iterator[tuple[str, dict[str, str]]]:
    """The Python that runs the task, and its environment variables: this one, or that of its packages."""
    from stepwell.execution.package import check_runtime, frozen_in

    frozen = frozen_in(folder)
    check_runtime(frozen)
    about = frozen.environments.get("steps", {}).get(job.task.step)
    if about is None:
        yield sys.executable, dict(environ)
        return
    from stepwell.environments import container, platforms
    from stepwell.environments.pack import Pack

    with ExitStack() as ending:

        def opened(name: str) -> Pack:
            try:
                file = datastore.store.open(keys.environments(job.namespace) + keys.pack(name))
            except NotFound:
                raise StoreError(
                    f"environment {name[:12]} of step '{job.task.step}' is gone from {datastore.store.url}; "
                    "deploy the flow again: step-functions create"
                ) from None
            return Pack(ending.enter_context(file), name)

        place = tempfile.TemporaryDirectory(prefix="stepwell-", ignore_cleanup_errors=True)
        yield ending.enter_context(
            container.unpacking(
                opened(about["packs"][platforms.CONTAINER]),
                Path(ending.enter_context(place)),
                environ,
                about["asked"],
                partial(opened, about["interpreter"]) if about["interpreter"] else None,
            )
        )


def _follow(process: subprocess.Popen[bytes], log: LogBook) -> None:
    """Pass on what a process prints until it is gone, and collect it."""
    assert process.stdout is not None and process.stderr is not None
    streams: dict[IO[bytes], tuple[Stream, IO[str]]] = {
        process.stdout: ("o", sys.stdout),
        process.stderr: ("e", sys.stderr),
    }
    with selectors.DefaultSelector() as selector:
        for pipe in streams:
            selector.register(pipe, selectors.EVENT_READ)
        while selector.get_map():
            for key, _ in selector.select():
                data = os.read(key.fd, 1 << 16)
                if not data:
                    selector.unregister(key.fileobj)
                    continue
                stream, ours = streams[key.fileobj]  # type: ignore[index]
                for line in log.add(stream, data, utc_now()):
                    print(line, file=ours, flush=True)
    for line in log.close(utc_now()):
        print(line, flush=True)


def run_named_task(flow_class: type[FlowSpec]) -> int:
    """Run the task that the environment variables name in this process; returns the exit status."""
    from stepwell.execution.beginning import begin
    from stepwell.execution.spec import TaskSpec
    from stepwell.execution.task import run_task
    from stepwell.flow.commandline import frozen
    from stepwell.store.opening import open_store

    for stream in (sys.stdout, sys.stderr):  # what is printed is to be seen at once, as on a laptop
        cast(TextIOWrapper, stream).reconfigure(line_buffering=True)
    job = Job.from_environment(os.environ)
    datastore = Datastore(open_store(job.datastore), job.namespace)
    parameters, origin = None, None
    if job.task.step == START:
        try:
            parameters, origin = begin(flow_class, job, datastore)
        except ParameterError as error:
            print(f"Error: {error}", file=sys.stderr)
            failure = Failure(job.task.step, job.task.path, job.attempt, str(error), "", utc_now())
            datastore.put_failure(job.flow, job.run, failure)
            return TASK_FAILED
    spec = TaskSpec(
        job.run, job.task, job.username, job.attempt, parameters, max_splits=job.max_splits,
        publish_splits=True, code=job.code, origin=origin, attached=frozen().attached, job=job.id,
    )  # fmt: skip
    outcome = run_task(flow_class, spec, datastore)
    return TASK_FAILED if outcome.failure else 0
