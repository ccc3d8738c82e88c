"""What keeps the nodes of a multi-node job together, for Batch looks at the main one alone.

"If a child node dies, AWS Batch doesn't take any action on the other nodes in the job" (AWS Batch user guide,
"Job lifecycle for MNP jobs"). So each node says from time to time that it runs, and at its end if it failed;
the main node looks, and ends itself where another is gone: with it Batch ends the job, and all of its nodes.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress

from stepwell.errors import StoreError
from stepwell.execution.gang import ALIVE, FAILED, STAGED, Gang
from stepwell.execution.node import Node
from stepwell.store.base import Store

BEAT = 20.0
"""Seconds between two words of a node that it runs."""
SILENCE = 120.0
"""Seconds after which a node of which nothing is heard is lost."""
COMING = 1800.0
"""Seconds within which all nodes have to have begun: their machines are started before the main one is."""
_SHORTEST, _LONGEST = 0.5, 10.0
_SHARE = 0.05


class Roll:
    """Who of a gang is there: pure, the caller says what was left and what time it is, in seconds."""

    def __init__(self, nodes: int, now: float) -> None:
        self._silent = dict.fromkeys(range(1, nodes), now)
        self._heard: dict[int, str] = {}

    def lost(self, left: Iterable[tuple[int, str, str]], now: float) -> tuple[int, str] | None:
        """A node that has failed or is lost, and why; an empty text where it has said so itself."""
        for index, kind, word in left:
            if kind == FAILED:
                return index, ""
            if kind == STAGED:
                self._silent.pop(index, None)
            if kind == ALIVE and index in self._silent and self._heard.get(index) != word:
                self._heard[index], self._silent[index] = word, now
        for index, since in self._silent.items():
            if index in self._heard and now - since > SILENCE:
                return index, f"nothing was heard of it for {SILENCE:g} s, its container or machine is gone"
            if index not in self._heard and now - since > COMING:
                return index, f"it did not begin within {COMING:g} s"
        return None


@contextmanager
def kept_together(gang: Gang | None, node: Node | None, end: Callable[[str], None]) -> Iterator[None]:
    """Be a node of a gang for as long as the block lasts; does nothing for what is none.

    Args:
        end: ends what the block waits for; called on a thread with the reason.
    """
    if gang is None or node is None:
        yield
        return
    over = threading.Event()
    keep = _watch if node.index == 0 else _beat
    thread = threading.Thread(target=keep, args=(gang, node, over, end), name="stepwell-gang", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def failed(gang: Gang, node: Node, reason: str) -> None:
    """Say that a node has failed, to be called once its failure is kept."""
    if node.index:
        gang.datastore.store.put(gang.key(node.index, FAILED), reason.encode())


def _beat(gang: Gang, node: Node, over: threading.Event, end: Callable[[str], None]) -> None:
    while True:
        with suppress(StoreError):  # the next time
            gang.datastore.store.put(gang.key(node.index, ALIVE), f"{time.time()}".encode())
        if over.wait(BEAT):
            return


def _watch(gang: Gang, node: Node, over: threading.Event, end: Callable[[str], None]) -> None:
    began = time.monotonic()
    roll = Roll(node.nodes, began)
    while not over.wait(min(max(_SHARE * (time.monotonic() - began), _SHORTEST), _LONGEST)):
        with suppress(StoreError):  # the next time
            lost = roll.lost(gang.left(), time.monotonic())
            if lost:
                index, why = lost
                said = why or _said(gang.datastore.store, gang.key(index, FAILED))
                end(f"node {index} of {node.nodes} failed, task {gang.task(index)}: {said}")
                return


def _said(store: Store, key: str) -> str:
    return store.get(key).decode(errors="replace")
