"""A foreach within a foreach."""

from stepwell import FlowSpec, step


class Nested(FlowSpec):
    """Every letter with every number."""

    @step
    def start(self):
        self.letters = ["a", "b"]
        self.next(self.outer, foreach="letters")

    @step
    def outer(self):
        self.letter = self.input
        self.numbers = list(range(1 + self.index))
        self.next(self.inner, foreach="numbers")

    @step
    def inner(self):
        self.cell = (self.letter, self.input, self.index)
        self.stack = [item[2] for item in self.foreach_stack()]
        self.next(self.gather)

    @step
    def gather(self, inputs):
        self.cells = [one.cell for one in inputs]
        self.places = [(one.index, one.input) for one in inputs]
        self.next(self.all)

    @step
    def all(self, inputs):
        self.table = [one.cells for one in inputs]
        self.next(self.end)

    @step
    def end(self):
        self.count = sum(len(row) for row in self.table)


if __name__ == "__main__":
    Nested()
