"""A switch with arms that skip, meet, nest and fan out; keys of several types; two keys of one step."""

from stepwell import FlowSpec, Parameter, step


class Switch(FlowSpec):
    size = Parameter("size", default=7)

    @step
    def start(self):
        """look at the size"""
        self.trail = ["start"]
        self.kind = "small" if self.size < 5 else "large" if self.size < 10 else "huge"
        self.next({"small": self.finish, "large": self.large, "huge": self.large}, condition="kind")

    @step
    def large(self):
        self.trail.append("large")
        self.digits = len(str(self.size))
        self.next({1: self.digit, 2: self.number}, condition="digits")

    @step
    def digit(self):
        self.trail.append("digit")
        self.next(self.finish)

    @step
    def number(self):
        self.trail.append("number")
        self.figures = list(str(self.size))
        self.next(self.figure, foreach="figures")

    @step
    def figure(self):
        self.trail.append("figure")
        self.value = int(self.input)
        self.next(self.whole)

    @step
    def whole(self, inputs):
        self.values = [one.value for one in inputs]
        self.trail = [*inputs[0].trail, "whole"]
        self.next(self.finish)

    @step
    def finish(self):
        self.trail.append("finish")
        self.next(self.end)

    @step
    def end(self):
        print(self.trail)


if __name__ == "__main__":
    Switch()
