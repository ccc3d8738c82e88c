"""Flows to measure, under either framework: ``{framework}`` is filled in with its name."""

from __future__ import annotations

LINEAR = """
from {framework} import FlowSpec, step

class Linear(FlowSpec):
    @step
    def start(self):
        self.x = 1
        self.next(self.a)

    @step
    def a(self):
        self.x += 1
        self.next(self.b)

    @step
    def b(self):
        self.x += 1
        self.next(self.end)

    @step
    def end(self):
        assert self.x == 3

if __name__ == "__main__":
    Linear()
"""

FOREACH = """
from {framework} import FlowSpec, step

class Wide(FlowSpec):
    @step
    def start(self):
        self.items = list(range({items}))
        self.next(self.work, foreach="items")

    @step
    def work(self):
        self.square = self.input ** 2
        self.next(self.join)

    @step
    def join(self, inputs):
        self.total = sum(one.square for one in inputs)
        self.next(self.end)

    @step
    def end(self):
        assert self.total == sum(item ** 2 for item in range({items}))

if __name__ == "__main__":
    Wide()
"""
