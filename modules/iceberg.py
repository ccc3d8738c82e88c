"""The first metadata file of an Iceberg table, from what settings declare. Pure.

Glue can make an Iceberg table by itself, but the provider can't tell it how the table is partitioned
(hashicorp/terraform-provider-aws#36531). So the file that Glue would write is written here, and the
catalog is told where it lies, as any Iceberg client does that makes a table.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stepwell.contract import TABLE_PROPERTIES

if TYPE_CHECKING:
    from pyiceberg.types import IcebergType

# A new table's moment has to be the same in each synth; the first commit sets the real one.
MOMENT = 1_735_689_600_000  # 2025-01-01, in milliseconds
GLUE_TYPES = {
    "boolean": "boolean",
    "int": "int",
    "long": "bigint",
    "float": "float",
    "double": "double",
    "date": "date",
    "time": "string",
    "timestamp": "timestamp",
    "timestamptz": "timestamp",
    "string": "string",
    "uuid": "string",
    "binary": "binary",
}
"""Names of primitive types in Iceberg, and in Glue; decimals and fixed binaries are written with numbers."""
_DECIMAL = re.compile(r"decimal\((\d+), ?(\d+)\)")
_FIXED = re.compile(r"fixed\[(\d+)\]")
_FIELD = re.compile(r"(?:(\w+)\()?(?:(\d+), ?)?(\w+)\)?")


@dataclass(frozen=True, slots=True)
class Shape:
    """What a table looks like.

    Attributes:
        columns: Iceberg's types by the names of columns, in their order.
        required: columns that are never null.
        partition: columns or transforms of them: ``carrier``, ``day(departure)``, ``bucket(16, id)``.
    """

    columns: Mapping[str, str]
    required: Sequence[str] = ()
    partition: Sequence[str] = ()


def parse_type(text: str) -> IcebergType | None:
    """The primitive type that Iceberg calls `text`; None if it has none of that name."""
    from pydantic import TypeAdapter
    from pyiceberg.exceptions import ValidationError
    from pyiceberg.types import IcebergType

    decimal = _DECIMAL.fullmatch(text)
    if not (text in GLUE_TYPES or decimal or _FIXED.fullmatch(text)):
        return None
    if decimal and int(decimal[2]) > int(decimal[1]):
        return None
    try:
        found: IcebergType = TypeAdapter(IcebergType).validate_python(text)
    except ValidationError:  # a decimal that nothing can hold
        return None
    return found


def parse_partition(text: str) -> tuple[str, str] | None:
    """The transform, as Iceberg writes it, and the column of a partition; None if there is none such."""
    found = _FIELD.fullmatch(text)
    if found is None or ("(" in text) != text.endswith(")"):
        return None
    transform, number, column = found.groups()
    if transform is None:
        return None if number else ("identity", column)
    if transform in ("bucket", "truncate"):
        return (f"{transform}[{number}]", column) if number and int(number) > 0 else None
    return (transform, column) if transform in ("year", "month", "day", "hour") and not number else None


def can_partition(kind: str, transform: str) -> bool:
    """Whether columns of that type can be transformed so."""
    from pyiceberg.transforms import parse_transform

    found = parse_type(kind)
    return found is not None and bool(parse_transform(transform).can_transform(found))


def metadata(shape: Shape, location: str, name: str) -> tuple[str, str]:
    """The file's name and its content, for a table without rows at `location`.

    Args:
        shape: columns and partitions.
        location: where the table's files will lie, ``s3://...``.
        name: of the table in the world: the same name gives the same table id.
    """
    from pyiceberg.partitioning import PartitionField, PartitionSpec
    from pyiceberg.schema import Schema
    from pyiceberg.table.metadata import new_table_metadata
    from pyiceberg.table.sorting import UNSORTED_SORT_ORDER
    from pyiceberg.transforms import parse_transform
    from pyiceberg.types import NestedField

    fields = [
        NestedField(number, column, parse_type(kind), required=column in shape.required)
        for number, (column, kind) in enumerate(shape.columns.items(), start=1)
    ]
    schema = Schema(*fields)
    parts = []
    for number, text in enumerate(shape.partition, start=1000):
        transform, column = parse_partition(text) or ("", "")
        label = column if transform == "identity" else f"{column}_{transform.partition('[')[0]}"
        source = schema.find_field(column).field_id
        parts.append(PartitionField(source, number, parse_transform(transform), label))
    identity = uuid.uuid5(uuid.NAMESPACE_URL, f"stepwell:{name}")
    made = new_table_metadata(
        schema, PartitionSpec(*parts), UNSORTED_SORT_ORDER, location, dict(TABLE_PROPERTIES), identity
    )
    document = json.loads(made.model_copy(update={"last_updated_ms": MOMENT}).model_dump_json())
    return f"00000-{identity}.metadata.json", json.dumps(document, sort_keys=True)


def glue_columns(shape: Shape) -> list[tuple[str, str]]:
    """The columns as Glue's catalog has them, for who looks there."""
    return [(name, _in_glue(kind)) for name, kind in shape.columns.items()]


def _in_glue(kind: str) -> str:
    if found := _DECIMAL.fullmatch(kind):
        return f"decimal({found[1]},{found[2]})"
    return "binary" if _FIXED.fullmatch(kind) else GLUE_TYPES[kind]
