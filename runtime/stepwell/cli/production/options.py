"""Options that several commands for production share."""

from __future__ import annotations

from typing import Any

import click


def authorize_option() -> click.Option:
    """``--authorize TOKEN``"""
    return click.Option(
        ["--authorize"],
        metavar="TOKEN",
        help="The production token of the deployment; this machine keeps it.",
    )


def given(options: dict[str, Any]) -> Any:
    """What the options say of tokens."""
    from stepwell.production.tokens import Given

    return Given(
        options.pop("authorize", None),
        options.pop("new_token", None),
        options.pop("generate_new_token", False),
    )
