"""Artifacts that all branches agree on are carried on."""

from stepwell import FlowSpec, step


class Merging(FlowSpec):
    """Merge with and without exceptions."""

    @step
    def start(self):
        self.shared = {"a": 1}
        self.changed = 0
        self.next(self.left, self.right)

    @step
    def left(self):
        self.changed = 1
        self.only_left = "l"
        self.scratch = [1]
        self.next(self.join)

    @step
    def right(self):
        self.changed = 2
        self.only_right = "r"
        self.scratch = [2]
        self.next(self.join)

    @step
    def join(self, inputs):
        self.changed = max(one.changed for one in inputs)
        self.merge_artifacts(inputs, exclude=["scratch"])
        self.next(self.fork)

    @step
    def fork(self):
        self.next(self.one, self.two)

    @step
    def one(self):
        self.number = 1
        self.next(self.gather)

    @step
    def two(self):
        self.number = 2
        self.next(self.gather)

    @step
    def gather(self, inputs):
        self.merge_artifacts(inputs, include=["shared", "changed"])
        self.numbers = sorted(one.number for one in inputs)
        self.next(self.end)

    @step
    def end(self):
        self.total = sum(self.numbers)


if __name__ == "__main__":
    Merging()
