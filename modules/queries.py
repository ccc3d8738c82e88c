"""Queries in SQL: an Athena workgroup for each namespace."""

from __future__ import annotations

from dataclasses import dataclass

from modules import aws
from modules.cdk import Construct
from modules.datastore import Datastore
from modules.encryption import Encryption
from modules.policy import allow
from modules.role import Role
from modules.site import Site
from stepwell.contract import owner_tags, query_results

QUERY = [
    "athena:BatchGetQueryExecution",
    "athena:GetQueryExecution",
    "athena:GetQueryResults",
    "athena:GetQueryResultsStream",
    "athena:GetWorkGroup",
    "athena:ListQueryExecutions",
    "athena:StartQueryExecution",
    "athena:StopQueryExecution",
]
GIB = 1024**3


@dataclass(frozen=True, slots=True)
class QueriesProps:
    """What queries are.

    Attributes:
        site, datastore, encryption: where results are kept, and how.
        namespace: whose they are.
        scan_limit_gib: how much a query may read before it is ended. Default: 100, which costs $0.50.
    """

    site: Site
    datastore: Datastore
    encryption: Encryption
    namespace: str
    scan_limit_gib: int = 100


class Queries(Construct):
    """A workgroup whose settings no query can change: its results lie below the namespace's ``tmp/``.

    Attributes:
        workgroup: its name.
    """

    def __init__(self, scope: Construct, id: str, props: QueriesProps) -> None:
        super().__init__(scope, id)
        self._props = props
        self.workgroup = props.site.names.namespace(props.namespace)
        key = props.encryption.key
        athena = aws.athena_workgroup
        result = athena.AthenaWorkgroupConfigurationResultConfiguration(
            output_location=f"s3://{props.datastore.bucket}/{query_results(props.namespace)}",
            encryption_configuration=athena.AthenaWorkgroupConfigurationResultConfigurationEncryptionConfiguration(
                encryption_option="SSE_KMS" if key else "SSE_S3", kms_key_arn=key
            ),
        )
        athena.AthenaWorkgroup(
            self,
            "workgroup",
            name=self.workgroup,
            description=f"Queries of {props.namespace}",
            # Its history goes with it; results expire by themselves.
            force_destroy=True,
            configuration=athena.AthenaWorkgroupConfiguration(
                enforce_workgroup_configuration=True,
                publish_cloudwatch_metrics_enabled=True,
                bytes_scanned_cutoff_per_query=props.scan_limit_gib * GIB,
                result_configuration=result,
            ),
            tags=owner_tags(props.namespace),
        )

    def grant_query(self, role: Role) -> None:
        """Query in the workgroup, and read the results."""
        role.grant(allow(QUERY, [self._props.site.arn("athena", f"workgroup/{self.workgroup}")]))
        self._props.datastore.grant_locate(role)
        results = query_results(self._props.namespace)
        self._props.datastore.grant_read(role, results)
        self._props.datastore.grant_write(role, results)
