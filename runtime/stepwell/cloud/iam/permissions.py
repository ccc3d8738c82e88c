"""What a call of an API needs: actions on resources, as IAM counts them. Pure.

A call needs several when it touches several resources (a Glue table and all above it), passes a role on
to a service, or tags what it makes. The source is each service's page in the Service Authorization
Reference, and the AWS Glue and CloudWatch Logs guides where they say more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stepwell.cloud.iam import s3
from stepwell.cloud.iam.call import Call
from stepwell.cloud.iam.evaluator import Access, Context

ANY = "*"

# What a service's actions begin with, where signatures name it otherwise.
PREFIXES = {"monitoring": "cloudwatch", "tagging": "tag"}

# The parameter that names the resource, and the resource's name in its ARN; the first that is given counts.
NAMED: Mapping[str, Sequence[tuple[str, str]]] = {
    "states": [
        ("stateMachineArn", "{}"), ("executionArn", "{}"), ("mapRunArn", "{}"), ("resourceArn", "{}"),
        ("name", "stateMachine:{}"),
    ],
    "ssm": [("Name", "parameter/{}"), ("Path", "parameter/{}")],
    "dynamodb": [("TableName", "table/{}")],
    "ecr": [("repositoryName", "repository/{}")],
    "events": [("Rule", "rule/{}"), ("Name", "rule/{}"), ("ResourceARN", "{}")],
    "athena": [("WorkGroup", "workgroup/{}"), ("QueryExecutionId", "query/{}")],
    "iam": [("RoleName", "role/{}"), ("UserName", "user/{}"), ("PolicyArn", "{}"), ("PolicySourceArn", "{}")],
    "sns": [("TopicArn", "{}"), ("TargetArn", "{}"), ("ResourceArn", "{}")],
    "sts": [("RoleArn", "{}")],
    "kms": [("KeyId", "key/{}")],
    "secretsmanager": [("SecretId", "secret:{}")],
    "monitoring": [],
    "tagging": [],
}  # fmt: skip

PASSED_TO = {
    "states": "states.amazonaws.com",
    "batch": "ecs-tasks.amazonaws.com",
    "scheduler": "scheduler.amazonaws.com",
    "events": "events.amazonaws.com",
    "glue": "glue.amazonaws.com",
}
TAGS_ON_CREATION = ("states", "batch", "events")

# Step Functions Developer Guide, "Logging using CloudWatch Logs".
DELIVERING_LOGS = (
    "CreateLogDelivery", "DeleteLogDelivery", "DescribeLogGroups", "DescribeResourcePolicies",
    "GetLogDelivery", "ListLogDeliveries", "PutResourcePolicy", "UpdateLogDelivery",
)  # fmt: skip
# The same, "Run Batch workloads": how a task that waits for its job hears of it.
JOBS_RULE = "rule/StepFunctionsGetEventsForBatchJobsRule"
WATCHING_JOBS = ("DescribeRule", "PutRule", "PutTargets")


@dataclass(frozen=True, slots=True)
class Demand:
    """What a service wants of a role before it takes it: `what` is the beginning of its complaint."""

    role: str
    service: str
    accesses: Sequence[Access]
    what: str


def accesses(call: Call) -> list[Access] | None:
    """All that IAM has to allow for a call; None for a service that is not known here.

    Names in resources are those of the call: whoever knows the account puts keys and secrets in the place
    of their aliases and names, and adds what is known of resources.
    """
    if call.service == "s3":
        return s3.accesses(call)
    resources = _resources(call)
    if resources is None:
        return None
    action = f"{PREFIXES.get(call.service, call.service)}:{call.operation}"
    context = _request_tags(call.params) | _special_context(call)
    found = [_access(call, action, resource, context) for resource in resources]
    return [*found, *_tagging(call, resources), *_passing(call)]


def demands(call: Call) -> list[Demand]:
    """What Step Functions wants of the role of a state machine that is made or changed."""
    if call.service != "states" or call.operation not in ("CreateStateMachine", "UpdateStateMachine"):
        return []
    role = call.params.get("roleArn")
    if not role:
        return []
    place, found = (
        call.place,
        [
            Demand(
                role,
                PASSED_TO["states"],
                [],
                "Neither the global service principal "
                "states.amazonaws.com, nor the regional one is authorized to assume the provided role",
            )
        ],
    )
    if (call.params.get("loggingConfiguration") or {}).get("level", "OFF") != "OFF":
        delivering = [Access(f"logs:{action}", ANY, place.account) for action in DELIVERING_LOGS]
        found.append(
            Demand(
                role,
                PASSED_TO["states"],
                delivering,
                "The state machine IAM Role is not authorized to access the Log Destination",
            )
        )
    if "batch:submitJob.sync" in (call.params.get("definition") or ""):
        watching = [
            Access(f"events:{action}", place.arn("events", JOBS_RULE), place.account)
            for action in WATCHING_JOBS
        ]
        found.append(
            Demand(role, PASSED_TO["states"], watching, f"'{role}' is not authorized to create managed-rule")
        )
    return found


def _access(call: Call, action: str, resource: str, context: Context) -> Access:
    arn = resource if resource == ANY else call.place.arn(PREFIXES.get(call.service, call.service), resource)
    return Access(action, arn, call.place.account, context)


def _resources(call: Call) -> list[str] | None:
    special: dict[str, Callable[[str, Mapping[str, Any]], list[str]]] = {
        "batch": _batch, "events": _events, "glue": _glue, "logs": _logs, "scheduler": _scheduler,
        "sqs": _sqs,
    }  # fmt: skip
    if call.service in special:
        return special[call.service](call.operation, call.params)
    if call.service not in NAMED:
        return None
    names = call.params.get("Names")  # ssm:GetParameters
    if names:
        return [f"parameter/{name.removeprefix('/')}" for name in names]
    return _named(call.service, call.params)


def _named(service: str, params: Mapping[str, Any]) -> list[str]:
    for parameter, pattern in NAMED[service]:
        if value := params.get(parameter):
            name = str(value)
            # A parameter's ARN has one slash where its name begins with another.
            return [name if name.startswith("arn:") else pattern.format(name.removeprefix("/"))]
    return [ANY]


def _batch(operation: str, params: Mapping[str, Any]) -> list[str]:
    def named(kind: str, name: str) -> str:
        return name if name.startswith("arn:") else f"{kind}/{name}"

    if operation == "SubmitJob":
        return [
            named("job-definition", params["jobDefinition"]),
            named("job-queue", params["jobQueue"]),
            "job/*",
        ]
    if operation in ("CancelJob", "TerminateJob"):
        return [f"job/{params['jobId']}"]
    if operation == "RegisterJobDefinition":
        return [f"job-definition/{params['jobDefinitionName']}"]
    return [params.get("resourceArn", ANY)]


def _events(operation: str, params: Mapping[str, Any]) -> list[str]:
    if operation != "PutEvents":
        return _named("events", params)
    buses = {entry.get("EventBusName") or "default" for entry in params["Entries"]}
    return [bus if bus.startswith("arn:") else f"event-bus/{bus}" for bus in sorted(buses)]


def _glue(operation: str, params: Mapping[str, Any]) -> list[str]:
    """The Data Catalog asks for a right on the resource and on all above it."""
    inner = params.get("TableInput") or params.get("DatabaseInput") or {}
    database = params.get("DatabaseName")
    table = params.get("TableName") or params.get("Name") or inner.get("Name")
    if operation == "GetDatabases":  # Athena's guide lets it with a right on the catalog and one database
        return ["catalog"]
    if database is None:
        return ["catalog", f"database/{table or ANY}"]
    return ["catalog", f"database/{database}", f"table/{database}/{table or ANY}"]


def _logs(operation: str, params: Mapping[str, Any]) -> list[str]:
    """CloudWatch Logs writes a group as ``log-group:NAME:log-stream:``, with nothing behind it."""
    group = params.get("logGroupName") or params.get("logGroupIdentifier")
    if not group:
        return [ANY]
    name = group.partition(":log-group:")[2] or group
    return [f"log-group:{name.removesuffix(':*')}:log-stream:{params.get('logStreamName', '')}"]


def _scheduler(operation: str, params: Mapping[str, Any]) -> list[str]:
    if "ScheduleGroup" in operation or operation.startswith("List"):
        name = params.get("Name") or params.get("GroupName")
        return [f"schedule-group/{name}" if name else ANY]
    return [f"schedule/{params.get('GroupName') or 'default'}/{params['Name']}"]


def _sqs(operation: str, params: Mapping[str, Any]) -> list[str]:
    url = params.get("QueueUrl")
    return [url.rpartition("/")[2] if url else params.get("QueueName", ANY)]


def _special_context(call: Call) -> dict[str, str | Sequence[str]]:
    given = {
        ("sts", "ExternalId"): "sts:ExternalId",
        ("sts", "RoleSessionName"): "sts:RoleSessionName",
        ("batch", "shareIdentifier"): "batch:ShareIdentifier",
        ("monitoring", "Namespace"): "cloudwatch:namespace",
    }
    if (call.service, call.operation) == ("events", "PutEvents"):
        return {"events:source": sorted({entry["Source"] for entry in call.params["Entries"]})}
    return {
        key: str(call.params[parameter])
        for (service, parameter), key in given.items()
        if call.service == service and call.params.get(parameter)
    }


def _request_tags(params: Mapping[str, Any]) -> dict[str, str | Sequence[str]]:
    tags = params.get("tags") or params.get("Tags") or {}
    if not isinstance(tags, Mapping):
        tags = {tag.get("Key", tag.get("key")): tag.get("Value", tag.get("value", "")) for tag in tags}
    if not tags:
        return {}
    return {f"aws:RequestTag/{key}": value for key, value in tags.items()} | {"aws:TagKeys": list(tags)}


def _tagging(call: Call, resources: Sequence[str]) -> list[Access]:
    """Tagging what is made is an action of its own; of a job Batch asks for it on all that it is made of."""
    tags = _request_tags(call.params)
    if call.service not in TAGS_ON_CREATION or not tags or call.operation == "TagResource":
        return []
    tagged = resources[:1]
    if call.operation == "SubmitJob":
        definition, *others = resources
        revised = ":" in definition.rpartition("/")[2]
        tagged = [definition if revised else f"{definition}:{ANY}", *others]
    return [_access(call, f"{call.service}:TagResource", one, tags) for one in tagged]


def _passing(call: Call) -> list[Access]:
    """Every role that a service is told to act with is passed to it."""
    if call.service not in PASSED_TO:
        return []
    context = {"iam:PassedToService": PASSED_TO[call.service]}
    return [
        Access("iam:PassRole", role, call.place.account, context) for role in sorted(set(_roles(call.params)))
    ]


def _roles(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if isinstance(inner, str):
                if key.lower().endswith("rolearn") and inner:
                    yield inner
            else:
                yield from _roles(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _roles(inner)
