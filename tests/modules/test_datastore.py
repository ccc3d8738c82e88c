from __future__ import annotations

from typing import Any

import pytest

from tests.synthesis import Synthesized, settings, synthesized


@pytest.fixture(scope="module")
def destroyable() -> Synthesized:
    two_keys = {"force_destroy": True, "force_destroy_confirm": "growth-dev"}
    return synthesized(settings(datastore=two_keys))


def rules(made: Synthesized) -> dict[str, dict[str, Any]]:
    """The rules of the lifecycle by id, without what all have."""
    found = {}
    for rule in made.one("aws_s3_bucket_lifecycle_configuration")["rule"]:
        assert rule.pop("status") == "Enabled"
        name, (where,) = rule.pop("id"), rule.pop("filter")
        found[name] = {**where, **rule}
    return found


def test_what_is_left_over_expires() -> None:
    """Unfinished uploads go after 7 days, old versions after 30, temporary data after 7."""
    found = rules(synthesized(settings()))
    assert [rule for name, rule in found.items() if not name.startswith("tiering")] == [
        {"prefix": "", "abort_incomplete_multipart_upload": [{"days_after_initiation": 7}]},
        {
            "prefix": "",
            "noncurrent_version_expiration": [{"noncurrent_days": 30}],
            "expiration": [{"expired_object_delete_marker": True}],
        },
        {
            "prefix": "tmp/",
            "expiration": [{"days": 7}],
            "noncurrent_version_expiration": [{"noncurrent_days": 1}],
        },
    ]


def test_what_is_not_read_becomes_cheaper() -> None:
    """Artifacts and tables go to Intelligent-Tiering after 30 days."""
    tiering = [{"days": 30, "storage_class": "INTELLIGENT_TIERING"}]
    found = rules(synthesized(settings()))
    assert [rule for name, rule in found.items() if name.startswith("tiering")] == [
        {"prefix": "ns/", "transition": tiering},
        {"prefix": "warehouse/", "transition": tiering},
    ]


def test_days_can_be_chosen() -> None:
    """Each number of days is a setting, and no tiering one of its values."""
    days = {"noncurrent_days": 8, "multipart_days": 2, "temporary_days": 3, "tiering_days": 0}
    assert list(rules(synthesized(settings(datastore=days))).values()) == [
        {"prefix": "", "abort_incomplete_multipart_upload": [{"days_after_initiation": 2}]},
        {
            "prefix": "",
            "noncurrent_version_expiration": [{"noncurrent_days": 8}],
            "expiration": [{"expired_object_delete_marker": True}],
        },
        {
            "prefix": "tmp/",
            "expiration": [{"days": 3}],
            "noncurrent_version_expiration": [{"noncurrent_days": 1}],
        },
    ]


def test_eventbridge_hears_of_objects(demo: Synthesized) -> None:
    """What happens in the bucket is told to EventBridge."""
    assert demo.one("aws_s3_bucket_notification")["eventbridge"] is True


@pytest.mark.parametrize("kind", ["aws_s3_bucket", "aws_glue_catalog_database"])
def test_data_is_not_destroyed_by_default(demo: Synthesized, destroyable: Synthesized, kind: str) -> None:
    """Terraform refuses to destroy the bucket and the databases until both keys are turned."""
    for made, kept in ((demo, True), (destroyable, False)):
        assert [body["lifecycle"] for body in made.all(kind).values()] == [
            {"prevent_destroy": kept} for _ in made.all(kind)
        ]
    assert demo.one("aws_s3_bucket")["force_destroy"] is False
    assert destroyable.one("aws_s3_bucket")["force_destroy"] is True
