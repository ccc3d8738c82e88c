"""The catalog: Glue databases of Iceberg tables, one for facts and one for each project."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from modules import aws
from modules.cdk import Construct, TerraformResourceLifecycle
from modules.datastore import Datastore
from modules.policy import allow
from modules.role import Role
from modules.site import Site
from stepwell.contract import FACTS, WAREHOUSE, database_folder, owner_tags

READ = ["glue:GetDatabase", "glue:GetDatabases", "glue:GetTable", "glue:GetTables"]
WRITE = ["glue:CreateTable", "glue:DeleteTable", "glue:UpdateTable"]
PROJECTS = database_folder("*")
"""The databases of all projects, those to come too: a new one changes no other's policy."""


def resources(site: Site, *folders: str) -> list[str]:
    """ARN patterns of the databases in these folders (patterns), and of their tables.

    Glue asks for a right on everything above a table, so the catalog is always among them.
    """
    names = [site.names.database_prefix + folder.replace("/", "_") for folder in folders]
    paths = ["catalog", *(f"database/{name}" for name in names), *(f"table/{name}/*" for name in names)]
    return [site.arn("glue", path) for path in paths]


@dataclass(frozen=True, slots=True)
class CatalogProps:
    """What a catalog is.

    Attributes:
        site: where it stands.
        datastore: holds the tables' files, below ``warehouse/``.
        projects: names of the projects that have a database.
        destroyable: whether destroying the environment destroys its tables too. Default: no, Terraform
            refuses to plan it.
    """

    site: Site
    datastore: Datastore
    projects: Sequence[str]
    destroyable: bool = False


class Catalog(Construct):
    """Databases that everybody reads; who writes which is granted one by one."""

    def __init__(self, scope: Construct, id: str, props: CatalogProps) -> None:
        super().__init__(scope, id)
        self._site = props.site
        self._datastore = props.datastore
        for database in (FACTS, *props.projects):
            folder = database_folder(database)
            project = None if database == FACTS else owner_tags(f"project/{database}")
            aws.glue_catalog_database.GlueCatalogDatabase(
                self,
                database,
                name=props.site.names.database_prefix + folder.replace("/", "_"),
                location_uri=f"s3://{props.datastore.bucket}/{WAREHOUSE}{folder}/",
                tags=project,
                lifecycle=TerraformResourceLifecycle(prevent_destroy=not props.destroyable),
            )

    def grant_read(self, role: Role) -> None:
        """Read all tables."""
        role.grant(allow(READ, resources(self._site, "*")))
        self._datastore.grant_read(role, WAREHOUSE)

    def grant_write(self, role: Role, folders: Sequence[str]) -> None:
        """Create, change and delete tables of the databases in these folders (patterns)."""
        role.grant(allow(WRITE, resources(self._site, *folders)))
        self._datastore.grant_write(role, *(f"{WAREHOUSE}{folder}/" for folder in folders))
