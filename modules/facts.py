"""Fact tables that settings declare, and what keeps them in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from modules import aws
from modules.cdk import Construct, TerraformResourceLifecycle
from modules.datastore import Datastore
from modules.iceberg import Shape, glue_columns, metadata
from modules.policy import allow, trust_service
from modules.role import Role, RoleProps
from modules.site import Site
from stepwell.contract import FACTS, WAREHOUSE, database_folder

FOLDER = f"{WAREHOUSE}{FACTS}/"
DECLARED = f"{WAREHOUSE}declared/"
"""Where first metadata files lie: outside of tables, so that what removes orphans there leaves them."""
# AWS Glue Developer Guide, "Table optimization prerequisites": what optimizers do to tables and logs.
MAINTAIN = ["glue:GetTable", "glue:UpdateTable"]
LOG = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
LOG_GROUPS = "log-group:/aws-glue/iceberg-*"


@dataclass(frozen=True, slots=True)
class OptimizersProps:
    """What keeps tables in order.

    Attributes:
        site, datastore: where tables are.
        tables: ARN patterns of the tables.
        snapshot_days: for how long the states that a table had can be read. Default: 90.
        orphan_days: after how long a file that belongs to no state is removed. Default: 7.
    """

    site: Site
    datastore: Datastore
    tables: tuple[str, ...]
    snapshot_days: int = 90
    orphan_days: int = 7


class Optimizers(Construct):
    """Glue's optimizers, and their role, which reaches fact tables only."""

    def __init__(self, scope: Construct, id: str, props: OptimizersProps) -> None:
        super().__init__(scope, id)
        self._props = props
        site = props.site
        self._role = Role(
            self,
            "role",
            RoleProps(
                site,
                name=f"{site.names.prefix}-optimizer",
                description="Glue keeps fact tables in order with it",
                trusted=[trust_service("glue", site.account)],
            ),
        )
        self._role.grant(
            allow(MAINTAIN, list(props.tables)),
            allow(LOG, [site.arn("logs", f"{LOG_GROUPS}{below}") for below in ("", ":*")]),
        )
        props.datastore.grant_read(self._role, FOLDER, DECLARED)
        props.datastore.grant_write(self._role, FOLDER)

    def keep(self, scope: Construct, database: str, table: str, location: str) -> None:
        """Keep a table in order: small files are put together, old states and lost files removed."""
        of = aws.glue_catalog_table_optimizer
        configuration = of.GlueCatalogTableOptimizerConfiguration
        props = self._props
        retention = of.GlueCatalogTableOptimizerConfigurationRetentionConfiguration(
            iceberg_configuration=[
                of.GlueCatalogTableOptimizerConfigurationRetentionConfigurationIcebergConfiguration(
                    snapshot_retention_period_in_days=props.snapshot_days,
                    number_of_snapshots_to_retain=1,
                    clean_expired_files=True,
                )
            ]
        )
        orphans = of.GlueCatalogTableOptimizerConfigurationOrphanFileDeletionConfiguration(
            iceberg_configuration=[
                of.GlueCatalogTableOptimizerConfigurationOrphanFileDeletionConfigurationIcebergConfiguration(
                    orphan_file_retention_period_in_days=props.orphan_days, location=location
                )
            ]
        )
        kinds: dict[str, dict[str, Any]] = {
            "compaction": {},
            "retention": {"retention_configuration": [retention]},
            "orphan_file_deletion": {"orphan_file_deletion_configuration": [orphans]},
        }
        for kind, settings in kinds.items():
            of.GlueCatalogTableOptimizer(
                scope,
                kind,
                catalog_id=props.site.account,
                database_name=database,
                table_name=table,
                type=kind,
                configuration=[configuration(role_arn=self._role.arn, enabled=True, **settings)],
            )


@dataclass(frozen=True, slots=True)
class FactTableProps:
    """What a fact table is.

    Attributes:
        site, datastore: where it is.
        database: name of the Glue database.
        name: of the table.
        shape: its columns and partitions.
        comment: what a row is. Default: none.
        optimizers: what keeps it in order. Default: nothing.
        destroyable: whether destroying the environment destroys it too. Default: no.
    """

    site: Site
    datastore: Datastore
    database: str
    name: str
    shape: Shape
    comment: str = ""
    optimizers: Optimizers | None = None
    destroyable: bool = False


class FactTable(Construct):
    """An Iceberg table that is there before anybody has written it.

    Terraform makes it and never changes it: what flows commit is no drift, and a table's columns are
    changed by flows, which can move its rows along.
    """

    def __init__(self, scope: Construct, id: str, props: FactTableProps) -> None:
        super().__init__(scope, id)
        site, bucket = props.site, props.datastore.bucket
        location = f"s3://{bucket}/{WAREHOUSE}{database_folder(FACTS)}/{props.name}"
        file, content = metadata(props.shape, location, f"{site.names.environment}.{FACTS}.{props.name}")
        guard = not props.destroyable
        first = aws.s3_object.S3Object(
            self,
            "metadata",
            bucket=bucket,
            key=f"{DECLARED}{FACTS}/{props.name}/{file}",
            content=content,
            content_type="application/json",
            lifecycle=TerraformResourceLifecycle(ignore_changes=["content"], prevent_destroy=guard),
        )
        glue = aws.glue_catalog_table
        table = glue.GlueCatalogTable(
            self,
            "table",
            database_name=props.database,
            name=props.name,
            description=props.comment or None,
            table_type="EXTERNAL_TABLE",
            parameters={"table_type": "ICEBERG", "metadata_location": f"s3://{bucket}/{first.key}"},
            storage_descriptor=glue.GlueCatalogTableStorageDescriptor(
                location=location,
                columns=[
                    glue.GlueCatalogTableStorageDescriptorColumns(name=name, type=kind)
                    for name, kind in glue_columns(props.shape)
                ],
            ),
            lifecycle=TerraformResourceLifecycle(
                ignore_changes=["description", "parameters", "storage_descriptor", "table_type"],
                prevent_destroy=guard,
            ),
        )
        if props.optimizers:
            props.optimizers.keep(self, props.database, table.name, location)
