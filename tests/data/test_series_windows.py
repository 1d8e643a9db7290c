from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditkit.data.series_windows import Windows, broken, gap_marks
from auditkit.errors import ConfigurationError


def literal_starts(lengths: list[int], rows: int, stride: int) -> list[int]:
    """A slow twin: walk along each series, and note where a whole window fits."""
    found, first = [], 0
    for length in lengths:
        place = 0
        while place + rows <= length:
            found.append(first + place)
            place += stride
        first += length
    return found


@given(st.lists(st.integers(1, 30), min_size=1, max_size=5), st.integers(1, 6), st.integers(0, 4),
       st.integers(1, 7))  # fmt: skip
def test_windows_lie_within_their_series(
    lengths: list[int], steps: int, horizon: int, stride: int
) -> None:
    windows = Windows(("x",), steps, horizon, stride)
    starts = windows.starts(np.cumsum(lengths))
    assert starts.tolist() == literal_starts(lengths, steps + horizon, stride)


@given(st.lists(st.booleans(), min_size=6, max_size=30), st.integers(0, 5))
def test_a_window_is_broken_by_any_mark_in_it(marks: list[bool], rows: int) -> None:
    starts = np.arange(len(marks) - rows + 1)
    found = broken(starts, rows, np.array(marks))
    assert found.tolist() == [any(marks[start : start + rows]) for start in starts]


def test_gaps_are_measured_by_the_series_own_step() -> None:
    days = np.array(["2026-01-31", "2026-02-28", "2026-03-31", "2026-05-31"], "datetime64[ns]")
    hours = days[0] + np.array([0, 1, 3, 4, 5]).astype("timedelta64[h]")
    marks = gap_marks(np.concatenate([days, hours]), [4, 9])
    assert marks.tolist() == [False, False, False, True, False, False, True, False, False]


@pytest.mark.parametrize(
    ("horizon", "stride", "step"), [(0, None, 4), (2, None, 2), (2, 3, 3), (0, 1, 1)]
)
def test_without_a_stride_nothing_is_predicted_or_seen_twice(
    horizon: int, stride: int | None, step: int
) -> None:
    assert Windows(("x",), 4, horizon, stride).step == step


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"steps": 0}, r"series\.steps is 0"),
        ({"horizon": -1}, r"series\.horizon is -1"),
        ({"stride": 0}, r"series\.stride is 0"),
        ({"steps": 2.5}, r"series\.steps is 2\.5"),
        ({"values": ()}, "at least one value"),
        ({"values": ("x", "x")}, "stands twice"),
        ({"series": "x"}, "neither id nor time"),
        ({"time": "x"}, "neither id nor time"),
        ({"targets": ("y",)}, "without a horizon"),
    ],
)
def test_windows_that_mean_nothing(options: Any, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        Windows(**{"values": ("x",), "steps": 4, **options})
