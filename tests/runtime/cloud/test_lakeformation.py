from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.runtime.cloud.proofs import proves
from tests.runtime.cloud.support import Aws


def granted(aws: Aws) -> dict[str, Any]:
    """A permission on tables with a tag, granted to a new role."""
    lake, key = aws.client("lakeformation"), aws.name("tag")
    lake.create_lf_tag(TagKey=key, TagValues=["facts"])
    tables = {"ResourceType": "TABLE", "Expression": [{"TagKey": key, "TagValues": ["facts"]}]}
    grant = {
        "Principal": {"DataLakePrincipalIdentifier": aws.role("ec2.amazonaws.com")},
        "Resource": {"LFTagPolicy": tables},
    }
    lake.grant_permissions(**grant, Permissions=["SELECT"])
    return grant


@proves("permissions_by_tag_are_listed")
def test_permissions_on_what_is_tagged_are_listed(aws: Aws) -> None:
    """A permission on tables with a tag is found by principal and resource."""
    grant = granted(aws)
    (found,) = aws.client("lakeformation").list_permissions(**grant)["PrincipalResourcePermissions"]
    assert (found["Permissions"], found["Principal"]) == (["SELECT"], grant["Principal"])


@proves("revoking_nothing_is_refused")
def test_a_permission_is_revoked_once(aws: Aws) -> None:
    """What nobody has can't be revoked."""
    lake, grant = aws.client("lakeformation"), granted(aws)
    lake.revoke_permissions(**grant, Permissions=["SELECT"])
    with pytest.raises(ClientError, match="No permissions revoked"):
        lake.revoke_permissions(**grant, Permissions=["SELECT"])
