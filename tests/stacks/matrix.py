"""Settings that together use each mode and option of `environments.toml` at least once.

A row is what `tests.synthesis.settings` takes: changes of the demo's settings. `test_matrix.py` says
which option no row uses yet.
"""

from __future__ import annotations

from typing import Any

ACCOUNT = "123456789012"

ROWS: dict[str, dict[str, Any]] = {
    "defaults": {},
    "everything": {
        "region": "eu-central-1",
        "account": ACCOUNT,
        "compute": {"image": "stepwell:1", "max_vcpus": 64, "vcpu": 0.5, "memory": 1024},
        "network": {"cidr": "172.16.0.0/20"},
        "datastore": {"noncurrent_days": 7, "force_destroy": True, "force_destroy_confirm": "growth-dev"},
        "logs": {"retention_days": 365},
        "users": [
            {
                "name": "ada",
                "role": "data-scientist",
                "principals": [f"arn:aws:iam::{ACCOUNT}:role/DataScience*"],
            },
            {"name": "dana", "role": "data-engineer"},
        ],
        "projects": ["flights", {"name": "pricing", "deployers": ["dana"]}],
    },
    "one user": {"users": [{"name": "ada", "role": "data-scientist"}], "projects": []},
}
