"""environments.toml: what it may say, and what it says by default."""

from __future__ import annotations

from pathlib import Path

from tests.stacks.settingsfile import GOOD, read


def test_the_defaults_are_the_documented_ones(tmp_path: Path) -> None:
    """An environment that names only a region and an image gets every other value by default."""
    made = read(tmp_path, GOOD)
    assert made.foundation.model_dump() == {
        "region": None,
        "state": "local",
        "log_days": 365,
        "rotation_days": 365,
        "images_kept": 100,
        "oidc": {},
        "force_destroy": False,
        "force_destroy_confirm": None,
    }
    team = made.teams["growth"]
    assert (team.removed, list(team.principals), team.facts) == (False, [], {})
    assert team.environments["dev"].model_dump() == {
        "region": "us-east-1",
        "account": None,
        "removed": False,
        "encryption": "kms",
        "compute": {
            "image": "stepwell:latest",
            "images": {},
            "queues": {"fargate": {"type": "FARGATE", "max_vcpus": 16, "instance_types": ()}},
            "project_share": 2,
            "share_decay_minutes": 60,
            "reclaims": 3,
            "runnable_minutes": 60,
            "capacity_minutes": 1440,
            "task_disk_gib": 20,
            "instance_disk_gib": 100,
        },
        "network": {
            "mode": "public",
            "cidr": "10.0.0.0/16",
            "flow_logs": "all",
            "endpoints": (),
            "vpc_id": None,
            "subnet_ids": (),
            "route_table_ids": (),
            "public_addresses": False,
        },
        "datastore": {
            "noncurrent_days": 30,
            "multipart_days": 7,
            "temporary_days": 7,
            "tiering_days": 30,
            "force_destroy": False,
            "force_destroy_confirm": None,
        },
        "logs": {"retention_days": 30},
        "catalog": {
            "scan_limit_gib": 100,
            "optimize": True,
            "snapshot_days": 90,
            "lake_formation": False,
        },
        "orchestration": {"tracing": False},
        "notifications": {"emails": ()},
        "monitoring": {
            "dashboard": True,
            "alarms": True,
            "every_minutes": 5,
            "waiting_jobs": 100,
            "waiting_minutes": 60,
            "failed_runs": 5,
            "datastore_gib": 1024,
        },
        "budget": {"monthly_usd": 500, "alarms": (80, 100)},
    }
    assert [user.model_dump() for user in team.users] == [
        {"name": name, "role": role, "principals": (), "session": None}
        for name, role in (("ada", "data-scientist"), ("dana", "data-engineer"))
    ]
    assert [project.model_dump() for project in team.projects] == [
        {"name": "flights", "deployers": None, "ci": (), "removed": False}
    ]


