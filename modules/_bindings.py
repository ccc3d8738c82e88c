"""Make ``cdktf_cdktf_provider_aws`` importable one submodule at a time; import this module before it.

The package's own ``__init__`` imports all of its 1,500 submodules: 35 s of processor time where they are
not compiled yet, for a synth that needs thirty of them. A bare module with the package's path under the
package's name keeps Python from ever running it (docs/decisions/0010-one-door-to-the-bindings.md).
"""

from __future__ import annotations

import importlib.util
import sys
import types

PACKAGE = "cdktf_cdktf_provider_aws"


def install() -> None:
    """Put the bare module in place; a package that was imported already stays as it is."""
    if PACKAGE in sys.modules:
        return
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.submodule_search_locations is None:
        raise ModuleNotFoundError(f"{PACKAGE} is not installed: pip install 'stepwell[infra]'", name=PACKAGE)
    bare = types.ModuleType(PACKAGE)
    bare.__spec__ = spec
    bare.__path__ = spec.submodule_search_locations
    sys.modules[PACKAGE] = bare


install()
