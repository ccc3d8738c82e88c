"""Two computations side by side, joined by name."""

from stepwell import FlowSpec, step


class Branches(FlowSpec):
    """Sum and product of the same numbers."""

    unit = "m"

    @step
    def start(self):
        self.numbers = [1, 2, 3, 4]
        self.next(self.add, self.multiply)

    @step
    def add(self):
        self.result = sum(self.numbers)
        self.next(self.join)

    @step
    def multiply(self):
        self.result = 1
        for number in self.numbers:
            self.result *= number
        self.next(self.join)

    @step
    def join(self, inputs):
        self.sum = inputs.add.result
        self.product = inputs.multiply.result
        self.both = sorted(one.result for one in inputs)
        self.next(self.end)

    @step
    def end(self):
        self.text = f"{self.sum} {self.unit}, {self.product} {self.unit}^4"


if __name__ == "__main__":
    Branches()
