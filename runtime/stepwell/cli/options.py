"""Options that several commands of a flow share."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stepwell import config
from stepwell.errors import FlowError, UsageError
from stepwell.flow.decorators.project import namespace_of, project
from stepwell.flow.spec import FlowSpec
from stepwell.store import keys

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_PROJECT = "stepwell.project"


def tag_option(help: str) -> click.Option:
    """``--tag TAG``, any number of times; a tag that can't be is refused before anything starts."""

    def check(context: click.Context, option: click.Parameter, tags: tuple[str, ...]) -> tuple[str, ...]:
        for tag in tags:
            keys.tag("", "", "", tag)
        return tags

    return click.Option(["--tag"], metavar="TAG", multiple=True, callback=check, help=help)


def step_argument(flow_class: type[FlowSpec], name: str, **settings: Any) -> click.Argument:
    """An argument that names a step; shells complete it."""

    def complete(context: click.Context, argument: click.Parameter, begun: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        with suppress(FlowError):  # whoever calls the command is told
            return [CompletionItem(step) for step in flow_class.graph() if step.startswith(begun)]
        return []

    return click.Argument([name], shell_complete=complete, **settings)


def project_options(flow_class: type[FlowSpec]) -> list[click.Option]:
    """``--branch NAME`` and ``--production`` of a flow with ``@project``; they say the namespace."""

    def use(context: click.Context, option: click.Parameter, given: Any) -> None:
        chosen = context.meta.setdefault(_PROJECT, {})
        if given:
            chosen[option.name] = given
            name = namespace_of(flow_class, chosen.get("branch"), chosen.get("production", False))
            os.environ["STEPWELL_NAMESPACE"] = str(name)

    if project.of(flow_class) is None:
        return []
    shared: dict[str, Any] = {"expose_value": False, "callback": use}
    return [
        click.Option(
            ["--branch"], metavar="NAME", **shared,
            help="A branch of the project: its runs and deployments stand by themselves.",
        ),
        click.Option(["--production"], is_flag=True, help="The project's production.", **shared),
    ]  # fmt: skip


def namespace_option() -> click.Option:
    """``--namespace NAME``: STEPWELL_NAMESPACE for this command and all that it starts."""

    def use(context: click.Context, option: click.Parameter, name: str | None) -> None:
        if name is not None:
            if context.meta.get(_PROJECT):
                raise UsageError(
                    f"--namespace: received {name!r} besides --production or --branch, which say the "
                    "namespace already; give one of them"
                )
            os.environ["STEPWELL_NAMESPACE"] = name
            config.namespace()

    return click.Option(
        ["--namespace"],
        metavar="NAME",
        expose_value=False,
        is_eager=True,
        callback=use,
        help="Whose runs, such as user/ada.  [default: $STEPWELL_NAMESPACE, or your own]",
    )


def run_id_file_option() -> click.Option:
    """``--run-id-file FILE``; a file that can't be written is refused before anything starts."""

    def check(context: click.Context, option: click.Parameter, file: Path | None) -> Path | None:
        try:
            if file is not None:
                file.touch()
        except OSError as error:
            raise UsageError(
                f"--run-id-file: received {str(file)!r}, which can't be written ({error.strerror}); "
                "name a file in a folder that is there"
            ) from None
        return file

    return click.Option(
        ["--run-id-file"],
        metavar="FILE",
        type=click.Path(path_type=Path),
        callback=check,
        help="Write the run's id to this file when the run has begun.",
    )
