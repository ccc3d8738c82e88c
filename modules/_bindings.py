"""Make ``cdktf_cdktf_provider_aws`` importable one submodule at a time; import this module before it and
before cdktf.

The package's own ``__init__`` imports all of its 1,500 submodules, in Python and in the Node process behind
it: tens of seconds of processor time for a synth that needs a few dozen of them. A bare module with the
package's path under the package's name keeps Python from ever running it; `_bindings.cjs` does as much for
Node (docs/decisions/0010-one-door-to-the-bindings.md).
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import types
from pathlib import Path

PACKAGE = "cdktf_cdktf_provider_aws"
NODE = Path(__file__).with_suffix(".cjs")

# jsii's banner about the age of Node stands in the way of cdktf's own output; it is printed on import.
os.environ["JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION"] = "18,20,22"
os.environ["JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION"] = "1"


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
    # A path in quotes, its backslashes escaped: https://nodejs.org/api/cli.html#node_optionsoptions
    required = f"--require {json.dumps(str(NODE), ensure_ascii=False)}"
    os.environ["NODE_OPTIONS"] = " ".join(filter(None, [os.environ.get("NODE_OPTIONS"), required]))


install()
