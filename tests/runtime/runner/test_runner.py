"""Runs that are started from Python."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import pytest

from stepwell.deployer.load import load_flow
from stepwell.errors import FlowError, ParameterError, RunFailed, UsageError
from stepwell.runner.run import Runner
from tests.support import write_flow

BODY = """
alpha = Parameter("alpha", default=1)
some_words = Parameter("some-words", type=JSONType, default=[])
wait = Parameter("wait", default=0.0)

@step
def start(self):
    print("alpha is", self.alpha)
    print("pid", os.getpid())
    time.sleep(self.wait)
    self.double = 2 * self.alpha
    self.next(self.end)

@step
def end(self):
    assert self.alpha != 13
"""
HEAD = "from stepwell import JSONType"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A flow's file in a folder with a space, the working folder being another one."""
    monkeypatch.delenv("STEPWELL_HOME", raising=False)
    (tmp_path / "some flows").mkdir()
    return write_flow(tmp_path / "some flows", BODY, HEAD)


def runner(file: Path, **more: str) -> Runner:
    return Runner(file.name, show_output=False, env={"STEPWELL_USER": "tester", **more}, cwd=file.parent)


def test_a_run_is_waited_for(file: Path) -> None:
    """`run` takes parameters and options, waits, and gives the run as the client reads it."""
    with runner(file).run(alpha=3, some_words=["a b", {"c": None}], max_workers=1) as running:
        assert (running.status, running.returncode) == ("successful", 0)
        assert running.run.data.double == 6
        assert running.run.data.some_words == ["a b", {"c": None}]
        assert "alpha is 3" in running.stdout
    assert running.stdout.endswith("Done!\n")
    assert (file.parent / ".stepwell").is_dir()


def test_a_failure_is_a_status(file: Path) -> None:
    """A run that fails raises nothing: its status, exit status and failures say so."""
    running = runner(file).run(alpha=13)
    assert (running.status, running.returncode) == ("failed", 1)
    assert [failure.step for failure in running.run.failures] == ["end"]
    assert "failed in step 'end'" in running.stderr
    running.command.close()


def test_a_run_is_resumed(file: Path) -> None:
    """`resume` takes over what is done of the newest run, or of the one that is named."""
    with runner(file).run(alpha=13) as failed:
        run = failed.run.id
    text = file.read_text()
    file.write_text(text.replace("self.alpha != 13", "self.alpha == 13"))
    with runner(file).resume() as resumed:
        assert resumed.status == "successful"
        assert resumed.run.data.double == 26
        assert f"Taken over from Made/{run}/start/0" in resumed.stdout
    with runner(file).resume("start", origin_run_id=run, max_workers=1) as again:
        assert again.status == "successful"
        assert "Taken over" not in again.stdout


def test_a_run_reuses(file: Path) -> None:
    """Options without a value are given as True; False leaves them out."""
    with runner(file).run(alpha=3) as first, runner(file).run(alpha=3, reuse=True, explain=False) as second:
        assert second.run.data.double == 6
        assert second.run["start"].task.origin_pathspec == f"Made/{first.run.id}/start/0"


def test_output_is_shown(file: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """With `show_output`, the default, what the command prints is printed here."""
    with Runner(file, env={"STEPWELL_HOME": str(file.parent / "home")}).run(alpha=4):
        assert "alpha is 4" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        ({"alpha": "many"}, ParameterError, "parameter 'alpha': received 'many', which is not an integer"),
        ({"beta": 1}, UsageError, "No such option '--beta'"),
        ({"alpha": object()}, UsageError, "alpha: received <object object .* of type object; an argument"),
        ({"tags": "a"}, UsageError, r"tags: received 'a'; it must be a list of text"),
    ],
)
def test_wrong_arguments_are_raised_here(
    file: Path, given: dict[str, object], kind: type[Exception], message: str
) -> None:
    """What the command line refuses is raised in this process, as the same error with the same line."""
    with pytest.raises(kind, match=message) as caught:
        runner(file).run(**given)
    assert type(caught.value) is kind
    with pytest.raises(kind, match=message):
        asyncio.run(runner(file).async_run(**given))


def test_a_flow_with_a_mistake_is_raised_here(tmp_path: Path) -> None:
    """A flow that is no flow raises the `FlowError` of its check."""
    file = write_flow(
        tmp_path, "@step\ndef start(self):\n    self.next(self.nowhere)\n@step\ndef end(self): pass"
    )
    with pytest.raises(FlowError, match="nowhere"):
        runner(file).run()


