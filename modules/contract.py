"""The environment contract: what the runtime reads to find everything else."""

from __future__ import annotations

from dataclasses import dataclass

from modules import aws
from modules.accepted import PARAMETER, accept
from modules.cdk import Construct
from modules.namespace import Platform
from stepwell.contract import CONTRACT_VERSION, Contract


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
        parameter = aws.ssm_parameter.SsmParameter(
            self,
            "parameter",
            name=names.environment.contract_parameter,
            type="String",
            value=Contract(
                version=CONTRACT_VERSION,
                team=names.environment.team,
                environment=names.environment.environment,
                region=platform.site.region,
                bucket=platform.datastore.bucket,
                job_queue=platform.compute.queue,
                log_group=platform.orchestration.log_group,
                job_log_group=names.job_log_group,
                database_prefix=names.database_prefix,
                state_machine_prefix=names.state_machine_prefix,
                schedule_group=platform.starting.schedule_group,
                dead_letter_queue=platform.starting.dead_letters,
            ).to_json(),
        )
        accept(parameter, **PARAMETER)
