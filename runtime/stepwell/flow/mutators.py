"""``FlowMutator`` and ``StepMutator``: decorators that change a flow before it is used.

A mutator hangs itself on the class or on the step's function. The first who asks the class for what it
holds lets them act (`settle`): in the order in which they stand, base classes first, the nearest to the
class or function first, and those of steps behind those of the flow. Their second turn comes when the
graph is made, with ``--with`` attached.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

from stepwell.errors import FlowError
from stepwell.flow.configexpr import configs_of, resolved
from stepwell.flow.decorators.base import all_of
from stepwell.flow.decorators.flowlevel import flow_decorators
from stepwell.flow.mutable import MutableFlow, MutableStep

if TYPE_CHECKING:
    from stepwell.flow.spec import FlowSpec

Turn = Literal["pre_mutate", "mutate"]
_HANG = "_stepwell_mutators"


class _Mutator:
    """A decorator with or without arguments, which go to `init`."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """``@Mine`` does what ``@Mine()`` does."""
        if len(args) == 1 and not kwargs and cls._decorates(args[0]):
            return cls()(args[0])
        return super().__new__(cls)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._args, self._kwargs = args, kwargs

    @classmethod
    def _decorates(cls, value: object) -> bool:
        raise NotImplementedError

    def __call__(self, decorated: Any) -> Any:
        setattr(decorated, _HANG, (*vars(decorated).get(_HANG, ()), self))
        return decorated

    def init(self, *args: Any, **kwargs: Any) -> None:
        """Takes the decorator's arguments, which may be `config_expr`."""
        if args or kwargs:
            raise FlowError(
                f"@{type(self).__name__}: received arguments, but has no `def init(self, ...)` to take them"
            )

    def begin(self, configs: dict[str, Any]) -> None:
        """Give the arguments to `init`."""
        self.init(*resolved(self._args, configs), **resolved(self._kwargs, configs))


class FlowMutator(_Mutator):
    """Base of decorators of one's own for a flow's class: they may change all of it before it is used.

    The names are Metaflow's::

        class Sturdy(FlowMutator):
            def pre_mutate(self, mutable_flow):
                for name, step in mutable_flow.steps:
                    step.add_decorator(retry, deco_kwargs={"times": 2})

        @Sturdy
        class Train(FlowSpec): ...
    """

    @classmethod
    def _decorates(cls, value: object) -> bool:
        return isinstance(value, type)

    def pre_mutate(self, mutable_flow: MutableFlow) -> None:
        """Called before anything else looks at the flow; may change parameters, decorators and steps."""

    def mutate(self, mutable_flow: MutableFlow) -> None:
        """Called when the graph is made, with ``--with`` attached; may change decorators of steps."""


class StepMutator(_Mutator):
    """Base of decorators of one's own that change the other decorators of a step; as `FlowMutator`."""

    @classmethod
    def _decorates(cls, value: object) -> bool:
        return callable(value) and not isinstance(value, type)

    def pre_mutate(self, mutable_step: MutableStep) -> None:
        """Called before anything else looks at the flow; may also change its parameters and decorators."""

    def mutate(self, mutable_step: MutableStep) -> None:
        """Called when the graph is made, with ``--with`` attached; may change decorators of steps."""


def settle(flow_class: type[FlowSpec], turn: Turn) -> None:
    """Let the mutators of a flow and of its steps have a turn; before the first, configs go into decorators.

    Raises:
        FlowError: a config can't be read, or a mutator did what it may not.
    """
    first = turn == "pre_mutate"
    configs = configs_of(flow_class) if first else {}
    if first:
        steps = flow_class.step_functions().values()
        for decorator in (*flow_decorators(flow_class), *(one for step in steps for one in all_of(step))):
            decorator.resolve(configs)
    for mutator, target in _targets(flow_class, whole=first):
        if first:
            mutator.begin(configs)
        getattr(mutator, turn)(target)


def _targets(flow_class: type[FlowSpec], whole: bool) -> Iterator[tuple[_Mutator, MutableFlow | MutableStep]]:
    """Each mutator, and what it is to change."""
    for base in reversed(flow_class.__mro__):
        for mutator in vars(base).get(_HANG, ()):
            yield mutator, MutableFlow(flow_class, type(mutator).__name__, whole)
    for name, function in flow_class.step_functions().items():
        for mutator in vars(function).get(_HANG, ()):
            yield mutator, MutableStep(MutableFlow(flow_class, type(mutator).__name__, whole), name, function)
