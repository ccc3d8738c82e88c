"""Settings that together use each mode and option of `environments.toml` at least once.

A row is what `tests.synthesis.settings` takes: changes of the demo's settings. `test_matrix.py` says
which option no row uses yet.
"""

from __future__ import annotations

from typing import Any

ACCOUNT = "123456789012"
TWO_KEYS = {"force_destroy": True, "force_destroy_confirm": "growth-dev"}
DATA_SCIENCE = f"arn:aws:iam::{ACCOUNT}:role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_DataScience_*"

ROWS: dict[str, dict[str, Any]] = {
    "defaults": {},
    "everything": {
        "region": "eu-central-1",
        "account": ACCOUNT,
        "foundation": {
            "region": "eu-west-1",
            "state": "s3",
            "log_days": 90,
            "rotation_days": 180,
            "images_kept": 10,
            "force_destroy": True,
            "force_destroy_confirm": "foundation",
            "oidc": {
                "github": {"url": "https://token.actions.githubusercontent.com"},
                "gitlab": {"url": "https://gitlab.example.com", "audience": "gitlab", "create": False},
            },
        },
        "principals": [DATA_SCIENCE],
        "users": [
            {"name": "ada", "role": "data-scientist", "session": "ada@example.com"},
            {"name": "dana", "role": "data-engineer", "principals": [f"arn:aws:iam::{ACCOUNT}:user/dana"]},
        ],
        "projects": [
            "flights",
            {
                "name": "pricing",
                "deployers": ["dana"],
                "ci": [{"oidc": "github", "subjects": ["repo:acme/pricing:ref:refs/heads/main"]}],
            },
        ],
        "facts": {
            "flights": {
                "columns": {"carrier": "string", "departure": "timestamp", "price": "decimal(10, 2)"},
                "required": ["carrier"],
                "partition": ["day(departure)", "carrier"],
                "comment": "One row for each flight",
            },
            "planes": {"columns": {"tail": "string"}},
        },
        "catalog": {"scan_limit_gib": 10, "snapshot_days": 30, "lake_formation": True},
        "network": {
            "mode": "private",
            "cidr": "172.16.0.0/20",
            "flow_logs": "rejected",
            "endpoints": ["athena"],
        },
        "compute": {
            "image": "stepwell:1",
            "images": {"torch": "torch:1"},
            "queues": {
                "spot": {"type": "FARGATE_SPOT", "max_vcpus": 64},
                "big": {"type": "EC2"},
                "cheap": {"type": "SPOT", "instance_types": ["m6i"]},
                "gpu": {"type": "EC2", "instance_types": ["g4dn"]},
            },
            "project_share": 4,
            "share_decay_minutes": 10,
            "reclaims": 1,
            "runnable_minutes": 20,
            "capacity_minutes": 30,
            "task_disk_gib": 50,
            "instance_disk_gib": 200,
        },
        "datastore": {
            **TWO_KEYS,
            "noncurrent_days": 7,
            "multipart_days": 2,
            "temporary_days": 3,
            "tiering_days": 0,
        },
        "logs": {"retention_days": 365},
        "orchestration": {"tracing": True},
        "notifications": {"emails": ["team@example.com"]},
        "monitoring": {
            "every_minutes": 1,
            "waiting_jobs": 10,
            "waiting_minutes": 30,
            "failed_runs": 1,
            "datastore_gib": 100,
        },
        "budget": {"monthly_usd": 2000, "alarms": [50, 90, 100]},
    },
    "a network that is there": {
        "users": [{"name": "ada", "role": "data-scientist"}],
        "projects": [],
        "encryption": "aws",
        "network": {
            "mode": "existing",
            "vpc_id": "vpc-12345678",
            "subnet_ids": ["subnet-12345678"],
            "route_table_ids": ["rtb-12345678"],
            "public_addresses": True,
        },
    },
    "a removed project": {
        "projects": ["flights", {"name": "pricing", "removed": True}],
        "facts": {"planes": {"columns": {"tail": "string"}}},
        "catalog": {"optimize": False},
        "network": {"flow_logs": "off"},
        "monitoring": {"dashboard": False, "alarms": False},
        "budget": {"monthly_usd": 0},
    },
    "a removed environment": {"removed": True},
    "a removed team": {"team": {"removed": True}},
}
