"""The code of a flow as hashes, part by part: what must be the same for a task to be reused.

The parts are the step, its decorators, the rest of the flow's own files, every other file that
would go into the flow's code package, modules that the flow has imported from elsewhere but
installed packages, and configs.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path
from types import ModuleType

import stepwell
from stepwell.errors import UsageError
from stepwell.execution import fingerprint
from stepwell.execution.files import code_files, package_suffixes, source_file
from stepwell.execution.key import digest
from stepwell.execution.reuse import Code
from stepwell.flow.config import ConfigSource
from stepwell.flow.decorators.packages import wanted
from stepwell.flow.spec import FlowSpec

_INSTALLED = ("site-packages", "dist-packages")


def code_of(flow_class: type[FlowSpec]) -> Code:
    """The code of a flow as it is now; its own files as they were when its graph was read.

    Raises:
        UsageError: the files around the flow can't be read, are too many or too large.
    """
    try:
        return _code_of(flow_class)
    except OSError as error:
        raise UsageError(
            f"{error.filename}: can't be read ({error.strerror}), and is a part of the flow's code; "
            "make it readable, or move the flow to a folder of its own"
        ) from error


def _code_of(flow_class: type[FlowSpec]) -> Code:
    functions = flow_class.step_functions()
    bases = [base for base in flow_class.__mro__ if issubclass(base, FlowSpec) and base is not FlowSpec]
    sources = [_source(sys.modules.get(base.__module__)) for base in bases]
    classes = {str(Path(file).resolve()) for file in sources if file}
    steps = {str(Path(function.__code__.co_filename).resolve()) for function in functions.values()}
    own, flow_file = classes | steps, source_file(flow_class).resolve()
    files = [path for path in code_files(flow_file, package_suffixes(flow_class)) if str(path) not in own]
    configs = [one for one in flow_class.parameters().values() if isinstance(one, ConfigSource)]
    parts = fingerprint.of_steps(functions)
    for step, asked in wanted(flow_class, functions).items():
        parts[step]["its packages"] = digest(repr(asked))
    return Code(
        {
            **fingerprint.of_rest(functions, classes - steps),
            **{f"file {path.relative_to(flow_file.parent).as_posix()}": _of_file(path) for path in files},
            **{f"module {name}": _of_file(path) for name, path in _modules(flow_file.parent, own)},
            **{f"config {one.name}": digest(json.dumps(one.document, sort_keys=True)) for one in configs},
        },
        parts,
    )


def _of_file(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:32]


def _source(module: ModuleType | None) -> str | None:
    """The file that a module was made from, if it is Python source."""
    file: str | None = getattr(module, "__file__", None)
    return file if file and file.endswith(".py") else None


def _modules(folder: Path, own: set[str]) -> list[tuple[str, Path]]:
    """The modules that are loaded from outside of a folder, but for Python's, ours and installed ones."""
    apart = tuple(str(Path(one).parent) + os.sep for one in (os.__file__, stepwell.__file__))
    files = {name: file for name, module in list(sys.modules.items()) if (file := _source(module))}
    found = []
    for name, file in sorted(files.items()):
        # most are Python's: looking where links lead to is for the others
        if not file.startswith(apart) and not any(f"{os.sep}{part}{os.sep}" in file for part in _INSTALLED):
            path = Path(file).resolve()
            if str(path) not in own and not path.is_relative_to(folder):
                found.append((name, path))
    return found
