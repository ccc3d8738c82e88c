"""Files of flows for tests of production."""

from __future__ import annotations

from pathlib import Path

HEAD = """
import os, signal, sys, time
from stepwell import (
    FlowSpec, Parameter, current, parallel, project, retry, schedule, step, trigger, trigger_on_finish
)
"""
TAIL = """

if __name__ == "__main__":
    {name}()
"""
PLAIN = """
    alpha = Parameter("alpha", default=1)

    @step
    def start(self):
        print("alpha is", self.alpha)
        self.double = 2 * self.alpha
        self.next(self.end)

    @step
    def end(self): pass
"""


def write(folder: Path, body: str = PLAIN, decorators: str = "", name: str = "Made") -> Path:
    """A file with one flow."""
    file = folder / f"{name.lower()}.py"
    file.write_text(f"{HEAD}\n\n{decorators}\nclass {name}(FlowSpec):\n{body}{TAIL.format(name=name)}")
    return file
