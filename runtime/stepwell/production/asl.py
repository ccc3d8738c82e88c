"""From a graph to a state machine in Amazon States Language: pure, whole documents in and out.

Every step is a Batch job. Its state machine carries no data but the run's id and the task's path;
what a task needs it reads from the datastore, as on a laptop. A foreach is a Distributed Map over
the list of indices that the splitting task wrote to S3, so that neither the 256 KiB of a payload
nor the 25,000 events of a history limit it (AWS Step Functions developer guide, quotas).

A switch is a Choice on what the switching task wrote to S3, because a job returns nothing. While a
step repeats itself the state also carries the number of the repetition.

What fails leaves a word in S3 before its execution fails: of a task that could not say so itself what
Step Functions and Batch say of it, and of the run that it is over.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from stepwell.compute.submission import Jobs, JobTask, Reference, StepPlan, name_stem, submission
from stepwell.flow import paths
from stepwell.flow.blocks import Element, blocks
from stepwell.flow.graph import ROOT_PATH, Graph, Step
from stepwell.flow.state import MOST_ITEMS
from stepwell.production.about import About
from stepwell.production.limits import outer_concurrency
from stepwell.production.names import fitted
from stepwell.store import keys

MAX_WORKERS = 100
"""How many tasks of a foreach run at once: Metaflow's ``--max-workers`` on Step Functions."""

_PATIENCE = {"ErrorEquals": ["States.TaskFailed"], "IntervalSeconds": 1, "MaxAttempts": 4, "BackoffRate": 2.0}
"""S3 asks for some at times (HTTP status 503)."""
_ANY = ["States.ALL"]
_CALLED = "$$.Execution.Name"
# its name is no error's of Step Functions: no state may raise those (ASL specification, "Errors")
_FAIL = {"Type": "Fail", "Error": "Stepwell.Failed", "CausePath": "$.error.Cause"}
_RUN_FAILED, _OVER = "The run failed", "The run is over"
_EVENT, _KEEP, _NAME = "Is it an event?", "Keep the event", "Name the run"
_FIRST = {"Type": "Pass", "Result": 0, "ResultPath": "$.repetition"}
_NEXT = {
    "Type": "Pass",
    "Parameters": {"run.$": "$.run", "path.$": "$.path", "repetition.$": "States.MathAdd($.repetition, 1)"},
}


@dataclass(frozen=True, slots=True)
class Deployment:
    """What a state machine is made of besides the graph: names and pointers, never payloads.

    Attributes:
        plans: how each step is run.
        code: sha256 of the code package.
        flow_file: the flow's file within the package.
        timeout: seconds after which Step Functions ends a run.
        by_events: whether events may start a run.
        deployed: when, ISO 8601, in UTC.
    """

    namespace: str
    bucket: str
    partition: str
    code: str
    flow_file: str
    username: str
    plans: dict[str, StepPlan]
    max_workers: int = MAX_WORKERS
    timeout: int | None = None
    by_events: bool = False
    deployed: str | None = None

    def about(self, flow: str) -> About:
        """What it says of a flow's state machine."""
        return About(
            flow, self.namespace, self.username, self.deployed, self.code, self.max_workers, self.timeout
        )


def compile_flow(graph: Graph, deployment: Deployment) -> dict[str, Any]:
    """The state machine of a flow."""
    compiler = _Compiler(graph, deployment)
    begin = {
        "Type": "Pass",
        "Parameters": {"run.$": f"States.Format('{keys.PRODUCTION_RUN}{{}}', {_CALLED})", "path": ROOT_PATH},
        "Next": "start",
    }
    first = compiler.keeping_events() if deployment.by_events else {}
    states = {**first, _NAME: begin, **compiler.whole(blocks(graph))}
    machine: dict[str, Any] = {
        "Comment": deployment.about(graph.flow).to_json(),
        "StartAt": next(iter(states)),
        "States": states,
    }
    if deployment.timeout is not None:
        machine["TimeoutSeconds"] = deployment.timeout
    found: dict[str, Any] = fitted(machine)
    return found


