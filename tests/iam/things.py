"""What principals act on in the matrix: a label for each resource, and the conditions that go with it."""

from __future__ import annotations

from dataclasses import dataclass, field

from stepwell.cloud.iam.evaluator import Context
from stepwell.contract import NAMESPACE_TAG, SHARED, share
from stepwell.production.names import rule_name
from stepwell.store import keys
from tests.iam.world import REGION, World
from tests.synthesis import ACCOUNT, KEY

OWNERS = {
    "ada": "user/ada",
    "dana": "user/dana",
    "flights": "project/flights",
    "a branch": "project/flights/branch",
}
POSSESSIVE = {"ada": "ada's", "dana": "dana's", "flights": "flights'", "a branch": "a branch's"}
PROD, BRANCH = "project/flights/prod", "project/flights/branch/test.one"
WHERE = {
    "ada's": "user/ada",
    "dana's": "user/dana",
    "production's": PROD,
    "a second production's": f"{PROD}.two",
    "a branch's": BRANCH,
}
STATES = {"iam:PassedToService": "states.amazonaws.com"}


@dataclass(frozen=True, slots=True)
class Thing:
    """A resource, and what a request for it has in its context."""

    arn: str
    context: Context = field(default_factory=dict)


def things(world: World) -> dict[str, Thing]:
    """Every resource of the matrix, by its label."""
    return {
        **_objects(world),
        **_listings(world),
        **_tables(world),
        **_jobs(world),
        **_state_machines(world),
        **_keys(world),
        **_services(world),
        **_others(world),
    }


def _arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


def _objects(world: World) -> dict[str, Thing]:
    bucket = f"arn:aws:s3:::{world.contract.bucket}"
    named = {}
    for whose, namespace in WHERE.items():
        run = (namespace, "Flow", "run")
        named |= {
            f"{whose} results": keys.manifest(*run, "step", "0"),
            f"{whose} artifacts": keys.object_key(namespace, "0" * 64, "parquet"),
            f"{whose} items": keys.split(*run, "step", "0"),
            f"{whose} code": keys.code(namespace, "0" * 64),
            f"{whose} packages": keys.environments(namespace) + keys.pack("0" * 64),
            f"{whose} parameters": keys.parameters(*run),
            f"{whose} tags": keys.tags_root(*run) + "tag",
            f"{whose} events": keys.event(*run),
            f"{whose} deaths": keys.died(*run, "step", "0"),
            f"{whose} ends": keys.ended(*run),
            f"{whose} deployments": keys.deployments_root(namespace, "Flow") + "00000001.json",
        }
    for database in ("facts", "flights"):
        named[f"files of {database}"] = f"{world.location(database)}table/data/x.parquet"
    named["something else"] = "x"
    objects = {label: Thing(f"{bucket}/{key}") for label, key in named.items()}
    hers = objects["ada's results"].arn
    objects["ada's answers"] = Thing(f"{bucket}/tmp/user/ada/athena/x.csv")
    objects["a branch's answers"] = Thing(f"{bucket}/tmp/project/flights/branch/athena/x.csv")
    objects["dana's answers"] = Thing(f"{bucket}/tmp/user/dana/athena/x.csv")
    objects["tables declared"] = Thing(f"{bucket}/warehouse/declared/flights.json")
    header = "s3:x-amz-server-side-encryption"
    for what, context in (
        ("with old TLS", {"s3:TlsVersion": "1.1"}),
        ("with S3's keys", {header: "AES256"}),
        ("with the key", {header: "aws:kms", f"{header}-aws-kms-key-id": KEY}),
        ("with another key", {header: "aws:kms", f"{header}-aws-kms-key-id": f"{KEY}-other"}),
        ("with her own key", {f"{header}-customer-algorithm": "AES256"}),
    ):
        objects[f"ada's results {what}"] = Thing(hers, context)
    objects["ada's results without TLS"] = Thing(hers, {"aws:SecureTransport": "false"})
    objects["another environment's"] = Thing(hers.replace("-dev-", "-test-"))
    return objects


