"""The commands that look at runs, tag them, and say what would be packed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from stepwell import FlowSpec, Parameter, step
from stepwell.cli.flow import flow_command
from stepwell.client.objects import Flow
from stepwell.execution.package import FROZEN_FILE
from stepwell.production import executions, target
from tests.support import environment, run_flow, write_flow


class Sized(FlowSpec):
    size = Parameter("size", type=int, multiple=True)

    @step
    def start(self) -> None:
        self.next(self.end)

    @step
    def end(self) -> None: ...


BODY = """
cfg = Config("cfg", default_value={"memory": 8192})
@resources(memory=cfg.memory)
@step
def start(self):
    print("out")
    print("err", file=sys.stderr)
    self.xs = [1, 0]
    self.large = list(range(1000))
    self.next(self.divide, foreach="xs")
@step
def divide(self):
    print("dividing by", self.input)
    self.result = 1 / self.input
    self.next(self.join)
@step
def join(self, inputs):
    self.next(self.end)
@step
def end(self): pass
"""


class Ran:
    """A flow whose run has failed in one of two tasks, and its command line."""

    def __init__(self, folder: Path) -> None:
        self.file = write_flow(folder, BODY, head="import sys\nfrom stepwell import Config, resources")
        self.home = folder / ".home"
        self.first = self.call("run", "--max-workers", "1", "--tag", "mine", "--run-id-file", "id")
        self.run = (folder / "id").read_text()

    def call(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return run_flow(self.file, self.home, *arguments)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return Ran(tmp_path_factory.mktemp("flow"))


def test_the_first_failure_ends_the_output(ran: Ran) -> None:
    """A run that failed ends with its first failure: task, reason, frames, and the commands to go on with."""
    end = ran.first.stdout.partition("The run failed after ")[2].splitlines()[1:]
    assert end == [
        "",
        "First failure: task divide/0-1: ZeroDivisionError: division by zero",
        "    Traceback (most recent call last):",
        f'      File "{ran.file}", line 19, in divide',
        "        self.result = 1 / self.input",
        "                      ~~^~~~~~~~~~~~",
        "    ZeroDivisionError: division by zero",
        f"  its log:    python {ran.file} logs {ran.run}/divide/0-1",
        f"  to resume:  python {ran.file} resume --origin-run-id {ran.run}",
        "Of the other tasks: 2 done.",
    ]
    assert ran.first.stderr.startswith(f"Error: run Made/{ran.run} failed in step 'divide'")


def test_dump_shows_artifacts(ran: Ran) -> None:
    """Small artifacts are shown as values, large ones as what they are; a task that is not done says so."""
    head, cfg, large, xs = ran.call("dump", f"{ran.run}/start").stdout.splitlines()
    assert (head, cfg, xs) == (f"Made/{ran.run}/start/0:", "  cfg    {'memory': 8192}", "  xs     [1, 0]")
    assert large.startswith("  large  <Artifact large: list, 1,000 rows, ")
    shown = ran.call("dump", f"Made/{ran.run}/divide", "--include", "result", "--private").stdout
    assert "  result          1.0\n" in shown and "  (index)         [0]\n" in shown
    assert shown.endswith("divide/0-1:\n  not done, so without artifacts\n")


def test_logs_shows_what_was_printed(ran: Ran) -> None:
    """Each stream of each task is printed to its own; one alone, or with times, where asked."""
    both = ran.call("logs", f"{ran.run}/start/0")
    assert (both.stdout, both.stderr) == ("out\n", "err\n")
    assert ran.call("logs", "show", f"{ran.run}/start/0", "--stderr").stdout == ""
    stamped = ran.call("logs", f"{ran.run}/start/0", "--stdout", "--timestamps")
    assert stamped.stderr == "" and stamped.stdout.endswith(" out\n") and len(stamped.stdout) == 28
    whole = ran.call("logs", ran.run)
    assert f"Made/{ran.run}/divide/0-1:\ndividing by 0\n" in whole.stdout
    assert "ZeroDivisionError: division by zero\n" in whole.stderr


def test_tags_change(ran: Ran) -> None:
    """Tags given at the start, added, replaced and removed are those of the newest run or the named."""
    ran.call("tag", "add", "good", "bad")
    ran.call("tag", "replace", "good", "better", "--run-id", ran.run)
    ran.call("tag", "remove", "bad")
    assert ran.call("tag", "list", "--hide-system-tags").stdout == "better\nmine\n"
    assert "runtime:local\nuser:tester\n" in ran.call("tag", "list").stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["dump", "nope"], "Error: run Made/nope is not in namespace 'user/tester' of "),
        (["logs", "a/b/c/d"], "Error: pathspec: received 'a/b/c/d'; it must be RUN, RUN/STEP or R"),
        (["run", "--tag", ""], "Error: tag: received ''; a tag is printable text"),
        (["run", "--run-id-file", "/no/id"], "Error: --run-id-file: received '/no/id', which can't be"),
        (["run", "--namespace", "Me"], "Error: namespace: received 'Me'; it must be user/NAME,"),
        (["--config", "cgf", "x.toml", "run"], "Error: --config: received the config 'cgf'; this flow's c"),
        (["--config", "cfg", "no.toml", "run"], "Error: made.py:8: config 'cfg': received the file 'no.tom"),
        (["--config-value", "cfg", "{}", "run"], "Error: made.py:8: config 'cfg' has no value 'memory'; it"),
    ],
)  # fmt: skip
def test_wrong_words_are_one_line(arguments: list[str], message: str, ran: Ran) -> None:
    """What is wrong on the command line is one line, and no run begins."""
    before = len(list(ran.home.rglob("run.json")))
    ended = ran.call(*arguments)
    assert ended.stderr.startswith(message), ended.stderr
    assert (ended.returncode in (1, 2), ended.stderr.count("\n")) == (True, 1)
    assert len(list(ran.home.rglob("run.json"))) == before


def test_namespace_is_where_the_run_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--namespace says where a run is written, and where the other commands look."""
    body = "@step\ndef start(self): self.next(self.end)\n@step\ndef end(self): print(current.namespace)"
    file, home = write_flow(tmp_path, body), tmp_path / "home"
    assert run_flow(file, home, "run", "--namespace", "user/other", "--run-id-file", "id").returncode == 0
    run = (tmp_path / "id").read_text()
    assert run_flow(file, home, "logs", f"{run}/end", "--namespace", "user/other").stdout == "user/other\n"
    monkeypatch.setenv("STEPWELL_HOME", str(home))
    assert Flow("Made", namespace="user/other").latest_run.id == run


