"""How the nodes of a gang are done together: at one instant, that of their main node's commit.

A node that has ended well keeps its manifest with its gang. The main node, the one of index 0, waits until
all have, commits its own, and only then the others' of the attempt that it committed. So whatever is killed,
and whenever, all nodes have the artifacts of one attempt: what the main node could not finish, its next
attempt does.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stepwell.datastore import Datastore, at_once
from stepwell.errors import AlreadyExists
from stepwell.flow import paths
from stepwell.flow.graph import TaskId
from stepwell.store import keys

if TYPE_CHECKING:
    from stepwell.artifacts.manifest import Manifest

STAGED, ALIVE, FAILED = "parquet", "alive", "failed"
"""What a node leaves with its gang: its manifest, that it runs, why it failed."""
_SHORTEST, _LONGEST = 0.02, 5.0


@dataclass(frozen=True, slots=True)
class Gang:
    """One attempt of a gang.

    Attributes:
        step, path: the step, and the path of the task that has split.
        attempt: how many attempts came before.
    """

    datastore: Datastore
    flow: str
    run: str
    step: str
    path: str
    attempt: int

    @classmethod
    def of(cls, datastore: Datastore, flow: str, run: str, node: TaskId, attempt: int) -> Gang:
        """The gang of a node."""
        return cls(datastore, flow, run, node.step, paths.outer(node.path), attempt)

    def task(self, index: int) -> TaskId:
        """The task of a node; the main one is 0."""
        return TaskId(self.step, paths.item(self.path, index))

    def key(self, index: int, kind: str) -> str:
        """Where a node leaves something with its gang."""
        return f"{self._root}{index}.{kind}"

    @property
    def _root(self) -> str:
        namespace = self.datastore.namespace
        return keys.gang_root(namespace, self.flow, self.run, self.step, self.path, self.attempt)

    def left(self) -> Iterator[tuple[int, str, str]]:
        """What nodes have left so far: of each thing the node, its kind, and a text that changes with it."""
        for info in self.datastore.store.list(self._root):
            index, _, kind = info.key.rpartition("/")[2].partition(".")
            yield int(index), kind, info.modified.isoformat()

    def stage(self, index: int, manifest: Manifest) -> None:
        """Keep how a node has ended; only with the main node's commit it is done."""
        self.datastore.store.put(self.key(index, STAGED), manifest.to_bytes())

    def wait(self, nodes: int) -> None:
        """Wait until all nodes but the main one have ended well. Who runs them ends this one if one fails."""
        pause, missing = _SHORTEST, set(range(1, nodes))
        while missing:
            missing -= {index for index, kind, _ in self.left() if kind == STAGED}
            if missing:
                time.sleep(pause)
                pause = min(1.5 * pause, _LONGEST)

    def complete(self, nodes: int) -> list[Manifest]:
        """Make all nodes done but the main one, which has committed this attempt; their manifests."""
        from stepwell.artifacts.manifest import Manifest

        tasks = [self.task(index) for index in range(1, nodes)]
        done = self.datastore.find(self.flow, self.run, tasks)

        def finish(index: int) -> None:
            key = self.key(index, STAGED)
            manifest = Manifest.from_bytes(self.datastore.store.get(key), key)
            with suppress(AlreadyExists):
                self.datastore.commit(self.flow, self.run, self.task(index), manifest)

        missing = [index for index in range(1, nodes) if self.task(index) not in done]
        if missing:
            at_once(finish, missing)
            done = self.datastore.find(self.flow, self.run, tasks)
        return [done[task] for task in tasks]
