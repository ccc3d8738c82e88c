"""What commands find: tables for a person, JSON for a program."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import click


def json_option() -> click.Option:
    """``--json``"""
    return click.Option(["--json", "as_json"], is_flag=True, help="JSON, for a program.")


def show_json(value: Any) -> None:
    """Print a value as JSON; times in ISO 8601, UTC where they have no zone."""
    click.echo(json.dumps(value, indent=2, default=_plain))


def show_rows(rows: Sequence[Mapping[str, Any]], as_json: bool, empty: str) -> None:
    """Print rows of the same keys, which are the table's head.

    Args:
        empty: what a person is told where there are none.
    """
    if as_json:
        show_json(rows)
        return
    if not rows:
        click.echo(empty)
        return
    table = [[name.replace("_", " ").upper() for name in rows[0]]]
    table += [[_shown(value) for value in row.values()] for row in rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for line in table:
        click.echo("  ".join(f"{text:<{width}}" for text, width in zip(line, widths, strict=True)).rstrip())


def show_facts(facts: Mapping[str, Any], as_json: bool) -> None:
    """Print facts, one a line; what a person would see nothing of is left out."""
    if as_json:
        show_json(facts)
        return
    shown = {
        name.replace("_", " "): value for name, value in facts.items() if value not in (None, "", [], {})
    }
    width = max(map(len, shown), default=0)
    for name, value in shown.items():
        lines = [_shown(one) for one in value] if isinstance(value, list) else [_shown(value)]
        for number, line in enumerate(lines):
            click.echo(f"{'' if number else name:<{width}}  {line}")


def _shown(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    return "" if value is None else str(value)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no form in JSON")