def test_a_file_that_does_not_import_says_why(tmp_path: Path) -> None:
    """A file that breaks before any command runs fails with the last line it printed."""
    (tmp_path / "broken.py").write_text("import no_such_module\n")
    with pytest.raises(RunFailed, match="status 1 and began no run: ModuleNotFoundError: No module named"):
        runner(tmp_path / "broken.py").run()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A file that is not there is refused before anything is started."""
    with pytest.raises(UsageError, match=r"there is no file .*/none\.py"):
        Runner("none.py", cwd=tmp_path)


def test_a_run_is_followed(file: Path) -> None:
    """`async_run` returns once the run has begun; its log is streamed, and `wait` waits for the end."""

    async def follow() -> list[str]:
        async with await runner(file).async_run(alpha=5, wait=0.3) as running:
            assert running.status == "running"
            assert not running.run.finished
            with pytest.raises(TimeoutError):
                await running.wait(timeout=0.05)
            lines = [line async for _, line in running.stream_log("stdout")]
            await running.wait()
            assert running.status == "successful"
            positions = [position async for position, _ in running.stream_log("stdout")]
            rest = [line async for _, line in running.stream_log("stdout", positions[-2])]
            assert rest == lines[-1:]
            with pytest.raises(UsageError, match="received 'log'; it must be 'stdout' or 'stderr'"):
                await anext(running.stream_log("log"))  # type: ignore[arg-type]
            return lines

    lines = asyncio.run(follow())
    assert any(line.endswith("alpha is 5") for line in lines)
    assert lines[-1].endswith("Done!")


def test_leaving_the_context_ends_the_run(file: Path) -> None:
    """The processes of a run are gone once its `with` block is left, and so are its temporary files."""

    async def leave() -> tuple[int, int | None, Path]:
        with await runner(file).async_run(wait=60.0) as running:
            async for _, line in running.stream_log("stdout"):
                if "] pid " in line:
                    break
            folder = Path(running.command._folder.name)
        return int(line.split()[-1]), running.returncode, folder

    pid, status, folder = asyncio.run(leave())
    assert status == 130
    assert not folder.exists()
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.01)
    pytest.fail(f"process {pid} of the run's task is still there")


def test_options_of_all_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Configs, by file or value, and decorators for every step are given to the runner itself."""
    monkeypatch.delenv("STEPWELL_HOME", raising=False)
    body = """
    one = Config("one", default_value={"x": 0})
    two = Config("two", default_value={"x": 0})
    @step
    def start(self):
        self.both = [self.one.x, self.two.x]
        if not current.retry_count: raise ValueError("once")
        self.next(self.end)
    @step
    def end(self): pass
    """
    file = write_flow(tmp_path, body, "from stepwell import Config")
    (tmp_path / "one.toml").write_text("x = 1")
    given = {"config": {"one": Path("one.toml")}, "config_value": [("two", {"x": 2})]}
    decorators = ["retry:times=1,minutes_between_retries=0"]
    made = Runner(file, show_output=False, cwd=tmp_path, decospecs=decorators, **given)  # type: ignore[arg-type]
    with made.run() as running:
        assert running.status == "successful", running.stderr
        assert running.run.data.both == [1, 2]


def test_a_runner_is_a_context(file: Path) -> None:
    """Leaving a runner's own block ends all runs that it started, with `async with` too."""

    async def start() -> list[int]:
        async with runner(file) as one:
            runs = [await one.async_run(wait=60.0) for _ in range(2)]
            assert [running.status for running in runs] == ["running"] * 2
        return [running.command.returncode for running in runs]  # type: ignore[misc]

    assert asyncio.run(start()) == [130, 130]
    with runner(file) as one:
        running = one.run(alpha=4)
        assert running.run.data.double == 8
    assert "alpha is 4" in running.stdout


def test_a_notebooks_cell_waits_for_a_run(file: Path) -> None:
    """`run` waits where an event loop runs already, and the flow's class can be imported there."""

    async def cell() -> tuple[int, list[str]]:
        with runner(file).run(alpha=5) as running:
            return running.run.data.double, list(load_flow(file).graph())

    assert asyncio.run(cell()) == (10, ["start", "end"])


def test_runs_at_once(file: Path) -> None:
    """Many runs can be under way at a time, each with its own result."""

    async def three() -> list[int]:
        running = await asyncio.gather(*(runner(file).async_run(alpha=alpha) for alpha in (1, 2, 3)))
        await asyncio.gather(*(one.wait() for one in running))
        doubles = [one.run.data.double for one in running]
        for one in running:
            one.command.close()
        return doubles

    assert asyncio.run(three()) == [2, 4, 6]
