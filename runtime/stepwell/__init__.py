"""Flows of steps, from the laptop to AWS.

Importing this costs next to nothing: every name is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stepwell.client.artifacts import DataArtifact as DataArtifact
    from stepwell.client.namespaces import default_namespace as default_namespace
    from stepwell.client.namespaces import get_namespace as get_namespace
    from stepwell.client.namespaces import namespace as namespace
    from stepwell.client.objects import Flow as Flow
    from stepwell.client.objects import Metaflow as Metaflow
    from stepwell.client.objects import Run as Run
    from stepwell.client.objects import Step as Step
    from stepwell.client.objects import Task as Task
    from stepwell.deployer.flows import Deployer as Deployer
    from stepwell.events import publish_event as publish_event
    from stepwell.flow.config import Config as Config
    from stepwell.flow.configexpr import config_expr as config_expr
    from stepwell.flow.configvalue import ConfigValue as ConfigValue
    from stepwell.flow.current import current as current
    from stepwell.flow.decorators.base import step as step
    from stepwell.flow.decorators.batch import batch as batch
    from stepwell.flow.decorators.catch import catch as catch
    from stepwell.flow.decorators.conda import conda as conda
    from stepwell.flow.decorators.conda_base import conda_base as conda_base
    from stepwell.flow.decorators.environment import environment as environment
    from stepwell.flow.decorators.no_reuse import no_reuse as no_reuse
    from stepwell.flow.decorators.parallel import parallel as parallel
    from stepwell.flow.decorators.project import project as project
    from stepwell.flow.decorators.pypi import pypi as pypi
    from stepwell.flow.decorators.pypi_base import pypi_base as pypi_base
    from stepwell.flow.decorators.resources import resources as resources
    from stepwell.flow.decorators.retry import retry as retry
    from stepwell.flow.decorators.schedule import schedule as schedule
    from stepwell.flow.decorators.secrets import secrets as secrets
    from stepwell.flow.decorators.timeout import timeout as timeout
    from stepwell.flow.decorators.trigger import trigger as trigger
    from stepwell.flow.decorators.trigger import trigger_on_finish as trigger_on_finish
    from stepwell.flow.decorators.user import USER_SKIP_STEP as USER_SKIP_STEP
    from stepwell.flow.decorators.user import user_step_decorator as user_step_decorator
    from stepwell.flow.includefile import IncludeFile as IncludeFile
    from stepwell.flow.mutators import FlowMutator as FlowMutator
    from stepwell.flow.mutators import StepMutator as StepMutator
    from stepwell.flow.parameters import JSONType as JSONType
    from stepwell.flow.parameters import Parameter as Parameter
    from stepwell.flow.spec import FlowSpec as FlowSpec
    from stepwell.runner.run import Runner as Runner
    from stepwell.tables import sql as sql
    from stepwell.tables import table as table
    from stepwell.tables import write_table as write_table
    from stepwell.tables.expectations import expect as expect
    from stepwell.transfer.s3 import S3 as S3

__version__ = "0.1.0"

_HOME = {
    "Deployer": "stepwell.deployer.flows",
    "Runner": "stepwell.runner.run",
    "DataArtifact": "stepwell.client.artifacts",
    "default_namespace": "stepwell.client.namespaces",
    "get_namespace": "stepwell.client.namespaces",
    "namespace": "stepwell.client.namespaces",
    "Flow": "stepwell.client.objects",
    "Metaflow": "stepwell.client.objects",
    "Run": "stepwell.client.objects",
    "Step": "stepwell.client.objects",
    "Task": "stepwell.client.objects",
    "current": "stepwell.flow.current",
    "step": "stepwell.flow.decorators.base",
    "resources": "stepwell.flow.decorators.resources",
    "no_reuse": "stepwell.flow.decorators.no_reuse",
    "parallel": "stepwell.flow.decorators.parallel",
    "project": "stepwell.flow.decorators.project",
    "schedule": "stepwell.flow.decorators.schedule",
    "trigger": "stepwell.flow.decorators.trigger",
    "trigger_on_finish": "stepwell.flow.decorators.trigger",
    "publish_event": "stepwell.events",
    "user_step_decorator": "stepwell.flow.decorators.user",
    "secrets": "stepwell.flow.decorators.secrets",
    "timeout": "stepwell.flow.decorators.timeout",
    "retry": "stepwell.flow.decorators.retry",
    "environment": "stepwell.flow.decorators.environment",
    "batch": "stepwell.flow.decorators.batch",
    "conda": "stepwell.flow.decorators.conda",
    "conda_base": "stepwell.flow.decorators.conda_base",
    "pypi": "stepwell.flow.decorators.pypi",
    "pypi_base": "stepwell.flow.decorators.pypi_base",
    "catch": "stepwell.flow.decorators.catch",
    "Config": "stepwell.flow.config",
    "ConfigValue": "stepwell.flow.configvalue",
    "config_expr": "stepwell.flow.configexpr",
    "FlowMutator": "stepwell.flow.mutators",
    "StepMutator": "stepwell.flow.mutators",
    "USER_SKIP_STEP": "stepwell.flow.decorators.user",
    "IncludeFile": "stepwell.flow.includefile",
    "JSONType": "stepwell.flow.parameters",
    "Parameter": "stepwell.flow.parameters",
    "FlowSpec": "stepwell.flow.spec",
    "sql": "stepwell.tables",
    "table": "stepwell.tables",
    "write_table": "stepwell.tables",
    "S3": "stepwell.transfer.s3",
    "expect": "stepwell.tables.expectations",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        from stepwell.absent import refused

        raise refused(name, __all__)
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
