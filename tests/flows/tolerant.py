"""A flow that goes on without the items that fail: some of an outer foreach, none of those inside of it."""

from stepwell import FlowSpec, step


class Tolerant(FlowSpec):
    @step
    def start(self):
        self.groups = [[1, 2], [0], [4], [5, 6, 7]]
        self.next(self.group, foreach="groups", tolerate=0.25)

    @step
    def group(self):
        self.numbers = self.input
        self.next(self.divide, foreach="numbers")

    @step
    def divide(self):
        self.share = 12 / self.input
        self.next(self.add)

    @step
    def add(self, inputs):
        self.sum = sum(one.share for one in inputs)
        self.next(self.gather)

    @step
    def gather(self, inputs):
        self.sums = {one.index: one.sum for one in inputs}
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    Tolerant()
