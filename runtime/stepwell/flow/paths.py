"""Paths of tasks as text: what is appended to one, and taken off again. Pure.

An item of a foreach appends ``-<index>``; a step that repeats itself appends ``-r<n>`` to its own
tasks, n from 0, and nothing that follows it keeps that. So a path has at most one ``-r``, at its end.
"""

from __future__ import annotations


def item(path: str, index: int) -> str:
    """The path within one item of a foreach that the task at `path` ends with."""
    return f"{path}-{index}"


def outer(path: str) -> str:
    """The path of the task whose foreach made the item at `path`."""
    return path.rpartition("-")[0]


def repetition(path: str, number: int | str) -> str:
    """The path of one repetition, counted from 0, of a step that stands at `path`."""
    return f"{path}-r{number}"


def parse(path: str) -> tuple[str, int | None]:
    """Where the task's step stands, and which repetition of it this is; None where it does not repeat."""
    base, _, number = path.partition("-r")
    return base, int(number) if number else None


def order(path: str) -> tuple[list[int], int]:
    """What tasks of one step are sorted by: their indices, then their repetition."""
    base, number = parse(path)
    return [int(index) for index in base.split("-")], number or 0
