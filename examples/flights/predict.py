"""Which carriers' delays can be foretold from the schedule, the weather and the plane?

For each carrier a small model learns from the first three quarters of its flights, in time, and is
judged on the last quarter, beside a baseline that always says the carrier's mean delay. The weather is
what was measured in the hour of departure, so a forecast would tell a little less::

    python predict.py run --min-flights 2000
"""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score
from threadpoolctl import threadpool_limits

from stepwell import FlowSpec, Parameter, resources, step, table, write_table

# The month is no feature: the months that are judged are not among those that are learned from.
FLIGHT = ["time_hour", "flight", "origin", "dest", "hour", "distance", "tailnum", "arr_delay"]
WEATHER = ["temp", "humid", "wind_speed", "wind_gust", "precip", "pressure", "visib"]
PLANE = ["year", "seats"]


class PredictDelays(FlowSpec):
    """Fit a model for each carrier, and rank the carriers by how much it tells."""

    min_flights = Parameter("min-flights", default=1000, help="carriers with fewer flights are left out")

    @step
    def start(self):
        """List the carriers."""
        carriers = table("facts.flights").to_arrow(columns=["carrier"])["carrier"].value_counts()
        self.carriers = sorted(c["values"] for c in carriers.to_pylist() if c["counts"] >= self.min_flights)
        self.next(self.fit, foreach="carriers")

    @resources(cpu=1, memory=2048)
    @step
    def fit(self):
        """Judge a model of one carrier's arrival delays, in minutes."""
        flights = table("facts.flights")
        self.snapshot = flights.snapshot_id
        data = joined(
            flights.to_arrow(columns=FLIGHT, where=f"carrier = '{self.input}' and arr_delay is not null"),
            table("facts.weather").to_arrow(columns=["origin", "time_hour", *WEATHER]),
            table("facts.planes").to_arrow(columns=["tailnum", *PLANE]),
        )
        with threadpool_limits(1):
            metrics = judged(features(data), data["arr_delay"].to_numpy())
        self.metrics = {"carrier": self.input, **metrics}
        self.next(self.join)

    @step
    def join(self, inputs):
        """Write the ranking to the project's table."""
        metrics = sorted((one.metrics for one in inputs), key=lambda row: -row["skill"])
        self.ranking = pa.Table.from_pylist(metrics)
        write_table("flights.predictability", self.ranking, mode="overwrite")
        self.next(self.end)

    @step
    def end(self):
        """Print the ranking."""
        print(chart(self.ranking.to_pylist()))


def joined(flights: pa.Table, weather: pa.Table, planes: pa.Table) -> pa.Table:
    """Flights in order of time, with the weather where and when they were due, and their planes."""
    data = flights.join(weather, ["origin", "time_hour"]).join(planes, "tailnum")
    return data.sort_by([(column, "ascending") for column in FLIGHT])


def features(data: pa.Table) -> np.ndarray:
    """What is known before a flight leaves, a row for each and NaN for unknown."""
    places = [np.unique(data[column].to_numpy(), return_inverse=True)[1] for column in ("origin", "dest")]
    numbers = [pc.cast(data[column], pa.float64()) for column in ("hour", "distance", *WEATHER, *PLANE)]
    return np.column_stack([pc.day_of_week(data["time_hour"]), *places, *numbers]).astype(float)


def judged(known: np.ndarray, delay: np.ndarray) -> dict[str, float | int]:
    """How well the last quarter of the flights is foretold from the three before, in minutes and R2.

    ``skill`` is the part of the baseline's squared error that the model takes away; below 0 it adds some.
    """
    split = len(delay) * 3 // 4
    model = HistGradientBoostingRegressor(
        learning_rate=0.05, max_iter=60, max_leaf_nodes=8, min_samples_leaf=100, random_state=0
    ).fit(known[:split], delay[:split])
    truth, told = delay[split:], model.predict(known[split:])
    mean = np.full(len(truth), delay[:split].mean())
    return {
        "flights": len(delay),
        "judged": len(truth),
        "mae": float(mean_absolute_error(truth, told)),
        "baseline_mae": float(mean_absolute_error(truth, mean)),
        "r2": float(r2_score(truth, told)),
        "skill": float(1 - mean_squared_error(truth, told) / mean_squared_error(truth, mean)),
    }


def chart(ranking: list[dict[str, Any]], width: int = 40) -> str:
    """The ranking as text, with a bar of the skill for each carrier; errors are in minutes."""
    longest = max((row["skill"] for row in ranking), default=0)
    lines = ["carrier  flights  error  mean's error      R2   skill"]
    for row in ranking:
        numbers = "{carrier:<7} {flights:>8,} {mae:>6.1f} {baseline_mae:>13.1f} {r2:>7.3f} {skill:>7.3f}"
        bar = "█" * round(width * row["skill"] / longest) if row["skill"] > 0 else "no better than the mean"
        lines.append(f"{numbers.format(**row)}  {bar}")
    return "\n".join(lines)


if __name__ == "__main__":
    PredictDelays()
