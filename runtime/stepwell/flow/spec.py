"""``FlowSpec``: the class that a flow derives from."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from stepwell.errors import FlowError
from stepwell.flow.config import given_of
from stepwell.flow.decorators.base import check_decorators, is_step
from stepwell.flow.decorators.flowlevel import check_flow_decorators
from stepwell.flow.decorators.parallel import parallel
from stepwell.flow.given import Given
from stepwell.flow.graph import Graph
from stepwell.flow.mistakes import tell_mistakes
from stepwell.flow.source import read_steps

if TYPE_CHECKING:
    from stepwell.artifacts.lazy import Artifact
    from stepwell.flow.state import Input, TaskState

STATE = "_stepwell_state"
"""What of a task's flow is no artifact; all of Stepwell's own begins so, and other names are free."""
_MUTATING = ("stepwell.flow.mutators", "stepwell.flow.configexpr")
"""Who imports neither has no mutator and no `config_expr`."""
RESERVED = frozenset({"next", "input", "inputs", "index", "artifact", "foreach_stack", "merge_artifacts"})

tell_mistakes()


class FlowSpec:
    """A flow: its methods marked with ``@step`` are the steps, its attributes the artifacts.

    ``FlowName()`` under ``if __name__ == "__main__":`` runs the command line::

        class Hello(FlowSpec):
            @step
            def start(self):
                self.message = "hello"
                self.next(self.end)

            @step
            def end(self):
                print(self.message)

        if __name__ == "__main__":
            Hello()
    """

    _stepwell_state: TaskState
    _stepwell_graph: ClassVar[Graph | None] = None
    _stepwell_settled: ClassVar[bool]

    def __init__(self) -> None:
        from stepwell.cli.start import main

        main(type(self))

    # -- the class

    @classmethod
    def _stepwell_settle(cls) -> None:
        """Let mutators, if there are any, make the class what it is, before anybody looks at it."""
        if "_stepwell_settled" not in cls.__dict__ and not sys.modules.keys().isdisjoint(_MUTATING):
            from stepwell.flow.mutators import settle

            cls._stepwell_settled = True  # for mutators look at it themselves
            try:
                settle(cls, "pre_mutate")
            except BaseException:
                del cls._stepwell_settled
                raise

    @classmethod
    def graph(cls) -> Graph:
        """The checked graph of the flow.

        Raises:
            FlowError: the steps do not make a flow.
        """
        if "_stepwell_graph" not in cls.__dict__ or cls._stepwell_graph is None:
            functions = cls.step_functions()
            if "_stepwell_settled" in cls.__dict__:
                from stepwell.flow.mutators import settle

                settle(cls, "mutate")
            for name in functions:
                if name in RESERVED or name.startswith("_"):
                    raise FlowError(
                        f"flow {cls.__name__}: a step is named '{name}', which a flow uses itself; "
                        f"a step's name is none of {', '.join(sorted(RESERVED))} and does not begin with '_'"
                    )
            steps = read_steps(functions)
            gangs = {name for name, function in functions.items() if parallel.of(function)}
            graph = Graph(cls.__name__, [one._replace(parallel=one.name in gangs) for one in steps])
            check_flow_decorators(cls)
            for name, value in vars(cls).items():
                if callable(value):
                    check_decorators(name, value, graph.get(name))
            cls._stepwell_graph = graph
        return cls._stepwell_graph

    @classmethod
    def step_functions(cls) -> dict[str, Callable[..., Any]]:
        """The steps' functions by name, base classes first, in the order of the source."""
        cls._stepwell_settle()
        found: dict[str, Callable[..., Any]] = {}
        for base in reversed(cls.__mro__):
            for name, value in vars(base).items():
                if is_step(value):
                    found[name] = value
        return found

    @classmethod
    def parameters(cls) -> dict[str, Given]:
        """What a run is given from outside, by attribute: parameters, included files and configs."""
        cls._stepwell_settle()
        found = {}
        for base in reversed(cls.__mro__):
            for name, value in vars(base).items():
                if given := given_of(value):
                    found[name] = given
        return found

    @classmethod
    def constants(cls) -> dict[str, Any]:
        """Public values written in the class body; they are kept as artifacts of ``start``."""
        cls._stepwell_settle()
        found = {}
        for base in reversed(cls.__mro__):
            if base in (FlowSpec, object):
                continue
            for name, value in vars(base).items():
                plain = not (callable(value) or hasattr(value, "__get__"))
                if plain and not name.startswith("_"):
                    found[name] = value
        return found

    # -- a task: what a step may use

    def next(
        self,
        *steps: Callable[..., Any] | dict[Any, Callable[..., Any]],
        foreach: str | None = None,
        condition: str | None = None,
        tolerate: float = 0,
        num_parallel: int | None = None,
    ) -> None:
        """Say which step follows; the last statement of every step but ``end``.

        The call is read from the source, so that the graph is known before anything runs.

        Args:
            steps: one step; several (a branch); with `foreach` the step that is run for each item; with
                `condition` a dictionary from keys to steps (a switch). A step that ends with a switch
                may be one of its own steps, and is then repeated.
            foreach: name of the artifact with the items: anything with a length.
            condition: name of the artifact whose value is the key of the step to run.
            tolerate: the share of a foreach's items that may fail, from 0 to less than 1: its join gets the
                others.
            num_parallel: how many nodes the gang has that the tasks of the step are, which has ``@parallel``.
        """
        self._stepwell_state.end_with(self, num_parallel)

    @property
    def index(self) -> int | None:
        """Which item of the innermost foreach this task works on; None outside a foreach."""
        self._stepwell_state.note("self.index")
        stack = self._stepwell_state.stack()
        return stack[-1].index if stack else None

    @property
    def input(self) -> Any:
        """The item of the innermost foreach that this task works on; None outside a foreach."""
        self._stepwell_state.note("self.input")
        return self._stepwell_state.item_of_task(self._stepwell_state.task)

    def foreach_stack(self) -> list[tuple[int, int, Any]]:
        """Every foreach around this task, outermost first: index, number of items, item."""
        state = self._stepwell_state
        state.note("self.foreach_stack")
        return [(frame.index, state.number_of_items(frame), state.item(frame)) for frame in state.stack()]

    def artifact(self, name: str) -> Artifact:
        """An inherited artifact that is not loaded: its type, its rows, or some of its columns.

        ``self.artifact("flights").table(columns=["carrier"])`` reads one column of a table.

        Raises:
            AttributeError: the steps before have left no such artifact.
        """
        return self._stepwell_state.artifact(name)

    def merge_artifacts(
        self, inputs: Iterable[Input], exclude: Iterable[str] = (), include: Iterable[str] = ()
    ) -> None:
        """In a join: carry on the artifacts on which all inputs agree.

        Args:
            inputs: the join's ``inputs``.
            exclude: artifacts to leave behind.
            include: the only artifacts to carry on; not together with `exclude`.

        Raises:
            FlowError: inputs disagree on an artifact that the join has not set itself, or none
                of them has one that `include` names.
        """
        self._stepwell_state.merge(list(inputs), set(exclude), set(include), set(vars(self)))

    def parameter_value(self, attribute: str) -> Any:
        """The artifact of a parameter or config; called by `Given`."""
        return self._stepwell_state.load(attribute)

    def __getattr__(self, name: str) -> Any:
        # asked only for what is not set on the instance: artifacts of the steps before
        state: TaskState | None = self.__dict__.get(STATE)
        if name.startswith("__") or state is None:
            raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")
        value = state.load(name)
        self.__dict__[name] = value
        return value
