"""Data frames as artifacts."""

import numpy as np
import pandas as pd

from stepwell import FlowSpec, step


class Tables(FlowSpec):
    """Join two tables, aggregate, and take numbers out."""

    @step
    def start(self):
        self.flights = pd.DataFrame({"carrier": ["UA", "AA", "UA", "DL"], "delay": [10.0, np.nan, -3.5, 0.0]})
        self.carriers = pd.DataFrame({"carrier": ["AA", "UA"], "long": ["American", "United"]})
        self.when = pd.date_range("2013-01-01", periods=3, tz="UTC").to_series(index=range(3))
        self.next(self.combine)

    @step
    def combine(self):
        self.named = self.flights.merge(self.carriers, on="carrier", how="left")
        self.mean = self.flights.groupby("carrier")["delay"].mean()
        self.next(self.end)

    @step
    def end(self):
        self.matrix = self.flights[["delay"]].fillna(0).to_numpy()
        self.worst = float(np.nanmax(self.flights["delay"]))


if __name__ == "__main__":
    Tables()
