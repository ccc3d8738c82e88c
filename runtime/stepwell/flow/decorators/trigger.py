"""``@trigger`` and ``@trigger_on_finish``: what a deployed flow starts after."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from stepwell.errors import FlowError
from stepwell.flow.decorators.flowlevel import FlowDecorator
from stepwell.flow.decorators.project import BRANCH, namespace_of_branch

_NAME = re.compile(r"[A-Za-z0-9_.:/-]{1,128}")
_TABLE = re.compile(r"[a-z0-9_]+\.[a-z0-9_]+")
_FLOW = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


class trigger(FlowDecorator):
    """Start the deployed flow whenever an event comes, or a table changes.

    Args:
        event: the event's name, as `stepwell.publish_event` takes it, or a dictionary of ``name`` and
            ``parameters``: by parameter of the flow the field of the event's payload that it is given,
            ``{"name": "data_ready", "parameters": {"alpha": "rows"}}``; a list names those that are called
            alike.
        table: a table, ``facts.flights``, whose commits are the event.
    """

    name = "trigger"
    defaults: ClassVar[dict[str, Any]] = {"event": None, "table": None}

    def _check_names(self, attributes: dict[str, Any]) -> None:
        if "events" in attributes or "options" in attributes:
            raise FlowError(
                "@trigger: received several events, all of which Metaflow waits for; EventBridge starts "
                "a flow for each that comes: give one as `event`"
            )
        super()._check_names(attributes)

    def check(self) -> None:
        event, table = self.attributes["event"], self.attributes["table"]
        if (event is None) == (table is None):
            raise FlowError("@trigger: it takes either event or table: @trigger(event='data_ready')")
        if table is not None and not (isinstance(table, str) and _TABLE.fullmatch(table)):
            raise self.refuse("table", "DATABASE.TABLE, such as 'facts.flights'")
        if event is not None:
            if isinstance(event, str):
                event = {"name": event}
            if not (isinstance(event, dict) and event.keys() <= {"name", "parameters"}):
                raise self.refuse("event", "a name, or a dictionary of 'name' and 'parameters'")
            name = event.get("name")
            if not (isinstance(name, str) and _NAME.fullmatch(name)):
                raise self.refuse("event", "named by 1 to 128 letters, digits and '_', '.', ':', '/', '-'")
            if _pairs(event.get("parameters", {})) is None:
                raise self.refuse("event", "with 'parameters' a dictionary or list of text")

    def check_flow(self, flow_class: type[Any]) -> None:
        check_required(self, flow_class, set(self.fields))
        known = {parameter.name for parameter in flow_class.parameters().values()}
        for name in self.fields:
            if name not in known:
                raise FlowError(
                    f"flow {flow_class.__name__}: @trigger maps a field to the parameter '{name}', which the "
                    f"flow does not have; it has {', '.join(sorted(known)) or 'none'}"
                )

    @property
    def event_name(self) -> str | None:
        """The name of the event; None where it is a table's commit."""
        event = self.attributes["event"]
        name: str | None = event["name"] if isinstance(event, dict) else event
        return name

    @property
    def fields(self) -> dict[str, str]:
        """By parameter, the field of the payload that it is given."""
        event = self.attributes["event"]
        return _pairs(event.get("parameters", {})) or {} if isinstance(event, dict) else {}


class trigger_on_finish(FlowDecorator):
    """Start the deployed flow whenever a run of another one, deployed too, was successful.

    Args:
        flow: the other flow's name, in the same namespace and project; or a dictionary of ``name``,
            ``project`` and ``project_branch`` (``user.NAME``, ``test.BRANCH``, ``prod`` or ``prod.BRANCH``).
    """

    name = "trigger_on_finish"
    defaults: ClassVar[dict[str, Any]] = {"flow": None}

    def _check_names(self, attributes: dict[str, Any]) -> None:
        if "flows" in attributes or "options" in attributes:
            raise FlowError(
                "@trigger_on_finish: received several flows, all of which Metaflow waits for; EventBridge "
                "starts a flow for each run that ends: give one as `flow`"
            )
        super()._check_names(attributes)

    def check(self) -> None:
        flow = self.attributes["flow"]
        name = flow.get("name") if isinstance(flow, dict) else flow
        if not (isinstance(name, str) and _FLOW.fullmatch(name)):
            raise self.refuse("flow", "a flow's name, or a dictionary of 'name', 'project', 'project_branch'")
        if isinstance(flow, dict):
            if flow.keys() - {"name", "project", "project_branch"} or (
                ("project" in flow) != ("project_branch" in flow)
            ):
                raise self.refuse(
                    "flow", "a dictionary of 'name', and 'project' and 'project_branch' together"
                )
            if "project" in flow and not BRANCH.fullmatch(str(flow["project_branch"])):
                raise self.refuse("flow", "of a branch user.NAME, test.BRANCH, prod or prod.BRANCH")

    def check_flow(self, flow_class: type[Any]) -> None:
        check_required(self, flow_class, set())

    @property
    def flow(self) -> str:
        """The other flow's name."""
        flow = self.attributes["flow"]
        name: str = flow["name"] if isinstance(flow, dict) else flow
        return name

    def where(self, namespace: str, project: str | None) -> tuple[str, str | None]:
        """The namespace and project that the other flow is deployed in, seen from those of this one."""
        flow = self.attributes["flow"]
        if isinstance(flow, dict) and "project" in flow:
            return namespace_of_branch(flow["project"], flow["project_branch"]), flow["project"]
        return namespace, project


def check_required(decorator: FlowDecorator, flow_class: type[Any], given: set[str]) -> None:
    """Raise `FlowError` where a flow that starts by itself has a parameter that nobody would give."""
    for parameter in flow_class.parameters().values():
        if parameter.required and parameter.name not in given:
            raise FlowError(
                f"flow {flow_class.__name__}: @{decorator.name} starts it without parameters, but "
                f"'{parameter.name}' is required; give it a default"
            )


def _pairs(given: Any) -> dict[str, str] | None:
    """What Metaflow takes as `parameters`: a dictionary, names, or pairs; None where it is none of these."""
    if isinstance(given, Mapping):
        pairs = list(given.items())
    elif isinstance(given, list | tuple):
        pairs = [(one, one) if isinstance(one, str) else tuple(one) for one in given]
    else:
        return None
    if not all(len(pair) == 2 and all(isinstance(one, str) for one in pair) for pair in pairs):
        return None
    return dict(pairs)
