"""A foreach over a list, with a second step for each item."""

from stepwell import FlowSpec, Parameter, resources, step


class Foreach(FlowSpec):
    items = Parameter("items", default=4)

    @step
    def start(self):
        self.words = [f"w{number}" for number in range(self.items)]
        self.next(self.work, foreach="words")

    @resources(cpu=0.5, memory=1024)
    @step
    def work(self):
        self.mine = self.input * (self.index + 1)
        self.next(self.more)

    @step
    def more(self):
        self.again = (self.input, self.index, self.mine)
        self.next(self.join)

    @step
    def join(self, inputs):
        self.all = [one.again for one in inputs]
        self.merge_artifacts(inputs, exclude=["mine", "again"])
        self.next(self.end)

    @step
    def end(self):
        print(len(self.all), "items")


if __name__ == "__main__":
    Foreach()
