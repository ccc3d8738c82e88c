"""How a command ends: with its work done, or with one line that says what is wrong."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from stepwell import notices
from stepwell.errors import StepwellError, UsageError

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it: 128 and the number of SIGINT."""


def run_command(
    command: click.Command, arguments: list[str] | None = None, prog_name: str | None = None
) -> None:
    """Run a command to the end of the process."""
    with told():
        command.main(arguments, prog_name, standalone_mode=False)
    sys.exit(0)


@contextmanager
def told() -> Iterator[None]:
    """Turn the errors that a user can cause into one line on stderr and an exit status."""
    try:
        yield
    except StepwellError as error:
        _end(error, error.exit_code)
    except click.exceptions.Exit as ending:
        sys.exit(ending.exit_code)
    except click.exceptions.NoArgsIsHelpError as ending:
        click.echo(ending.format_message())
        sys.exit(2)
    except click.ClickException as error:
        _end(UsageError(error.format_message()), error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        _end(StepwellError("interrupted; what was done stays readable"), INTERRUPTED)


def _end(error: StepwellError, status: int) -> None:
    notices.tell("error", {"kind": type(error).__name__, "message": str(error)})
    for line in str(error).splitlines():
        text = f"Error: {line}"
        click.echo(click.style(text, fg="red") if sys.stderr.isatty() else text, err=True)
    sys.exit(status)