def _listings(world: World) -> dict[str, Thing]:
    bucket = f"arn:aws:s3:::{world.contract.bucket}"
    prefixes = {f"{whose} keys": keys.namespace_root(namespace) for whose, namespace in WHERE.items()}
    prefixes |= {
        f"{whose} deployments' keys": keys.deployments_root(namespace, "Flow")
        for whose, namespace in WHERE.items()
    }
    prefixes |= {"tables' keys": world.location("facts"), "all keys": ""}
    listed = {label: Thing(bucket, {"s3:prefix": prefix}) for label, prefix in prefixes.items()}
    return listed | {"the bucket": Thing(bucket)}


def _tables(world: World) -> dict[str, Thing]:
    found = {"the catalog": Thing(_arn("glue", "catalog"))}
    for name in ("facts", "flights"):
        database = world.contract.database(name)
        found[f"database {name}"] = Thing(_arn("glue", f"database/{database}"))
        found[f"table of {name}"] = Thing(_arn("glue", f"table/{database}/table"))
    found["another's table"] = Thing(_arn("glue", "table/sales/table"))
    return found


def _jobs(world: World) -> dict[str, Thing]:
    job = _arn("batch", "job/0123")
    found = {
        "the queue": Thing(world.contract.queues[0].arn),
        "another queue": Thing(_arn("batch", "job-queue/other")),
    }
    for who in ("ada", "dana"):
        shared = {"batch:ShareIdentifier": share(f"user/{who}")}
        found[f"a job in {who}'s share"] = Thing(job, shared)
    hers = f"{world.definition('user/ada')}:3"
    found["the queue, for ada's job"] = Thing(found["the queue"].arn, _as("user/ada"))
    found["ada's definition for her job"] = Thing(hers, _as("user/ada"))
    found["ada's definition for dana's"] = Thing(hers, _as("user/dana"))
    for name, owner in OWNERS.items():
        definition = world.definition(owner)
        found |= {
            f"{POSSESSIVE[name]} job definition": Thing(definition),
            f"{POSSESSIVE[name]} job definition:3": Thing(f"{definition}:3"),
            f"a job of {name}": Thing(job, {f"aws:ResourceTag/{NAMESPACE_TAG}": owner}),
            f"a job as {POSSESSIVE[name]}": Thing(job, _as(owner)),
        }
    claim = {**_as("user/ada"), f"aws:ResourceTag/{NAMESPACE_TAG}": "user/dana"}
    return found | {"dana's job as ada's": Thing(job, claim), "a job of nobody": Thing(job)}


def _as(owner: str) -> Context:
    """The context of a request that tags what it makes as an owner's."""
    return {f"aws:RequestTag/{NAMESPACE_TAG}": owner}


def _state_machines(world: World) -> dict[str, Thing]:
    prefix = world.contract.state_machine_prefix
    found = {"all": Thing("*")}
    for whose, namespace in WHERE.items():
        name = f"{prefix}{namespace.replace('/', '-')}-Flow"
        found |= {
            f"{whose} state machine": Thing(_arn("states", f"stateMachine:{name}")),
            f"{whose} execution": Thing(_arn("states", f"execution:{name}:run")),
            f"{whose} map run": Thing(_arn("states", f"mapRun:{name}/Label:0123")),
        }
    found["another's state machine"] = Thing(_arn("states", "stateMachine:sales-Flow"))
    for name, owner in OWNERS.items():
        role = world.namespace(owner).execution_role
        found |= {
            f"{POSSESSIVE[name]} execution role": Thing(role, STATES),
            f"{POSSESSIVE[name]} job role": Thing(world.container(owner)["jobRoleArn"], STATES),
            f"{POSSESSIVE[name]} execution role, to EC2": Thing(
                role, {"iam:PassedToService": "ec2.amazonaws.com"}
            ),
        }
    return found


def _keys(world: World) -> dict[str, Thing]:
    """The region's key, by what it is used for: KMS is told by the service that asks."""
    bucket, queue = f"arn:aws:s3:::{world.contract.bucket}", world.contract.dead_letter_queue
    s3, sqs = f"s3.{REGION}.amazonaws.com", f"sqs.{REGION}.amazonaws.com"
    uses = {
        "objects": (s3, "s3", bucket),
        "another bucket": (s3, "s3", f"{bucket}-other"),
        "messages": (sqs, "sqs", queue),
        "another queue": (sqs, "sqs", f"{queue}-other"),
    }
    found = {
        f"the key, for {what}": Thing(
            KEY, {"kms:ViaService": service, f"kms:EncryptionContext:aws:{kind}:arn": arn}
        )
        for what, (service, kind, arn) in uses.items()
    }
    return found | {"the key, without a service": Thing(KEY)}


