"""Windows of series: a table whose rows are steps, as one whose rows are windows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from auditkit.data.batch import Fragment
from auditkit.data.damage import Damaged
from auditkit.data.readers import Part, Reader, block_rows
from auditkit.data.series_windows import Windows, broken, gap_marks
from auditkit.data.values import times_array
from auditkit.data.wording import listed, nearest, quoted
from auditkit.errors import DataError

WINDOW = "(window)"
"""The column of the windows."""

_LEAST_PART, _MOST_PARTS = 256, 64


class _Window(NamedTuple):
    name: str
    unit: np.ndarray | Damaged


@dataclass(frozen=True)
class _Order:
    """All steps, series by series and in order.

    Attributes:
        rows: place in the table of each step.
        ends: of each segment the step after its last.
        values: float64 [steps, channels].
        targets: float64 [steps, targets].
        marks: of each step whether its numbers lack one.
        gaps: of each step whether a gap lies before it.
        starts: first step of each window.
    """

    rows: np.ndarray
    ends: np.ndarray
    values: np.ndarray
    targets: np.ndarray
    marks: np.ndarray
    gaps: np.ndarray
    starts: np.ndarray


class SeriesReader:
    """The windows of a table of series; a fragment is a block of windows.

    A row of it is a window: what is predicted of it stands under the names `Windows.labels`, every
    other column holds the value at the window's last step. The columns that are asked for stay in
    memory, some 8 bytes for each row and column.

    Args:
        reader: the table, a row for each step of each series.
        windows: what is cut out of it.
        split_column: a column that tells splits apart; no window reaches from one into another.
    """

    def __init__(self, reader: Reader, windows: Windows, split_column: str | None = None) -> None:
        self.format = reader.format
        self.location = reader.location
        self.dialect = getattr(reader, "dialect", None)
        self._reader = reader
        self._windows = windows
        self._split_column = split_column
        self._columns: dict[str, pd.Series[Any]] = {}
        self._found: _Order | None = None
        self.notes = reader.notes  # and which series are too short for a window

    def schema(self) -> Mapping[str, str]:
        """The table's columns, the windows, and what is predicted of them."""
        found = dict(self._reader.schema())
        own = self._windows
        needed = [*own.values, *own.predicted, own.series, own.time]
        absent = [name for name in needed if name is not None and name not in found]
        if absent:
            raise DataError(
                f"{self.location} has no column {listed(absent)}; it has {listed(found)}."
                f"{nearest(absent[0], found)}",
                mend="Correct the names under series.",
            )
        return {**found, **dict.fromkeys(own.labels, "double"), WINDOW: "window"}

    def parts(self) -> Sequence[Part]:
        """Blocks of windows."""
        total = len(self._order.starts)
        size = max(_LEAST_PART, -(-total // _MOST_PARTS))
        ends = [(first, min(first + size, total)) for first in range(0, total, size)]
        return [
            Part(Fragment(f"windows {first}-{end - 1}", end - first), first=first)
            for first, end in ends
        ]

    def frames(self, part: Part, columns: Sequence[str], rows: int) -> Iterator[pd.DataFrame]:
        """The block in frames of at most `rows` windows, numbered over all of them."""
        labels = self._windows.labels
        self._load([name for name in columns if name != WINDOW and name not in labels])
        end = part.first + (part.fragment.rows or 0)
        for first in range(part.first, end, rows):
            numbers = np.arange(first, min(first + rows, end))
            made = {name: self._cells(name, numbers) for name in columns}
            yield pd.DataFrame(made, index=pd.RangeIndex(first, first + len(numbers)))

    def digest(self) -> str:
        """The digest of the table."""
        return self._reader.digest()

    @property
    def _order(self) -> _Order:
        if self._found is None:
            self.schema()
            self._found = self._ordered()
            self._note_short(self._found)
        return self._found

    def _load(self, names: Sequence[str]) -> None:
        """Read columns that are not yet in memory, all in one pass."""
        wanted = [name for name in dict.fromkeys(names) if name not in self._columns]
        if not wanted:
            return
        frames = [
            frame
            for part in self._reader.parts()
            for frame in self._reader.frames(part, wanted, block_rows(len(wanted)))
        ]
        if not frames:
            raise DataError(f"{self.location} holds no rows.", mend="Check how it was written.")
        whole = pd.concat(frames)
        for name in wanted:
            self._columns[name] = whole[name]

    def _ordered(self) -> _Order:
        own = self._windows
        keys = [name for name in (own.series, self._split_column, own.time) if name is not None]
        self._load([*own.values, *own.predicted, *keys])
        values, targets = self._numbers(own.values), self._numbers(own.predicted)
        segments, times = self._segments(len(values)), self._times()
        by = (segments,) if times is None else (times, segments)
        rows = np.lexsort(by)
        segments = segments[rows]
        ends = np.append(np.flatnonzero(np.diff(segments)) + 1, len(rows))
        gaps = np.zeros(len(rows), dtype=np.bool_)
        if times is not None:
            self._refuse_doubled(times[rows], segments, rows)
            if not own.gaps:
                gaps = gap_marks(times[rows], ends)
        starts = own.starts(ends)
        values, targets = values[rows], targets[rows]
        with np.errstate(over="ignore"):  # what float32 cannot hold is infinite, and marked
            marks = np.asarray(~np.isfinite(values.astype(np.float32)).all(axis=1))
        return _Order(rows, ends, values, targets, marks, gaps, starts)

    def _numbers(self, names: Sequence[str]) -> np.ndarray:
        columns = [self._columns[name] for name in names]
        for column in columns:
            if not pd.api.types.is_numeric_dtype(column) or column.dtype.kind == "c":
                raise DataError(
                    f"Column {column.name!r} of {self.location} holds {column.dtype}, and a series "
                    "is made of numbers.",
                    mend="Name columns of numbers under values and targets.",
                )
        if not columns:
            return np.zeros((len(next(iter(self._columns.values()))), 0))
        return np.column_stack([one.to_numpy(dtype=np.float64, na_value=np.nan) for one in columns])

    def _segments(self, rows: int) -> np.ndarray:
        """The series of each row, and its split, as one number, in order of appearance."""
        names = [name for name in (self._windows.series, self._split_column) if name is not None]
        if not names:
            return np.zeros(rows, dtype=np.int64)
        for name in names:
            missing = self._columns[name].isna()
            if missing.any():
                raise DataError(
                    f"Column {name!r} of {self.location} says of {int(missing.sum())} rows not to "
                    "which series or split they belong.",
                    mend="Fill it in, or leave these rows out.",
                )
        keys = pd.MultiIndex.from_arrays([self._columns[name] for name in names])
        codes: np.ndarray = pd.factorize(keys)[0]
        return codes

    def _times(self) -> np.ndarray | None:
        name = self._windows.time
        if name is None:
            return None
        return times_array(self._columns[name], f"Time column {name!r} of {self.location}")

    def _refuse_doubled(self, times: np.ndarray, segments: np.ndarray, rows: np.ndarray) -> None:
        same = (times[1:] == times[:-1]) & (segments[1:] == segments[:-1])
        if same.any():
            place = int(np.flatnonzero(same)[0]) + 1
            raise DataError(
                f"{int(same.sum())} rows of {self.location} have the same moment as another of "
                f"their series, first {self._series_name(rows[place])} at {times[place]}.",
                mend="Declare series: the column that tells series apart; or keep one row for each "
                "moment.",
            )

    def _note_short(self, order: _Order) -> None:
        lengths = np.diff(order.ends, prepend=0)
        short = np.flatnonzero(lengths < self._windows.rows)
        if not len(short):
            return
        names = [self._series_name(order.rows[order.ends[place] - 1]) for place in short[:3]]
        text = (
            f"{len(short)} of the {len(lengths)} series in {self.location} have fewer than the "
            f"{self._windows.rows} rows of a window, and are left out: {', '.join(names)}"
            f"{' …' * (len(short) > len(names))}."
        )
        if len(short) == len(lengths):
            raise DataError(text, mend="Declare fewer steps, or check the column of series.")
        self.notes.append(text)

    def _series_name(self, row: Any) -> str:
        name = self._windows.series
        return "the series" if name is None else quoted(self._columns[name].iloc[int(row)])

    def _cells(self, name: str, numbers: np.ndarray) -> Any:
        order = self._order
        starts, steps = order.starts[numbers], self._windows.steps
        if name == WINDOW:
            cells = np.empty(len(numbers), dtype=object)
            for place, window in enumerate(self._made(starts)):
                cells[place] = window
            return cells
        if name in self._windows.labels:
            place, ahead = divmod(self._windows.labels.index(name), self._windows.horizon)
            return order.targets[starts + steps + ahead, place]
        return self._columns[name].array.take(order.rows[starts + steps - 1])

    def _made(self, starts: np.ndarray) -> Iterator[_Window]:
        order, own = self._order, self._windows
        lacking = broken(starts, own.steps, order.marks)
        beyond = ~np.isfinite(order.targets).all(axis=1)
        unknown = broken(starts + own.steps, own.horizon, beyond)
        apart = broken(starts + 1, own.rows - 1, order.gaps)
        reasons = (
            (lacking, "a value is missing or infinite"),
            (unknown, "a target is missing or infinite"),
            (apart, "steps are missing within it"),
        )
        for place, start in enumerate(starts):
            said = [reason for marks, reason in reasons if marks[place]]
            values = order.values[start : start + own.steps].astype(np.float32)
            yield _Window(self._title(start), Damaged(" and ".join(said)) if said else values)

    def _title(self, start: int) -> str:
        row = int(self._order.rows[start])
        time = self._windows.time
        where = f"row {row}" if time is None else str(self._columns[time].iloc[row])
        return f"{self._series_name(row)} from {where}"


class WindowDecoder:
    """The windows that `SeriesReader` makes, float32 [steps, channels]."""

    medium = "series"
    columns: tuple[str, ...] = (WINDOW,)
    uneven = ""

    def __init__(self, windows: Windows) -> None:
        self._windows = windows

    def decode(self, frame: pd.DataFrame) -> list[Any]:
        """See `Decoder.decode`."""
        return [window.unit for window in frame[WINDOW]]

    def name(self, frame: pd.DataFrame, place: int) -> str:
        """The series and where the window starts."""
        name: str = frame[WINDOW].iloc[place].name
        return name

    def digest(self, frames: Iterator[pd.DataFrame]) -> str:  # noqa: ARG002 - see `Decoder`
        """The table holds everything."""
        return ""

    def describe(self) -> dict[str, Any]:
        """The windows as declared."""
        own = self._windows
        return {
            **{name: getattr(own, name) for name in ("steps", "horizon", "series", "time", "gaps")},
            "values": list(own.values),
            "targets": list(own.predicted),
            "stride": own.step,
        }
