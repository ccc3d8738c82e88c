"""What the process's command line says of configs, before click reads it.

A config may be an argument of a decorator, ``@resources(memory=cfg.memory)``. So it is read while
the flow's class is being made, when there is no command line to parse yet: its options are made
from the class. These few words are therefore looked for here; click checks them afterwards.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

CONFIG, CONFIG_VALUE, FROZEN = "--config", "--config-value", "--frozen"


@dataclass(frozen=True, slots=True)
class Frozen:
    """What a package was made with: values of configs, and contents of included files, by name.

    Attributes:
        attached: the decorators that ``--with`` named.
        tags: those that all runs of a deployment get.
        environments: the packages of steps, as they were locked and built.
        stepwell: the version of Stepwell that made the package.
    """

    configs: dict[str, dict[str, Any] | None] = field(default_factory=dict)
    files: dict[str, dict[str, str]] = field(default_factory=dict)
    attached: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    environments: dict[str, Any] = field(default_factory=dict)
    stepwell: str = ""

    def to_json(self) -> bytes:
        return json.dumps(asdict(self), sort_keys=True).encode()

    @classmethod
    def from_json(cls, text: bytes) -> Frozen:
        found = json.loads(text)
        return cls(**{**found, **{name: tuple(found.get(name, ())) for name in ("attached", "tags")}})

    def __bool__(self) -> bool:
        return self != Frozen()


def pairs(option: str, arguments: Sequence[str] | None = None) -> dict[str, str]:
    """What an option that takes a name and a value was given, by name; of a name given twice the last.

    Args:
        arguments: the command line's words; by default this process's.
    """
    words = sys.argv[1:] if arguments is None else arguments
    triples = zip(words, words[1:], words[2:], strict=False)
    return {name: value for word, name, value in triples if word.replace("_", "-") == option}


def frozen(arguments: Sequence[str] | None = None) -> Frozen:
    """What the deployment was made with that this process runs a task of; nothing anywhere else."""
    words = sys.argv[1:] if arguments is None else arguments
    if words[:1] != [FROZEN] or len(words) < 2:
        return Frozen()
    return Frozen.from_json(Path(words[1]).read_bytes())
