"""``python -m stacks``: what cdktf.json names as the app. It writes Terraform JSON, and nothing else."""

from __future__ import annotations

import sys
from pathlib import Path

from stacks.settings import load
from stepwell.errors import SettingsError

FILE = Path("environments.toml")


def main() -> int:
    """Synth all stacks; settings that are wrong print a line for each mistake."""
    try:
        settings = load(FILE)
    except SettingsError as error:
        for line in str(error).splitlines():
            print(f"Error: {line}", file=sys.stderr)
        return error.exit_code
    # Behind the settings: the bindings take seconds to import, a mistake is told at once.
    from stacks.app import app

    app(settings).synth()
    return 0


if __name__ == "__main__":
    sys.exit(main())
