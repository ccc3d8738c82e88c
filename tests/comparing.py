"""What runs left, compared value by value."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from stepwell.client.objects import Run
from stepwell.flow.decorators.catch import CaughtException


def same(left: Any, right: Any) -> bool:
    """Equal in type and value; NaN equals NaN."""
    if type(left) is not type(right):
        return False
    if isinstance(left, np.ndarray):
        return left.dtype == right.dtype and np.array_equal(left, right)
    if isinstance(left, CaughtException):
        # its traceback names the folder that the code ran in
        return (left.type, left.message) == (right.type, right.message)
    if isinstance(left, float):
        return left == right or (math.isnan(left) and math.isnan(right))
    if hasattr(left, "equals"):
        return bool(left.equals(right))
    return bool(left == right)


def assert_same(left: Run, right: Run, count: int) -> None:
    """Both have so many tasks, the same ones, with the same artifacts; those that failed did so alike."""
    ours, theirs = tasks(left), tasks(right)
    assert len(ours) == count
    assert ours.keys() == theirs.keys()
    assert failures(left) == failures(right)
    for task, artifacts in ours.items():
        assert artifacts.keys() == theirs[task].keys(), task
        for name, value in artifacts.items():
            assert same(value, theirs[task][name]), (task, name, value, theirs[task][name])


def tasks(run: Run) -> dict[str, dict[str, Any]]:
    """Every artifact of every task of a run; none of those that are not done."""
    return {
        f"{step.id}/{task.id}": {artifact.id: artifact.load() for artifact in task} if task.successful else {}
        for step in run
        for task in step
    }


def failures(run: Run) -> set[tuple[str, str, str]]:
    """Why tasks of a run failed that are not done: step, task and reason."""
    return {(one.step, one.task, one.reason) for one in run.failures}
