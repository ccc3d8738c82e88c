"""From a file to the flow it defines."""

from __future__ import annotations

import hashlib
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TypeGuard

from stepwell.errors import UsageError
from stepwell.flow.spec import FlowSpec


def load_flow(file: Path) -> type[FlowSpec]:
    """Import a flow's file, as ``python FILE`` would find its neighbors, and give its flow.

    Raises:
        UsageError: there is no such file, it can't be imported, or it defines no flow or several.
    """
    if not file.is_file():
        raise UsageError(f"there is no file {file}; name the file of a flow")
    digest = hashlib.sha256(str(file.resolve()).encode()).hexdigest()[:8]
    spec = spec_from_file_location(f"stepwell_flow_{file.stem}_{digest}", file)
    if spec is None or spec.loader is None:
        raise UsageError(f"{file} is no Python file; name the file of a flow")
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    sys.path.insert(0, str(file.resolve().parent))
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise UsageError(f"{file} can't be imported: {type(error).__name__}: {error}") from error
    finally:
        sys.path.pop(0)
    flows = [one for one in vars(module).values() if _is_flow_of(one, spec.name)]
    if len(flows) != 1:
        names = ", ".join(flow.__name__ for flow in flows) or "none"
        raise UsageError(f"{file} defines {len(flows)} flows ({names}); a flow's file defines one")
    return flows[0]


def _is_flow_of(value: object, module: str) -> TypeGuard[type[FlowSpec]]:
    return (
        isinstance(value, type)
        and issubclass(value, FlowSpec)
        and value.__module__ == module
        and bool(value.step_functions())
    )
