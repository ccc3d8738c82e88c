"""What the process's environment variables say: who runs, in which namespace, where things lie."""

from __future__ import annotations

import getpass
import os
import re
from collections.abc import Mapping
from pathlib import Path

from stepwell.errors import UsageError

_NAMESPACE = re.compile(
    r"user/[a-z0-9][a-z0-9_.-]{0,63}"
    r"|project/[a-z0-9_-]{1,128}/(prod(\.[a-z0-9_]{1,128})?|branch/[a-z0-9_.-]{1,128})"
)


def username(environ: Mapping[str, str] = os.environ) -> str:
    """STEPWELL_USER, else the operating system's user."""
    return environ.get("STEPWELL_USER") or getpass.getuser()


def namespace(environ: Mapping[str, str] = os.environ) -> str:
    """STEPWELL_NAMESPACE, else ``user/`` and the user's name.

    Raises:
        UsageError: it is not of the form of a namespace.
    """
    return checked_namespace(environ.get("STEPWELL_NAMESPACE") or f"user/{username(environ).lower()}")


def checked_namespace(name: str) -> str:
    """Raises `UsageError` where `name` is not of the form of a namespace."""
    if not _NAMESPACE.fullmatch(name):
        raise UsageError(
            f"namespace: received {name!r}; it must be user/NAME, project/NAME/prod, project/NAME/prod.NAME "
            "or project/NAME/branch/NAME, in lower-case letters, digits, '_', '-' and '.'; "
            "set STEPWELL_USER or STEPWELL_NAMESPACE"
        )
    return name


def region(environ: Mapping[str, str] = os.environ) -> str | None:
    """AWS_REGION, else AWS_DEFAULT_REGION, as most AWS SDKs have it; None where a profile may say."""
    return environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or None


def home(environ: Mapping[str, str] = os.environ) -> Path:
    """STEPWELL_HOME, else ``.stepwell`` in the working folder: everything local lies here."""
    return Path(environ.get("STEPWELL_HOME") or ".stepwell").absolute()


def cache(environ: Mapping[str, str] = os.environ) -> Path:
    """STEPWELL_CACHE, else ``stepwell`` in the user's folder of caches: what can be made again lies here."""
    own = environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(environ.get("STEPWELL_CACHE") or Path(own, "stepwell")).absolute()
