"""A foreach in a foreach; the inner one goes over what the outer item is."""

from stepwell import FlowSpec, step


class Nested(FlowSpec):
    @step
    def start(self):
        self.rows = [[1, 2], [3], [4, 5, 6]]
        self.next(self.outer, foreach="rows")

    @step
    def outer(self):
        self.cells = self.input
        self.next(self.inner, foreach="cells")

    @step
    def inner(self):
        self.square = self.input**2
        self.stack = self.foreach_stack()
        self.next(self.inner_join)

    @step
    def inner_join(self, inputs):
        self.sum = sum(one.square for one in inputs)
        self.stacks = [one.stack for one in inputs]
        self.next(self.outer_join)

    @step
    def outer_join(self, inputs):
        self.sums = [one.sum for one in inputs]
        self.stacks = [one.stacks for one in inputs]
        self.next(self.end)

    @step
    def end(self):
        print(self.sums)


if __name__ == "__main__":
    Nested()
