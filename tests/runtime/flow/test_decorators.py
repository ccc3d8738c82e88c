"""Decorators of steps and flows that need no run to be checked, and one's own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from stepwell.flow.decorators.base import all_of
from stepwell.flow.decorators.batch import batch
from stepwell.flow.decorators.flowlevel import flow_decorators
from stepwell.flow.decorators.retry import retry
from stepwell.flow.decorators.schedule import schedule
from stepwell.flow.decorators.secrets import variables
from tests.support import run_flow, write_flow

STEPS = """
@step
def start(self):
    {body}
    self.next(self.end)
@step
def end(self): pass
"""


def flow_with(tmp_path: Path, decorators: str, body: str = "pass", step: str = "", head: str = "") -> Path:
    """A file with a flow that has decorators on its class and on `start`."""
    names = "project, schedule, secrets, user_step_decorator"
    file = write_flow(
        tmp_path,
        STEPS.format(body=body).replace("@step\ndef start", f"{step}\n@step\ndef start"),
        head=f"from stepwell import {names}\n{head}",
    )
    file.write_text(file.read_text().replace("class Made", f"{decorators}\nclass Made"))
    return file


@pytest.mark.parametrize(
    ("decorators", "message"),
    [
        ("@schedule(hourly=True, daily=True)", "@schedule: received hourly and daily; give one of them"),
        ("@schedule(cron='0 6 * *')", "@schedule: received cron='0 6 * *'; cron must be six fields"),
        ("@schedule(timezone='Mars')", "@schedule: received timezone='Mars'; timezone must be an IANA name"),
        (
            "@project(name='No Spaces')",
            "@project: received name='No Spaces'; name must be 1 to 128 lower-case",
        ),
        ("@project()", "@project: received name=None; name must be 1 to 128"),
    ],
)
def test_bad_flow_decorators_are_one_line(decorators: str, message: str, tmp_path: Path) -> None:
    """A wrong attribute of a flow's decorator is one line that names the flow."""
    ended = run_flow(flow_with(tmp_path, decorators), tmp_path / "home", "check")
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"Error: flow Made: {message}") and ended.stderr.count("\n") == 1


def test_a_scheduled_flow_needs_defaults(tmp_path: Path) -> None:
    """A required parameter and a schedule don't go together."""
    file = flow_with(tmp_path, "@schedule(daily=True)")
    file.write_text(
        file.read_text().replace(
            "    @step\n    def start", "    n = Parameter('n', required=True)\n    @step\n    def start"
        )
    )
    ended = run_flow(file, tmp_path / "home", "check")
    assert "@schedule starts it without parameters, but 'n' is required; give it a default" in ended.stderr


@pytest.mark.parametrize(
    ("attributes", "expression"),
    [
        ({}, "cron(0 0 * * ? *)"),
        ({"hourly": True}, "cron(0 * * * ? *)"),
        ({"weekly": True}, "cron(0 0 ? * SUN *)"),
        ({"cron": "0 6 ? * MON-FRI *"}, "cron(0 6 ? * MON-FRI *)"),
    ],
)
def test_schedules_are_eventbridge_expressions(attributes: dict[str, object], expression: str) -> None:
    """A schedule is daily unless it says otherwise."""
    assert schedule(**attributes).expression == expression


@pytest.mark.parametrize(
    ("source", "content", "expected"),
    [
        ("db", '{"USER": "ada", "PASSWORD": "x"}', {"USER": "ada", "PASSWORD": "x"}),
        ("shared/api-token", "t0ken", {"API_TOKEN": "t0ken"}),
        ("db", '{"port": 5}', {"DB": '{"port": 5}'}),
    ],
)
def test_secrets_become_variables(source: str, content: str, expected: dict[str, str]) -> None:
    """A JSON object of text sets a variable for each key, anything else one named like the source."""
    assert variables(source, content) == expected


def test_secrets_on_a_laptop(tmp_path: Path) -> None:
    """Without an environment the content is taken from the variable, and its absence is one line."""
    file = flow_with(tmp_path, "", "assert os.environ['USER_NAME'] == 'ada'", step='@secrets(sources=["db"])')
    assert run_flow(file, tmp_path / "home", "run", DB='{"USER_NAME": "ada"}').returncode == 0
    ended = run_flow(file, tmp_path / "home", "run")
    assert (
        ended.returncode == 1 and "the variable DB is not set; set DB to the secret's content" in ended.stderr
    )


OWN = """
@user_step_decorator
def traced(step_name, flow, inputs=None, attributes=None):
    flow.trace = [f"before {step_name} {attributes}".replace("'", "")]
    try:
        yield
    finally:
        flow.trace = [*flow.trace, "after"]
        print(flow.trace)
"""


@pytest.mark.parametrize(("step", "attributes"), [("@traced", "{}"), ("@traced(a=1)", "{a: 1}")])
def test_a_decorator_of_ones_own(step: str, attributes: str, tmp_path: Path) -> None:
    """A generator function runs around the step, may set artifacts, and sees its attributes."""
    file = flow_with(tmp_path, "", "self.trace = [*self.trace, 'step']", step=step, head=OWN)
    ended = run_flow(file, tmp_path / "home", "run")
    assert ended.returncode == 0, ended.stderr
    assert f"['before start {attributes}', 'step', 'after']" in ended.stdout


