"""Metaflow's names that Stepwell has not, and the way out: one line, in place of an import that fails."""

from __future__ import annotations

from stepwell.errors import FlowError

_PACKAGES = "write the packages in @pypi or @conda; they are locked for you"
_PLATFORM = "the platform is AWS Batch and Step Functions: leave it out"
_STORE = "the store is the metadata: take namespace(...), or datastore= of the client's objects"
_THREADS = "take concurrent.futures of the standard library"
_PARSER = "give Config a function that makes a mapping of text: Config(..., parser=yaml.safe_load)"

ABSENT = {
    "DeployedFlow": "Deployer(FILE).step_functions().create() gives one",
    "JSONTypeClass": "JSONType is the class",
    "NBDeployer": "a flow is a file: Deployer(FILE) works in a notebook",
    "NBRunner": "a flow is a file: Runner(FILE) works in a notebook",
    "UserStepDecorator": "write a generator function with @user_step_decorator",
    "airflow_external_task_sensor": _PLATFORM,
    "airflow_s3_key_sensor": _PLATFORM,
    "card": "show artifacts in a notebook: runs and tables have an HTML view",
    "conda_environment_yml_parser": _PACKAGES,
    "default_metadata": _STORE,
    "exit_hook": "put the work into `end`, or into a step behind one with @catch",
    "get_metadata": _STORE,
    "inspect_spin": "a spin's run is read like any: Run('FLOW/spin-...')",
    "kubernetes": _PLATFORM,
    "metadata": _STORE,
    "namespaced_event_name": "an event is one environment's: give @trigger its name as it is",
    "package_sources": "a package has the folder of the flow's file: put the sources into it",
    "parallel_imap_unordered": _THREADS,
    "parallel_map": _THREADS,
    "profile": "take cProfile of the standard library",
    "pyproject_toml_parser": _PACKAGES,
    "pytorch_parallel": "take @parallel, and start torchrun in the step with what current.parallel says",
    "requirements_txt_parser": _PACKAGES,
    "yaml_parser": _PARSER,
}
"""What to do instead, by name."""


class AbsentName(FlowError, ImportError):
    """A flow's file imports a name that Metaflow has and Stepwell has not."""


def refused(name: str, known: list[str]) -> Exception:
    """The error for a name that is not there.

    Args:
        known: the names there are.
    """
    if name not in ABSENT:
        return AttributeError(f"module 'stepwell' has no attribute '{name}'; it has {', '.join(known)}")
    from stepwell.flow.mistakes import tell_mistakes

    tell_mistakes()
    return AbsentName(f"stepwell has no '{name}', which Metaflow has; {ABSENT[name]}")
