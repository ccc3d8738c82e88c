"""What the decorators of packages ask for, step by step."""

from __future__ import annotations

import pytest

from stepwell import FlowSpec, conda, conda_base, pypi, pypi_base, step
from stepwell.errors import FlowError
from stepwell.flow.decorators.attach import use_environment
from stepwell.flow.decorators.packages import Wanted, wanted


def flow(base, on_start=None, on_end=None):  # type: ignore[no-untyped-def]
    """A flow with a decorator of its own, and of its two steps."""

    def plain(function):  # type: ignore[no-untyped-def]
        return function

    class Made(FlowSpec):
        @(on_start or plain)
        @step
        def start(self):
            self.next(self.end)

        @(on_end or plain)
        @step
        def end(self): ...

    return (base or plain)(Made)


def asked(made) -> dict[str, Wanted]:  # type: ignore[no-untyped-def]
    return wanted(made, made.step_functions())


def test_a_step_adds_to_its_flow() -> None:
    """A step has the flow's packages and its own, whose versions count more, as does its Python."""
    made = flow(
        pypi_base(packages={"a": "1", "b": "2"}, python="3.11"),
        pypi(packages={"b": ">=3", "c[x]": ""}, python="3.12"),
    )
    assert asked(made) == {
        "start": Wanted("pypi", "3.12", (("a", "1"), ("b", ">=3"), ("c[x]", ""))),
        "end": Wanted("pypi", "3.11", (("a", "1"), ("b", "2"))),
    }


def test_a_step_of_another_kind_stands_alone() -> None:
    """A step with `@conda` in a flow with `@pypi_base` has nothing of that; `libraries` are packages."""
    made = flow(pypi_base(packages={"a": "1"}), conda(libraries={"z": "9"}, channels=["mine"]))
    assert asked(made)["start"] == Wanted("conda", None, (("z", "9"),), ("mine",))


def test_disabled() -> None:
    """`disabled=True` on a step leaves it to what is installed; on the flow it does so for all but those
    that say `disabled=False`."""
    assert set(asked(flow(pypi_base(packages={"a": ""}), pypi(disabled=True)))) == {"end"}
    assert set(asked(flow(conda_base(disabled=True), conda(disabled=False)))) == {"start"}


def test_environment_of_the_command_line() -> None:
    """`--environment=pypi` or `conda` gives steps without packages one too; `local` takes all away."""
    made = flow(None, conda(packages={"a": ""}))
    use_environment(made, "pypi")
    assert asked(made) == {"start": Wanted("conda", None, (("a", ""),)), "end": Wanted("pypi")}
    use_environment(made, "local")
    assert asked(made) == {}
    other = flow(None, pypi(packages={"a": ""}))
    use_environment(other, "conda")
    assert asked(other) == {"start": Wanted("pypi", None, (("a", ""),)), "end": Wanted("conda")}


@pytest.mark.parametrize(
    ("base", "on_step", "said"),
    [
        (None, pypi(packages=["pandas"]), r"@pypi: received packages=\['pandas'\]; packages must be"),
        (None, pypi(packages={"a b": "1"}), "received the package 'a b'; a name is that of an index"),
        (None, pypi(packages={"a": "1; python_version"}), "a version is '2.3.1', a condition such as"),
        (None, conda(python=3.12), "@conda: received python=3.12; python must be the text of a version"),
        (None, conda(channels="x"), r"received channels='x'; channels must be a list"),
        (None, lambda f: pypi()(conda()(f)), "@pypi and @conda: both are there; a step has one environment"),
        (lambda c: pypi_base()(conda_base()(c)), None, "@pypi_base and @conda_base: both are th"),
        (pypi_base(disabled="yes"), None, "flow Made: @pypi_base: received disabled='yes'"),
    ],
)  # fmt: skip
def test_mistakes_are_told(base, on_step, said: str) -> None:  # type: ignore[no-untyped-def]
    """What can't be is refused in one line before anything runs."""
    with pytest.raises(FlowError, match=said):
        flow(base, on_step).graph()