class _Compiler:
    def __init__(self, graph: Graph, deployment: Deployment) -> None:
        self._graph, self._to = graph, deployment
        self._jobs = Jobs(
            datastore=f"s3://{deployment.bucket}", namespace=deployment.namespace,
            username=deployment.username, code=deployment.code, flow=graph.flow,
            flow_file=deployment.flow_file,
        )  # fmt: skip

    def keeping_events(self) -> dict[str, Any]:
        """Where an event has started the execution, keep it for the first task: no payload goes on."""
        key = keys.event(self._to.namespace, self._graph.flow, keys.PRODUCTION_RUN + "{}")
        return {
            _EVENT: {
                "Type": "Choice",
                "Choices": [{"Variable": "$.event", "IsPresent": True, "Next": _KEEP}],
                "Default": _NAME,
            },
            _KEEP: {
                **self._put(f"States.Format('{key}', $$.Execution.Name)", {"Body.$": "$"}),
                "Next": _NAME,
            },
        }

    def whole(self, elements: tuple[Element, ...]) -> dict[str, Any]:
        """The states of the whole flow: whatever fails, the run is said to be over."""
        states = self.sequence(elements, over=_RUN_FAILED)
        for state in states.values():
            if state["Type"] in ("Task", "Map", "Parallel") and "Catch" not in state:
                state["Catch"] = _catch(_RUN_FAILED)
        key = keys.ended(self._to.namespace, self._graph.flow, "{}")
        said = {"Body": {"ended.$": "$$.State.EnteredTime", "error.$": "$.error"}}
        put = self._put(f"States.Format('{key}', $.run)", said)
        states[_RUN_FAILED] = {**put, "Catch": _catch(_OVER, None), "Next": _OVER}
        states[_OVER] = _FAIL
        return states

    def sequence(self, elements: tuple[Element, ...], over: str | None = None) -> dict[str, Any]:
        """The states of a block: those of each element, and what leads from one to the next.

        Args:
            over: the state that follows where a task has failed; by default one of the task's own.
        """
        states: dict[str, Any] = {}
        for element in elements:
            step, name = element.step, element.step.name
            on = {"Next": _entry(self._graph[element.after[0]])} if element.after else {"End": True}
            behind: dict[str, Any] = {}
            if step.num_parallel:
                behind = self._gang(element, over, on)
            elif step.kind == "foreach":
                behind = {f"{name}: for each of {step.foreach}": {**self._map(element), **on}}
            elif step.kind == "branch":
                behind = {f"{name}: branches": {**self._parallel(element), **on}}
            elif step.kind == "switch":
                behind = self._switch(step)
            if step.repeats:
                states[_entry(step)] = {**_FIRST, "Next": name}
            states |= self._attempted(element, over, {"Next": next(iter(behind))} if behind else on, behind)
        return states

    def _attempted(
        self, element: Element, over: str | None, on: dict[str, Any], behind: dict[str, Any]
    ) -> dict[str, Any]:
        """The job of a step, what stands behind it, and what tells why it died."""
        name = element.step.name
        dead = f"{name}: tell why"
        states = {name: {**self._job(element), "Catch": _catch(dead), **on}, **behind}
        states[dead] = self._tell_why(element.step, over or f"{name}: failed")
        if over is None:
            states[f"{name}: failed"] = _FAIL
        return states

    def _gang(self, element: Element, over: str | None, on: dict[str, Any]) -> dict[str, Any]:
        """Read how many nodes a gang has, and run them: as one job, whose tasks need no map."""
        step, ((nodes,),) = element.step, element.inner
        reading = f"{step.name}: read num_parallel"
        read = {
            **self._read(step),
            "ResultSelector": {"nodes.$": "States.StringToJson($.Body)"},
            "ResultPath": "$.gang",
            "Next": nodes.step.name,
        }
        return {reading: read, **self._attempted(nodes, over, on, {})}

    def _tell_why(self, step: Step, following: str) -> dict[str, Any]:
        """Keep what Step Functions says of a task that failed, beside what the task itself may have said."""
        pattern, values = _task(step)
        if step.parallel:
            pattern = paths.item(pattern, 0)  # the main node speaks for all
        key = keys.died(self._to.namespace, self._graph.flow, "{}", step.name, pattern)
        put = self._put(f"States.Format('{key}', $.run, {values})", {"Body.$": "$.error"})
        return {**put, "Catch": _catch(following, None), "Next": following}

    def _put(self, key: str, what: dict[str, Any]) -> dict[str, Any]:
        """A state that writes an object."""
        return {
            "Type": "Task",
            "Resource": f"arn:{self._to.partition}:states:::aws-sdk:s3:putObject",
            "Parameters": {"Bucket": self._to.bucket, "Key.$": key, **what},
            "ResultPath": None,
            "Retry": [_PATIENCE],
        }

    def _job(self, element: Element) -> dict[str, Any]:
        step, plan = element.step, self._to.plans[element.step.name]
        pattern, values = _task(step)
        task = JobTask(
            run=Reference("$.run"),
            step=step.name,
            path=Reference(f"States.Format('{pattern}', {values})" if step.repeats else "$.path"),
            # a retried state submits a new job, whose own count begins anew: it is told the state's
            attempt=Reference("States.Format('{}', $$.State.RetryCount)") if plan.attempts.more else None,
            nodes=Reference("$.gang.nodes") if step.parallel else None,
        )
        jobs = replace(self._jobs, max_splits=MOST_ITEMS) if step.kind == "foreach" else self._jobs
        name = Reference(f"States.Format('{name_stem(self._graph.flow, step.name)}-{pattern}', {values})")
        return {
            "Type": "Task",
            "Resource": f"arn:{self._to.partition}:states:::batch:submitJob.sync",
            "Parameters": _in_asl(submission(jobs, task, name, plan)),
            **_retry(plan),
            "ResultPath": None,
        }

    def _parallel(self, element: Element) -> dict[str, Any]:
        branches = []
        for name, inner in zip(element.step.next, element.inner, strict=True):
            straight = f"{element.step.name} to {name}"
            states = self.sequence(inner) if inner else {straight: {"Type": "Pass", "End": True}}
            branches.append({"StartAt": _entry(self._graph[name]) if inner else straight, "States": states})
        return {"Type": "Parallel", "Branches": branches, "ResultPath": None}

    def _map(self, element: Element) -> dict[str, Any]:
        step, to = element.step, self._to
        (inner,) = element.inner
        states = self.sequence(inner)
        # a child's output is an entry of the map's result: kept to a digit, for the result has a limit of
        # 256 KiB though it is thrown away
        for state in states.values():
            if state.get("End"):
                state |= {"ResultSelector": {"done": 1}, "ResultPath": "$", "OutputPath": "$.done"}
        return {
            "Type": "Map",
            "ItemReader": {
                "Resource": f"arn:{to.partition}:states:::s3:getObject",
                "ReaderConfig": {"InputType": "JSON"},
                "Parameters": self._what_was_decided(step),
            },
            "ItemSelector": {
                "run.$": "$.run",
                "path.$": "States.Format('{}-{}', $.path, $$.Map.Item.Value)",
            },
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                "StartAt": _entry(inner[0].step),
                "States": states,
            },
            "MaxConcurrency": self._at_once(element),
            **({"ToleratedFailurePercentage": round(step.tolerate * 100, 9)} if step.tolerate else {}),
            "ResultPath": None,
        }

    def _at_once(self, element: Element) -> int:
        """How many children of a map run at once: fewer where each may start maps of its own."""

        def nested(elements: tuple[Element, ...]) -> int:
            """How many maps stand one in the other."""
            depths = (max(map(nested, one.inner), default=0) for one in elements)
            pairs = zip(elements, depths, strict=True)
            return max((_is_mapped(one.step) + depth for one, depth in pairs), default=0)

        inside = nested(element.inner[0])
        around = sum(_is_mapped(self._graph[scope.split]) for scope in self._graph.scopes(element.step.name))
        return outer_concurrency(self._to.max_workers, around + inside) if inside else self._to.max_workers

    def _switch(self, step: Step) -> dict[str, Any]:
        """Read the step that was chosen, and go there; back to itself under the next repetition."""
        reading, again = f"{step.name}: read the choice", f"{step.name}: again"
        to = {name: again if name == step.name else _entry(self._graph[name]) for name in step.next}
        states: dict[str, Any] = {
            reading: {
                **self._read(step),
                "ResultSelector": {"step.$": "States.StringToJson($.Body)"},
                "ResultPath": "$.choice",
                "Next": f"{step.name}: by {step.condition}",
            },
            f"{step.name}: by {step.condition}": {
                "Type": "Choice",
                "Choices": [
                    {"Variable": "$.choice.step", "StringEquals": name, "Next": to[name]}
                    for name in step.next
                ],
            },
        }
        if step.repeats:
            states[again] = {**_NEXT, "Next": step.name}
        return states

    def _read(self, step: Step) -> dict[str, Any]:
        """A state that reads what the task of a step has decided."""
        return {
            "Type": "Task",
            "Resource": f"arn:{self._to.partition}:states:::aws-sdk:s3:getObject",
            "Parameters": self._what_was_decided(step),
            "Retry": [_PATIENCE],
        }

    def _what_was_decided(self, step: Step) -> dict[str, str]:
        """Where the task of a foreach wrote its indices, and that of a switch the step it chose."""
        pattern, values = _task(step)
        key = keys.split(self._to.namespace, self._graph.flow, "{}", step.name, pattern)
        return {"Bucket": self._to.bucket, "Key.$": f"States.Format('{key}', $.run, {values})"}


