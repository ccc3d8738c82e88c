"""The stack that all environments of an account and region share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.synthesis import ACCOUNT, KEY, Synthesized, foundation, settings, stacks

STATE = f"stepwell-state-{ACCOUNT}-us-east-1"


def in_s3(**changes: Any) -> dict[str, Synthesized]:
    return stacks(settings(account=ACCOUNT, foundation={"state": "s3"}, **changes))


def test_the_resources_are_these_and_no_others(base: Synthesized) -> None:
    """Ids of constructs are a public contract: another path would replace what stands in an account."""
    assert base.addresses == Path(__file__).with_name("foundation.txt").read_text().splitlines()


def test_there_is_one_for_each_account_and_region() -> None:
    """Environments of one place share a foundation; the region of the states has one too."""
    made = settings(account=ACCOUNT)
    team = made.teams["growth"]
    environments = {
        name: team.environments["dev"].model_copy(update={"region": region, "account": account})
        for name, region, account in (
            ("dev", "eu-west-1", "1" * 12),
            ("test", "eu-west-1", "1" * 12),
            ("prod", "eu-west-1", "2" * 12),
        )
    }
    made = made.model_copy(
        update={
            "foundation": made.foundation.model_copy(update={"region": "eu-north-1"}),
            "teams": {"growth": team.model_copy(update={"environments": environments})},
        }
    )
    assert {name for name in stacks(made) if name.startswith("foundation")} == {
        f"foundation-{account}-{region}"
        for account in ("1" * 12, "2" * 12)
        for region in ("eu-west-1", "eu-north-1")
    }


def test_by_default_states_are_files() -> None:
    """Each stack's state is a file of its own."""
    backends = [one.document["terraform"]["backend"] for one in stacks(settings()).values()]
    assert [list(backend) for backend in backends] == [["local"], ["local"]]
    assert len({backend["local"]["path"] for backend in backends}) == 2


def test_one_setting_keeps_all_states_in_s3() -> None:
    """With `state = "s3"` each stack has a key in the account's bucket, locked by S3 itself."""
    backends = {name: one.document["terraform"]["backend"] for name, one in in_s3().items()}
    assert backends == {
        name: {
            "s3": {
                "bucket": STATE,
                "key": f"{name}.tfstate",
                "region": "us-east-1",
                "use_lockfile": True,
            }
        }
        for name in (f"foundation-{ACCOUNT}-us-east-1", "growth-dev")
    }


def test_states_in_a_local_cloud(monkeypatch: pytest.MonkeyPatch) -> None:
    """With AWS_ENDPOINT_URL the backend asks no service that a local cloud lacks."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    backend = in_s3()["growth-dev"].document["terraform"]["backend"]["s3"]
    assert (
        backend.items()
        >= {
            "use_path_style": True,
            "skip_credentials_validation": True,
            "skip_metadata_api_check": True,
            "skip_requesting_account_id": True,
        }.items()
    )


def test_the_bucket_of_states_is_taken_over() -> None:
    """The foundation imports the bucket that the bootstrap made, encrypts it, and never destroys it."""
    made = in_s3()[f"foundation-{ACCOUNT}-us-east-1"]
    bucket = made.one("aws_s3_bucket", "state/bucket")
    assert bucket["bucket"] == STATE
    assert bucket["lifecycle"] == {"prevent_destroy": True}
    (adopted,) = made.document["import"]
    assert adopted["id"] == STATE
    (rule,) = made.one("aws_s3_bucket_server_side_encryption_configuration", "state/encryption")["rule"]
    default = rule["apply_server_side_encryption_by_default"]
    assert made.resolved(default["kms_master_key_id"]) == KEY
    assert made.one("aws_s3_bucket_versioning", "state/versioning")["versioning_configuration"] == {
        "status": "Enabled"
    }


def test_states_are_logged_once_s3_may() -> None:
    """The bucket of states logs to the foundation's own log bucket, after that has its policy: before, S3
    refuses it as a target."""
    made = in_s3()[f"foundation-{ACCOUNT}-us-east-1"]
    target = made.one("aws_s3_bucket_logging", "state/logging")["target_bucket"]
    kind, name, attribute = target.removeprefix("${").removesuffix("}").split(".")
    assert (kind, attribute) == ("aws_s3_bucket_policy", "bucket")
    path = made.document["resource"][kind][name]["//"]["metadata"]["path"]
    assert path.endswith("/logs/bucket/policy")


def test_the_key_is_rotated_and_kept(base: Synthesized) -> None:
    """The region's key gets new material every year, and Terraform refuses to destroy it."""
    key = base.one("aws_kms_key")
    assert (key["enable_key_rotation"], key["rotation_period_in_days"]) == (True, 365)
    assert key["lifecycle"] == {"prevent_destroy": True}
    assert base.one("aws_kms_alias")["name"] == "alias/stepwell"


