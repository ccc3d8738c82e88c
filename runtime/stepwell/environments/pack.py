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
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from stepwell.environments.hook import TESTS
from stepwell.errors import PackagesError, StepwellError, StoreError

_FOOTER, _HEAD = struct.Struct("!Q32s"), struct.Struct("!Q")
_PART = 32 << 20
"""Bytes of files from which on a part is full; parts are unpacked side by side."""
_THREADS = 4
_BUFFER = 256 << 10


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
        found.append([offset, len(data), hashlib.sha256(data).hexdigest()])
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
        self._file, self.name, self._reading = file, name, threading.Lock()
        file.seek(-_FOOTER.size, os.SEEK_END)
        size, digest = _FOOTER.unpack(file.read(_FOOTER.size))
        file.seek(-_FOOTER.size - size, os.SEEK_END)
        index = file.read(size)
        if hashlib.sha256(index).digest() != digest or digest.hex() != name:
            raise self._damaged("its index")
        self.index: dict[str, Any] = json.loads(index)
        self._parts = {
            one: [_Part(f"its part {one}", *part) for part in about["parts"]]
            for one, about in self.index["distributions"].items()
        }

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
            PackagesError: the folder can't be written.
        """
        parts = self._of(self._parts if distributions is None else distributions)
        if not all(part.there for part in parts):
            write = partial(self._write, folder, lies_in or folder)
            with ThreadPoolExecutor(_THREADS, thread_name_prefix="stepwell-unpack") as pool:
                for _ in pool.map(write, parts):
                    pass

    def unpack_ahead(self, folder: Path, distributions: Iterable[str], enough: threading.Event) -> None:
        """`unpack` by this thread alone, one distribution after the other, until it is `enough`.

        Who waits for a distribution meanwhile unpacks it, but for the part that is being written. What
        can't be read is left to who asks for it.
        """
        for part in self._of(one for one in distributions if one in self._parts):
            if enough.is_set():
                return
            with suppress(StepwellError):
                self._write(folder, folder, part)

    def _of(self, names: Iterable[str]) -> list[_Part]:
        return [
            part for name in _with_required(self.index["distributions"], names) for part in self._parts[name]
        ]

    def _write(self, folder: Path, lies_in: Path, part: _Part) -> None:
        with part.writing:
            if not part.there:
                with self._reading:
                    self._file.seek(part.start)
                    data = self._file.read(part.size)
                if hashlib.sha256(data).hexdigest() != part.sha256:
                    raise self._damaged(part.what)
                try:
                    self._write_files(folder, data, str(lies_in).encode())
                except OSError as error:
                    raise PackagesError(
                        f"environment {self.name[:12]}: can't be unpacked into {folder}: {error.strerror}; "
                        "see that its disk has room"
                    ) from error
                part.there = True

    def _write_files(self, folder: Path, data: bytes, lies_in: bytes) -> None:
        import pyarrow as pa

        moved, prefix = self.index.get("moved", {}), self.index.get("prefix", "").encode()
        # a small buffer, used again: pages that are new to a process cost more than what is done with them
        buffer, made = memoryview(bytearray(_BUFFER)), set[str]()
        with pa.CompressedInputStream(pa.BufferReader(data), "zstd") as stream:
            for path, size, mode in json.loads(stream.read(*_HEAD.unpack(stream.read(_HEAD.size)))):
                target = f"{folder}/{path}"
                place = os.path.dirname(target)
                if place not in made:
                    os.makedirs(place, exist_ok=True)
                    made.add(place)
                if mode == 0:
                    with suppress(FileExistsError):
                        os.symlink(stream.read(size).decode(), target)
                    continue
                descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
                try:
                    if path in moved:
                        _write_all(descriptor, _moved(stream.read(size), prefix, lies_in, moved[path]))
                        continue
                    while size:
                        count = stream.readinto(buffer[:size])
                        _write_all(descriptor, buffer[:count])
                        size -= count
                finally:
                    os.close(descriptor)


class _Part:
    """A part of a distribution in a pack."""

    def __init__(self, what: str, start: int, size: int, sha256: str) -> None:
        self.what, self.start, self.size, self.sha256 = what, start, size, sha256
        self.there, self.writing = False, threading.Lock()


def _write_all(descriptor: int, content: Any) -> None:
    while content:
        content = content[os.write(descriptor, content) :]


def _with_required(listed: Mapping[str, Any], names: Iterable[str]) -> dict[str, None]:
    found: dict[str, None] = {}
    ahead = [*names][::-1]
    while ahead:
        name = ahead.pop()
        if name not in found:
            found[name] = None
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
