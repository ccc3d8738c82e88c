"""``--with``: decorators for every step, said before a command or after it."""

from __future__ import annotations

from collections.abc import Sequence

import click

from stepwell.flow.spec import FlowSpec

_ATTACHED = "stepwell.attached"


def with_option() -> click.Option:
    """``--with NAME:key=value``, any number of times."""
    return click.Option(
        ["--with"],
        multiple=True,
        metavar="NAME[:k=v,..]",
        help="Attach a decorator to every step that does not have it, such as retry:times=2.",
    )


def attach_for_all(context: click.Context, flow_class: type[FlowSpec], texts: Sequence[str]) -> None:
    """Attach what was said before a command, and keep it for those that start tasks elsewhere."""
    context.meta[_ATTACHED] = tuple(texts)
    if texts:
        from stepwell.flow.decorators.attach import attach

        for text in texts:
            attach(flow_class, text)


def attached_for_all() -> tuple[str, ...]:
    """What `attach_for_all` has attached in this call of the command line."""
    attached: tuple[str, ...] = click.get_current_context().meta[_ATTACHED]
    return attached
