"""What the package promises to those who import it."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import click
import pytest

import stepwell
from stepwell.cli.flow import flow_command
from stepwell.cli.main import group

ROOT = Path(__file__).parents[2]
HEAVY = ["boto3", "cdktf", "click", "moto", "numpy", "obstore", "pandas", "pyarrow", "pyiceberg"]


def test_public_names_are_frozen() -> None:
    """These are the names of `stepwell`; adding or removing one is a decision and a line in the changelog."""
    assert stepwell.__all__ == [
        "Config", "ConfigValue", "DataArtifact", "Deployer", "Flow", "FlowMutator", "FlowSpec",
        "IncludeFile", "JSONType", "Metaflow", "Parameter", "Run", "Runner", "S3", "Step", "StepMutator",
        "Task", "USER_SKIP_STEP", "batch", "catch", "conda", "conda_base", "config_expr", "current",
        "default_namespace", "environment", "expect", "get_namespace", "namespace", "no_reuse", "parallel",
        "project", "publish_event", "pypi", "pypi_base", "resources", "retry", "schedule", "secrets", "sql",
        "step", "table", "timeout", "trigger", "trigger_on_finish", "user_step_decorator", "write_table",
    ]  # fmt: skip
    for name in stepwell.__all__:
        assert getattr(stepwell, name).__doc__, name


def test_no_module_hides_a_public_name() -> None:
    """No public name is that of a module, which would take its place once anything imports it."""
    assert [name for name in stepwell.__all__ if find_spec(f"stepwell.{name}")] == []


def test_an_unknown_name_lists_the_known() -> None:
    """A name that is not there is refused with those that are."""
    with pytest.raises(AttributeError, match="module 'stepwell' has no attribute 'Fow'; it has Config, Conf"):
        _ = stepwell.Fow


@pytest.mark.parametrize(
    ("statement", "loaded"),
    [
        ("import stepwell", []),
        ("from stepwell import FlowSpec, Parameter, current, resources, step", []),
        ("import stepwell.production.asl, stepwell.flow.graph, stepwell.contract", []),
        ("import stepwell.execution.task, stepwell.store.folder", []),
        ("import stepwell.cli.flow, stepwell.cli.run, stepwell.store.folder", ["click"]),
    ],
)
def test_imports_are_light(statement: str, loaded: list[str]) -> None:
    """What a flow's file, a task of plain values, a local scheduler and the pure core import loads no
    client, driver or table library."""
    code = f"{statement}; import sys; print(sorted(set({HEAVY!r}) & sys.modules.keys()))"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert printed.stdout == f"{loaded}\n"


def commands(command: click.Command, path: str) -> list[tuple[str, click.Command]]:
    """A command and all below it, with their full names; hidden ones are not for people."""
    found = [(path, command)]
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner and not inner.hidden:
                found += commands(inner, f"{path} {name}".strip())
    return found


class Empty(stepwell.FlowSpec):
    @stepwell.step
    def start(self) -> None:
        self.next(self.end)

    @stepwell.step
    def end(self) -> None: ...


@pytest.mark.parametrize(
    ("name", "command"), [*commands(flow_command(Empty), ""), *commands(group, "stepwell")]
)
def test_every_command_has_help_and_a_line_in_the_docs(name: str, command: click.Command) -> None:
    """Each command, option and argument says what it is for, and each command stands in docs/commands.md."""
    if name:
        assert command.help
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help or "--help" in parameter.opts, f"{name} {parameter.name}"
    if name and not isinstance(command, click.Group):
        assert f"`{name}`" in (ROOT / "docs/commands.md").read_text()
