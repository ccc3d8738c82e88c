"""What mutators are given: a flow and its steps, to look at and to change."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from stepwell.errors import FlowError, did_you_mean
from stepwell.flow.config import given_of
from stepwell.flow.configexpr import configs_of
from stepwell.flow.decorators.attach import FLOW_NAMES, NAMES, described
from stepwell.flow.decorators.attributes import Attributes
from stepwell.flow.decorators.base import StepDecorator, all_of, hang
from stepwell.flow.decorators.flowlevel import FlowDecorator, flow_decorators, hang_on_flow
from stepwell.flow.parameters import Parameter

if TYPE_CHECKING:
    from stepwell.flow.spec import FlowSpec

Spec = tuple[str, str, list[Any], dict[str, Any]]


class _Decorated:
    """Something with decorators of a `kind`, read with `found` and set with `leave`, topmost first."""

    IGNORE, ERROR, OVERRIDE = 1, 2, 3

    def __init__(
        self,
        where: str,
        flow_class: type[FlowSpec],
        kind: type[Attributes],
        names: tuple[str, ...],
        found: Callable[[], Sequence[Attributes]],
        leave: Callable[[tuple[Any, ...]], None],
    ) -> None:
        self._where, self._flow_class, self._kind, self._names = where, flow_class, kind, names
        self._found, self._leave = found, leave

    @property
    def decorator_specs(self) -> Iterator[Spec]:
        """Of each decorator its name, its full name, no positional arguments, and its attributes."""
        for one in self._found():
            yield one.name, f"{type(one).__module__}.{type(one).__name__}", [], dict(one.given)

    def has_decorator(self, name: str) -> bool:
        """Whether there is a decorator of that name."""
        return any(one.name == name for one in self._found())

    def add_decorator(
        self,
        deco_type: Callable[..., Any] | str,
        deco_args: Sequence[Any] | None = None,
        deco_kwargs: Mapping[str, Any] | None = None,
        duplicates: int = IGNORE,
    ) -> Attributes | None:
        """Add a decorator: ``(retry, deco_kwargs={"times": 2})``, or ``("retry:times=2")``.

        Args:
            deco_args: positional arguments, for a decorator that takes any.
            duplicates: what happens where there is one of its name: IGNORE leaves that one and returns
                None, OVERRIDE puts the new one in its place, ERROR refuses.

        Raises:
            FlowError: it can't be added.
        """
        attributes: dict[str, Any] = {}
        if isinstance(deco_type, str):
            deco_type, attributes = described(deco_type, "add_decorator", self._names)
        new = deco_type(*(deco_args or ()), **attributes, **(deco_kwargs or {}))
        if not isinstance(new, self._kind):
            raise self._refuse(f"add_decorator received {deco_type!r}, which is no decorator for this")
        new.resolve(configs_of(self._flow_class))
        others = tuple(one for one in self._found() if one.name != new.name)
        if len(others) < len(self._found()) and duplicates != self.OVERRIDE:
            if duplicates == self.IGNORE:
                return None
            raise self._refuse(f"@{new.name} is there already; add it with OVERRIDE or IGNORE")
        self._leave((new, *others))
        return new

    def remove_decorator(
        self,
        deco_name: str,
        deco_args: Sequence[Any] | None = None,
        deco_kwargs: Mapping[str, Any] | None = None,
    ) -> bool:
        """Remove the decorator of a name; whether there was one.

        Args:
            deco_kwargs: what it must have been given; None for anything.
        """
        before = self._found()
        left = tuple(
            one
            for one in before
            if one.name != deco_name or (deco_kwargs is not None and one.given != dict(deco_kwargs))
        )
        self._leave(left)
        return len(left) < len(before)

    def _refuse(self, what: str) -> FlowError:
        return FlowError(f"{self._where}: {what}")


class MutableStep(_Decorated):
    """A step, as a mutator sees it: its decorators, and the flow it is of."""

    def __init__(self, flow: MutableFlow, name: str, function: Callable[..., Any]) -> None:
        self.flow, self.name = flow, name
        super().__init__(
            f"{flow._where}: step '{name}'", flow._flow_class, StepDecorator, NAMES,
            lambda: all_of(function), lambda left: hang(function, left),
        )  # fmt: skip


class MutableFlow(_Decorated):
    """A flow, as a mutator sees it: steps, parameters and configs, each also as an attribute.

    Args:
        whole: whether more than the decorators of steps may change.
    """

    def __init__(self, flow_class: type[FlowSpec], mutator: str, whole: bool) -> None:
        self._whole = whole
        super().__init__(
            f"flow {flow_class.__name__}: @{mutator}", flow_class, FlowDecorator, FLOW_NAMES,
            lambda: flow_decorators(flow_class), self._hang,
        )  # fmt: skip

    @property
    def steps(self) -> Iterator[tuple[str, MutableStep]]:
        """Name and step of each."""
        functions = self._flow_class.step_functions()
        return ((name, MutableStep(self, name, function)) for name, function in functions.items())

    @property
    def parameters(self) -> Iterator[tuple[str, Parameter]]:
        """Attribute and parameter of each."""
        given = self._flow_class.parameters().items()
        return ((name, one) for name, one in given if isinstance(one, Parameter))

    @property
    def configs(self) -> Iterator[tuple[str, Any]]:
        """Attribute and values of each config; None of one that has none."""
        return iter(configs_of(self._flow_class).items())

    def add_parameter(self, name: str, value: Any, overwrite: bool = False) -> None:
        """Add a `Parameter`, `IncludeFile` or `Config` as the attribute `name`.

        Raises:
            FlowError: the flow has an attribute of that name, and `overwrite` is not said.
        """
        self._may("add_parameter")
        if given_of(value) is None:
            raise self._refuse(
                f"add_parameter received {value!r}; it takes a Parameter, an IncludeFile or a Config"
            )
        if hasattr(self._flow_class, name) and not overwrite:
            raise self._refuse(f"there is a '{name}' already; say overwrite=True to replace it")
        setattr(self._flow_class, name, value)
        value.__set_name__(self._flow_class, name)

    def remove_parameter(self, parameter_name: str) -> bool:
        """Remove the parameter of that name, or of that attribute, from the class; whether there was one."""
        self._may("remove_parameter")
        for attribute, parameter in self.parameters:
            if parameter_name in (attribute, parameter.name) and attribute in vars(self._flow_class):
                delattr(self._flow_class, attribute)
                return True
        return False

    def __getattr__(self, name: str) -> Any:
        known: dict[str, Any] = {**dict(self.steps), **dict(self.parameters), **dict(self.configs)}
        if name not in known:
            raise AttributeError(f"{self._where}: the flow has no '{name}'{did_you_mean(name, known)}")
        return known[name]

    def _hang(self, decorators: tuple[FlowDecorator, ...]) -> None:
        self._may("changing the flow's decorators")
        hang_on_flow(self._flow_class, decorators)

    def _may(self, what: str) -> None:
        if not self._whole:
            raise self._refuse(f"{what} is for pre_mutate; in mutate only decorators of steps may change")
