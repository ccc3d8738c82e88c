"""Names of tables: ``DATABASE.TABLE``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from stepwell.errors import TableError

# Glue folds upper case and Athena takes no hyphen, so neither gets as far as a catalog.
_PART = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class TableName:
    """A table and the database it is in: ``facts`` or a project's name."""

    database: str
    table: str

    def __str__(self) -> str:
        return f"{self.database}.{self.table}"

    @classmethod
    def parse(cls, text: object) -> Self:
        """Parse ``DATABASE.TABLE``.

        Raises:
            TableError: `text` has another form.
        """
        parts = text.split(".") if isinstance(text, str) else []
        if len(parts) != 2 or not all(_PART.fullmatch(part) for part in parts):
            raise TableError(
                f"table {text!r}: a table's name is DATABASE.TABLE in lower-case letters, digits and "
                "underscores; the database is 'facts' or a project's name, as in 'facts.flights'"
            )
        return cls(*parts)
