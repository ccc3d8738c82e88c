"""``Runner``: run a flow's file from Python, and look at the run while and after it runs."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from stepwell import errors
from stepwell.client.objects import Flow, Run
from stepwell.errors import RunFailed, StepwellError, UsageError
from stepwell.flow.commandline import CONFIG, CONFIG_VALUE
from stepwell.runner.arguments import arguments, pairs
from stepwell.runner.process import Command, Stream, environment

_LOOK = 0.02
"""Seconds between two looks at a process."""

Status = Literal["running", "successful", "failed"]


class ExecutingRun:
    """A run whose command was started by `Runner`; leaving its ``with`` block ends what runs still."""

    def __init__(self, command: Command) -> None:
        self.command = command

    @cached_property
    def run(self) -> Run:
        """The run, as the client reads it; it shows what is done so far.

        Raises:
            RunFailed: the command has not claimed a run yet.
        """
        told = self.command.told().get("run")
        if told is None:
            raise RunFailed("the command has not begun its run; see .stdout and .stderr")
        flow = Flow(told["flow"], namespace=told["namespace"], datastore=told["datastore"], allow_pickle=True)
        return flow[told["run"]]

    @property
    def status(self) -> Status:
        """Whether it is running, was successful or failed."""
        if self.returncode is None:
            return "running"
        return "failed" if self.returncode else "successful"

    @property
    def returncode(self) -> int | None:
        """Exit status of the command; None while it runs."""
        return self.command.returncode

    @property
    def stdout(self) -> str:
        """What the command has printed to stdout so far."""
        return self.command.printed("stdout").decode(errors="replace")

    @property
    def stderr(self) -> str:
        """What the command has printed to stderr so far."""
        return self.command.printed("stderr").decode(errors="replace")

    async def wait(self, timeout: float | None = None, stream: Stream | None = None) -> Self:
        """Wait for the end.

        Args:
            timeout: seconds to wait at most; None for as long as it takes.
            stream: "stdout" or "stderr", to print it here meanwhile.

        Raises:
            TimeoutError: it still runs after `timeout`; it goes on.
        """
        async with asyncio.timeout(timeout):
            if stream:
                async for _, line in self.stream_log(stream):
                    print(line)
            while self.returncode is None:
                await asyncio.sleep(_LOOK)
        return self

    async def stream_log(self, stream: Stream, position: int | None = None) -> AsyncIterator[tuple[int, str]]:
        """The lines of "stdout" or "stderr" as they are printed, up to the end of the run.

        Each comes with the position behind it, in bytes, from which a later call goes on.
        """
        if stream not in ("stdout", "stderr"):
            raise UsageError(f"stream_log: received {stream!r}; it must be 'stdout' or 'stderr'")
        place, ended = position or 0, False
        while not ended:
            ended = self.returncode is not None
            for line in self.command.printed(stream, place).splitlines(keepends=True):
                if line.endswith(b"\n") or ended:
                    place += len(line)
                    yield place, line.decode(errors="replace").rstrip("\r\n")
            if not ended:
                await asyncio.sleep(_LOOK)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.command.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.command.close()

    def __repr__(self) -> str:
        return f"<ExecutingRun: {self.status}>"

    def _begun(self) -> bool:
        """Whether its run is claimed, or the command ended before; raises what the command failed with."""
        ended, told = self.returncode is not None, self.command.told()
        if "run" in told:
            return True
        if not ended:
            return False
        last = (self.stderr.strip().splitlines() or ["it printed nothing to stderr"])[-1]
        self.command.close()
        if "error" in told:
            kind: type[StepwellError] = getattr(errors, told["error"]["kind"])
            raise kind(told["error"]["message"])
        raise RunFailed(f"the command ended with status {self.returncode} and began no run: {last}")


class Runner:
    """Runs a flow's file as ``python FILE run`` does, in processes of its own; its names are Metaflow's.

    ``with Runner("train.py").run(alpha=3, max_workers=4) as running:`` waits for the end of the run;
    ``running = await Runner("train.py").async_run(alpha=3)`` returns once it has begun. Both work in a
    notebook's cell, where an event loop runs. A runner may be a context itself: leaving it ends its runs.

    Args:
        flow_file: the file; relative to `cwd`.
        show_output: whether `run` prints here what the command prints.
        env: environment variables in addition to those of this process.
        cwd: working folder of the run; by default that of this process.
        datastore: what ``--datastore`` takes.
        config: by config its file, as ``--config`` takes them: a dictionary or pairs.
        config_value: by config its values, as ``--config-value`` takes them: a dictionary or pairs.
        decospecs: decorators for every step, as ``--with`` takes them.
        branch, production: of a flow with ``@project``, as ``--branch`` and ``--production`` take them.
    """

    def __init__(
        self,
        flow_file: str | Path,
        show_output: bool = True,
        env: Mapping[str, str] | None = None,
        cwd: str | Path | None = None,
        *,
        datastore: str | None = None,
        config: Mapping[str, Any] | Sequence[tuple[str, Any]] = (),
        config_value: Mapping[str, Any] | Sequence[tuple[str, Any]] = (),
        decospecs: Sequence[str] = (),
        branch: str | None = None,
        production: bool = False,
    ) -> None:
        self.cwd = Path(cwd or ".").absolute()
        self.file = self.cwd / flow_file
        if not self.file.is_file():
            raise UsageError(f"Runner: there is no file {self.file}; name the file of a flow")
        self._environ = environment(env or {}, self.cwd)
        self._options = [] if datastore is None else [f"--datastore={datastore}"]
        self._options += pairs(CONFIG, config) + pairs(CONFIG_VALUE, config_value)
        self._options += [f"--with={spec}" for spec in decospecs]
        self._options += [] if branch is None else [f"--branch={branch}"]
        self._options += ["--production"] if production else []
        self._show = show_output
        self._begun: list[ExecutingRun] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.cleanup()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        self.cleanup()

    def cleanup(self) -> None:
        """End the runs that it started and that run still, and remove their temporary files."""
        for running in self._begun:
            running.command.close()
        self._begun.clear()

    def run(self, **given: Any) -> ExecutingRun:
        """Run the flow and wait for its end; that it failed is its `status`, and raises nothing.

        Args:
            given: the flow's parameters, and options of ``run`` such as ``max_workers`` and ``tags``.

        Raises:
            ParameterError: a parameter is missing or wrong; nothing was started.
            StepwellError: the flow or its surroundings are wrong; nothing was started.
        """
        return self._finish(["run", *arguments(given)])

    async def async_run(self, **given: Any) -> ExecutingRun:
        """Begin to run the flow, and return once the run has begun; takes and raises what `run` does."""
        return await self._begin(["run", *arguments(given)])

    def resume(self, step_to_rerun: str | None = None, **given: Any) -> ExecutingRun:
        """Resume a run and wait for the end; otherwise as `run`.

        Args:
            step_to_rerun: the step to run again, with all that follow it, done or not.
            given: options of ``resume``, such as ``origin_run_id``: by default the newest run is resumed.
        """
        return self._finish(["resume", *filter(None, [step_to_rerun]), *arguments(given)])

    async def async_resume(self, step_to_rerun: str | None = None, **given: Any) -> ExecutingRun:
        """Begin to resume a run, and return once the new one has begun; otherwise as `resume`."""
        return await self._begin(["resume", *filter(None, [step_to_rerun]), *arguments(given)])

    def _finish(self, command: list[str]) -> ExecutingRun:
        running = self._start(command)
        places: dict[Stream, int] = {"stdout": 0, "stderr": 0}
        try:
            ended = False
            while not ended:
                ended = running.command.wait(_LOOK)
                self._pass_on(running, places)
            running._begun()
        except BaseException:
            running.command.close()
            raise
        return running

    async def _begin(self, command: list[str]) -> ExecutingRun:
        running = self._start(command)
        try:
            while not running._begun():
                await asyncio.sleep(_LOOK)
        except BaseException:
            running.command.close()
            raise
        return running

    def _start(self, command: list[str]) -> ExecutingRun:
        line = [sys.executable, str(self.file), *self._options, *command]
        running = ExecutingRun(Command(line, self._environ, self.cwd))
        self._begun.append(running)
        return running

    def _pass_on(self, running: ExecutingRun, places: dict[Stream, int]) -> None:
        if self._show:
            for stream, file in (("stdout", sys.stdout), ("stderr", sys.stderr)):
                new = running.command.printed(stream, places[stream])  # type: ignore[arg-type,index]
                places[stream] += len(new)  # type: ignore[index]
                file.write(new.decode(errors="replace"))
                file.flush()

    def __repr__(self) -> str:
        return f"Runner({str(self.file)!r})"
