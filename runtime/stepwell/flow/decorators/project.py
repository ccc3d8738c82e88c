"""``@project``: flows that belong together, and the branches on which they are run and deployed.

The branch is read off the namespace alone, which every task knows: whoever starts a run chooses the
namespace, and nothing else has to be passed on.

============================  ============  ====================
namespace                     branch        command line
============================  ============  ====================
``user/ada``                  ``user.ada``
``project/NAME/branch/B``     ``test.B``    ``--branch B``
``project/NAME/prod``         ``prod``      ``--production``
``project/NAME/prod.B``       ``prod.B``    both
============================  ============  ====================
"""

from __future__ import annotations

import re
from typing import Any, ClassVar, NamedTuple

from stepwell.errors import UsageError
from stepwell.flow.decorators.flowlevel import FlowDecorator

_NAME = r"[a-z0-9_]{1,128}"
BRANCH = re.compile(rf"user\.[a-z0-9][a-z0-9_.-]{{0,63}}|test\.{_NAME}|prod(\.{_NAME})?")
"""A branch by its name."""
_ALLOWED = "1 to 128 lower-case letters, digits and underscores"


class Project(NamedTuple):
    """Where a flow of a project is run or deployed; the names are Metaflow's.

    Attributes:
        branch: ``user.NAME``, ``test.BRANCH``, ``prod`` or ``prod.BRANCH``.
    """

    name: str
    branch: str
    flow: str

    @property
    def is_production(self) -> bool:
        return self.branch.partition(".")[0] == "prod"

    @property
    def flow_name(self) -> str:
        """Project, branch and flow."""
        return f"{self.name}.{self.branch}.{self.flow}"


class project(FlowDecorator):
    """Say which project a flow belongs to.

    Args:
        name: the project's name: lower-case letters, digits and underscores, at most 128, as Metaflow's.
    """

    name = "project"
    defaults: ClassVar[dict[str, Any]] = {"name": None}

    def check(self) -> None:
        name = self.attributes["name"]
        if not (isinstance(name, str) and re.fullmatch(_NAME, name)):
            raise self.refuse("name", _ALLOWED)


def project_of(flow_class: type[Any], namespace: str) -> Project | None:
    """The project of a flow, and its branch in a namespace; None where the flow has no ``@project``.

    Raises:
        UsageError: the namespace is another project's.
    """
    found = project.of(flow_class)
    if found is None:
        return None
    name, flow = found.attributes["name"], flow_class.__name__
    kind, owner, *rest = namespace.split("/")
    if kind == "project" and owner != name:
        raise UsageError(
            f"flow {flow}: received the namespace '{namespace}', but @project says '{name}'; take "
            "--production or --branch NAME in place of a namespace, or a namespace of that project"
        )
    branch = f"user.{owner}" if kind == "user" else rest[0] if len(rest) == 1 else f"test.{rest[1]}"
    return Project(name, branch, flow)


def namespace_of(flow_class: type[Any], branch: str | None, production: bool) -> str | None:
    """The namespace that ``--branch`` and ``--production`` name; None for one's own.

    Raises:
        UsageError: the flow has no ``@project``, or the branch is not of the form of one.
    """
    if branch is None and not production:
        return None
    found = project.of(flow_class)
    if found is None:
        raise UsageError(
            f"flow {flow_class.__name__}: it has no project whose branch or production it could be in; "
            "put @project(name='...') above the class"
        )
    if branch is not None and not re.fullmatch(_NAME, branch):
        raise UsageError(f"--branch: received {branch!r}; it must be {_ALLOWED}")
    root = f"project/{found.attributes['name']}"
    if not production:
        return f"{root}/branch/{branch}"
    return f"{root}/prod" if branch is None else f"{root}/prod.{branch}"


def namespace_of_branch(name: str, branch: str) -> str:
    """The namespace of a project's branch by its name, such as ``prod`` or ``test.new_model``."""
    kind, _, rest = branch.partition(".")
    if kind == "user":
        return f"user/{rest}"
    return f"project/{name}/branch/{rest}" if kind == "test" else f"project/{name}/{branch}"
