"""AWS Lake Formation."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from moto.lakeformation.exceptions import InvalidInput
from moto.lakeformation.models import LakeFormationBackend
from moto.lakeformation.responses import LakeFormationResponse

from stepwell.cloud.patches.replacing import replaces

TAGGED = ("LFTag", "LFTagPolicy")


def permissions_by_tag_are_listed() -> None:
    """moto grants permissions on tags and on what is tagged, but refuses to list them.

    AWS: API Reference, ``ListPermissions``: ``Resource`` may be any of those that permissions are granted on.
    """

    @replaces(LakeFormationResponse, "list_permissions")
    def list_permissions(original: Any, self: Any) -> Any:
        resource = self._get_param("Resource") or {}
        kind = next((kind for kind in TAGGED if kind in resource), None)
        if kind is None:
            return original(self)
        catalog = self._get_param("CatalogId") or self.current_account
        principal, backend = self._get_param("Principal"), self.lakeformation_backend
        granted = backend.grants[catalog].permissions if catalog in backend.grants else ()
        found = [
            permission.to_external_form()
            for permission in granted
            if _without_catalog(permission.resource.get(kind)) == _without_catalog(resource[kind])
            and principal in (None, permission.principal)
        ]
        return json.dumps({"PrincipalResourcePermissions": found})


def _without_catalog(resource: Mapping[str, Any] | None) -> Any:
    return resource and {name: value for name, value in resource.items() if name != "CatalogId"}


def revoking_nothing_is_refused() -> None:
    """moto revokes a permission that nobody has: Terraform tries until it is refused, for minutes.

    AWS: API Reference, ``RevokePermissions``: ``InvalidInputException`` where there is none to revoke.
    """

    @replaces(LakeFormationBackend, "revoke_permissions")
    def revoke_permissions(original: Any, self: Any, **given: Any) -> None:
        catalog, revoked = given["catalog_id"], set(given["permissions_to_revoke"])
        held = self.grants[catalog].permissions if catalog in self.grants else ()
        if not any(
            (one.principal, one.resource) == (given["principal"], given["resource"])
            and revoked & set(one.permissions)
            for one in held
        ):
            raise InvalidInput(
                "No permissions revoked. Grantee has no permissions and no grantable permissions on resource."
            )
        original(self, **given)


PATCHES = (permissions_by_tag_are_listed, revoking_nothing_is_refused)
