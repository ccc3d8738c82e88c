"""The kinds of machine that environments are made for."""

from __future__ import annotations

import platform
import sys

from stepwell.errors import PackagesError

CONTAINER = "linux-x86_64"
"""That of containers."""
TRIPLES = {
    # glibc of Debian 10 and Amazon Linux 2023: containers are not older, and laptops hardly
    "linux-x86_64": "x86_64-manylinux_2_28",
    "linux-aarch64": "aarch64-manylinux_2_28",
    "macos-x86_64": "x86_64-apple-darwin",
    "macos-arm64": "aarch64-apple-darwin",
}
"""By platform, what uv calls it."""
SUBDIRS = {
    "linux-x86_64": "linux-64",
    "linux-aarch64": "linux-aarch64",
    "macos-x86_64": "osx-64",
    "macos-arm64": "osx-arm64",
}
"""By platform, what conda calls it."""


def here() -> str:
    """That of this machine. Raises `PackagesError` where there are no environments for it."""
    system = {"darwin": "macos"}.get(sys.platform, sys.platform)
    found = f"{system}-{platform.machine()}"
    if found not in TRIPLES:
        raise PackagesError(
            f"environments of packages: this machine is {found}; they are made for {', '.join(TRIPLES)}; "
            "use what is installed: --environment=local before the command"
        )
    return found