def test_every_default_can_be_overridden(tmp_path: Path) -> None:
    """Each value that has a default takes another one."""
    text = """
    [foundation]
    region = "us-east-1"
    state = "s3"
    log_days = 90
    rotation_days = 180
    images_kept = 10
    force_destroy = true
    force_destroy_confirm = "foundation"
    oidc.gitlab = { url = "https://gitlab.example.com/ci", audience = "gitlab", create = false }
    [teams.data-science]
    principals = ["arn:aws:iam::123456789012:role/B*"]
    removed = true
    [teams.data-science.facts.flights]
    columns = { carrier = "string", departure = "timestamp" }
    required = ["carrier"]
    partition = ["day(departure)"]
    comment = "One row for each flight"
    [teams.data-science.facts.planes]
    columns = { tail = "string" }
    [[teams.data-science.users]]
    name = "ada"
    role = "data-scientist"
    principals = ["arn:aws:iam::123456789012:role/A*"]
    session = "a@b.c"
    [[teams.data-science.projects]]
    name = "flights"
    deployers = ["ada"]
    ci = [{ oidc = "gitlab", subjects = ["x"] }]
    removed = true
    [teams.data-science.environments.prod]
    region = "eu-central-1"
    account = "123456789012"
    removed = true
    encryption = "aws"
    orchestration.tracing = true
    catalog = { scan_limit_gib = 5, optimize = false, snapshot_days = 30, lake_formation = true }
    notifications.emails = ["a@example.com"]
    budget = { monthly_usd = 0, alarms = [50] }
    network = { mode = "private", cidr = "172.16.0.0/20", flow_logs = "rejected", endpoints = ["athena"] }
    [teams.data-science.environments.prod.compute]
    image = "i"
    images = { torch = "t" }
    queues = { gpu = { type = "SPOT", max_vcpus = 64, instance_types = ["g5"] } }
    project_share = 4.5
    share_decay_minutes = 10
    reclaims = 0
    runnable_minutes = 10
    capacity_minutes = 20
    task_disk_gib = 100
    instance_disk_gib = 200
    [teams.data-science.environments.prod.datastore]
    noncurrent_days = 8
    multipart_days = 2
    temporary_days = 3
    tiering_days = 0
    force_destroy = true
    force_destroy_confirm = "data-science-prod"
    [teams.data-science.environments.prod.monitoring]
    dashboard = false
    alarms = false
    every_minutes = 1
    waiting_jobs = 10
    waiting_minutes = 30
    failed_runs = 1
    datastore_gib = 100
    [teams.data-science.environments.prod.logs]
    retention_days = 365
    """
    made = read(tmp_path, text)
    assert made.foundation.model_dump() == {
        "region": "us-east-1",
        "state": "s3",
        "log_days": 90,
        "rotation_days": 180,
        "images_kept": 10,
        "oidc": {
            "gitlab": {
                "url": "https://gitlab.example.com/ci",
                "audience": "gitlab",
                "create": False,
            }
        },
        "force_destroy": True,
        "force_destroy_confirm": "foundation",
    }
    team = made.teams["data-science"]
    assert team.environments["prod"].model_dump() == {
        "region": "eu-central-1",
        "account": "123456789012",
        "removed": True,
        "encryption": "aws",
        "compute": {
            "image": "i",
            "images": {"torch": "t"},
            "queues": {"gpu": {"type": "SPOT", "max_vcpus": 64, "instance_types": ["g5"]}},
            "project_share": 4.5,
            "share_decay_minutes": 10,
            "reclaims": 0,
            "runnable_minutes": 10,
            "capacity_minutes": 20,
            "task_disk_gib": 100,
            "instance_disk_gib": 200,
        },
        "network": {
            "mode": "private",
            "cidr": "172.16.0.0/20",
            "flow_logs": "rejected",
            "endpoints": ["athena"],
            "vpc_id": None,
            "subnet_ids": (),
            "route_table_ids": (),
            "public_addresses": False,
        },
        "datastore": {
            "noncurrent_days": 8,
            "multipart_days": 2,
            "temporary_days": 3,
            "tiering_days": 0,
            "force_destroy": True,
            "force_destroy_confirm": "data-science-prod",
        },
        "logs": {"retention_days": 365},
        "catalog": {
            "scan_limit_gib": 5,
            "optimize": False,
            "snapshot_days": 30,
            "lake_formation": True,
        },
        "orchestration": {"tracing": True},
        "notifications": {"emails": ["a@example.com"]},
        "monitoring": {
            "dashboard": False,
            "alarms": False,
            "every_minutes": 1,
            "waiting_jobs": 10,
            "waiting_minutes": 30,
            "failed_runs": 1,
            "datastore_gib": 100,
        },
        "budget": {"monthly_usd": 0, "alarms": [50]},
    }
    assert (team.removed, list(team.principals)) == (True, ["arn:aws:iam::123456789012:role/B*"])
    assert team.facts["flights"].model_dump() == {
        "columns": {"carrier": "string", "departure": "timestamp"},
        "required": ["carrier"],
        "partition": ["day(departure)"],
        "comment": "One row for each flight",
    }
    assert team.facts["planes"].model_dump() == {
        "columns": {"tail": "string"},
        "required": (),
        "partition": (),
        "comment": "",
    }
    assert team.users[0].model_dump() == {
        "name": "ada",
        "role": "data-scientist",
        "principals": ["arn:aws:iam::123456789012:role/A*"],
        "session": "a@b.c",
    }
    assert team.projects[0].model_dump() == {
        "name": "flights",
        "deployers": ["ada"],
        "ci": [{"oidc": "gitlab", "subjects": ["x"]}],
        "removed": True,
    }
