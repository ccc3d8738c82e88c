"""Parameters of every type, given and left out."""

from stepwell import FlowSpec, JSONType, Parameter, step


def greeting(context):
    """What the run's user is greeted with."""
    return f"{context.parameter_name} to {context.user_name} from {context.flow_name}"


class Parameters(FlowSpec):
    """Echo what the run was given."""

    alpha = Parameter("alpha", type=float, default=0.01, help="learning rate")
    rounds = Parameter("rounds", default=3)
    title = Parameter("title", default="none")
    verbose = Parameter("verbose", type=bool, default=False)
    options = Parameter("options", type=JSONType, default="{}")
    note = Parameter("note", help="left out")
    columns = Parameter("columns", default="a,b", separator=",")

    words = Parameter("words", default=greeting)

    @step
    def start(self):
        self.schedule = [self.alpha / (round_ + 1) for round_ in range(self.rounds)]
        self.next(self.end)

    @step
    def end(self):
        self.depth = self.options.get("depth")
        self.given = [type(value).__name__ for value in (self.alpha, self.rounds, self.verbose, self.note)]


if __name__ == "__main__":
    Parameters()
