"""``stepwell completion``: completion of commands and options by a shell."""

from __future__ import annotations

from pathlib import Path

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.argument("flow", required=False, metavar="[FLOW_FILE]")
def completion(shell: str, flow: str | None) -> None:
    """Print the completion script of `stepwell`, or of an executable flow file, for a shell.

    For `stepwell`, put this into ~/.bashrc (or ~/.zshrc with zsh):
    eval "$(stepwell completion bash)"; for fish: stepwell completion fish | source.

    A flow completes where it is called by its name, ./flow.py, so it must be executable and begin with
    a line such as #!/usr/bin/env python; then: eval "$(stepwell completion bash flow.py)".
    `python flow.py` can't be completed, for there the shell asks Python.
    """
    program = Path(flow).name if flow else "stepwell"
    variable = f"_{program}_COMPLETE".replace("-", "_").replace(".", "_").upper()
    kind = get_completion_class(shell)
    assert kind is not None, shell
    script = kind(click.Command(program), {}, program, variable)
    click.echo(script.source_template % script.source_vars())