def test_quiet_prints_failures_alone(ran: Ran) -> None:
    """--quiet leaves nothing of a run's output but its first failure."""
    assert ran.call("run", "--quiet").stdout.startswith("\nFirst failure: task divide/0-1: ")


def test_dump_of_private_artifacts(tmp_path: Path) -> None:
    """Artifacts that begin with an underscore reach the steps that follow, and are shown with --private."""
    body = """
    @step
    def start(self):
        self._state, self._graph, self._rows = 1, 2, 3
        self.next(self.a, self.b)
    @step
    def a(self): self.next(self.join)
    @step
    def b(self): self.next(self.join)
    @step
    def join(self, inputs):
        self.joined = [(one._state, one._graph) for one in inputs]
        self.merge_artifacts(inputs)
        self.next(self.end)
    @step
    def end(self): self.sum = self._state + self._graph + self._rows
    """
    file, home = write_flow(tmp_path, body), tmp_path / "home"
    run = run_flow(file, home, "run").stdout.split("run-id ")[1].split(")")[0]
    shown = [run_flow(file, home, "dump", f"{run}/end", *given).stdout for given in ([], ["--private"])]
    assert [line.split(maxsplit=1) for line in shown[0].splitlines()[1:]] == [
        ["joined", "[(1, 2), (1, 2)]"], ["sum", "6"],
    ]  # fmt: skip
    assert "  _state" in shown[1] and "(parents)" in shown[1]


def test_output_dot(ran: Ran) -> None:
    """The graph is a DOT document with a node for each step and an edge for each that follows."""
    lines = ran.call("output-dot").stdout.splitlines()
    assert lines[0] == "digraph Made {" and lines[-1] == "}"
    assert '  "start" [label="start\\nfor each of xs", shape=trapezium, style=""];' in lines
    assert [line.strip() for line in lines if "->" in line] == [
        '"start" -> "divide";', '"divide" -> "join";', '"join" -> "end";',
    ]  # fmt: skip


