"""The limits of a run on this machine, as options."""

from __future__ import annotations

import click

from stepwell.execution.run import MAX_SPLITS, MAX_WORKERS


def limit_options() -> list[click.Option]:
    """``--max-workers`` and ``--max-num-splits``."""
    return [
        click.Option(
            ["--max-workers"],
            type=click.IntRange(min=1),
            default=MAX_WORKERS,
            show_default=True,
            help="How many tasks run at once.",
        ),
        click.Option(
            ["--max-num-splits"],
            type=click.IntRange(min=1),
            default=MAX_SPLITS,
            show_default=True,
            help="How many items a foreach may have.",
        ),
    ]
