"""What every table format offers: a schema, parts, and frames of the columns asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import pandas as pd

from auditkit.data.batch import Fragment
from auditkit.data.row_numbers import FILE_STRIDE
from auditkit.data.wording import listed
from auditkit.errors import DataError


@dataclass(frozen=True)
class Part:
    """A fragment, and where its reader finds it.

    Attributes:
        fragment: what the engine sees.
        file: place of the file in the sorted list of files.
        unit: row group, record batch or range within the file.
        first: number of the part's first row within the file.
    """

    fragment: Fragment
    file: int = 0
    unit: int = 0
    first: int = 0

    @property
    def offset(self) -> int:
        """The number that identifies the part's first row within the split."""
        return self.file * FILE_STRIDE + self.first


class Reader(Protocol):
    """One table in one format. Nothing is read before `schema`, `parts` or `frames` is called."""

    format: str
    location: str
    notes: list[str]

    def schema(self) -> Mapping[str, str]:
        """Column name → the type as the format names it, in the table's order.

        Raises:
            DataError: the table is corrupt or ragged, or a column's name stands twice.
        """
        ...

    def parts(self) -> Sequence[Part]:
        """The table's parts in order; without rows there are none."""
        ...

    def frames(self, part: Part, columns: Sequence[str], rows: int) -> Iterator[pd.DataFrame]:
        """The part as frames of at most `rows` rows with just these columns, in this order.

        The index numbers the rows, from the part's `offset`.
        """
        ...

    def digest(self) -> str:
        """`sha256:…` or `manifest:…`."""
        ...


def block_rows(columns: int, batch_size: int = 1) -> int:
    """Rows to read at a time: some 4 million values, and a whole number of batches.

    Example:
        >>> block_rows(10), block_rows(1_000_000), block_rows(10, batch_size=1000)
        (65536, 1024, 65000)
    """
    rows = min(65_536, max(1_024, 2**22 // max(columns, 1)))
    return max(rows // batch_size, 1) * batch_size


def numbered(frame: pd.DataFrame, first: int) -> pd.DataFrame:
    """The same frame, its rows numbered from `first`; the data are not copied."""
    numbered_frame = frame.copy(deep=False)
    numbered_frame.index = pd.RangeIndex(first, first + len(frame))
    return numbered_frame


def regrouped(frames: Iterable[pd.DataFrame], rows: int) -> Iterator[pd.DataFrame]:
    """The same rows in frames of exactly `rows` rows, the last one apart.

    Example:
        >>> import pandas as pd
        >>> frames = [pd.DataFrame({"x": range(n)}) for n in (3, 0, 2)]
        >>> [len(frame) for frame in regrouped(frames, 4)]
        [4, 1]
    """
    waiting: list[pd.DataFrame] = []
    held = 0
    for frame in frames:
        waiting.append(frame)
        held += len(frame)
        if held < rows:
            continue
        whole = _joined(waiting)
        full = held - held % rows
        for start in range(0, full, rows):
            yield whole.iloc[start : start + rows]
        waiting, held = [whole.iloc[full:]], held - full
    if held:
        yield _joined(waiting)


def refuse_doubled(names: Sequence[object], where: str) -> None:
    """Refuse a table in which a column's name is doubled, empty of meaning, or no text.

    Raises:
        DataError: with the names.
    """
    odd = [name for name in names if not isinstance(name, str)]
    if odd:
        raise DataError(
            f"{where} has columns whose names are not text: {listed(odd, most=3)}.",
            mend="Rename them, for example frame.columns = frame.columns.map(str).",
        )
    doubled = [name for name, count in Counter(names).items() if count > 1]
    if doubled:
        raise DataError(
            f"{where} has several columns with the name {listed(doubled, most=5)}.",
            mend="Rename them, so that each name stands once.",
        )


def refuse_other_schema(
    where: str, names: Mapping[str, str], first: str, expected: Mapping[str, str]
) -> None:
    """Refuse a file whose columns differ from those of the table's first file.

    Raises:
        DataError: a column is missing, or has a type of another family.
    """
    missing = [name for name in expected if name not in names]
    if missing:
        raise DataError(
            f"{where} lacks column {listed(missing, most=5)}, which {first} has.",
            mend="Give all files of one table the same columns, or name only those that belong.",
        )
    for name, kind in expected.items():
        if "null" not in (names[name], kind) and _family(names[name]) != _family(kind):
            raise DataError(
                f"Column {name!r} is {names[name]} in {where}, but {kind} in {first}.",
                mend="Write all files of one table with the same types.",
            )


def _family(kind: str) -> str:
    """Numbers of any width are of one family, and so is text; `null` columns fit everywhere."""
    if kind.startswith(("int", "uint", "float", "double", "halffloat", "decimal")):
        return "number"
    return "text" if kind in ("string", "large_string", "string_view") else kind


def _joined(frames: list[pd.DataFrame]) -> pd.DataFrame:
    filled = [frame for frame in frames if len(frame)] or frames[:1]
    return filled[0] if len(filled) == 1 else pd.concat(filled)
