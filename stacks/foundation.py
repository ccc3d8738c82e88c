"""The stack of what all environments of an account and region share."""

from __future__ import annotations

from modules.aws import provider
from modules.boundary import Boundary, BoundaryProps
from modules.bucket import Bucket, BucketProps
from modules.cdk import Construct, TerraformOutput, TerraformStack
from modules.encryption import SharedKey, SharedKeyProps
from modules.identity import Identity, IdentityProps
from modules.logbucket import LogBucket, LogBucketProps
from modules.names import OF_PRINCIPAL, state_bucket
from modules.registry import Registry, RegistryProps
from modules.site import Site, SiteProps
from stacks.issuers import issuers
from stacks.places import FOUNDATION, Place, home
from stacks.schema import Settings
from stacks.state import keep_state
from stepwell.contract import TEAM_TAG


class FoundationStack(TerraformStack):
    """What ``cdktf deploy foundation-...`` deploys.

    Environments find it by its names, not by references between stacks: each is deployed by itself.
    """

    def __init__(self, scope: Construct, place: Place, settings: Settings) -> None:
        super().__init__(scope, place.stack)
        foundation = settings.foundation
        keep_state(self, place.stack, place.account, settings)
        tags = {TEAM_TAG: FOUNDATION}
        provider(self, "aws", region=place.region, account=place.account, tags=tags)
        site = Site(self, "site", SiteProps(OF_PRINCIPAL, place.region, tags))
        destroyable = foundation.force_destroy
        key = SharedKey(self, "key", SharedKeyProps(site, foundation.rotation_days, destroyable)).arn
        Boundary(self, "boundary", BoundaryProps(site, key))
        logs = LogBucket(self, "logs", LogBucketProps(site, foundation.log_days, destroyable))
        registry = Registry(self, "registry", RegistryProps(key, foundation.images_kept, destroyable))
        TerraformOutput(self, "repository", value=registry.url)
        if place == home(settings, place.account):
            Identity(self, "identity", IdentityProps(issuers(settings)))
            if foundation.state == "s3" and place.account:
                name = state_bucket(place.account, place.region)
                Bucket(
                    self, "state", BucketProps(site, name, key, destroyable, logs=logs.ready, adopted=True)
                ).accept(
                    CKV2_AWS_61="Old versions of a state are small, and what it is repaired from.",
                    CKV2_AWS_62="Nothing is started by a state that is written.",
                )
