"""How a production run begins: with its first task, for nobody else need be there.

Who started it, a person, a schedule or an event, makes no difference but for what the run is given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stepwell.datastore import Datastore, RunInfo, utc_now
from stepwell.errors import AlreadyExists
from stepwell.execution.origin import Origin, Reuse, from_meta
from stepwell.execution.run import parameter_values
from stepwell.flow.commandline import frozen
from stepwell.flow.decorators.project import project_of
from stepwell.flow.decorators.trigger import trigger
from stepwell.flow.document import to_document
from stepwell.flow.spec import FlowSpec

if TYPE_CHECKING:
    from stepwell.execution.job import Job


def begin(
    flow_class: type[FlowSpec], job: Job, datastore: Datastore
) -> tuple[dict[str, Any], Origin | Reuse | None]:
    """Claim the run of the job of its first task: its parameters by attribute, and where it takes tasks from.

    Raises:
        ParameterError: what it was given does not suit the flow.
    """
    given = _given(flow_class, datastore, job.run)
    origin = from_meta(datastore.origin(job.flow, job.run))
    info = RunInfo(
        job.flow, job.run, job.namespace, job.username, utc_now(), "step-functions",
        code=job.code, parameters=given, origin=origin.run if isinstance(origin, Origin) else None,
        graph=to_document(flow_class.graph()), project=project_of(flow_class, job.namespace),
        revision=datastore.code_revision(job.code),
    )  # fmt: skip
    try:
        datastore.claim_run(info)
    except AlreadyExists:  # by an attempt before this one, which may have come no further
        datastore.list_run(datastore.run_info(job.flow, job.run))
    if frozen().environments:
        datastore.put_environments(job.flow, job.run, frozen().environments)
    tags = datastore.tags(job.flow, job.run).union(frozen().tags)
    if tags:
        datastore.add_tags(job.flow, job.run, tags)
    return parameter_values(flow_class, given), origin


def _given(flow_class: type[FlowSpec], datastore: Datastore, run: str) -> dict[str, Any]:
    """The parameters of a run, by name: what a trigger said, or the fields of an event that `trigger` names.

    One that the event lacks keeps its default.
    """
    flow = flow_class.__name__
    given = datastore.parameters(flow, run)
    found = trigger.of(flow_class)
    if given or found is None or not found.fields:
        return given
    kept = datastore.event(flow, run)
    payload = kept["event"]["detail"] if kept and kept["trigger"]["kind"] == "event" else {}
    return {name: payload[field] for name, field in found.fields.items() if field in payload}
