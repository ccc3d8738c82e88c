"""A branch inside a foreach, one of its arms leading straight to the join."""

from stepwell import FlowSpec, step


class BranchInForeach(FlowSpec):
    @step
    def start(self):
        self.numbers = (10, 20, 30)
        self.next(self.split, foreach="numbers")

    @step
    def split(self):
        self.number = self.input
        self.next(self.double, self.meet)

    @step
    def double(self):
        self.twice = self.input * 2
        self.next(self.meet)

    @step
    def meet(self, inputs):
        self.both = (inputs.double.twice, inputs.split.number, self.index)
        self.merge_artifacts(inputs)
        self.next(self.join)

    @step
    def join(self, inputs):
        self.result = [one.both for one in inputs]
        self.next(self.end)

    @step
    def end(self):
        print(self.result)


if __name__ == "__main__":
    BranchInForeach()
