"""Which windows a table of series makes: where each starts, and which of them have gaps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from auditkit.data.wording import listed
from auditkit.errors import ConfigurationError

_GAP = 1.5
"""Two steps that lie further apart than this many usual steps have a gap between them."""

DEPENDENT = (
    "The windows of one series are counted as if they were independent, since neither series nor "
    "cluster is declared: what one of them is like the next may be, too, and intervals are wider "
    "in truth."
)
"""What is to be known of windows without a cluster."""


@dataclass(frozen=True)
class Windows:
    """What is cut out of each series.

    Attributes:
        values: the columns that the model is given: its channels.
        steps: rows of a window.
        horizon: rows after it that are to be predicted; 0 if that is something else.
        stride: rows from the start of one window to that of the next; None for `horizon`, or
            `steps` without one, so that no row is predicted or seen twice.
        series: the column that tells series apart; None if the table is one series.
        time: the column by which each series is put in order; None if it is in order.
        targets: the columns whose next `horizon` rows are predicted; () for `values`.
        gaps: whether steps of a window may lie further apart than is usual in the series, as those
            of trading days do.

    Raises:
        ConfigurationError: a number is too small, or a column is named twice.

    Example:
        >>> Windows(values=("load",), steps=96, horizon=2).labels
        ('load+1', 'load+2')
    """

    values: tuple[str, ...]
    steps: int
    horizon: int = 0
    stride: int | None = None
    series: str | None = None
    time: str | None = None
    targets: tuple[str, ...] = ()
    gaps: bool = False

    def __post_init__(self) -> None:
        counts = (("steps", self.steps, 1), ("horizon", self.horizon, 0), ("stride", self.step, 1))
        for name, value, least in counts:
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                raise ConfigurationError(
                    f"series.{name} is {value!r}; expected a whole number of at least {least}.",
                    mend="Count it in rows of the table.",
                )
        for columns in (self.values, self.targets):
            if len(set(columns)) < len(columns):
                raise ConfigurationError(
                    f"A column stands twice among {listed(columns)}.", mend="Name it once."
                )
        if not self.values or {self.series, self.time} & {*self.values, *self.targets}:
            raise ConfigurationError(
                f"The values of the series are {listed(self.values)}, its id is {self.series!r} "
                f"and its time {self.time!r}; expected at least one value, and that neither id nor "
                "time is one.",
                mend="Name the columns of numbers under values.",
            )
        if self.targets and not self.horizon:
            raise ConfigurationError(
                f"Targets {listed(self.targets)} are declared without a horizon.",
                mend="Declare horizon: how many rows after a window are predicted.",
            )

    @property
    def step(self) -> int:
        """Rows from one window to the next."""
        return (self.horizon or self.steps) if self.stride is None else self.stride

    @property
    def rows(self) -> int:
        """Rows that a window and what is predicted of it take up."""
        return self.steps + self.horizon

    @property
    def predicted(self) -> tuple[str, ...]:
        """The columns that are predicted; () without a horizon."""
        return (self.targets or self.values) if self.horizon else ()

    @property
    def labels(self) -> tuple[str, ...]:
        """What is predicted: each target at each row after the window."""
        return tuple(
            f"{name}+{ahead}" for name in self.predicted for ahead in range(1, self.horizon + 1)
        )

    def starts(self, ends: np.ndarray) -> np.ndarray:
        """The first row of each window, int64 [windows]; none reaches over the end of a segment.

        Args:
            ends: of each segment (the rows of one series) the row after its last, ascending.

        Example:
            >>> Windows(values=("x",), steps=2, stride=2).starts(np.array([5, 6, 9])).tolist()
            [0, 2, 6]
        """
        firsts = np.concatenate([[0], ends[:-1]]) if len(ends) else ends
        found = [
            np.arange(first, end - self.rows + 1, self.step, dtype=np.int64)
            for first, end in zip(firsts, ends, strict=True)
        ]
        return np.concatenate([*found, np.empty(0, dtype=np.int64)])


def broken(starts: np.ndarray, rows: int, marks: np.ndarray) -> np.ndarray:
    """Whether each window holds a marked row, bool [windows].

    Args:
        starts: first row of each window.
        rows: how many rows it has.
        marks: bool [rows of all series].
    """
    before = np.concatenate([[0], np.cumsum(marks)])
    return np.asarray(before[starts + rows] > before[starts])


def gap_marks(times: np.ndarray, ends: Sequence[int] | np.ndarray) -> np.ndarray:
    """Whether a gap lies between a row and the one before it, bool [rows].

    The usual step is the median one of the series; a step over 1.5 times as long is a gap.

    Args:
        times: moments of the rows, ascending within each segment, datetime64 or numbers.
        ends: as in `Windows.starts`.

    Example:
        >>> gap_marks(np.array([0, 1, 2, 5, 6]), [5]).tolist()
        [False, False, False, True, False]
    """
    marks = np.zeros(len(times), dtype=np.bool_)
    first = 0
    for end in ends:
        apart = np.diff(times[first:end])
        if len(apart):
            apart = apart.astype(np.float64)
            marks[first + 1 : end] = apart > _GAP * np.median(apart)
        first = int(end)
    return marks
