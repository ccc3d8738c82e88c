from __future__ import annotations

import pytest

from tests.synthesis import Synthesized, settings, synthesized


@pytest.fixture(scope="module")
def destroyable() -> Synthesized:
    two_keys = {"force_destroy": True, "force_destroy_confirm": "growth-dev", "noncurrent_days": 7}
    return synthesized(settings(datastore=two_keys))


def test_what_is_left_over_expires(demo: Synthesized) -> None:
    """Unfinished uploads go after 7 days, old versions after 30, for all keys."""
    rules = demo.one("aws_s3_bucket_lifecycle_configuration")["rule"]
    assert [(rule["id"], rule["status"], rule["filter"]) for rule in rules] == [
        ("unfinished-uploads", "Enabled", [{"prefix": ""}]),
        ("noncurrent-versions", "Enabled", [{"prefix": ""}]),
    ]
    uploads, versions = rules
    assert uploads["abort_incomplete_multipart_upload"] == [{"days_after_initiation": 7}]
    assert versions["noncurrent_version_expiration"] == [{"noncurrent_days": 30}]
    assert versions["expiration"] == [{"expired_object_delete_marker": True}]


def test_how_long_versions_are_kept_can_be_chosen(destroyable: Synthesized) -> None:
    """`noncurrent_days` says when an old version goes."""
    _, versions = destroyable.one("aws_s3_bucket_lifecycle_configuration")["rule"]
    assert versions["noncurrent_version_expiration"] == [{"noncurrent_days": 7}]


@pytest.mark.parametrize("kind", ["aws_s3_bucket", "aws_glue_catalog_database"])
def test_data_is_not_destroyed_by_default(demo: Synthesized, destroyable: Synthesized, kind: str) -> None:
    """Terraform refuses to destroy the bucket and the databases until both keys are turned."""
    for made, kept in ((demo, True), (destroyable, False)):
        assert [body["lifecycle"] for body in made.all(kind).values()] == [
            {"prevent_destroy": kept} for _ in made.all(kind)
        ]
    assert demo.one("aws_s3_bucket")["force_destroy"] is False
    assert destroyable.one("aws_s3_bucket")["force_destroy"] is True
