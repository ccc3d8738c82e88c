"""``python -m stacks``: what cdktf.json names as the app. It writes Terraform JSON, and nothing else."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from stacks.settings import load
from stepwell.errors import StepwellError

FILE = Path("environments.toml")


def main() -> None:
    """Synth all stacks.

    Raises:
        SettingsError: the settings are wrong.
        PlatformError: a stack has a policy that is too wide (`stacks.policies`).
    """
    settings = load(FILE)
    # Behind the settings: the bindings take seconds to import, a mistake is told at once.
    from stacks.app import synth

    synth(settings)


def told(run: Callable[[], None]) -> int:
    """Run, and give the exit code; each mistake in the settings, or fault of a stack, prints a line."""
    try:
        run()
    except StepwellError as error:
        for line in str(error).splitlines():
            print(f"Error: {line}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(told(main))
