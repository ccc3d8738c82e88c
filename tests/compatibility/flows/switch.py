"""A step that repeats itself, then a choice."""

from stepwell import FlowSpec, Parameter, step


class Switch(FlowSpec):
    """Halve until small, then go one of two ways."""

    number = Parameter("number", default=11)

    @step
    def start(self):
        self.value = self.number
        self.next(self.halve)

    @step
    def halve(self):
        self.value //= 2
        self.big = "yes" if self.value > 3 else "no"
        self.next({"yes": self.halve, "no": self.choose}, condition="big")

    @step
    def choose(self):
        self.kind = "even" if self.value % 2 == 0 else "odd"
        self.next({"even": self.even, "odd": self.odd}, condition="kind")

    @step
    def even(self):
        self.result = self.value
        self.next(self.end)

    @step
    def odd(self):
        self.result = -self.value
        self.next(self.end)

    @step
    def end(self):
        self.answer = (self.number, self.result)


if __name__ == "__main__":
    Switch()
