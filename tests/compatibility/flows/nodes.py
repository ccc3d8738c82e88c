"""A gang: nodes that run at once, and know their places."""

from stepwell import FlowSpec, current, parallel, step


class Nodes(FlowSpec):
    @step
    def start(self):
        self.base = 10
        self.next(self.train, num_parallel=3)

    @parallel
    @step
    def train(self):
        me = current.parallel
        self.place = (me.num_nodes, me.node_index, me.main_ip, current.is_parallel)
        self.number = self.base + self.input
        self.next(self.join)

    @step
    def join(self, inputs):
        self.numbers = sorted(one.number for one in inputs)
        self.next(self.end)

    @step
    def end(self):
        me = current.parallel
        self.alone = (me.num_nodes, me.node_index)
        print(self.numbers)


if __name__ == "__main__":
    Nodes()
