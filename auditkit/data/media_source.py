"""A split of images, sounds, texts or series: rows of a table, each of which is decoded."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
import pandas as pd

from auditkit.data.columns import Columns
from auditkit.data.damage import TOLERATED, Damaged
from auditkit.data.digests import combined_digest
from auditkit.data.readers import Part, Reader, block_rows, regrouped
from auditkit.data.split_column import Fold
from auditkit.data.tables import Block, TableSource
from auditkit.data.wording import listed, nearest
from auditkit.errors import DataError

_UNIT, _TEXT = "\0unit", "\0text"  # no column is called so


class Decoder(Protocol):
    """Turns rows of a table into what a model is given of them.

    Attributes:
        medium: `image`, `audio`, `text` or `series`.
        columns: the columns that it reads.
        uneven: what to do where units have several shapes, for an error's text.
    """

    medium: str
    columns: tuple[str, ...]
    uneven: str

    def decode(self, frame: pd.DataFrame) -> list[Any]:
        """Of each row its unit, an array or a mapping of name → array; or `Damaged`.

        Raises:
            DataError, ConfigurationError: what no unit of such data can be right with.
        """
        ...

    def name(self, frame: pd.DataFrame, place: int) -> str:
        """What people call the unit at a place of the frame."""
        ...

    def digest(self, frames: Iterator[pd.DataFrame]) -> str:
        """The digest of what the rows refer to beside the table; "" if they hold everything."""
        ...

    def describe(self) -> dict[str, Any]:
        """How it decodes, JSON-able: whatever changes the units that come out."""
        ...


class MediaSource(TableSource):
    """One split whose units are decoded from the rows of a table.

    A damaged unit is named and counted, and left out; a share above `tolerated` is an error as soon
    as it is known to be one. Batches hold the inputs as an array [rows, …], or as name → array; all
    units have one shape, that of the first.

    Args:
        reader: the table.
        columns: what its columns mean; its features are the decoder's columns.
        decoder: what makes a unit of a row.
        name: the split's name, for errors.
        fold: which rows belong to this split; None for all.
        tolerated: the share of units that may be damaged.
        beside: further columns, which batches hold as their frame.
    """

    # Seven options: what is read, what it means, and how much of it may be damaged.
    def __init__(
        self,
        reader: Reader,
        columns: Columns,
        decoder: Decoder,
        *,
        name: str = "data",
        fold: Fold | None = None,
        tolerated: float = TOLERATED,
        beside: tuple[str, ...] = (),
    ) -> None:
        meaning = replace(columns, features=tuple(decoder.columns))
        super().__init__(reader, meaning, name=name, fold=fold)
        self.medium = decoder.medium
        self._decoder = decoder
        self._tolerated = tolerated
        self._further = beside
        self._shapes: Any = None

    @property
    def notes(self) -> list[str]:
        """What a reviewer must know of these data: what is damaged, left out or doubled."""
        damage = self.integrity.damage
        whole = self._complete(self._reader.parts())
        said = damage.note(self._where, self.integrity.rows + damage.count if whole else None)
        return [*([said] if said else []), *self._reader.notes]

    @property
    def rate(self) -> int | None:
        """Samples a second of all units, once one was read; None of media without."""
        found: int | None = getattr(self._decoder, "rate", None)
        return found

    def digest(self) -> str:
        """The digest of the table, and of the files that its rows name."""
        if not self._digest:
            columns = list(self._decoder.columns)
            self._refuse_absent(self._reader.schema())
            frames = (
                frame
                for part in self._reader.parts()
                for frame in self._reader.frames(part, columns, block_rows(len(columns)))
            )
            parts = {"table": self._reader.digest(), "units": self._decoder.digest(frames)}
            self._digest = combined_digest({name: one for name, one in parts.items() if one})
        return self._digest

    def finish(self) -> None:
        """Judge what only the whole split shows, the share of damaged units first."""
        damage = self.integrity.damage
        damage.refuse_above(self._tolerated, self.integrity.rows + damage.count, self._where)
        super().finish()

    def identity(self) -> dict[str, Any]:
        """As of tables, and how units are decoded."""
        decoded = {"decoder": self._decoder.describe(), "damaged": self._tolerated}
        return {**super().identity(), **decoded}

    def describe(self) -> dict[str, Any]:
        """As of tables, and the medium, how units are decoded, and how many are damaged."""
        damage = self.integrity.damage
        return {
            **super().describe(),
            "medium": self.medium,
            "decoder": self._decoder.describe(),
            "damaged": {"tolerated": self._tolerated, "units": damage.count},
        }

    def _block_rows(self, batch_size: int = 1) -> int:
        """One batch: units are large, and none is decoded before it is wanted."""
        return max(batch_size, 1)

    def _first_block(self, part: Part) -> bool:
        return super()._first_block(part) or bool(self.integrity.damage.count)

    def _blocks(self, part: Part, rows: int) -> Generator[Block, None, None]:
        frames = map(self._decoded, self._frames(part, self._needed, rows))
        for frame in regrouped(frames, rows):
            yield self._block(frame)

    def _decoded(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The rows that can be read, with their units in place of the columns decoded."""
        units = self._decoder.decode(frame)
        good = np.array([not isinstance(unit, Damaged) for unit in units], dtype=np.bool_)
        for place in np.flatnonzero(~good):
            name = self._decoder.name(frame, int(place))
            self.integrity.damage.add(int(frame.index[int(place)]), name, units[place])
        self._refuse_damage()
        cells = np.empty(len(frame), dtype=object)
        for place in np.flatnonzero(good):
            self._refuse_uneven(units[place], frame, int(place))
            cells[place] = units[place]
        kept = frame[[column for column in frame if column in self._kept]]
        written = getattr(self._decoder, "written", None)
        beside = {} if written is None else {_TEXT: frame[written].to_numpy(dtype=object)}
        return kept.assign(**{_UNIT: cells}, **beside)[good]

    def _inputs(self, frame: pd.DataFrame) -> Any:
        return _stacked(frame[_UNIT].tolist())

    def _frame(self, frame: pd.DataFrame) -> pd.DataFrame | None:
        return frame[list(self._further)] if self._further else None

    def _texts(self, frame: pd.DataFrame) -> np.ndarray | None:
        if _TEXT not in frame:
            return None
        cells = frame[_TEXT].to_numpy(dtype=object)
        return np.array([c.decode() if isinstance(c, bytes) else c for c in cells], dtype=object)

    @property
    def _kept(self) -> frozenset[str]:
        """The columns that are wanted beside the units."""
        return frozenset((*replace(self.columns, features=()).declared, *self._further))

    @property
    def _needed(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*super()._needed, *self._further)))

    def _refuse_damage(self) -> None:
        """Stop as soon as no rest of the split, however sound, can make up for the damage."""
        sizes = [fragment.rows for fragment in self.fragments()]
        if None not in sizes:
            units = sum(size for size in sizes if size is not None)
            self.integrity.damage.refuse_above(self._tolerated, units, self._where)

    def _refuse_uneven(self, unit: Any, frame: pd.DataFrame, place: int) -> None:
        shapes = _shapes(unit)
        self._shapes = shapes if self._shapes is None else self._shapes
        if shapes != self._shapes:
            raise DataError(
                f"{self._decoder.name(frame, place)!r} ({self._where}) has the shape {shapes}, the "
                f"first unit {self._shapes}.",
                mend=self._decoder.uneven,
            )

    def _refuse_absent(self, schema: Mapping[str, str]) -> None:
        absent = [name for name in self._decoder.columns if name not in schema]
        if absent:
            raise DataError(
                f"{self._title} has no column {listed(absent)}, which holds the {self.medium} "
                f"data; it has {listed(schema)}.{nearest(absent[0], schema)}",
                mend="Name the column that holds them.",
            )
        if further := [name for name in self._further if name not in schema]:
            raise DataError(
                f"{self._title} has no column {listed(further)}, which is to be read beside the "
                f"{self.medium} data; it has {listed(schema)}.{nearest(further[0], schema)}",
                mend="Mend its name.",
            )
        super()._refuse_absent(schema)


def _shapes(unit: Any) -> Any:
    if isinstance(unit, Mapping):
        return {name: tuple(part.shape) for name, part in unit.items()}
    return tuple(unit.shape)


def _stacked(units: Sequence[Any]) -> Any:
    if isinstance(units[0], Mapping):
        return {name: np.stack([unit[name] for unit in units]) for name in units[0]}
    return np.stack(units)
