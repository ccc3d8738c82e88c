"""Values to rows of a manifest and back: which encoding, and where the content goes."""

from __future__ import annotations

import hashlib
import pickle
from contextlib import suppress
from typing import Any, NamedTuple

from stepwell.artifacts import plain
from stepwell.artifacts.classes import NoSuchClass
from stepwell.artifacts.row import Encoding, Row, type_name
from stepwell.errors import AlreadyExists, ArtifactError
from stepwell.store import keys
from stepwell.store.base import Store

# A manifest with a few dozen of these is still one small object, read with one request.
INLINE = 64 << 10
# Shorter lists are more use as JSON, which people read.
LONG_LIST = 10_000


def encode(name: str, value: object, *, where: str, store: Store, namespace: str) -> Row:
    """Save `value` as the artifact `name`; content too large for a manifest goes to the store.

    Args:
        where: the step and task, for the error's message.
        namespace: whose objects the content is put among.

    Raises:
        ArtifactError: the value can't be pickled either.
        StoreError: the store refuses, or can't be reached.
    """
    draft = _Draft(name, type_name(type(value)), _shape(value), store, namespace)
    is_long = type(value) is list and len(value) >= LONG_LIST
    if not is_long or (row := _encode_table(draft, value)) is None:
        try:
            return _encode_bytes(draft, "json", plain.to_json(value).encode())
        except plain.NotPlain:
            row = None if is_long else _encode_table(draft, value)
    return row or _encode_bytes(draft, "pickle", _pickled(draft, value, where))


def decode(row: Row, store: Store, *, allow_pickle: bool = True) -> Any:
    """The value of `row`.

    Raises:
        ArtifactError: it is a pickle and `allow_pickle` is false, or its content can't be read.
        NotFound: its object is gone.
    """
    if row.encoding in ("parquet", "arrow"):
        return _decode_table(row, store)
    if row.json is not None:
        return _from_json(row, row.json)
    content = row.inline
    if content is None:
        assert row.object is not None
        content = store.get(row.object)
    return _from_json(row, content) if row.encoding == "json" else _unpickled(row, content, allow_pickle)


def _from_json(row: Row, content: str | bytes) -> Any:
    try:
        return plain.from_json(content)
    except NoSuchClass as error:
        raise ArtifactError(
            f"artifact {row.name!r} of type {row.type} can't be loaded: {line(error)}; make its class "
            "importable here as it was when it was saved (a class of the flow's own file is found only where "
            "that file is run: define it in a module that both import)"
        ) from error


def _decode_table(row: Row, store: Store) -> Any:
    from stepwell.artifacts import arrow, tabular

    try:
        return tabular.from_table(row.type, arrow.read(open_content(row, store), row.encoding))
    except ValueError as error:
        raise damaged(row, error) from error
    except ImportError as error:
        library = row.type.partition(".")[0]
        raise ArtifactError(
            f"artifact {row.name!r} of type {row.type} can't be loaded: {line(error)}; install {library} "
            f"here (a step with its own packages: @pypi(packages={{{library!r}: ''}})); or save a pa.Table"
        ) from error


def damaged(row: Row, error: Exception) -> ArtifactError:
    return ArtifactError(
        f"artifact {row.name!r} of type {row.type} can't be loaded: received {line(error)}; its object "
        f"{row.object} is damaged: run its step again"
    )


def open_content(row: Row, store: Store) -> Any:
    """The content of a table's row as a file of pyarrow's."""
    import pyarrow as pa

    return pa.BufferReader(row.inline) if row.object is None else store.open(row.object)


class _Draft(NamedTuple):
    """What a row is of, before its content is."""

    name: str
    type: str
    shape: tuple[int, ...] | None
    store: Store
    namespace: str

    def row(self, encoding: Encoding, sha256: str, size: int, **content: Any) -> Row:
        parts = {"json": None, "inline": None, "object": None, **content}
        rows = self.shape[0] if self.shape else None
        return Row(
            self.name, self.type, encoding, sha256=sha256, bytes=size, rows=rows, shape=self.shape, **parts
        )

    def key(self, encoding: Encoding, sha256: str) -> str:
        return keys.object_key(self.namespace, sha256, encoding)


def _encode_bytes(draft: _Draft, encoding: Encoding, content: bytes) -> Row:
    sha256, size = hashlib.sha256(content).hexdigest(), len(content)
    if size > INLINE:
        key = draft.key(encoding, sha256)
        with suppress(AlreadyExists):
            draft.store.put(key, content, if_absent=True)
        return draft.row(encoding, sha256, size, object=key)
    if encoding == "json":
        return draft.row(encoding, sha256, size, json=content.decode())
    return draft.row(encoding, sha256, size, inline=content)


def _encode_table(draft: _Draft, value: object) -> Row | None:
    from stepwell.artifacts import arrow, tabular

    table = tabular.to_table(draft.type, value)
    if table is None:
        return None
    with draft.store.staging() as path:
        encoding = arrow.write(table, path)
        size = path.stat().st_size
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        if size <= INLINE:
            return draft.row(encoding, sha256, size, inline=path.read_bytes())
        key = draft.key(encoding, sha256)
        if not draft.store.exists(key):
            draft.store.put_file(key, path)
    return draft.row(encoding, sha256, size, object=key)


def _pickled(draft: _Draft, value: object, where: str) -> bytes:
    try:
        return pickle.dumps(value, protocol=5)
    except Exception as error:
        raise ArtifactError(
            f"{where}: artifact {draft.name!r} of type {draft.type} can't be saved: received "
            f"{type(error).__name__}: {line(error)}; save what it is made of (a table, plain values), "
            "define its class at the top of a module, or keep it in a local variable instead of self"
        ) from error


def _unpickled(row: Row, content: bytes, allow_pickle: bool) -> Any:
    if not allow_pickle:
        raise ArtifactError(
            f"artifact {row.name!r} of type {row.type} is a pickle of another namespace, and loading it "
            "would run its author's code; pass allow_pickle=True if you trust who wrote it"
        )
    try:
        return pickle.loads(content)
    except Exception as error:
        raise ArtifactError(
            f"artifact {row.name!r} of type {row.type} can't be loaded: received {type(error).__name__}: "
            f"{line(error)}; install and import here what the flow that saved it used, in the same versions"
            " (a step with packages of its own: @pypi(packages={...})), or save what it is made of"
        ) from error


def _shape(value: object) -> tuple[int, ...] | None:
    """What a table or array says is its shape, also one that is pickled; of a list or tuple its length."""
    if type(value) is list or type(value) is tuple:
        return (len(value),)
    try:
        shape = getattr(value, "shape", None)
    except Exception:
        # somebody's property, which is not asked for its opinion
        return None
    if not isinstance(shape, tuple) or not all(isinstance(extent, int) for extent in shape):
        return None
    return tuple(map(int, shape))


def line(error: Exception) -> str:
    """The error's message as one line."""
    return " ".join(str(error).split())