def _services(world: World) -> dict[str, Thing]:
    prefix = world.contract.state_machine_prefix
    found = {
        "the queue of the undelivered": Thing(world.contract.dead_letter_queue),
        "another queue of messages": Thing(_arn("sqs", "other")),
        "the watch": Thing(_arn("states", f"stateMachine:{prefix}watch")),
        "metrics": Thing("*", {"cloudwatch:namespace": "Stepwell"}),
        "others' metrics": Thing("*", {"cloudwatch:namespace": "AWS/S3"}),
        "the cluster": Thing(_arn("ecs", f"cluster/AWSBatch-{prefix}big_Batch_x")),
        "another cluster": Thing(_arn("ecs", "cluster/other")),
        "a machine of the cluster": Thing(_arn("ecs", f"container-instance/AWSBatch-{prefix}big_Batch_x/1")),
        "a machine of another cluster": Thing(_arn("ecs", "container-instance/other/1")),
        "logs of tables": Thing(_arn("logs", "log-group:/aws-glue/iceberg-compaction:log-stream:x")),
    }
    for name, owner in OWNERS.items():
        mine = world.namespace(owner)
        found |= {
            f"{POSSESSIVE[name]} workgroup": Thing(_arn("athena", f"workgroup/{mine.workgroup}")),
            f"{POSSESSIVE[name]} schedule": Thing(_arn("scheduler", f"schedule/{mine.schedule_group}/x")),
        }
        for label, service in (("", "scheduler"), (", to events", "events"), (", to EC2", "ec2")):
            found[f"{POSSESSIVE[name]} scheduler role{label}"] = Thing(
                mine.scheduler_role, {"iam:PassedToService": f"{service}.amazonaws.com"}
            )
    found["another workgroup"] = Thing(_arn("athena", "workgroup/primary"))
    return found | _events(world)


def _events(world: World) -> dict[str, Thing]:
    prefix = world.contract.state_machine_prefix
    found = {
        f"{whose} rule": Thing(_arn("events", f"rule/{rule_name(prefix, namespace, 'Flow', None, 0)}"))
        for whose, namespace in WHERE.items()
    }
    sources = {
        "an event of the environment": world.name.event_source,
        "another environment's event": "stepwell.growth-test",
        "an event of AWS's name": "aws.glue",
    }
    bus = _arn("events", "event-bus/default")
    return found | {label: Thing(bus, {"events:source": [source]}) for label, source in sources.items()}


def _others(world: World) -> dict[str, Thing]:
    contract, name = world.contract, world.name
    states = contract.log_group.partition(":log-group:")[2]
    found = {
        "the contract": Thing(_arn("ssm", f"parameter{name.contract_parameter}")),
        "ada's contract": Thing(_arn("ssm", f"parameter{name.namespace_parameter('user/ada')}")),
        "another parameter": Thing(_arn("ssm", "parameter/other")),
        "logs of jobs": Thing(_arn("logs", f"log-group:{contract.job_log_group}:log-stream:x")),
        "logs of executions": Thing(_arn("logs", f"log-group:{states}:log-stream:x")),
        "other logs": Thing(_arn("logs", "log-group:other:log-stream:x")),
        "images": Thing(_arn("ecr", "repository/stepwell")),
        "the rule of jobs": Thing(_arn("events", "rule/StepFunctionsGetEventsForBatchJobsRule")),
        "another rule": Thing(_arn("events", "rule/other")),
        "a role": Thing(f"arn:aws:iam::{ACCOUNT}:role/other"),
        "a user": Thing(f"arn:aws:iam::{ACCOUNT}:user/other"),
    }
    owners = {**{POSSESSIVE[who]: owner for who, owner in OWNERS.items()}, "shared": SHARED}
    for whose, owner in owners.items():
        found[f"{whose} secret"] = Thing(_arn("secretsmanager", f"secret:{name.secret(owner, 'db')}-AbCdEf"))
    return found
