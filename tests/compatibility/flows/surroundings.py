"""What a step can ask for, and what it can know about itself."""

import os

from stepwell import FlowSpec, Parameter, current, environment, resources, step, timeout


class Surroundings(FlowSpec):
    """Look around."""

    alpha = Parameter("alpha", default=1)

    @timeout(minutes=5)
    @resources(cpu=1, memory=500)
    @environment(vars={"LEVEL": "debug"})
    @step
    def start(self):
        self.level = os.environ["LEVEL"]
        self.seen = [current.flow_name, current.step_name, current.is_running_flow, current.username]
        self.known = [current.parameter_names, current.get("no such thing"), "run_id" in current]
        self.origin, self.tags = current.origin_run_id, sorted(current.tags)
        self._kept = ["for", "later"]
        self.path = current.pathspec.split("/")[0]
        self.next(self.end)

    @step
    def end(self):
        self._kept.append("in place")
        self.kept = self._kept
        self.outside = os.environ.get("LEVEL")


if __name__ == "__main__":
    Surroundings()
