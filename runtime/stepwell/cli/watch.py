"""``stepwell watch``: one run, followed to its end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from stepwell.cli.place import place, place_options
from stepwell.errors import NotAllowed, RunFailed, StoreError
from stepwell.terminal import tame

if TYPE_CHECKING:
    from stepwell.cli.watching import Display
    from stepwell.client.following import Follower, Look
    from stepwell.client.reader import RunReader

PATIENCE = 60.0
"""Seconds for which a datastore that can't be reached is asked again."""
_TICK = 1.0


@click.command()
@click.argument("run", required=False)
def watch(run: str | None, datastore: str | None) -> None:
    """Follow a run to its end, wherever it runs.

    RUN is Flow/run, or the run's id; by default the newest run. The exit status is 0 if the run succeeds
    and 1 if it fails.
    """
    from stepwell.cli.watching import display_for
    from stepwell.client.following import Follower
    from stepwell.client.reader import RunReader
    from stepwell.client.runs import locate
    from stepwell.production.status import why_it_is_over

    where = place(datastore)
    flow, id = locate(where, run)
    reader = RunReader(where, flow, id, allow_pickle=False)
    _wait_for_its_beginning(reader)
    follower = Follower(reader, why_it_is_over)
    display = display_for(reader.info, reader.graph)
    look = _follow(follower, display)
    failures = follower.failures(look, 1)
    display.end(look, failures)
    if look.status == "failed":
        first = failures[0] if failures else None
        why = (
            f"task {first.step}/{first.task}: {first.reason}"
            if first
            else look.reason or "it was interrupted"
        )
        raise RunFailed(f"run {reader.pathspec} failed: {tame(why)}")


watch.params += place_options()


def _wait_for_its_beginning(reader: RunReader) -> None:
    """Wait for the first task of a run that was triggered."""
    from stepwell.client.following import pause
    from stepwell.production.status import why_an_execution_is_over

    began = time.monotonic()
    said = False
    while not reader.exists():
        reason = why_an_execution_is_over(reader.datastore.namespace, reader.flow, reader.run)
        if reason:
            raise RunFailed(f"run {reader.pathspec} failed before its first task began: {reason}")
        if not said:
            click.echo(f"{reader.pathspec} was triggered; its first task has not begun yet.")
            said = True
        time.sleep(pause(0, time.monotonic() - began))


def _follow(follower: Follower, display: Display) -> Look:
    """Show the run until it is over."""
    from stepwell.client.following import pause

    changed = seen = time.monotonic()
    last, wait = None, 0.0
    while True:
        try:
            look = follower.look()
        except NotAllowed:
            raise
        except StoreError:
            if time.monotonic() - seen > PATIENCE:
                raise
            time.sleep(_TICK)
            continue
        seen = time.monotonic()
        if last is None or look.progress.tasks != last.progress.tasks:
            changed = seen
        last = look
        if look.status != "running":
            return look
        wait = seen + pause(look.cost, seen - changed)
        display.show(look)
        while (rest := wait - time.monotonic()) > 0:
            time.sleep(min(rest, _TICK))
            display.tick()
