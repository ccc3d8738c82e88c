"""Terraform without a way to its registry: find the providers that this machine keeps.

Terraform looks by itself into its CLI configuration and into a few fixed folders ("implied local
mirror directories" in its CLI configuration documentation). A mirror elsewhere, as images for
machines without internet have it, is named to it by a CLI configuration file written here.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

PROVIDER = Path("hashicorp", "aws")
DEPTH = 4
SEARCH_SECONDS = 5.0
# what lies in temporary folders may be gone when Terraform looks: another Terraform's `providers lock`
# keeps providers there, in folders as a mirror has them, while it runs
_NEVER = frozenset({"proc", "sys", "dev", "run", "boot", "tmp"}) | {
    "node_modules", "site-packages", "__pycache__", ".git", ".terraform",
}  # fmt: skip


def cli_environment(environ: Mapping[str, str], folder: Path, root: Path = Path("/")) -> dict[str, str]:
    """Variables that let Terraform install the AWS provider from a local mirror.

    Args:
        environ: what Terraform would get; its own configuration is left alone.
        folder: where the CLI configuration file is written, if one is needed.
        root: below which a mirror is looked for, at most `DEPTH` folders deep, for `SEARCH_SECONDS`, and
            not in temporary folders.

    Returns:
        ``TF_CLI_CONFIG_FILE``, unless there is a configuration, Terraform finds the mirror by itself, or
        there is none and it goes to its registry. With a mirror, wherever it is, also
        ``TF_CLI_ARGS_providers_lock``: cdktf runs ``terraform providers lock``, which goes to the registry
        whatever the configuration says.
    """
    home = Path(environ.get("HOME", "~")).expanduser()
    configured = [
        Path(environ[name]) for name in ("TF_CLI_CONFIG_FILE", "TERRAFORM_CONFIG") if environ.get(name)
    ]
    for path in (*configured, home / ".terraformrc"):
        if path.is_file():
            mirror = _mirror_in(path)
            return _lock(mirror) if mirror else {}
    for implied in _implied_mirrors(environ, home):
        if _hosts_in(implied):
            return _lock(implied)
    never = _NEVER | {Path(environ.get("TMPDIR", "")).name}
    host = next(_mirrored_hosts(root, never), None)
    if host is None:
        return {}
    path = folder / "terraform.tfrc"
    path.write_text(_configuration(host))
    return {"TF_CLI_CONFIG_FILE": str(path), **_lock(host.parent)}


def _lock(mirror: Path) -> dict[str, str]:
    return {"TF_CLI_ARGS_providers_lock": f"-fs-mirror={mirror}"}


def _mirror_in(configuration: Path) -> Path | None:
    """The mirror that a CLI configuration names, if it names one that holds the provider."""
    named = re.findall(r'filesystem_mirror\s*\{[^}]*?\bpath\s*=\s*"([^"]+)"', configuration.read_text())
    return next((path for path in map(Path, named) if _hosts_in(path)), None)


def _configuration(host: Path) -> str:
    """A mirror holds one folder for each registry host; the host's name is part of a provider's address."""
    addresses = f'["{host.name}/*/*"]'
    return (
        "provider_installation {\n"
        f'  filesystem_mirror {{\n    path    = "{host.parent}"\n    include = {addresses}\n  }}\n'
        f"  direct {{\n    exclude = {addresses}\n  }}\n"
        "}\n"
    )


def _implied_mirrors(environ: Mapping[str, str], home: Path) -> list[Path]:
    data = [Path(environ.get("XDG_DATA_HOME") or home / ".local/share")]
    data += [Path(p) for p in (environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share").split(":")]
    return [home / ".terraform.d/plugins", *(path / "terraform/plugins" for path in data)]


def _hosts_in(mirror: Path) -> list[Path]:
    return [path.parent.parent for path in mirror.glob(f"*.*/{PROVIDER}")]


def _mirrored_hosts(root: Path, never: Collection[str]) -> Iterator[Path]:
    """Folders named like a host that hold the provider, the ones nearest to `root` first."""
    deadline = time.monotonic() + SEARCH_SECONDS
    level = [root]
    for _ in range(DEPTH):
        below: list[Path] = []
        for folder in level:
            if time.monotonic() > deadline:
                return
            for child in _folders_in(folder, never):
                if "." in child.name[1:] and (child / PROVIDER).is_dir():
                    yield child
                below.append(child)
        level = below


def _folders_in(folder: Path, never: Collection[str]) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            return [
                Path(entry.path)
                for entry in entries
                if entry.name not in never and entry.is_dir(follow_symlinks=False)
            ]
    except OSError:
        return []
