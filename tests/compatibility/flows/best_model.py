"""Fit a model for each candidate and keep the best one."""

import numpy as np

from stepwell import FlowSpec, Parameter, step


class BestModel(FlowSpec):
    """Fit polynomials of several degrees."""

    points = Parameter("points", default=20)

    @step
    def start(self):
        random = np.random.default_rng(1)
        self.x = np.linspace(-1, 1, self.points)
        self.y = 1 - 2 * self.x**2 + random.normal(0, 0.05, self.points)
        self.degrees = [1, 2]
        self.next(self.fit, foreach="degrees")

    @step
    def fit(self):
        self.degree = self.input
        self.model = np.polyfit(self.x, self.y, self.degree)
        self.error = float(np.mean((np.polyval(self.model, self.x) - self.y) ** 2))
        self.next(self.choose)

    @step
    def choose(self, inputs):
        best = min(inputs, key=lambda one: one.error)
        self.model, self.degree = best.model, best.degree
        self.merge_artifacts(inputs, include=["x", "y"])
        self.next(self.end)

    @step
    def end(self):
        self.residuals = self.y - np.polyval(self.model, self.x)


if __name__ == "__main__":
    BestModel()
