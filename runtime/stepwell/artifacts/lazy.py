"""An artifact that has not been loaded: what it is, and as much of it as is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from stepwell.artifacts import codec
from stepwell.artifacts.row import Encoding, Row
from stepwell.errors import ArtifactError
from stepwell.store.base import Store

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc

Condition = tuple[str, str, Any]


class Artifact:
    """A saved value, still in the store.

    Args:
        row: its row in the manifest.
        store: where its object is.
        allow_pickle: whether `load` may unpickle it; false of another namespace's.
    """

    def __init__(self, row: Row, store: Store, *, allow_pickle: bool = True) -> None:
        self._row = row
        self._store = store
        self._allow_pickle = allow_pickle

    def __repr__(self) -> str:
        rows = "" if self.rows is None else f", {self.rows:,} rows"
        return f"<Artifact {self.name}: {self.type}{rows}, {self.size:,} bytes of {self.encoding}>"

    @property
    def name(self) -> str:
        return self._row.name

    @property
    def type(self) -> str:
        """Name of the value's class, such as ``pyarrow.Table``."""
        return self._row.type

    @property
    def encoding(self) -> Encoding:
        return self._row.encoding

    @property
    def size(self) -> int:
        """Bytes of the saved content."""
        return self._row.bytes

    @property
    def sha256(self) -> str:
        """Of the saved content: equal values of one type have the same."""
        return self._row.sha256

    @property
    def rows(self) -> int | None:
        """Rows of a table, length of a list, tuple or array; None of anything else."""
        return self._row.rows

    @cached_property
    def schema(self) -> pa.Schema:
        """Arrow schema of a table, from its file's footer. Raises `ArtifactError` of what is no table."""
        from stepwell.artifacts import arrow

        return arrow.schema(self._open(), self.encoding)

    @property
    def columns(self) -> list[str]:
        """Names of a table's columns. Raises `ArtifactError` of what is no table."""
        return list(self.schema.names)

    @property
    def shape(self) -> tuple[int, ...] | None:
        """As the value itself would say; of a list or tuple its length; None of what has none."""
        return self._row.shape

    def load(self) -> Any:
        """The value, of the type it had. Raises `ArtifactError`, `NotFound`."""
        return codec.decode(self._row, self._store, allow_pickle=self._allow_pickle)

    def table(
        self,
        columns: Sequence[str] | None = None,
        where: pc.Expression | Sequence[Condition] | None = None,
    ) -> pa.Table:
        """As an Arrow table, reading only the columns and row groups that are needed.

        Args:
            columns: names, in the order wanted; all of them where None.
            where: an Arrow expression, or conditions that all must hold, such as
                ``[("carrier", "==", "UA"), ("delay", ">", 60)]``; operators are ``== != < > <= >=``,
                ``in`` and ``not in``.

        Raises:
            ArtifactError: it is no table, has no such column, or `where` does not suit its columns.
        """
        from stepwell.artifacts import arrow

        if columns is not None:
            self._check_columns(columns)
        try:
            return arrow.read(self._open(), self.encoding, columns, arrow.condition(where))
        except (ValueError, TypeError, NotImplementedError) as error:
            if where is None:
                raise codec.damaged(self._row, error) from error
            raise ArtifactError(
                f"artifact {self.name!r}: received where={where!r} ({codec.line(error)}); it must be an "
                f"Arrow expression, or (column, operator, value) conditions, on its columns {self.columns}"
            ) from error

    def head(self, rows: int = 5, columns: int = 20) -> pa.Table:
        """The first rows of the first columns as an Arrow table, without loading the others.

        Raises:
            ArtifactError: it is no table, or damaged.
        """
        from stepwell.artifacts import arrow

        try:
            return arrow.head(self._open(), self.encoding, rows, columns)
        except (ValueError, TypeError, NotImplementedError) as error:
            raise codec.damaged(self._row, error) from error

    def _open(self) -> pa.NativeFile:
        if self.encoding not in ("parquet", "arrow"):
            raise ArtifactError(
                f"artifact {self.name!r} is no table but {self.type}, saved as {self.encoding}; use load()"
            )
        return codec.open_content(self._row, self._store)

    def _check_columns(self, names: Sequence[str]) -> None:
        there = self.columns
        if odd := [name for name in names if there.count(name) != 1]:
            raise ArtifactError(
                f"artifact {self.name!r}: received the columns {odd}; each must be one of {there}, "
                "and there once"
            )
