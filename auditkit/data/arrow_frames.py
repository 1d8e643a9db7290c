"""Arrow columns as pandas ones, the same in every fragment and under every version of pandas."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pyarrow as pa

from auditkit.errors import DataError


def schema_kinds(schema: Any) -> dict[str, str]:
    """Column → the name of its Arrow type; a dictionary counts as the type of its values."""
    return {field.name: str(_value_type(field.type)) for field in schema}


def arrow_frame(table: Any) -> pd.DataFrame:
    """An Arrow table or record batch as a frame.

    Dictionaries become plain values, since each row group brings a dictionary of its own and a
    code means something else in the next; decimals and columns without any value become float64;
    dates become datetime64; text that is no UTF-8 becomes bytes.
    """
    table = pa.Table.from_batches([table]) if isinstance(table, pa.RecordBatch) else table
    arrays = [_plain(table.column(place)) for place in range(table.num_columns)]
    plain = pa.table(arrays, names=table.schema.names)
    frame: pd.DataFrame = plain.to_pandas(date_as_object=False, ignore_metadata=True)
    return frame


def as_table(data: Any) -> Any:
    """An in-memory Arrow table of anything that speaks Arrow's C stream interface.

    Raises:
        DataError: Arrow cannot take it.
    """
    try:
        return data if isinstance(data, pa.Table) else pa.table(data)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise DataError(
            f"A {type(data).__name__} cannot be read as a table: {error}.",
            mend="Hand over a pandas DataFrame, an Arrow table, or a mapping of name to array.",
        ) from error


def _value_type(kind: Any) -> Any:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _plain(column: Any) -> Any:
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _plain(column.cast(kind.value_type))
    if pa.types.is_decimal(kind) or pa.types.is_null(kind):
        return column.cast(pa.float64(), safe=False)
    return column.cast(pa.large_binary()) if _is_no_text(column) else column


def _is_no_text(column: Any) -> bool:
    """Whether a column of text holds bytes that are no UTF-8, which Arrow's writers let pass."""
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return False
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        return True
    return False
