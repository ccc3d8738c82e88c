"""Lake Formation, for who wants its grants beside IAM's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from modules import aws
from modules.cdk import Construct
from modules.datastore import Datastore
from modules.policy import ANY, allow, trust_service
from modules.role import Role, RoleProps
from modules.site import Site
from stepwell.contract import FACTS, WAREHOUSE

ACCESS = ["lakeformation:GetDataAccess"]
PROJECTS = "projects"
_READ = ["DESCRIBE", "SELECT"]
_WRITE = ["ALTER", "DELETE", "DROP", "INSERT"]


@dataclass(frozen=True, slots=True)
class LakeProps:
    """Where the warehouse is."""

    site: Site
    datastore: Datastore


class Lake(Construct):
    """The warehouse, registered with Lake Formation, and a tag by which it knows its databases.

    Roles are granted by the tag, so a database more changes no grant. Whoever deploys has to be an
    administrator of the account's data lake.
    """

    def __init__(self, scope: Construct, id: str, props: LakeProps) -> None:
        super().__init__(scope, id)
        self._site = site = props.site
        role = Role(
            self,
            "role",
            RoleProps(
                site,
                name=f"{site.names.prefix}-lake",
                description="Lake Formation reads and writes tables with it, for whom it lets",
                trusted=[trust_service("lakeformation", site.account)],
            ),
        )
        props.datastore.grant_read(role, WAREHOUSE)
        props.datastore.grant_write(role, WAREHOUSE)
        aws.lakeformation_resource.LakeformationResource(
            self, "warehouse", arn=site.bucket_arn(WAREHOUSE.removesuffix("/")), role_arn=role.arn
        )
        tag = aws.lakeformation_lf_tag.LakeformationLfTag(
            self, "tag", key=f"stepwell_{site.names.catalog}", values=[FACTS, PROJECTS]
        )
        self._key: str = tag.key

    def add(self, scope: Construct, id: str, database: str, kind: str) -> None:
        """Tag the Glue database as one of facts, or of projects."""
        lf = aws.lakeformation_resource_lf_tags
        lf.LakeformationResourceLfTags(
            scope,
            id,
            database=lf.LakeformationResourceLfTagsDatabase(name=database),
            lf_tag=[lf.LakeformationResourceLfTagsLfTag(key=self._key, value=kind)],
        )

    def grant_read(self, scope: Construct, id: str, role: Role) -> None:
        """Read all tables of the environment."""
        # AWS can't limit this to a resource: what it gives access to, Lake Formation's own grants say.
        role.grant(allow(ACCESS, [ANY]))
        self._by_tag(scope, f"{id}-databases", role, "DATABASE", [FACTS, PROJECTS], ["DESCRIBE"])
        self._by_tag(scope, f"{id}-tables", role, "TABLE", [FACTS, PROJECTS], _READ)

    def grant_write(self, scope: Construct, id: str, role: Role, kinds: Sequence[str]) -> None:
        """Make and change tables of databases of these kinds."""
        self._by_tag(scope, f"{id}-makes", role, "DATABASE", kinds, ["CREATE_TABLE"])
        self._by_tag(scope, f"{id}-changes", role, "TABLE", kinds, _WRITE)

    def grant_write_database(self, scope: Construct, id: str, role: Role, database: str) -> None:
        """Make and change tables of one database."""
        lf = aws.lakeformation_permissions
        lf.LakeformationPermissions(
            scope,
            f"{id}-makes",
            principal=role.arn,
            permissions=["CREATE_TABLE"],
            database=lf.LakeformationPermissionsDatabase(name=database),
        )
        lf.LakeformationPermissions(
            scope,
            f"{id}-changes",
            principal=role.arn,
            permissions=_WRITE,
            table=lf.LakeformationPermissionsTable(database_name=database, wildcard=True),
        )

    def _by_tag(
        self,
        scope: Construct,
        id: str,
        role: Role,
        what: str,
        kinds: Sequence[str],
        permissions: Sequence[str],
    ) -> None:
        lf = aws.lakeformation_permissions
        expression = lf.LakeformationPermissionsLfTagPolicyExpression(key=self._key, values=list(kinds))
        lf.LakeformationPermissions(
            scope,
            id,
            principal=role.arn,
            permissions=list(permissions),
            lf_tag_policy=lf.LakeformationPermissionsLfTagPolicy(resource_type=what, expression=[expression]),
        )
