"""Mutators: what they may change of a flow, and when."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stepwell import (
    Config,
    FlowMutator,
    FlowSpec,
    IncludeFile,
    Parameter,
    StepMutator,
    config_expr,
    environment,
    project,
    retry,
    schedule,
    step,
)
from stepwell.errors import FlowError
from stepwell.flow.decorators.attach import attach
from stepwell.flow.decorators.attempts import attempts
from stepwell.flow.decorators.base import all_of
from stepwell.flow.decorators.flowlevel import flow_decorators
from stepwell.testing import run_flow
from tests.support import run_flow as run_file
from tests.support import write_flow


def flow(*decorators: Any, base: type[FlowSpec] = FlowSpec, step_decorator: Any = None) -> type[FlowSpec]:
    """A flow of two steps and a config, with decorators of the class as they would stand above it."""

    class Made(base):
        cfg = Config("cfg", default_value={"project": "flights", "times": 2, "level": "debug"})
        alpha = Parameter("alpha", default=1)

        @step
        def start(self):
            self.next(self.end)

        @step
        def end(self):
            pass

        if step_decorator:
            start = step_decorator(start)

    made = Made
    for decorator in reversed(decorators):
        made = decorator(made)
    return made


def names(flow_class: type[FlowSpec], name: str) -> list[str]:
    """Names of the decorators of a step."""
    return [one.name for one in all_of(flow_class.step_functions()[name])]


def test_decorators_of_steps_are_added_removed_and_replaced() -> None:
    """A mutator adds decorators by class or text, with or without arguments, and OVERRIDE replaces one."""

    class Sturdy(FlowMutator):
        def pre_mutate(self, mutable_flow: Any) -> None:
            for _, one in mutable_flow.steps:
                assert one.add_decorator(retry, deco_kwargs={"times": 4}) is not None
                assert one.add_decorator(retry, deco_kwargs={"times": 5}) is None
                assert one.add_decorator("retry:times=6", duplicates=one.OVERRIDE) is not None
                one.add_decorator("timeout:minutes=1")
            start = mutable_flow.start
            assert list(start.decorator_specs)[1] == (
                "retry", "stepwell.flow.decorators.retry.retry", [], {"times": 6},
            )  # fmt: skip
            assert start.has_decorator("timeout")
            assert not start.remove_decorator("timeout", deco_kwargs={"minutes": 2})
            assert start.remove_decorator("timeout") and not start.remove_decorator("timeout")
            with pytest.raises(FlowError, match=r"flow Made: @Sturdy: step 'end': @retry is there already"):
                mutable_flow.end.add_decorator(retry, duplicates=mutable_flow.ERROR)

    made = flow(Sturdy)
    assert (names(made, "start"), names(made, "end")) == (["retry"], ["timeout", "retry"])
    assert attempts(made.step_functions()["start"]).retries == 6


def test_parameters_and_decorators_of_the_flow() -> None:
    """A mutator adds and removes parameters, files, configs and decorators of the flow, and runs see them."""

    class Shaped(FlowMutator):
        def pre_mutate(self, mutable_flow: Any) -> None:
            assert [name for name, _ in mutable_flow.parameters] == ["alpha"]
            assert [(name, values.times) for name, values in mutable_flow.configs] == [("cfg", 2)]
            assert mutable_flow.cfg.level == "debug" and mutable_flow.alpha.default == 1
            mutable_flow.add_parameter("beta", Parameter("be-ta", default=3))
            mutable_flow.add_parameter("text", IncludeFile("text"))
            mutable_flow.add_parameter("more", Config("more", default_value={"x": 1}))
            with pytest.raises(FlowError, match=r"there is a 'alpha' already; say overwrite=True"):
                mutable_flow.add_parameter("alpha", Parameter("alpha", default=9))
            mutable_flow.add_parameter("alpha", Parameter("alpha", default=9), overwrite=True)
            with pytest.raises(FlowError, match=r"add_parameter received 7; it takes a Parameter, an"):
                mutable_flow.add_parameter("seven", 7)
            assert mutable_flow.add_decorator("schedule:hourly=True").name == "schedule"
            assert mutable_flow.has_decorator("project") and mutable_flow.remove_decorator("project")
            with pytest.raises(AttributeError, match=r"the flow has no 'strat'; did you mean 'start'"):
                _ = mutable_flow.strat

    made = flow(project(name="flights"), Shaped)
    data = run_flow(made, {"be-ta": 4})["start"].task.data
    assert (data.alpha, data.beta, data.text, data.more["x"]) == (9, 4, None, 1)
    assert [one.name for one in flow_decorators(made)] == ["schedule"]

    class Bare(FlowMutator):
        def pre_mutate(self, mutable_flow: Any) -> None:
            assert mutable_flow.remove_parameter("alpha") and not mutable_flow.remove_parameter("alpha")

    assert list(flow(Bare).parameters()) == ["cfg"]


def test_the_second_turn_sees_what_was_attached() -> None:
    """`mutate` comes behind `--with`, and may then change decorators of steps alone."""
    seen = []

    class Late(FlowMutator):
        def mutate(self, mutable_flow: Any) -> None:
            seen.append([name for name, *_ in mutable_flow.start.decorator_specs])
            mutable_flow.start.remove_decorator("timeout")
            for change in (
                lambda: mutable_flow.add_parameter("x", Parameter("x")),
                lambda: mutable_flow.remove_parameter("alpha"),
                lambda: mutable_flow.add_decorator(schedule),
            ):
                with pytest.raises(FlowError, match=r"@Late: .* is for pre_mutate; in mutate only"):
                    change()

    made = flow(Late)
    attach(made, "timeout:seconds=5")
    assert names(made, "start") == ["timeout"]
    made.graph()
    made.graph()
    assert (seen, names(made, "start"), names(made, "end")) == ([["timeout"]], [], ["timeout"])


def test_steps_have_mutators_of_their_own() -> None:
    """A mutator of a step gets that step, and by it the flow; with arguments or without."""

    class Leveled(StepMutator):
        def init(self, level: str = "info") -> None:
            self.level = level

        def pre_mutate(self, mutable_step: Any) -> None:
            assert mutable_step.name == "start" and mutable_step.flow.end.name == "end"
            mutable_step.add_decorator(environment, deco_kwargs={"vars": {"LEVEL": self.level}})

    for decorator, level in ((Leveled, "info"), (Leveled(config_expr("cfg.level")), "debug")):
        (found,) = all_of(flow(step_decorator=decorator).step_functions()["start"])
        assert found.attributes == {"vars": {"LEVEL": level}}


def test_mutators_come_in_order_and_are_inherited() -> None:
    """Those of base classes come first, then the nearest to the class; each acts on the flow that is used."""
    order = []

    class Named(FlowMutator):
        def init(self, name: str) -> None:
            self.name = name

        def pre_mutate(self, mutable_flow: Any) -> None:
            order.append((self.name, [name for name, _ in mutable_flow.steps]))

    @Named("base")
    class Base(FlowSpec):
        pass

    made = flow(Named("upper"), Named("lower"), base=Base)
    made.parameters()
    made.graph()
    assert order == [(name, ["start", "end"]) for name in ("base", "lower", "upper")]


def test_expressions_over_configs() -> None:
    """Above the class `config_expr` stands for what the config inside of it says, nested in arguments too."""
    made = flow(project(name=config_expr("cfg.project")), schedule(hourly=config_expr("cfg.times == 2")))
    made.graph()
    assert flow_decorators(made)[0].attributes == {"name": "flights"}
    assert flow_decorators(made)[1].expression == "cron(0 * * * ? *)"
    decorator = environment(vars={"LEVEL": config_expr("cfg['level'].upper()")})
    (found,) = all_of(flow(step_decorator=decorator).step_functions()["start"])
    assert found.attributes == {"vars": {"LEVEL": "DEBUG"}}


@pytest.mark.parametrize(
    ("decorator", "message"),
    [
        (project(name=config_expr("cfg.nmae")), r"config_expr\('cfg.nmae'\) raised AttributeError: config"),
        (project(name=config_expr("cgf.project")), "raised NameError: .*; the flow's configs are cfg"),
        (project(name=config_expr("cfg.times")), "@project: received name=2; name must be 1 to 128 lower"),
    ],
)
def test_wrong_expressions_are_refused(decorator: Any, message: str) -> None:
    """An expression that can't be evaluated, or gives what can't be, is a mistake of the flow."""
    with pytest.raises(FlowError, match=message):
        flow(decorator).graph()


def test_wrong_use_is_refused() -> None:
    """Arguments without `init`, and what is no decorator of a step, are mistakes of the flow."""

    class Plain(FlowMutator):
        pass

    class Wrong(FlowMutator):
        def pre_mutate(self, mutable_flow: Any) -> None:
            mutable_flow.start.add_decorator(project, deco_kwargs={"name": "x"})

    with pytest.raises(FlowError, match=r"@Plain: received arguments, but has no `def init\(self, "):
        flow(Plain(1)).graph()
    for _ in range(2):  # what failed is tried again, not passed over
        with pytest.raises(
            FlowError, match=r"step 'start': add_decorator received .*, which is no decorator"
        ):
            flow(Wrong).graph()


MUTATED = """
@step
def start(self):
    self.seen = [current.retry_count, self.beta]
    if current.retry_count < 1: raise ValueError("once")
    self.next(self.end)
