"""Everything that a cloud holds, asked of each service that a stack makes something in."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Mapping
from typing import Any

import boto3

# Each service: what lists its resources, with what else that asks for.
LISTS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "athena": {"list_work_groups": {}},
    "batch": {
        "describe_compute_environments": {},
        "describe_job_definitions": {"status": "ACTIVE"},
        "describe_job_queues": {},
        "list_scheduling_policies": {},
    },
    "budgets": {"describe_budgets": {"AccountId": "123456789012"}},
    "cloudwatch": {"describe_alarms": {}, "list_dashboards": {}},
    "ec2": {
        "describe_flow_logs": {},
        "describe_internet_gateways": {},
        "describe_launch_templates": {},
        "describe_route_tables": {},
        "describe_security_groups": {},
        "describe_subnets": {},
        "describe_vpc_endpoints": {},
        "describe_vpcs": {},
    },
    "ecr": {"describe_repositories": {}},
    "events": {"list_rules": {}},
    "glue": {"get_databases": {}},
    "iam": {
        "list_instance_profiles": {},
        "list_open_id_connect_providers": {},
        "list_policies": {"Scope": "Local"},
        "list_roles": {},
    },
    "kms": {"list_aliases": {}},
    "lakeformation": {"list_lf_tags": {}, "list_permissions": {}, "list_resources": {}},
    "logs": {"describe_log_groups": {}},
    "s3": {"list_buckets": {}},
    "scheduler": {"list_schedule_groups": {}, "list_schedules": {}},
    "sns": {"list_subscriptions": {}, "list_topics": {}},
    "sqs": {"list_queues": {}},
    "ssm": {"describe_parameters": {}},
    "stepfunctions": {"list_state_machines": {}},
}


def inventory(variables: Mapping[str, str], regions: Iterable[str]) -> set[str]:
    """A line for each resource in these regions of the cloud that the variables point to."""
    found = set()
    for region in regions:
        session = boto3.Session(variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"])
        for service, lists in LISTS.items():
            client: Any = session.client(service, region, endpoint_url=variables["AWS_ENDPOINT_URL"])
            for name, asked in lists.items():
                if client.can_paginate(name):
                    answer = client.get_paginator(name).paginate(**asked).build_full_result()
                else:
                    answer = getattr(client, name)(**asked)
                answer.pop("ResponseMetadata", None)
                for things in (things for things in answer.values() if isinstance(things, list)):
                    found |= {f"{region} {service} {name}: {_told(one)}" for one in things if _is_there(one)}
    return found


def _told(one: Any) -> str:
    """A resource without its times: some are those of the question."""
    if isinstance(one, dict):
        one = {key: value for key, value in one.items() if not isinstance(value, datetime.datetime)}
    return json.dumps(one, default=str, sort_keys=True)


def _is_there(one: Any) -> bool:
    """Not what is listed for a while after its end, nor the roles that AWS makes for itself and keeps."""
    if not isinstance(one, dict):
        return True
    return one.get("State") != "deleted" and not str(one.get("Path")).startswith("/aws-service-role/")
