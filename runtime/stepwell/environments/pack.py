"""An environment as one object: a part for each distribution, so that a task unpacks only what it uses.

Compressed parts come one after the other, then the index, then its size and hash. The name of a pack is
the hash of its index, which has the hashes of the parts: what is unpacked is what was packed.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import struct
import threading
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from stepwell.environments.hook import TESTS
from stepwell.errors import StoreError

_FOOTER, _HEAD = struct.Struct("!Q32s"), struct.Struct("!Q")
_PART = 32 << 20
"""Bytes of files from which on a part is full; parts are unpacked side by side."""
_THREADS = 4


class Distribution(NamedTuple):
    """A distribution in an environment, such as numpy.

    Attributes:
        files: its files, relative to the environment.
        names: what can be imported of it.
        requires: the distributions that it needs; they are unpacked with it.
        key: hash of what it is, under which its parts are kept for other environments; empty for none.
    """

    name: str
    files: list[str]
    names: list[str]
    requires: list[str]
    key: str = ""


def without_tests(distributions: Iterable[Distribution]) -> Iterator[Distribution]:
    """The distributions, with what is in folders ``tests`` of each as one of its own."""
    for one in distributions:
        tests = [file for file in one.files if "/tests/" in file]
        if not tests:
            yield one
            continue
        rest = sorted(set(one.files) - set(tests))
        yield one._replace(files=rest, key=one.key and f"{one.key}-package")
        names, key = [name + TESTS for name in one.names], one.key and f"{one.key}-tests"
        yield Distribution(f"{one.name} tests", tests, names, [], key)


class Readable(Protocol):
    def seek(self, position: int, whence: int = 0) -> Any: ...

    def read(self, size: int = -1) -> bytes: ...


def write(
    root: Path, distributions: Iterable[Distribution], about: Mapping[str, Any], to: Path, kept: Path
) -> str:
    """Pack the files of an environment in `root` into the file `to`; returns the pack's name.

    Args:
        about: what else its index says; a distribution in its ``first`` is needed by any task.
        kept: the folder where parts are kept of distributions that are in other environments too.
    """
    listed, offset = {}, 0
    with to.open("wb") as file:
        for one in distributions:
            if not is_kept(one, kept):
                _keep(root, one, kept)
            with _fragment(one, kept).open("rb") as fragment:
                found = json.loads(fragment.readline())
                shutil.copyfileobj(fragment, file, _PART)
            if not one.key:
                _fragment(one, kept).unlink()
            parts = [[offset + start, *more] for start, *more in found]
            offset += sum(size for _, size, *_ in found)
            listed[one.name] = {"parts": parts, "names": one.names, "requires": one.requires}
        index = json.dumps({**about, "distributions": listed}, sort_keys=True).encode()
        digest = hashlib.sha256(index)
        file.write(index + _FOOTER.pack(len(index), digest.digest()))
    return digest.hexdigest()


def is_kept(one: Distribution, kept: Path) -> bool:
    """Whether the parts of a distribution are there already; its files are not looked at then."""
    return bool(one.key) and _fragment(one, kept).exists()


def _fragment(one: Distribution, kept: Path) -> Path:
    return kept / (one.key or f"{one.name}.{os.getpid()}")


def _keep(root: Path, one: Distribution, kept: Path) -> None:
    """Make the parts of a distribution: a line that lists them, then one after the other."""
    import pyarrow as pa

    parts, found, offset = [], [], 0
    for header, content in _parts(root, sorted(one.files)):
        head = json.dumps(header).encode()
        raw = _HEAD.pack(len(head)) + head + content
        data = pa.compress(raw, codec="zstd", asbytes=True)
        parts.append(data)
        found.append([offset, len(data), len(raw), hashlib.sha256(data).hexdigest()])
        offset += len(data)
    kept.mkdir(parents=True, exist_ok=True)
    staged = kept / f".{one.name}.{os.urandom(4).hex()}"
    staged.write_bytes(json.dumps(found).encode() + b"\n" + b"".join(parts))
    staged.replace(_fragment(one, kept))


def _parts(root: Path, files: list[str]) -> Iterator[tuple[list[Any], bytes]]:
    header: list[Any] = []
    content: list[bytes] = []
    for name in files:
        path = root / name
        data = os.readlink(path).encode() if path.is_symlink() else path.read_bytes()
        mode = 0 if path.is_symlink() else 0o755 if os.access(path, os.X_OK) else 0o644
        header.append([name, len(data), mode])
        content.append(data)
        if sum(map(len, content)) >= _PART:
            yield header, b"".join(content)
            header, content = [], []
    if header:
        yield header, b"".join(content)


class Pack:
    """A pack that can be read; `index` is what was said about it, and its distributions.

    Args:
        file: it, open.
        name: its name.

    Raises:
        StoreError: it is not the pack of that name.
    """

    def __init__(self, file: Readable, name: str) -> None:
        self._file, self.name, self._lock = file, name, threading.Lock()
        file.seek(-_FOOTER.size, os.SEEK_END)
        size, digest = _FOOTER.unpack(file.read(_FOOTER.size))
        file.seek(-_FOOTER.size - size, os.SEEK_END)
        index = file.read(size)
        if hashlib.sha256(index).digest() != digest or digest.hex() != name:
            raise self._damaged("its index")
        self.index: dict[str, Any] = json.loads(index)
        self._done: set[str] = set()

    def _damaged(self, what: str) -> StoreError:
        return StoreError(
            f"environment {self.name[:12]}: {what} does not match its hash; remove the pack "
            "and resolve the environment again: environment resolve"
        )

    @property
    def names(self) -> dict[str, list[str]]:
        """The distributions that have something to import of a name, by name."""
        found: dict[str, list[str]] = {}
        for one, about in self.index["distributions"].items():
            for name in about["names"]:
                found.setdefault(name, []).append(one)
        return found

    def unpack(
        self, folder: Path, distributions: Iterable[str] | None = None, lies_in: Path | None = None
    ) -> None:
        """Unpack distributions, and what they require, into a folder: by default all; what is there stays.

        Args:
            lies_in: where the folder will lie, if not there.

        Raises:
            StoreError: a part can't be read or is not what it was.
        """
        listed = self.index["distributions"]
        with self._lock:
            wanted = _with_required(listed, listed if distributions is None else distributions) - self._done
            self._done |= wanted
            parts = [(name, part) for name in sorted(wanted) for part in listed[name]["parts"]]
            to = lies_in or folder
            with ThreadPoolExecutor(_THREADS, thread_name_prefix="stepwell-unpack") as pool:
                made: set[str] = set()
                # read in order here, for there is one file; the rest is done side by side
                doing = [pool.submit(self._write, folder, name, part, self._read(part), made, to)
                         for name, part in parts]  # fmt: skip
                for one in doing:
                    one.result()

    def _read(self, part: list[Any]) -> bytes:
        self._file.seek(part[0])
        return self._file.read(part[1])

    def _write(
        self, folder: Path, name: str, part: list[Any], data: bytes, made: set[str], lies_in: Path
    ) -> None:
        import pyarrow as pa

        if hashlib.sha256(data).hexdigest() != part[3]:
            raise self._damaged(f"its part {name}")
        raw = memoryview(pa.decompress(data, decompressed_size=part[2], codec="zstd", asbytes=True))
        start = _HEAD.size + _HEAD.unpack_from(raw)[0]
        header, moved = json.loads(bytes(raw[_HEAD.size : start])), self.index.get("moved", {})
        for path, size, mode in header:
            content: Any = raw[start : start + size]
            start += size
            if path in moved:
                prefix = self.index["prefix"].encode()
                content = _moved(bytes(content), prefix, str(lies_in).encode(), moved[path])
            target = f"{folder}/{path}"
            place = os.path.dirname(target)
            if place not in made:
                os.makedirs(place, exist_ok=True)
                made.add(place)
            if mode == 0:
                os.symlink(bytes(content).decode(), target)
                continue
            descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
            try:
                while content:
                    content = content[os.write(descriptor, content) :]
            finally:
                os.close(descriptor)


def _with_required(listed: Mapping[str, Any], names: Iterable[str]) -> set[str]:
    found: set[str] = set()
    ahead = list(names)
    while ahead:
        name = ahead.pop()
        if name not in found:
            found.add(name)
            ahead += listed[name]["requires"]
    return found


def _moved(content: bytes, prefix: bytes, to: bytes, kind: str) -> bytes:
    """A file that says where it lies, which is now elsewhere."""
    if kind == "text":
        return content.replace(prefix, to)
    # a text in a binary ends with a zero byte, and what follows it must stay where it is
    found, start = bytearray(), 0
    while (at := content.find(prefix, start)) >= 0:
        end = content.index(b"\0", at)
        text = content[at:end].replace(prefix, to)
        found += content[start:at] + text + b"\0" * (end - at - len(text))
        start = end
    return bytes(found) + content[start:]
