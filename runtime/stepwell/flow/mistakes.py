"""A mistake in a flow's class is one line, also where Python finds it before any command line is there."""

from __future__ import annotations

import sys
from itertools import takewhile
from pathlib import Path
from types import TracebackType

from stepwell.errors import FlowError

_OURS = str(Path(__file__).parents[1])


def tell_mistakes() -> None:
    """From now on, end the process with one line where a `FlowError` is caught by nobody."""
    before = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if not isinstance(error, FlowError):
            before(kind, error, trace)
            return
        import traceback

        frames = traceback.extract_tb(trace)
        theirs = list(takewhile(lambda frame: not frame.filename.startswith(_OURS), frames))
        where = f"{Path(theirs[-1].filename).name}:{theirs[-1].lineno}: " if theirs else ""
        print(f"Error: {where}{error}", file=sys.stderr)
        raise SystemExit(error.exit_code)

    sys.excepthook = hook
