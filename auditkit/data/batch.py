"""What the model and the checks are given: batches, in fragments, from a source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
import pandas as pd

from auditkit.data.columns import Columns

if TYPE_CHECKING:
    from auditkit.data.integrity import Integrity


@dataclass(frozen=True)
class Fragment:
    """A part of a split that one worker reads: a file, a row group, a range of rows.

    Attributes:
        id: unique within the split, and the same in every process and run.
        rows: number of rows; None where only reading tells (CSV, a loader without length).
    """

    id: str
    rows: int | None


@dataclass(frozen=True)
class Batch:
    """Some rows of one fragment, in order.

    Attributes:
        inputs: tables: the DataFrame of the feature columns, its index the row's number in its
            file; torch data: what the user's data set gave (tensor, tuple or dict), collated;
            media: an array, or name → array, the first axis the rows (see `media`).
        targets: tables: array [rows], [rows, columns] for several label columns, or head → array;
            torch data: tensor [rows, …] or head → tensor; None without a label. NaN or None only of
            rows that are not labelled.
        row_ids: int64 or text, [rows]. Without a declared row id column, the row's number in its
            file plus 2**40 times the file's place in the sorted list of files (torch data: the
            index in the data set), so that they are unique within the split and stable.
        groups: group name → levels as text, [rows]; categories are the levels that occur, sorted.
        clusters: the cluster column's values, [rows]; None if none is declared.
        frame: the feature frame of tables; of media the columns that are read beside the units;
            None where there are none, and for torch data.
        times: the time column as datetime64 or numbers, [rows]; None if none is declared.
        controls: control name → levels, as `groups`.
        proxies: proxy group → probabilities of its levels, float64 [rows, levels].
        weights: units of the population that a row stands for, float64 [rows], not negative and
            finite; None if none are declared.
        previous: class that the previous version predicted, as the labels write it, [rows]; None
            if none is declared.
        queries: the list that a row is ranked in, [rows]; None if none is declared.
        labelled: whether the true outcome of each row is known, bool [rows]; None where that of
            every row is, or there are no targets at all.
        medium: what an input is: `image`, `audio`, `text` or `series`; "" where the source does
            not know it.
        texts: of texts that a tokenizer has turned into inputs, what was written, [rows]; None of
            all else.
    """

    inputs: Any
    targets: Any
    row_ids: np.ndarray
    groups: Mapping[str, pd.Categorical]
    clusters: np.ndarray | None
    frame: pd.DataFrame | None = None
    times: np.ndarray | None = None
    controls: Mapping[str, pd.Categorical] = field(default_factory=dict)
    proxies: Mapping[str, np.ndarray] = field(default_factory=dict)
    weights: np.ndarray | None = None
    previous: np.ndarray | None = None
    queries: np.ndarray | None = None
    labelled: np.ndarray | None = None
    medium: str = ""
    texts: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.row_ids)

    @property
    def labelled_places(self) -> np.ndarray | None:
        """Places of the rows whose true outcome is known, ascending; None where all rows are."""
        if self.targets is None:
            return np.arange(0)
        if self.labelled is None or self.labelled.all():
            return None
        return np.flatnonzero(self.labelled)


@runtime_checkable
class Source(Protocol):
    """One split of a data set: re-iterable, in a stable order, cheap to construct.

    Attributes:
        name: what errors call it, usually the split's name.
        columns: the declared columns.
        integrity: what the pass has seen so far; several processes merge theirs into one.
    """

    name: str
    columns: Columns
    integrity: Integrity

    @property
    def rows(self) -> int | None:
        """Number of rows; None where only reading tells."""
        ...

    def check(self) -> None:
        """Open the source and read its schema, footers and first block; no model time is spent.

        Raises:
            DataError: a column is missing or named twice, a file is absent, empty or corrupt …
        """
        ...

    def fragments(self) -> Sequence[Fragment]:
        """The parts that workers share, in a stable order."""
        ...

    def batches(self, fragment: Fragment, batch_size: int) -> Iterator[Batch]:
        """The fragment's rows in batches of `batch_size`; the last may be shorter.

        Raises:
            DataError: the rows hold what the declaration excludes (missing label, doubled row id …)
        """
        ...

    def finish(self) -> None:
        """Judge what only the whole split shows; called by `batches` once all was read here.

        Raises:
            DataError: no rows, a group with one level, an absent reference, a doubled row id.
        """
        ...

    def digest(self) -> str:
        """`sha256:…` of the content, or `manifest:…` where the bytes were not hashed."""
        ...

    def identity(self) -> dict[str, Any]:
        """What beside content and columns decides which rows there are; JSON-able."""
        ...

    def describe(self) -> dict[str, Any]:
        """JSON-able description: format, location, rows, columns, groups with their levels."""
        ...
