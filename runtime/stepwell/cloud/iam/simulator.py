"""The evaluator there is: the npm package ``@cloud-copilot/iam-simulate`` in a Node process of its own.

It is no part of Stepwell, and its licence is another: docs/decisions/0100-who-decides-what-iam-allows.md.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Self

from stepwell.cloud.iam.evaluator import Access, Caller, Undecidable, Verdict
from stepwell.errors import PlatformError, UsageError

PACKAGE = "@cloud-copilot/iam-simulate"
_ENTRY = Path("node_modules", PACKAGE, "dist/esm/index.js")
_SCRIPT = Path(__file__).with_name("simulate.mjs")


def find_package(start: Path) -> Path:
    """The package's entry, from `start` upwards or from where Stepwell lies, as Node would look for it.

    Raises:
        UsageError: it, or Node itself, is not installed.
    """
    if shutil.which("node") is None:
        raise UsageError(
            "IAM: node is not on the PATH; policies are evaluated by an npm package: install Node.js >= 20"
        )
    for folder in _upwards(start.absolute(), Path(__file__).resolve()):
        if (folder / _ENTRY).is_file():
            return folder / _ENTRY
    raise UsageError(
        f"IAM: the npm package {PACKAGE}, which evaluates policies, is in no node_modules from "
        f"{start.absolute()} upwards; run `npm ci` in a checkout of Stepwell, "
        f"or `npm install --save-dev {PACKAGE}` here"
    )


def _upwards(*paths: Path) -> Iterator[Path]:
    for path in paths:
        yield path
        yield from path.parents


class Simulator:
    """An `Evaluator`; may be asked by many threads, and answers one at a time in milliseconds.

    Its process ends with `close`, and with this process, however that ends.

    Raises:
        UsageError: the package, or Node, is not installed.
    """

    def __init__(self, start: Path | None = None) -> None:
        entry = find_package(start or Path.cwd())
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            ["node", str(_SCRIPT), str(entry)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # a Ctrl-C is for whoever asks, not for the one who answers
        )

    def decide(self, caller: Caller, access: Access) -> Verdict:
        """As `Evaluator.decide`; also raises `PlatformError` when the Node process is gone."""
        question = json.dumps({"caller": asdict(caller), "access": asdict(access)})
        assert self._process.stdin is not None and self._process.stdout is not None
        with self._lock:
            try:
                self._process.stdin.write(question + "\n")
                self._process.stdin.flush()
                line = self._process.stdout.readline()
            except OSError:
                line = ""
        if not line:
            raise PlatformError(f"IAM: {PACKAGE} ended with code {self._process.wait()}; start again")
        answer = json.loads(line)
        if "undecidable" in answer:
            raise Undecidable(f"{access.action} on {access.resource}: {answer['undecidable']}")
        return Verdict(**answer)

    def close(self) -> None:
        """End the Node process."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
