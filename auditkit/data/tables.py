"""A table as a source: whatever its format, read fragment by fragment in typed batches."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from auditkit.data.batch import Batch, Fragment
from auditkit.data.beside import Beside, BesideReader
from auditkit.data.columns import Columns, describe_columns
from auditkit.data.integrity import FragmentState, Integrity, doubled_ids, refuse_doubled_ids
from auditkit.data.readers import Part, Reader, block_rows, regrouped
from auditkit.data.roles import ids_array, labelled_rows, targets_of
from auditkit.data.split_column import Fold
from auditkit.data.values import refuse_mixed_feature
from auditkit.data.wording import listed, nearest
from auditkit.errors import ConfigurationError, DataError

_INDEX_LEVEL = "__index_level_"
"""How pandas names an unnamed index that it writes to a file: it only numbers the rows."""


@dataclass(frozen=True)
class Block:
    """A block of rows with its roles taken apart; batches are slices of it."""

    inputs: Any
    medium: str
    targets: Any
    labelled: np.ndarray | None
    row_ids: np.ndarray
    beside: Beside
    texts: np.ndarray | None = None
    frame: pd.DataFrame | None = None

    def batch(self, start: int, end: int) -> Batch:
        """The rows from `start` to before `end`."""
        rows = slice(start, end)
        inputs = _part(self.inputs, rows)
        return Batch(
            inputs=inputs,
            targets=_part(self.targets, rows),
            row_ids=self.row_ids[rows],
            frame=inputs if isinstance(inputs, pd.DataFrame) else _part(self.frame, rows),
            labelled=_part(self.labelled, rows),
            medium=self.medium,
            texts=_part(self.texts, rows),
            **self.beside.part(rows),
        )


def _part(values: Any, rows: slice) -> Any:
    """Some rows of a frame, of an array, or of each array of a mapping; None stays."""
    if isinstance(values, Mapping):
        return {name: part[rows] for name, part in values.items()}
    if isinstance(values, pd.DataFrame):
        return values.iloc[rows]
    return None if values is None else values[rows]


class TableSource:
    """One split that lies in a table.

    Args:
        reader: the table in its format.
        columns: what its columns mean.
        name: the split's name, for errors.
        fold: which rows belong to this split; None for all.
    """

    medium = ""

    def __init__(
        self, reader: Reader, columns: Columns, *, name: str = "data", fold: Fold | None = None
    ) -> None:
        self.name = name
        self.columns = columns
        self.integrity = Integrity()
        self._reader = reader
        self._fold = fold
        self._beside = BesideReader(columns, self._where)
        self._features: tuple[str, ...] | None = None
        self._digest = ""

    @property
    def rows(self) -> int | None:
        """Number of rows, from footers or from a finished pass; None if only reading tells."""
        parts = self._reader.parts()
        if self._complete(parts):
            return self.integrity.rows
        sizes = [part.fragment.rows for part in parts]
        if self._fold is not None or None in sizes:
            return None
        return sum(size for size in sizes if size is not None)

    @property
    def features(self) -> tuple[str, ...]:
        """The columns of `Batch.frame`: those declared, or all that have no other role."""
        if self._features is None:
            self._features = self.columns.features or self._unclaimed()
        return self._features

    def check(self) -> None:
        """Hash the bytes, read schema, footers and the first block, and refuse what is wrong."""
        self.digest()
        schema = self._reader.schema()
        self._refuse_absent(schema)
        if not self.features:
            raise DataError(
                f"{self._title} has no column left for the model's inputs.",
                mend="Declare features.",
            )
        parts = self._reader.parts()
        if not parts or (not self._first_block(parts[0]) and len(parts) == 1):
            raise DataError(f"{self._title} holds no rows.", mend="Check how it was written.")

    def fragments(self) -> Sequence[Fragment]:
        """The table's parts; under a fold, how many rows of the split each holds is unknown."""
        if self._fold is None:
            return [part.fragment for part in self._reader.parts()]
        return [Fragment(part.fragment.id, None) for part in self._reader.parts()]

    def batches(self, fragment: Fragment, batch_size: int) -> Iterator[Batch]:
        """The fragment's rows of this split, in order."""
        if batch_size < 1:
            raise ConfigurationError(
                f"The batch size must be at least 1, but is {batch_size}.", mend="Raise it."
            )
        part = self._part(fragment)
        state = FragmentState()
        for block in self._blocks(part, self._block_rows(batch_size)):
            state.add(len(block.row_ids), block.beside.groups, self._declared_ids(block.row_ids))
            self._refuse_doubled(state.keys.doubled)
            for start in range(0, len(block.row_ids), batch_size):
                yield block.batch(start, start + batch_size)
        self.integrity.add(part.fragment.id, state)
        if self._complete(self._reader.parts()):
            self.finish()

    def finish(self) -> None:
        """Judge what only the whole split shows."""
        self._refuse_doubled(self.integrity.doubled)
        if self._fold is not None:
            self._fold.refuse_absent(self.integrity.fold_values, self.name)
        self.integrity.finish(self.name, self.columns.groups)

    def digest(self) -> str:
        """`sha256:…` or `manifest:…` of the whole table, whatever the columns and the split."""
        self._digest = self._digest or self._reader.digest()
        return self._digest

    def identity(self) -> dict[str, Any]:
        """How the bytes become this split's rows: format, dialect and split column; JSON-able."""
        return {
            "format": self._reader.format,
            "dialect": repr(getattr(self._reader, "dialect", None)),
            "split": None if self._fold is None else repr(self._fold),
        }

    def describe(self) -> dict[str, Any]:
        """Format, location, rows, columns and groups, JSON-able; levels once they were read."""
        levels = self.integrity.describe(self.columns.groups)
        split = self._fold and {"column": self._fold.column, "values": list(self._fold.values)}
        return {
            "kind": "table",
            "format": self._reader.format,
            "location": self._reader.location,
            "rows": self.rows,
            "fragments": len(self._reader.parts()),
            "digest": self.digest(),
            "features": list(self.features),
            "split": split,
            **describe_columns(self.columns, levels),
            "notes": list(self._reader.notes),
        }

    @property
    def _where(self) -> str:
        return f"{self.name} data"

    @property
    def _title(self) -> str:
        return f"{self._reader.location} ({self._where})"

    @property
    def _needed(self) -> tuple[str, ...]:
        fold = () if self._fold is None else (self._fold.column,)
        return tuple(dict.fromkeys((*self.features, *self.columns.declared, *fold)))

    def _unclaimed(self) -> tuple[str, ...]:
        claimed = {*self.columns.roles, self._fold and self._fold.column}
        return tuple(
            name
            for name in self._reader.schema()
            if name not in claimed and not name.startswith(_INDEX_LEVEL)
        )

    def _refuse_absent(self, schema: Mapping[str, str]) -> None:
        fold = () if self._fold is None else (self._fold.column,)
        absent = [name for name in (*self.columns.declared, *fold) if name not in schema]
        if absent:
            hints = "".join(nearest(name, schema) for name in absent[:3])
            raise DataError(
                f"{self._title} has no column {listed(absent, most=5)}; "
                f"it has {listed(schema)}.{hints}",
                mend="Correct the name where it is declared, or add the column to the table.",
            )

    def _block_rows(self, batch_size: int = 1) -> int:
        """How many rows are read at a time: a whole number of batches."""
        return block_rows(len(self._needed), batch_size)

    def _first_block(self, part: Part) -> bool:
        """Whether a part has rows (of whatever split); its first block is checked on the way."""
        rows = min(self._block_rows(), 8192)
        with closing(self._blocks(part, rows)) as blocks:
            return next(blocks, None) is not None or self._fold is not None

    def _part(self, fragment: Fragment) -> Part:
        for part in self._reader.parts():
            if part.fragment.id == fragment.id:
                return part
        raise DataError(
            f"{self._title} has no fragment {fragment.id!r}.",
            mend="Give every process the same data.",
        )

    def _complete(self, parts: Sequence[Part]) -> bool:
        return bool(parts) and all(part.fragment.id in self.integrity.fragments for part in parts)

    def _frames(self, part: Part, columns: Sequence[str], rows: int) -> Iterator[pd.DataFrame]:
        frames = self._reader.frames(part, columns, rows)
        if self._fold is not None:
            frames = map(self._of_this_split, frames)
        return regrouped(frames, rows)

    def _of_this_split(self, frame: pd.DataFrame) -> pd.DataFrame:
        assert self._fold is not None
        selected, values = self._fold.select(frame, self._where)
        self.integrity.fold_values |= values
        return selected

    def _blocks(self, part: Part, rows: int) -> Generator[Block, None, None]:
        for frame in self._frames(part, self._needed, rows):
            yield self._block(frame)

    def _block(self, frame: pd.DataFrame) -> Block:
        columns, where = self.columns, self._where
        inputs = self._inputs(frame)
        return Block(
            inputs=inputs,
            medium=self.medium,
            targets=targets_of(frame, columns.label, where, some=columns.labelled is not None),
            labelled=labelled_rows(frame, columns),
            row_ids=ids_array(frame, columns.row_id, where),
            beside=self._beside(frame),
            texts=self._texts(frame),
            frame=self._frame(frame),
        )

    def _inputs(self, frame: pd.DataFrame) -> Any:
        features = frame[list(self.features)]
        for name in self.features:
            refuse_mixed_feature(features[name], self._where)
        return features

    def _frame(self, frame: pd.DataFrame) -> pd.DataFrame | None:  # noqa: ARG002 - see `MediaSource`
        """Columns beside the inputs; None of a table, whose inputs are columns themselves."""
        return None

    def _texts(self, frame: pd.DataFrame) -> np.ndarray | None:  # noqa: ARG002 - see `MediaSource`
        """What was written, of texts whose inputs are tokens; None of a table."""
        return None

    def _declared_ids(self, ids: np.ndarray) -> np.ndarray | None:
        return None if self.columns.row_id is None else ids

    def _refuse_doubled(self, suspects: np.ndarray) -> None:
        """Read the row ids again, to tell a doubled id from two texts with one hash."""
        column = self.columns.row_id
        if column is None or not len(suspects):
            return
        needed = [column] if self._fold is None else [column, self._fold.column]
        frames = (
            frame
            for part in self._reader.parts()
            for frame in self._frames(part, needed, block_rows(len(needed)))
        )
        ids = ((ids_array(frame, column, self._where), frame.index) for frame in frames)
        refuse_doubled_ids(doubled_ids(ids, suspects), column, self._where)
