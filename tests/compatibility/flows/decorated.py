"""Decorators of one's own: around steps, and for the whole flow."""

import os

from stepwell import (
    USER_SKIP_STEP,
    Config,
    FlowMutator,
    FlowSpec,
    Parameter,
    StepMutator,
    config_expr,
    current,
    retry,
    step,
    user_step_decorator,
)


@user_step_decorator
def traced(step_name, flow, inputs=None, attributes=None):
    """Tell what happens around the step."""
    flow.trace = [step_name, attributes["level"]]
    yield
    flow.trace = [*flow.trace, "after"]


@user_step_decorator
def rescued(step_name, flow, inputs):
    """Go on although the step failed."""
    try:
        yield
    except ValueError as error:
        flow.rescued = str(error)


@user_step_decorator
def skipped(step_name, flow, inputs):
    """Do without the step."""
    yield USER_SKIP_STEP


class Sturdy(FlowMutator):
    """Try each step as often as the config says."""

    def init(self, times):
        self.times = times

    def pre_mutate(self, mutable_flow):
        mutable_flow.add_parameter("beta", Parameter("beta", default=3))
        for name, one in mutable_flow.steps:
            if name != "start":
                one.add_decorator(retry, deco_kwargs={"times": self.times, "minutes_between_retries": 0})


class Leveled(StepMutator):
    """Set a variable in the step."""

    def pre_mutate(self, mutable_step):
        mutable_step.add_decorator("environment", deco_kwargs={"vars": {"LEVEL": "debug"}})


@Sturdy(config_expr("cfg.times"))
class Decorated(FlowSpec):
    """Do as the decorators say."""

    cfg = Config("cfg", default_value={"times": 1})

    @Leveled
    @traced(level=2)
    @step
    def start(self):
        self.level = os.environ["LEVEL"]
        self.doubled = 2 * self.beta
        self.next(self.shaky)

    @step
    def shaky(self):
        if current.retry_count == 0:
            raise OSError("not yet")
        self.tried = current.retry_count
        self.next(self.broken)

    @rescued
    @step
    def broken(self):
        if self.beta:
            raise ValueError("broken")
        self.next(self.left_out)

    @skipped
    @step
    def left_out(self):
        self.never = True
        self.next(self.end)

    @step
    def end(self):
        self.seen = hasattr(self, "never")


if __name__ == "__main__":
    Decorated()
