"""The environment contract: what the runtime reads to find everything else."""

from __future__ import annotations

from dataclasses import dataclass

from modules.cdk import Construct
from modules.namespace import Platform
from stepwell.contract import CONTRACT_VERSION, Contract, EnvironmentName


@dataclass(frozen=True, slots=True)
class ContractProps:
    """`platform` is what the contract tells of."""

    platform: Platform


class ContractParameter(Construct):
    """The SSM parameter that holds the contract, written with the class the runtime reads it with."""

    def __init__(self, scope: Construct, id: str, props: ContractProps) -> None:
        super().__init__(scope, id)
        platform = props.platform
        names = platform.site.names
        environment = EnvironmentName.parse(names.environment)
        platform.parameters.put(
            self,
            "parameter",
            environment.contract_parameter,
            Contract(
                version=CONTRACT_VERSION,
                team=environment.team,
                environment=environment.environment,
                region=platform.site.region,
                bucket=platform.datastore.bucket,
                queues=tuple(platform.compute.queues),
                images=tuple(platform.compute.images),
                log_group=platform.orchestration.log_group,
                tracing=platform.orchestration.tracing,
                dead_letter_queue=platform.undelivered.arn,
                job_log_group=names.job_log_group,
                database_prefix=names.database_prefix,
                state_machine_prefix=names.state_machine_prefix,
            ).to_json(),
        )
