"""The packages that steps ask for: what is common to `pypi`, `conda` and their ``_base``, and the sum."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NamedTuple

from stepwell.errors import FlowError
from stepwell.flow.decorators.attributes import Attributes
from stepwell.flow.decorators.base import StepDecorator, all_of
from stepwell.flow.decorators.flowlevel import FlowDecorator, flow_decorators

_OFF = "_stepwell_packages_off"


class Wanted(NamedTuple):
    """What the steps of one environment ask for.

    Attributes:
        kind: ``pypi`` or ``conda``.
        python: a version such as ``3.12``; None for that of the process that asks.
        packages: name and version of each, sorted; a version may be empty, exact, or a condition.
        channels: conda's, the first counts most.
    """

    kind: str
    python: str | None = None
    packages: tuple[tuple[str, str], ...] = ()
    channels: tuple[str, ...] = ()

    def __str__(self) -> str:
        shown = [name + condition(version) for name, version in self.packages]
        return ", ".join(shown[:4] + ["..."] * (len(shown) > 4)) or "no packages of its own"


def condition(version: str) -> str:
    """A version as a condition: ``1.5`` is ``==1.5``."""
    return f"=={version}" if version[:1].isalnum() else version


class Packages(Attributes):
    """What of packages a decorator may say; `StepPackages` and `FlowPackages` are the two kinds."""

    kind: ClassVar[str]

    def check(self) -> None:
        python = self.attributes["python"]
        if python is not None and not (
            isinstance(python, str) and re.fullmatch(r"3\.(1[1-9]|[2-9]\d)(\.\d+)?", python)
        ):
            raise self.refuse("python", "the text of a version from 3.11 on, such as '3.12'")
        if self.attributes["disabled"] not in (None, True, False):
            raise self.refuse("disabled", "True or False")
        for key in {"packages", "libraries"} & self.attributes.keys():
            given = self.attributes[key]
            texts = isinstance(given, Mapping) and all(
                isinstance(name, str) and isinstance(version, str) for name, version in given.items()
            )
            if not texts:
                raise self.refuse(key, "names and versions, such as {'pandas': '2.3.1', 'polars': '>=1'}")
            for name, version in given.items():
                if not re.fullmatch(r"[A-Za-z0-9][\w.-]*(\[[\w,. -]+\])?", name):
                    raise FlowError(
                        f"@{self.name}: received the package {name!r}; a name is that of an index, such as "
                        "'pandas' or 'pandas[parquet]', and the version stands behind it: {'pandas': '2.3.1'}"
                    )
                if not re.fullmatch(r"[\w.*+!<>=~, |-]*", version):
                    raise FlowError(
                        f"@{self.name}: received {{{name!r}: {version!r}}}; a version is '2.3.1', "
                        "a condition such as '>=2,<3', or '' for any"
                    )
        channels = self.attributes.get("channels")
        if channels is not None and not (
            isinstance(channels, list | tuple) and channels and all(isinstance(one, str) for one in channels)
        ):
            raise self.refuse("channels", "a list of names or URLs, such as ['conda-forge']")

    @property
    def packages(self) -> dict[str, str]:
        return {**self.attributes.get("libraries", {}), **self.attributes["packages"]}


class StepPackages(Packages, StepDecorator):
    """Base of `pypi` and `conda`."""

    def __call__(self, function: Any) -> Any:
        if any(isinstance(other, StepPackages) and other.name != self.name for other in all_of(function)):
            self.mistake = FlowError("@pypi and @conda: both are there; a step has one environment")
        return super().__call__(function)


class FlowPackages(Packages, FlowDecorator):
    """Base of `pypi_base` and `conda_base`."""

    def check_flow(self, flow_class: type[Any]) -> None:
        if any(isinstance(one, FlowPackages) and one is not self for one in flow_decorators(flow_class)):
            raise FlowError(
                f"flow {flow_class.__name__}: @pypi_base and @conda_base: both are there; keep one, and put "
                "the other kind on single steps"
            )


def use_installed(flow_class: type[Any]) -> None:
    """From now on the flow's steps run with what is installed, whatever they ask for."""
    setattr(flow_class, _OFF, True)


def wanted(flow_class: type[Any], functions: Mapping[str, Callable[..., Any]]) -> dict[str, Wanted]:
    """What each step that has an environment of its own asks for, by step; empty for most flows.

    A step's decorator adds to that of the flow which is of its kind, and counts more.
    """
    base = next((one for one in flow_decorators(flow_class) if isinstance(one, FlowPackages)), None)
    found: dict[str, Wanted] = {}
    if getattr(flow_class, _OFF, False):
        return found
    for step, function in functions.items():
        own = next((one for one in all_of(function) if isinstance(one, StepPackages)), None)
        said = [one for one in (base, own) if one and (own is None or one.kind == own.kind or one is own)]
        if not said or _last(said, "disabled"):
            continue
        packages = {name: version for one in said for name, version in one.packages.items()}
        found[step] = Wanted(
            said[-1].kind,
            _last(said, "python"),
            tuple(sorted(packages.items())),
            tuple(_last(said, "channels") or ()),
        )
    return found


def _last(said: list[Any], key: str) -> Any:
    return next((one.attributes[key] for one in reversed(said) if one.attributes.get(key) is not None), None)
