"""The flows of the demo, on the real flights."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import numpy as np
import pyarrow as pa
import pytest

import stepwell

EXAMPLES = Path(__file__).parents[2] / "examples" / "flights"


def module(name: str) -> ModuleType:
    spec = spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None and spec.loader is not None
    found = module_from_spec(spec)
    # the flow's class is looked up in its module when its source is read
    sys.modules[name] = found
    spec.loader.exec_module(found)
    return found


predict = module("predict")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which the facts are loaded."""
    home = tmp_path_factory.mktemp("home")
    run(home, "load.py", "run")
    return home


def run(home: Path, *command: str) -> str:
    """What an example prints; it runs in a folder of its own, in no environment."""
    environ = {key: value for key, value in os.environ.items() if not key.startswith(("STEPWELL_", "AWS_"))}
    environ |= {"STEPWELL_HOME": str(home), "STEPWELL_USER": "ada"}
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / command[0]), *command[1:]],
        cwd=home,
        env=environ,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def at_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("STEPWELL_ENVIRONMENT", raising=False)
    monkeypatch.setenv("STEPWELL_HOME", str(home))
    return home


def test_every_row_is_loaded(at_home: Path) -> None:
    """The fact tables have the rows of the package's files, typed, and NA is null."""
    flights = stepwell.table("facts.flights")
    assert flights.rows == 336_776
    assert flights.schema.field("time_hour").type == pa.timestamp("us", tz="UTC")
    assert flights.to_arrow(columns=["tailnum"])["tailnum"].null_count == 2_512
    assert stepwell.table("facts.weather").rows == 26_115
    assert stepwell.table("facts.planes").rows == 3_322


def test_carriers_are_ranked(at_home: Path) -> None:
    """The carriers of over 54,500 flights are ranked by skill; a second run says the same, digit by digit."""
    rankings = []
    for _ in range(2):
        printed = run(at_home, "predict.py", "run", "--min-flights", "54500")
        rankings.append(stepwell.table("flights.predictability").to_arrow().to_pylist())
        assert all(line in printed for line in predict.chart(rankings[-1]).splitlines())
    first, second = rankings
    assert first == second
    assert {row["carrier"] for row in first} == {"B6", "UA"}
    assert first[0]["skill"] > first[1]["skill"]
    assert [row["judged"] for row in first] == [row["flights"] - row["flights"] * 3 // 4 for row in first]


def test_tables_are_asked_in_sql(at_home: Path) -> None:
    """A question in SQL is answered from the tables."""
    assert "336776" in run(at_home, "query.py", "select count(*) as n from flights")


def test_a_flight_gets_its_weather_and_plane() -> None:
    """Weather is joined by airport and hour, the plane by its tail number; flights without either stay."""
    flights = pa.table(
        {
            "time_hour": [2, 1],
            "flight": [7, 8],
            "origin": ["JFK", "EWR"],
            "dest": ["LAX", "LAX"],
            "hour": [5, 6],
            "distance": [2475, 2454],
            "tailnum": ["N1", None],
            "arr_delay": [10, -5],
        }
    )
    weather = pa.table({"origin": ["JFK", "EWR"], "time_hour": [2, 2], "temp": [40.0, 50.0]})
    planes = pa.table({"tailnum": ["N1"], "seats": [200]})
    data = predict.joined(flights, weather, planes)
    assert data.select(["flight", "temp", "seats"]).to_pylist() == [
        {"flight": 8, "temp": None, "seats": None},
        {"flight": 7, "temp": 40.0, "seats": 200},
    ]


def test_a_delay_that_follows_the_hour_is_foretold() -> None:
    """Where a feature tells the delay, nearly all of the baseline's error goes; else none of it does."""
    chance = np.random.default_rng(0)
    hour = chance.integers(0, 24, 4000).astype(float)
    told = predict.judged(hour[:, None], hour * 3)
    assert told["skill"] > 0.95
    assert told["mae"] < told["baseline_mae"] / 4
    assert (told["flights"], told["judged"]) == (4000, 1000)
    assert abs(predict.judged(hour[:, None], chance.normal(size=4000))["skill"]) < 0.05


def test_only_later_flights_are_judged() -> None:
    """A change in the last quarter can't be known from the first three: there is no skill in it."""
    delay = np.repeat([0.0, 60.0], [3000, 1000])
    delay += np.random.default_rng(0).normal(size=4000)
    assert predict.judged(np.arange(4000.0)[:, None], delay)["mae"] > 50


def test_chart() -> None:
    """The best carrier has the longest bar, and one without skill has words in its place."""
    row = {"flights": 12345, "mae": 20.0, "baseline_mae": 22.0, "r2": 0.1}
    ranking = [
        {"carrier": "WN", "skill": 0.2, **row},
        {"carrier": "UA", "skill": 0.1, **row},
        {"carrier": "VX", "skill": -0.1, **row},
    ]
    assert predict.chart(ranking, width=4).splitlines() == [
        "carrier  flights  error  mean's error      R2   skill",
        "WN        12,345   20.0          22.0   0.100   0.200  ████",
        "UA        12,345   20.0          22.0   0.100   0.100  ██",
        "VX        12,345   20.0          22.0   0.100  -0.100  no better than the mean",
    ]
