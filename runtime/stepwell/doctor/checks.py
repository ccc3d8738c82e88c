"""All checks, from near to far, and which needs which."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from stepwell.doctor import account, machine, platform, queue, roles
from stepwell.doctor.examine import Check


def checks(folder: Path) -> list[Check]:
    """Everything the doctor looks at; `folder` is where the command runs."""
    return [
        Check("python", machine.python),
        Check("node", partial(machine.node, folder)),
        Check("terraform", partial(machine.terraform, folder)),
        Check("cdktf", partial(machine.cdktf, folder)),
        Check("home", machine.home),
        Check("disk", machine.disk),
        Check("tables", machine.tables),
        Check("environment", account.environment),
        Check("region", account.region, ("environment",)),
        Check("clock", account.clock, ("environment",)),
        Check("credentials", account.credentials),
        Check("contract", platform.contract, ("environment", "region", "credentials")),
        Check("namespace", platform.namespace, ("contract",)),
        Check("role", roles.role, ("namespace",)),
        Check("projects", roles.projects, ("contract",)),
        Check("bucket", platform.bucket, ("contract",)),
        Check("catalog", platform.catalog, ("contract",)),
        Check("queue", queue.queue, ("contract",)),
        Check("waiting", queue.waiting, ("contract",)),
        Check("job-definition", queue.job_definition, ("namespace",)),
        Check("step-functions", platform.step_functions, ("contract",)),
    ]
