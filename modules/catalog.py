"""The catalog: Glue databases of Iceberg tables, one for facts and one for each project."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from modules import aws
from modules.cdk import Construct, TerraformResourceLifecycle
from modules.datastore import Datastore
from modules.facts import FactTable, FactTableProps, Optimizers, OptimizersProps
from modules.iceberg import Shape
from modules.lake import PROJECTS, Lake
from modules.policy import allow
from modules.role import Role
from modules.site import Site
from stepwell.contract import FACTS, WAREHOUSE, database_folder, owner_tags

READ = ["glue:GetDatabase", "glue:GetDatabases", "glue:GetTable", "glue:GetTables"]
WRITE = ["glue:CreateTable", "glue:DeleteTable", "glue:UpdateTable"]
ALL_PROJECTS = database_folder("*")
"""The databases of all projects, those to come too: a new one changes no other's policy."""


def resources(site: Site, *folders: str) -> list[str]:
    """ARN patterns of the databases in these folders (patterns), and of their tables.

    Glue asks for a right on everything above a table, so the catalog is always among them.
    """
    names = [site.names.database_prefix + folder.replace("/", "_") for folder in folders]
    paths = ["catalog", *(f"database/{name}" for name in names), *(f"table/{name}/*" for name in names)]
    return [site.arn("glue", path) for path in paths]


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact table: its shape, and what a row of it is."""

    shape: Shape
    comment: str = ""


@dataclass(frozen=True, slots=True)
class CatalogProps:
    """What a catalog is.

    Attributes:
        site: where it stands.
        datastore: holds the tables' files, below ``warehouse/``.
        projects: names of the projects that have a database.
        facts: the fact tables that are there from the beginning, by name. Default: none.
        optimize: whether Glue keeps these in order. Default: yes.
        snapshot_days: for how long the states that they had can be read. Default: 90.
        lake: Lake Formation, if it has grants too. Default: it has none.
        destroyable: whether destroying the environment destroys its tables too. Default: no, Terraform
            refuses to plan it.
    """

    site: Site
    datastore: Datastore
    projects: Sequence[str]
    facts: Mapping[str, Fact] = field(default_factory=dict)
    optimize: bool = True
    snapshot_days: int = 90
    lake: Lake | None = None
    destroyable: bool = False


class Catalog(Construct):
    """Databases that everybody reads; who writes which is granted one by one."""

    def __init__(self, scope: Construct, id: str, props: CatalogProps) -> None:
        super().__init__(scope, id)
        self._props = props
        self._databases = {name: self._database(name) for name in (FACTS, *props.projects)}
        optimizers = None
        if props.facts and props.optimize:
            arns = resources(props.site, FACTS)
            optimizers = Optimizers(
                self,
                "optimizers",
                OptimizersProps(props.site, props.datastore, tuple(arns), props.snapshot_days),
            )
        for name, fact in props.facts.items():
            FactTable(
                self,
                f"fact-{name}",
                FactTableProps(
                    props.site,
                    props.datastore,
                    self._databases[FACTS],
                    name,
                    fact.shape,
                    fact.comment,
                    optimizers,
                    props.destroyable,
                ),
            )

    def grant_read(self, role: Role) -> None:
        """Read all tables."""
        role.grant(allow(READ, resources(self._props.site, "*")))
        self._props.datastore.grant_read(role, WAREHOUSE)
        if self._props.lake:
            self._props.lake.grant_read(role, "lake", role)

    def grant_write_facts(self, role: Role) -> None:
        """Create, change and delete fact tables."""
        self._grant_write(role, FACTS)
        if self._props.lake:
            self._props.lake.grant_write(role, "lake-facts", role, [FACTS])

    def grant_write_projects(self, role: Role) -> None:
        """Create, change and delete tables of all projects, those to come too."""
        self._grant_write(role, ALL_PROJECTS)
        if self._props.lake:
            self._props.lake.grant_write(role, "lake-projects", role, [PROJECTS])

    def grant_write_project(self, role: Role, project: str) -> None:
        """Create, change and delete tables of one project."""
        self._grant_write(role, database_folder(project))
        if self._props.lake:
            self._props.lake.grant_write_database(role, "lake-project", role, self._databases[project])

    def _database(self, database: str) -> str:
        """A Glue database; returns its name."""
        props, folder = self._props, database_folder(database)
        made = aws.glue_catalog_database.GlueCatalogDatabase(
            self,
            database,
            name=props.site.names.database_prefix + folder.replace("/", "_"),
            location_uri=f"s3://{props.datastore.bucket}/{WAREHOUSE}{folder}/",
            tags=None if database == FACTS else owner_tags(f"project/{database}"),
            lifecycle=TerraformResourceLifecycle(prevent_destroy=not props.destroyable),
        )
        name: str = made.name
        if props.lake:
            props.lake.add(self, f"{database}-lake", name, FACTS if database == FACTS else PROJECTS)
        return name

    def _grant_write(self, role: Role, folder: str) -> None:
        """A right on the databases in a folder (a pattern), in the catalog and in S3."""
        role.grant(allow(WRITE, resources(self._props.site, folder)))
        self._props.datastore.grant_write(role, f"{WAREHOUSE}{folder}/")