def _is_mapped(step: Step) -> bool:
    """Whether a Distributed Map stands behind a step."""
    return step.kind == "foreach" and not step.num_parallel


def _catch(following: str, keep: str | None = "$.error") -> list[dict[str, Any]]:
    """Whatever an attempt fails with for good, go on with another state."""
    return [{"ErrorEquals": _ANY, "ResultPath": keep, "Next": following}]


def _entry(step: Step) -> str:
    """Name of the state with which a step begins."""
    return f"{step.name}: begin" if step.repeats else step.name


def _task(step: Step) -> tuple[str, str]:
    """A pattern for the path of a step's task as ``States.Format`` takes it, and the values in it."""
    if step.repeats:
        return paths.repetition("{}", "{}"), "$.path, $.repetition"
    return "{}", "$.path"


def _in_asl(value: Any, at: str = "") -> Any:
    """A request as the parameters of a state: names begin in upper case (AWS Step Functions developer
    guide, "Run AWS Batch workloads"), and that of a reference ends with ``.$``; those of tags stay.
    """
    if isinstance(value, list):
        return [_in_asl(one) for one in value]
    if not isinstance(value, dict):
        return value
    parameters = {}
    for key, one in value.items():
        name = key if at == "tags" else key[0].upper() + key[1:]
        if isinstance(one, Reference):
            parameters[f"{name}.$"] = one.expression
        else:
            parameters[name] = _in_asl(one, key)
    return parameters


def _retry(plan: StepPlan) -> dict[str, Any]:
    if not plan.attempts.more:
        return {}
    return {
        "Retry": [
            {
                "ErrorEquals": _ANY,
                "IntervalSeconds": max(1, round(plan.attempts.seconds)),
                "MaxAttempts": plan.attempts.more,
                "BackoffRate": 1.0,
            }
        ]
    }
