"""Every error Stepwell raises on purpose.

::

    StepwellError
    ├── UsageError            the command line, or a call of ours, was used wrongly
    ├── FlowError             the flow's source is wrong: found before anything runs
    │   └── ParameterError    a parameter's value is missing or of the wrong type
    ├── SettingsError         environments.toml is wrong
    ├── PlatformError         the environment, its contract or its services can't serve
    │   └── ContractError     the contract is missing, unreadable or of another version
    ├── StoreError            the datastore refused or can't be reached
    │   ├── NotFound          no object has that key
    │   └── AlreadyExists     a conditional put lost: the key is taken
    ├── NotAllowed            the caller lacks a right: a PlatformError and a StoreError at once
    ├── ArtifactError         a value can't be saved or read back
    ├── PackagesError         an environment of packages can't be resolved, built or found
    ├── TableError            an Iceberg table can't be read or written
    ├── NoSuchObject          the client was asked for a flow, run, step or task that is not there
    └── RunFailed             a run ended without success; its message names step and task

One message is one line: what, where, the value received, what is allowed, the way out.
The command line prints it behind ``Error:`` and exits with ``exit_code``; nothing else
of ours may reach a user as a traceback.
"""

from __future__ import annotations

from collections.abc import Iterable


class StepwellError(Exception):
    """Base of all errors that a user's input or surroundings can cause."""

    exit_code = 1


class UsageError(StepwellError):
    """The command line, or a call of the Python API, was used wrongly."""

    exit_code = 2


class FlowError(StepwellError):
    """The flow's source is wrong; found before anything runs."""

    exit_code = 2


class ParameterError(FlowError):
    """A parameter's value is missing, of the wrong type, or not allowed."""


class SettingsError(StepwellError):
    """``environments.toml`` is wrong."""

    exit_code = 2


class PlatformError(StepwellError):
    """The environment, or one of its services, can't do what was asked."""


class ContractError(PlatformError):
    """The environment contract is missing, unreadable or of another version."""


class StoreError(StepwellError):
    """The datastore refused, or can't be reached."""


class NotFound(StoreError):
    """No object has that key."""


class AlreadyExists(StoreError):
    """A conditional put lost: the key is taken."""


class NotAllowed(PlatformError, StoreError):
    """The caller lacks the right, whether AWS's control plane or the datastore says so."""


class ArtifactError(StepwellError):
    """A value can't be saved as an artifact, or read back."""


class PackagesError(StepwellError):
    """An environment of packages can't be resolved, built or found."""


class TableError(StepwellError):
    """An Iceberg table can't be read or written."""


class NoSuchObject(StepwellError, KeyError):
    """The client was asked for a flow, run, step, task or artifact that is not there.

    It is a `KeyError` too, as Metaflow's ``run["step"]`` raises one.
    """

    __str__ = Exception.__str__  # a KeyError's would be in quotes


class RunFailed(StepwellError):
    """A run ended without success."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The part of a message that offers the nearest of the names there are; empty where none is near."""
    from difflib import get_close_matches  # for mistakes only: it takes a millisecond to import

    close = get_close_matches(name, list(known), n=1)
    return f"; did you mean '{close[0]}'?" if close else ""