GIVEN = """
@user_step_decorator
def given(step_name, flow, inputs):
    flow.value = "before"
    try:
        yield {what}
    except ValueError as error:
        flow.value = f"caught {{error}}"
"""


@pytest.mark.parametrize(
    ("what", "body", "value"),
    [
        ("", "self.value = 'step'", "step"),
        ("USER_SKIP_STEP", "self.value = 'step'", "before"),
        ("", "raise ValueError('no')", "caught no"),
        ("lambda flow: setattr(flow, 'value', 'other') or True", "self.value = 'step'", "other"),
    ],
)
def test_what_a_decorator_of_ones_own_may_do(what: str, body: str, value: str, tmp_path: Path) -> None:
    """It may let the step run, skip it, run something in its place, or catch what it raises."""
    head = "from stepwell import USER_SKIP_STEP" + GIVEN.format(what=what)
    file = flow_with(tmp_path, "", body, step="@given", head=head)
    ended = run_flow(file, tmp_path / "home", "run")
    assert ended.returncode == 0, ended.stderr
    shown = run_flow(file, tmp_path / "home", "dump", ended.stdout.split("run-id ")[1].split(")")[0] + "/end")
    assert shown.stdout.splitlines()[1].split(maxsplit=1) == ["value", repr(value)]


@pytest.mark.parametrize(
    ("head", "message"),
    [
        (GIVEN.format(what="7"), "@given: it yielded 7; it may yield nothing, USER_SKIP_STEP or a function"),
        (GIVEN.format(what="") + "    yield", "@given: it yielded again; a step decorator yields once"),
        (
            "@user_step_decorator\ndef given(step_name, flow, inputs):\n    if 0: yield",
            "@given: it ended before its yield; a step decorator yields once",
        ),
        (
            "@user_step_decorator\ndef given(step_name): pass",
            "@user_step_decorator: received 'given', which is no generator function of (step_",
        ),
    ],
)
def test_what_a_decorator_of_ones_own_may_not_do(head: str, message: str, tmp_path: Path) -> None:
    """A function that does not yield once, or yields what means nothing, is one line."""
    ended = run_flow(flow_with(tmp_path, "", step="@given", head=head), tmp_path / "home", "run", "--quiet")
    assert ended.returncode != 0 and message in ended.stderr
    assert ended.stderr.count("\n") == 1 and "Traceback" not in ended.stdout + ended.stderr


def test_a_decorator_of_ones_own_sees_failures(tmp_path: Path) -> None:
    """What the step raises passes through the decorator, and fails the task as itself."""
    file = flow_with(tmp_path, "", "raise ValueError('no')", step="@traced", head=OWN)
    ended = run_flow(file, tmp_path / "home", "run")
    assert ended.returncode == 1 and "ValueError: no" in ended.stderr
    assert "'after']" in ended.stdout


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("retyr", "--with: received 'retyr'; there is no decorator 'retyr' to attach; did you mean 'retry'?"),
        ("retry:2", "--with: received 'retry:2'; attributes are written NAME:key=value,key=value, such as"),
        ("retry:times=x", "--with retry:times=x: @retry: received times='x'; times must be a whole number"),
    ],
)
def test_bad_with_is_one_line(text: str, message: str, tmp_path: Path) -> None:
    """What can't be attached is one line."""
    ended = run_flow(flow_with(tmp_path, ""), tmp_path / "home", "run", "--with", text)
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"Error: {message}") and ended.stderr.count("\n") == 1


def test_with_before_the_command_attaches_everywhere(tmp_path: Path) -> None:
    """`--with` before the command counts for runs and deployments, beside those after it."""
    body = "if current.retry_count < 1: raise ValueError('no')"
    file, home = flow_with(tmp_path, "", body), tmp_path / "home"
    given = ["--with", "retry:times=1,minutes_between_retries=0"]
    assert run_flow(file, home, *given, "run", "--with", "timeout:minutes=1").returncode == 0
    planned = run_flow(file, home, *given, "step-functions", "create", "--only-json").stdout
    assert planned.count('"MaxAttempts": 1') == 2
    bare = run_flow(file, home, "step-functions", "create", "--only-json").stdout
    codes = [set(re.findall(r'"([0-9a-f]{64})"', text)) for text in (planned, bare)]
    assert len(codes[0] | codes[1]) == 2  # jobs are told by their package
    ended = run_flow(file, home, "--with", "retyr", "check")
    assert ended.returncode == 2 and ended.stderr.count("\n") == 1
    assert ended.stderr.startswith("Error: --with: received 'retyr'; there is no decorator 'retyr' to attach")


def test_with_attaches_to_steps_without(tmp_path: Path) -> None:
    """`--with` gives each step the decorator that has none of its kind."""
    body = "if current.retry_count < 2: raise ValueError('no')"
    file = flow_with(tmp_path, "", body)
    arguments = ["--with", "retry:times=2,minutes_between_retries=0"]
    assert run_flow(file, tmp_path / "home", "run", *arguments).returncode == 0


def test_parentheses_may_be_left_out() -> None:
    """`@retry` is `@retry()`, and so with every decorator, of flows too."""

    @batch
    @retry
    def work() -> None: ...

    @schedule
    class Flow: ...

    assert [one.attributes for one in all_of(work)] == [batch.defaults, retry.defaults]
    (found,) = flow_decorators(Flow)
    assert isinstance(found, schedule) and found.attributes == schedule.defaults
