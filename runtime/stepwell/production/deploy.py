"""Deploy a flow to Step Functions, and take it down."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from stepwell import aws, config
from stepwell.compute.placement import Offer
from stepwell.compute.plan import step_plans
from stepwell.contract import ENVIRONMENT_TAG, TEAM_TAG, Queue, owner_tags
from stepwell.datastore import utc_now
from stepwell.environments.prepare import prepare_deployment
from stepwell.errors import NotAllowed, UsageError
from stepwell.execution.package import CodePackage, pack_flow
from stepwell.flow.decorators.project import project_of
from stepwell.flow.spec import FlowSpec
from stepwell.production.asl import MAX_WORKERS, Deployment, compile_flow
from stepwell.production.limits import MAX_EVENTS, check_definition, check_names, most_repetitions
from stepwell.production.record import Entry, Record
from stepwell.production.starters import Starters, started_by_events
from stepwell.production.target import Target
from stepwell.production.tokens import Given, Tokens, authorized, needs_token, new_token

_NOWHERE = Offer(
    [
        Queue("fargate", "${job_queue}", "FARGATE", 16),
        Queue("ec2", "${job_queue_ec2}", "EC2", 192, ("m5",)),
    ],
    ["default"],
    "${job_definitions}",
)


@dataclass(frozen=True, slots=True)
class Options:
    """How a flow is deployed.

    Attributes:
        max_workers: how many tasks of a foreach run at once.
        timeout: seconds after which a run is ended; None for as long as it takes.
        log_history: whether the history of every run, with its data, goes to the log group; by default only
            what fails does.
        attached: the decorators that ``--with`` has hung on the flow's steps.
        tags: what every run is tagged with.
    """

    max_workers: int = MAX_WORKERS
    timeout: int | None = None
    log_history: bool = False
    attached: Sequence[str] = ()
    tags: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Deployed:
    """What `create` made or renewed.

    Attributes:
        token: the production token, where it is new.
        starts: what starts the flow by itself, in sentences.
        notes: what is to be known of it.
    """

    name: str
    arn: str
    created: bool
    package: CodePackage
    token: str | None = None
    starts: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def definition(flow_class: type[FlowSpec], options: Options | None = None) -> dict[str, Any]:
    """The state machine with ``${...}`` where an environment's names go; asks no service of AWS.

    The placeholders are those that ``DefinitionSubstitutions`` of AWS SAM and CloudFormation fill in. The
    code package that it names is that of a deployment: packages of steps are resolved and built, unless that
    was done before.

    Raises:
        PackagesError: the packages that steps ask for can't be had.
    """
    options = options or Options()
    namespace = config.namespace()
    project_of(flow_class, namespace)
    environments = prepare_deployment(flow_class, None)
    package = pack_flow(flow_class, options.attached, options.tags, environments)
    return _compiled(flow_class, namespace, _NOWHERE, package, options)


def _compiled(
    flow_class: type[FlowSpec],
    namespace: str,
    offer: Offer,
    package: CodePackage,
    options: Options,
    *,
    bucket: str = "${bucket}",
    partition: str = "${partition}",
    deployed: str | None = None,
) -> dict[str, Any]:
    graph = flow_class.graph()
    deployment = Deployment(
        namespace=namespace, bucket=bucket, partition=partition, code=package.sha256,
        flow_file=package.flow_file, username=config.username(),
        plans=step_plans(flow_class.step_functions(), offer), 
        max_workers=options.max_workers, timeout=options.timeout, by_events=started_by_events(flow_class),
        deployed=deployed,
    )  # fmt: skip
    found = compile_flow(graph, deployment)
    check_definition(graph.flow, found)
    return found


class Production(Target):
    """A flow's deployment."""

    def create(self, options: Options | None = None, given: Given = Given()) -> Deployed:  # noqa: B008
        """Package the code, compile the graph, create the state machine or renew it, and what starts it.

        Runs that are under way go on with the code they started with.

        Raises:
            UsageError: what is given can't be a tag or a token, or is beyond a limit of AWS.
            NotAllowed: IAM, or the production token, lets the caller not deploy here.
            PlatformError: another deployment is under way.
            PackagesError: the packages that steps ask for can't be had.
        """
        options = options or Options()
        self.datastore.tag_keys(self.flow, "*", options.tags)  # else the first run would find out
        starters = Starters(self)
        check_names(
            self.flow, self.name, self.namespace, self.contract.state_machine_prefix, starters.names()
        )
        environments = prepare_deployment(self.flow_class, self.datastore)
        package = pack_flow(self.flow_class, options.attached, options.tags, environments)
        machine = _compiled(
            self.flow_class, self.namespace, Offer.of(self.contract, self.mine), package, options,
            bucket=self.contract.bucket, partition=self.partition,
            deployed=utc_now().isoformat(timespec="seconds"),
        )  # fmt: skip
        text = json.dumps(machine)
        last = self._last()
        token, tokens = self._token(last, given), self._tokens()
        before = tokens.get()
        if token != before and token is not None:
            tokens.keep(token)  # first: if this is killed on the way, nobody else knows it
        try:
            turn = self._record().begin(last, config.username(), token)
        except BaseException:
            tokens.keep(before)
            raise
        self.datastore.put_code(package.sha256, package.data, package.revision)
        turn.check()
        created = self._put(text, options)
        turn.check()
        starters.put(turn.check)
        turn.finish()
        is_new = token is not None and (last is None or token != last.token)
        notes = [
            f"step '{step}' may repeat itself up to {most:,} times in a run: the history of an execution has "
            f"{MAX_EVENTS:,} events at most"
            for step, most in most_repetitions(machine).items()
        ]
        return Deployed(
            self.name, self.arn, created, package, token if is_new else None, starters.sentences(), notes
        )

    def delete(self, given: Given = Given()) -> None:  # noqa: B008
        """Take the deployment down: what starts it, and its state machine. Its runs stay readable.

        Runs that are under way are ended by Step Functions.

        Raises:
            UsageError: it is not deployed.
            NotAllowed: as `create`.
            PlatformError: as `create`.
        """
        self.required_machine()
        last = self._last()
        self._token(last, given)
        turn = self._record().begin(last, config.username(), None, deleted=True)
        Starters(self).remove(turn.check)
        turn.check()
        with aws.translated(f"state machine {self.name}"):
            self.states.delete_state_machine(stateMachineArn=self.arn)
        turn.finish()
        self._tokens().keep(None)

    def authorize(self, given: Given = Given()) -> None:  # noqa: B008
        """Raise `NotAllowed` for who may not change this deployment; a token that is right is kept."""
        self._token(self._last(), given)
        if given.authorize:
            self._tokens().keep(given.authorize)

    def _put(self, text: str, options: Options) -> bool:
        """Create the state machine or renew it; whether it is new."""
        shared: dict[str, Any] = {
            "definition": text, "roleArn": self.mine.execution_role,
            "loggingConfiguration": self._logging(options.log_history),
            "tracingConfiguration": {"enabled": self.contract.tracing},
        }  # fmt: skip
        is_new = self.machine() is None
        with aws.translated(f"state machine {self.name}"):
            if is_new:
                self.states.create_state_machine(name=self.name, type="STANDARD", tags=self._tags(), **shared)
            else:
                self.states.update_state_machine(stateMachineArn=self.arn, **shared)
        return is_new

    def _record(self) -> Record:
        return Record(self.datastore.store, self.namespace, self.flow)

    def _last(self) -> Entry | None:
        try:
            return self._record().last()
        except NotAllowed as error:
            by = self.deployer()
            raise NotAllowed(
                f"{self}: you may not deploy there{f'; {by} did' if by else ''}: its deployers assume the "
                f"role {self.mine.role} (environments.toml names them); with AWS credentials of that role, "
                f"try again ({error})"
            ) from error

    def _tokens(self) -> Tokens:
        return Tokens(config.home(), f"{self.environment} {self.namespace} {self.flow}")

    def _token(self, last: Entry | None, given: Given) -> str | None:
        """The token that the deployment has from now on; raises `NotAllowed` for who does not have it."""
        if not needs_token(self.namespace):
            if any(given):
                raise UsageError(
                    f"{self}: received a production token, but nobody else may deploy to a user's namespace; "
                    "leave it out, or deploy with --production or --branch NAME"
                )
            return None
        given.check()
        there = authorized(str(self), last, given, self._tokens().get())
        return given.new_token or (there if there and not given.generate else new_token())

    def _logging(self, everything: bool) -> dict[str, Any]:
        group = self.contract.log_group.removesuffix(":*") + ":*"
        return {
            "level": "ALL" if everything else "ERROR",
            "includeExecutionData": everything,
            "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": group}}],
        }

    def _tags(self) -> list[dict[str, str]]:
        tags = {
            TEAM_TAG: self.environment.team,
            ENVIRONMENT_TAG: str(self.environment),
            **owner_tags(self.namespace),
            "stepwell:flow": self.flow,
        }
        return [{"key": key, "value": value} for key, value in tags.items()]