def test_services_use_the_key_for_this_account_only(base: Synthesized) -> None:
    """Every service that the key's policy lets in is held to the account's topics, queues or log groups."""
    root, *services = base.policy(base.one("aws_kms_key")["policy"])
    assert root["Principal"] == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    *messages, logs = services
    assert [one["Condition"] for one in messages] == [
        {"ArnLike": {f"kms:EncryptionContext:{context}": f"arn:aws:{service}:us-east-1:{ACCOUNT}:stepwell-*"}}
        for service, context in (("sns", "aws:sns:topicArn"), ("sqs", "aws:sqs:arn"))
    ]
    assert logs["Principal"] == {"Service": "logs.us-east-1.amazonaws.com"}
    group = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group"
    assert logs["Condition"] == {
        "ArnLike": {
            "kms:EncryptionContext:aws:logs:arn": [
                f"{group}:/stepwell/*",
                f"{group}:/aws/vendedlogs/states/stepwell-*",
            ]
        }
    }


def test_images_are_scanned_and_stay_what_they_are(base: Synthesized) -> None:
    """The registry scans what is pushed, refuses to move a tag, and keeps the newest 100 images."""
    repository = base.one("aws_ecr_repository")
    assert repository["image_tag_mutability"] == "IMMUTABLE"
    assert repository["image_scanning_configuration"] == {"scan_on_push": True}
    assert '"countNumber": 100' in base.one("aws_ecr_lifecycle_policy")["policy"]


def test_only_aws_writes_logs(base: Synthesized) -> None:
    """The log bucket lets AWS's two log services put, on behalf of this account, and nobody else."""
    statements = base.policy(base.one("aws_s3_bucket_policy", "logs/bucket/policy")["policy"])
    allowed = [one for one in statements if one["Effect"] == "Allow"]
    assert [one["Principal"] for one in allowed] == [
        {"Service": "logging.s3.amazonaws.com"},
        {"Service": "delivery.logs.amazonaws.com"},
        {"Service": "delivery.logs.amazonaws.com"},
    ]
    assert {one["Condition"]["StringEquals"]["aws:SourceAccount"] for one in allowed} == {ACCOUNT}


def test_what_can_be_chosen() -> None:
    """How long logs are kept, how often the key is rotated, and how many images stay."""
    made = foundation(settings(foundation={"log_days": 90, "rotation_days": 180, "images_kept": 7}))
    (rule,) = made.one("aws_s3_bucket_lifecycle_configuration")["rule"]
    assert rule["expiration"] == [{"days": 90}]
    assert made.one("aws_kms_key")["rotation_period_in_days"] == 180
    assert '"countNumber": 7' in made.one("aws_ecr_lifecycle_policy")["policy"]


def test_two_keys_let_it_be_destroyed() -> None:
    """With both keys turned nothing of the foundation is guarded."""
    keys = {"force_destroy": True, "force_destroy_confirm": "foundation"}
    made = foundation(settings(foundation=keys))
    for kind in ("aws_s3_bucket", "aws_kms_key", "aws_ecr_repository"):
        assert made.one(kind)["lifecycle"] == {"prevent_destroy": False}
    assert made.one("aws_ecr_repository")["force_delete"] is True


def test_a_provider_of_tokens_has_no_thumbprint() -> None:
    """The account's provider names URL and audience alone; one that is there already is not made again."""
    url = "https://token.actions.githubusercontent.com"
    made = foundation(settings(foundation={"oidc": {"github": {"url": url}}}))
    provider = made.one("aws_iam_openid_connect_provider")
    assert (provider["url"], provider["client_id_list"]) == (url, ["sts.amazonaws.com"])
    assert "thumbprint_list" not in provider
    there = foundation(settings(foundation={"oidc": {"github": {"url": url, "create": False}}}))
    assert there.all("aws_iam_openid_connect_provider") == {}
