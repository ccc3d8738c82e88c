"""Whose runs the client sees, and whose pickles it loads."""

from __future__ import annotations

import pytest

from stepwell import Flow, Run, Task, default_namespace, get_namespace, namespace
from stepwell.datastore import Datastore
from stepwell.errors import ArtifactError, NoSuchObject, UsageError
from stepwell.store.base import Store
from tests.runtime.client.support import claim, finish

BOB, PROD, BRANCH = "user/bob", "project/flights/prod", "project/flights/branch/new"


@pytest.fixture
def everybody(home: Store) -> None:
    """A run in each of four namespaces, ada's the oldest."""
    for hours, name in enumerate(("user/ada", BOB, PROD, BRANCH)):
        datastore = Datastore(home, name)
        claim(datastore, f"run{hours}", hours)
        finish(datastore, f"run{hours}", "end/0", {"pickled": print, "number": hours})


def test_the_default_is_ones_own(everybody: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a choice the client sees one's own runs, or those of STEPWELL_NAMESPACE."""
    assert get_namespace() == "user/ada"
    assert [run.id for run in Flow("Train")] == ["run0"]
    monkeypatch.setenv("STEPWELL_NAMESPACE", PROD)
    assert get_namespace() == PROD
    assert [run.id for run in Flow("Train")] == ["run2"]


def test_a_chosen_namespace_holds_until_the_next(everybody: None) -> None:
    """namespace(...) turns the client to others' runs, default_namespace() turns it back."""
    assert namespace(BOB) == BOB == get_namespace()
    assert [run.id for run in Flow("Train")] == ["run1"]
    assert Task("Train/run1/end/0").data.number == 1
    assert default_namespace() == "user/ada" == get_namespace()
    assert [run.id for run in Flow("Train")] == ["run0"]


def test_all_namespaces(everybody: None) -> None:
    """namespace(None) shows the runs of everybody, newest first, and finds each by its pathspec."""
    assert namespace(None) is None
    assert get_namespace() is None
    assert [run.id for run in Flow("Train")] == ["run3", "run2", "run1", "run0"]
    assert [Run(f"Train/run{n}").datastore.namespace for n in range(4)] == ["user/ada", BOB, PROD, BRANCH]
    Run("Train/run1").add_tag("x")
    Run("Train/run2").add_tag("x")
    assert [run.id for run in Flow("Train").runs("x")] == ["run2", "run1"]


def test_an_argument_comes_before_the_choice(everybody: None) -> None:
    """The argument namespace is for one object alone."""
    namespace(BOB)
    assert Run("Train/run2", namespace=PROD).data.number == 2
    assert Flow("Train").latest_run.id == "run1"


def test_a_run_of_another_namespace(everybody: None) -> None:
    """A run that is there, but in another namespace, isn't found, and the message says where was looked."""
    with pytest.raises(
        NoSuchObject, match=r"Train/run1 is not in namespace 'user/ada' of .*another namespace"
    ):
        Run("Train/run1")
    namespace(None)
    with pytest.raises(NoSuchObject, match="Train/run9 is not in any namespace of "):
        Run("Train/run9")


def test_pickles_of_others_are_not_loaded(everybody: None) -> None:
    """Whoever sees all namespaces still loads only their own pickles, unless they say so."""
    namespace(None)
    assert Task("Train/run0/end/0").data.pickled is print
    for load in (
        lambda: Task("Train/run1/end/0").data.pickled,
        lambda: Task("Train/run1/end/0")["pickled"].data,
    ):
        with pytest.raises(ArtifactError, match="allow_pickle=True"):
            load()
    assert Task("Train/run1/end/0", allow_pickle=True).data.pickled is print
    with pytest.raises(ArtifactError, match="allow_pickle=True"):
        _ = Task("Train/run0/end/0", allow_pickle=False).data.pickled


@pytest.mark.parametrize("name", ["user:ada", "ada", "project/flights", ""])
def test_what_is_no_namespace(home: Store, name: str) -> None:
    """A namespace of another form is refused with the forms there are, and the choice stays."""
    with pytest.raises(UsageError, match=f"namespace: received '{name}'; it must be user/NAME"):
        namespace(name)
    assert get_namespace() == "user/ada"