def test_package_list(ran: Ran) -> None:
    """The files that would be packed are listed with their sizes, and what configs are frozen to."""
    lines = ran.call("package", "list").stdout.splitlines()
    assert lines[0].split() == [f"{ran.file.stat().st_size:,}", "made.py"]
    assert lines[1].split() == ["120", FROZEN_FILE]
    assert "bytes in 2 files;" in lines[2]


def test_a_frozen_config_reaches_the_task(ran: Ran, tmp_path: Path) -> None:
    """A deployed flow's class is made with the frozen values, whatever its defaults are by then."""
    frozen = tmp_path / "frozen.json"
    frozen.write_text('{"configs": {"cfg": {"memory": -5}}, "files": {}}')
    assert "memory=-5" in ran.call("--frozen", str(frozen), "check").stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(shell: str) -> None:
    """Each shell gets a script for `stepwell`, and one for an executable flow that asks the flow itself."""
    call = [str(Path(sys.executable).with_name("stepwell")), "completion", shell]
    own = subprocess.run(call, capture_output=True, text=True, check=True).stdout
    assert f"_STEPWELL_COMPLETE={shell}_complete" in own
    flow = subprocess.run([*call, "a/my-flow.py"], capture_output=True, text=True, check=True).stdout
    assert f"_MY_FLOW_PY_COMPLETE={shell}_complete" in flow and "my-flow.py" in flow


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["ta"], ["tag"]),
        (["step-functions", "tr"], ["trigger"]),
        (["run", "--max-n"], ["--max-num-splits"]),
        (["spin", ""], ["start", "divide", "join", "end"]),
        (["resume", "d"], ["divide"]),
    ],
)
def test_a_flow_completes_in_bash(words: list[str], offered: list[str], ran: Ran) -> None:
    """Bash, with the script that it is given, offers an executable flow's commands, options and steps."""
    script = ran.file.with_name("flow.py")
    script.write_text(f"#!{sys.executable}\n{ran.file.read_text()}")
    script.chmod(0o755)
    stepwell = str(Path(sys.executable).with_name("stepwell"))
    # what bash does when Tab is pressed: it calls the function that `complete` was given
    asked = f"""
        eval "$({stepwell} completion bash flow.py)"
        COMP_WORDS=(./flow.py {" ".join(word or "''" for word in words)}); COMP_CWORD={len(words)}
        function=$(complete -p flow.py | sed 's/.*-F \\([^ ]*\\).*/\\1/')
        $function ./flow.py; printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    answer = subprocess.run(
        ["bash", "--norc", "--noprofile", "-c", asked], cwd=script.parent, capture_output=True, text=True,
        env=environment(ran.home, PATH=os.environ["PATH"]),
    )  # fmt: skip
    assert answer.stdout.split() == offered and not answer.stderr


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("rnu", "there is no command 'rnu'; did you mean 'run'?"),
        (
            "card",
            "there is no command 'card'; there are run, resume, replay, spin, step-functions, show, check, ",
        ),
    ],
)
def test_an_unknown_command_is_one_line(command: str, message: str, ran: Ran) -> None:
    """A command that is not there is refused with the nearest one, or with all there are."""
    ended = ran.call(command)
    assert ended.returncode == 2 and ended.stderr.startswith(f"Error: {message}")
    assert ended.stderr.count("\n") == 1 and "task" not in ended.stderr


def test_trigger_writes_the_runs_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`step-functions trigger --run-id-file` leaves the id of the run it started."""

    class Started:
        def __init__(self, target: object) -> None: ...

        def trigger(self, given: dict[str, Any], tags: tuple[str, ...]) -> str:
            assert (given, tags) == ({"size": ("1", "2")}, ("a", "b"))
            return "sfn-7"

    monkeypatch.setattr(target, "Target", lambda flow_class: None)
    monkeypatch.setattr(executions, "Executions", Started)
    words = ["step-functions", "trigger", "--size", "1", "--size", "2", "--run-id-file", str(tmp_path / "id")]
    words += ["--tag", "a", "--tag", "b"]
    flow_command(Sized).main(words, standalone_mode=False)
    assert (tmp_path / "id").read_text() == "sfn-7"