@step
def end(self):
    print("seen", self.seen)
"""
HEAD = """
from stepwell import FlowMutator
class Sturdy(FlowMutator):
    def pre_mutate(self, mutable_flow):
        mutable_flow.add_parameter("beta", Parameter("beta", default=3))
    def mutate(self, mutable_flow):
        for name, one in mutable_flow.steps:
            if one.has_decorator("timeout"):
                one.add_decorator("retry:times=1,minutes_between_retries=0")
"""


def test_a_run_is_as_mutators_made_it(tmp_path: Path) -> None:
    """The command line has the parameters, and scheduler and tasks have the decorators, of both turns."""
    file = write_flow(tmp_path, MUTATED, HEAD)
    file.write_text(file.read_text().replace("class Made", "@Sturdy\nclass Made"))
    ended = run_file(file, tmp_path / "home", "run", "--beta", "8", "--with", "timeout:minutes=1")
    assert ended.returncode == 0, ended.stderr
    assert "seen [1, 8]" in ended.stdout
    assert run_file(file, tmp_path / "home", "run").returncode == 1
    file.write_text(file.read_text().replace('if one.has_decorator("timeout"):', "if True:"))
    planned = run_file(file, tmp_path / "home", "step-functions", "create", "--only-json")
    assert planned.returncode == 0 and planned.stdout.count('"MaxAttempts": 1') == 2
