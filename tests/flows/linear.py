"""A straight line of steps, with values of many kinds."""

from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import pyarrow as pa

from stepwell import FlowSpec, Parameter, current, step


class Linear(FlowSpec):
    """Carries values from step to step."""

    alpha = Parameter("alpha", default=3, help="A whole number")
    ratio = Parameter("ratio", default=0.5)
    flavor = "plain"

    @step
    def start(self):
        self.table = pa.table({"n": list(range(10)), "name": [f"row {i}" for i in range(10)]})
        self.array = np.arange(6.0).reshape(2, 3)
        self.when = datetime(2026, 2, 28, 23, 59, tzinfo=UTC)
        self.price = Decimal("12.30")
        self.nothing = None
        self.nan = float("nan")
        self.big = 2**80
        self.deep = {"a": [1, {"b": (True, None)}], 5: {1, 2}}
        self.text = "grüße\n"
        self.attempt = current.retry_count
        self.next(self.middle)

    @step
    def middle(self):
        self.deep["a"].append("changed in place")
        self.total = self.table["n"].to_numpy().sum().item() + self.alpha
        self.next(self.end)

    @step
    def end(self):
        self.flavor = self.flavor + " and simple"
        print("total", self.total, self.flavor)


if __name__ == "__main__":
    Linear()
