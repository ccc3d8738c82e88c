"""Steps that repeat themselves: alone, and in a foreach beside a branch whose arms switch."""

from stepwell import FlowSpec, current, step


class Recursion(FlowSpec):
    @step
    def start(self):
        self.count = 0
        self.tasks = []
        self.next(self.climb)

    @step
    def climb(self):
        self.count += 1
        self.tasks = [*self.tasks, current.task_id]
        self.high = self.count >= 12
        self.next({False: self.climb, True: self.fan}, condition="high")

    @step
    def fan(self):
        self.goals = [0, 3]
        self.next(self.work, foreach="goals")

    @step
    def work(self):
        self.goal = self.input
        self.next(self.shrink, self.name)

    @step
    def shrink(self):
        self.goal = max(0, self.goal - 1)
        self.at = (current.task_id, self.index)
        self.state = "more" if self.goal else "done"
        self.next({"more": self.shrink, "done": self.shrunk}, condition="state")

    @step
    def shrunk(self):
        self.next(self.meet)

    @step
    def name(self):
        self.parity = self.input % 2
        self.next({0: self.even, 1: self.odd}, condition="parity")

    @step
    def even(self):
        self.word = "even"
        self.next(self.meet)

    @step
    def odd(self):
        self.word = "odd"
        self.next(self.meet)

    @step
    def meet(self, inputs):
        self.found = (inputs.shrunk.at, inputs[1].word)
        self.kind = inputs[1].word
        self.tasks = inputs.shrunk.tasks
        self.next({"even": self.left, "odd": self.right}, condition="kind")

    @step
    def left(self):
        self.next(self.join)

    @step
    def right(self):
        self.next(self.join)

    @step
    def join(self, inputs):
        self.found = [one.found for one in inputs]
        self.tasks = inputs[0].tasks
        self.next(self.end)

    @step
    def end(self):
        print(self.tasks, self.found)


if __name__ == "__main__":
    Recursion()
