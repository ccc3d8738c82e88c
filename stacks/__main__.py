"""``python -m stacks``: what cdktf.json names as the app. It writes Terraform JSON, and nothing else."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from stacks.settings import load
from stepwell.errors import SettingsError

FILE = Path("environments.toml")


def main() -> None:
    """Synth all stacks.

    Raises:
        SettingsError: the settings are wrong.
    """
    settings = load(FILE)
    # Behind the settings: the bindings take seconds to import, a mistake is told at once.
    from stacks.app import app

    app(settings).synth()


def told(run: Callable[[], None]) -> int:
    """Run, and give the exit code; settings that are wrong print a line for each mistake."""
    try:
        run()
    except SettingsError as error:
        for line in str(error).splitlines():
            print(f"Error: {line}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(told(main))
