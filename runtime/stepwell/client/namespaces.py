"""Whose runs the client sees: ``namespace("project/flights/prod")``.

The names are Metaflow's. A namespace there is a tag, here it is a place in the store that IAM guards:
``user/NAME``, ``project/NAME/prod`` or ``project/NAME/branch/NAME``.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from stepwell import config
from stepwell.client.reader import RunReader
from stepwell.datastore import Datastore, run_of
from stepwell.errors import NoSuchObject, UsageError, did_you_mean
from stepwell.location import datastore_url
from stepwell.store.base import Store
from stepwell.store.opening import open_store

_SUGGESTED_RUNS = 1000
"""So many of the newest runs are looked at for one of a similar id: a page of a listing."""


_chosen: tuple[str | None] | None = None


def namespace(name: str | None) -> str | None:
    """Let the client see the runs of one namespace from here on; None for those of all namespaces.

    Raises:
        UsageError: it is not of the form of a namespace.
    """
    global _chosen
    _chosen = (None if name is None else config.checked_namespace(name),)
    return name


def get_namespace() -> str | None:
    """The namespace whose runs the client sees; None where it sees all."""
    return config.namespace() if _chosen is None else _chosen[0]


def default_namespace() -> str:
    """Go back to one's own namespace: STEPWELL_NAMESPACE, else ``user/`` and the user."""
    global _chosen
    _chosen = None
    return config.namespace()


@dataclass(frozen=True, slots=True)
class Scope:
    """What the client sees: some namespaces of a store.

    Attributes:
        allow_pickle: whether pickled artifacts are loaded; None for those of one's own namespace.
    """

    store: Store
    names: tuple[str, ...]
    allow_pickle: bool | None = None

    @classmethod
    def of(cls, name: str | None, datastore: str | None, allow_pickle: bool | None) -> Scope:
        """The scope of the client's optional arguments (`stepwell.Flow`)."""
        store = open_store(datastore_url(datastore))
        name = name or get_namespace()
        return cls(store, all_namespaces(store) if name is None else (name,), allow_pickle)

    def __str__(self) -> str:
        where = f"namespace '{self.names[0]}'" if len(self.names) == 1 else "any namespace"
        return f"{where} of {self.store.url}"

    @property
    def datastores(self) -> list[Datastore]:
        return [Datastore(self.store, name) for name in self.names]

    def reader(self, datastore: Datastore, flow: str, run: str) -> RunReader:
        own = datastore.namespace == config.namespace()
        return RunReader(datastore, flow, run, own if self.allow_pickle is None else self.allow_pickle)

    def runs(self, flow: str, tag: str | None = None) -> Iterator[RunReader]:
        """A flow's runs in all namespaces, newest first; with `tag`, those that have it or had it once."""

        def entries(number: int, datastore: Datastore) -> Iterator[tuple[str, int]]:
            return ((entry, number) for entry in datastore.entries(flow, tag))

        datastores = self.datastores
        for entry, number in heapq.merge(*(entries(*pair) for pair in enumerate(datastores))):
            yield self.reader(datastores[number], flow, run_of(entry))

    def flows(self) -> list[str]:
        """Names of the flows that have run in the namespaces."""
        return sorted({name for datastore in self.datastores for name in datastore.flows()})

    def has_run(self, flow: str, run: str) -> bool:
        """Whether one of the namespaces has the run."""
        return self._find(flow, run) is not None

    def _find(self, flow: str, run: str) -> RunReader | None:
        readers = (self.reader(datastore, flow, run) for datastore in self.datastores)
        return next((reader for reader in readers if reader.exists()), None)

    def run(self, flow: str, run: str) -> RunReader:
        """Raises `NoSuchObject` where no namespace has the run."""
        found = self._find(flow, run)
        if found:
            return found
        self.require_flow(flow)
        newest = [reader.run for reader in islice(self.runs(flow), _SUGGESTED_RUNS)]
        raise NoSuchObject(
            f"run {flow}/{run} is not in {self}{did_you_mean(run, newest)}; its newest run is {newest[0]}; "
            "look with another namespace(...), or list the runs: "
            f"[run.id for run in stepwell.Flow('{flow}')]"
        )

    def require_flow(self, flow: str) -> None:
        """Raises `NoSuchObject` where the flow has no run."""
        if next(self.runs(flow), None) is None:
            known = self.flows()
            raise NoSuchObject(
                f"flow '{flow}' has no runs in {self}{did_you_mean(flow, known)}; "
                f"flows there: {', '.join(known) or 'none'}; look with another namespace(...)"
            )


def parts_of(pathspec: str, form: str) -> list[str]:
    """The parts of a pathspec of a given form, such as ``Flow/run/step``.

    Raises:
        UsageError: it has more or fewer parts.
    """
    parts = pathspec.split("/")
    if len(parts) != form.count("/") + 1 or not all(parts):
        raise UsageError(f"pathspec: received {pathspec!r}; it must be {form}")
    return parts


def all_namespaces(store: Store) -> tuple[str, ...]:
    """The namespaces that there are in a store."""
    found = [f"user/{name}" for name in store.list_folders("ns/user/")]
    for project in store.list_folders("ns/project/"):
        root = f"project/{project}"
        for kind in store.list_folders(f"ns/{root}/"):
            branches = store.list_folders(f"ns/{root}/branch/") if kind == "branch" else None
            found += [f"{root}/{kind}"] if branches is None else [f"{root}/branch/{b}" for b in branches]
    return tuple(found)
