"""Counts and sums on the device against NumPy, while axes grow and batches are many."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from auditkit.errors import DataError
from auditkit.evidence import accumulators
from auditkit.evidence.accumulators import CountAccumulator, SumAccumulator

CPU = torch.device("cpu")
UNITS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 2), st.floats(-1e6, 1e6)), max_size=60)


@given(UNITS, st.integers(1, 9))
def test_both_equal_numpy_while_the_axes_grow(units, size: int) -> None:
    counts = CountAccumulator(["group", "outcome"], [0, 3], CPU)
    sums = SumAccumulator(["group", "outcome"], [0, 3], CPU)
    groups = 0
    for start in range(0, len(units), size):
        part = units[start : start + size]
        first, second, values = zip(*part, strict=True)
        first, second = torch.tensor(first), torch.tensor(second)
        groups = max(groups, int(first.max()) + 1)
        counts.add([first, second], [groups, 3], len(part))
        sums.add(torch.tensor(values, dtype=torch.float64), [first, second], [groups, 3])
    expected = np.zeros((3, groups, 3))
    for group, outcome, value in units:
        expected[:, group, outcome] += [1, value, value**2]
    np.testing.assert_array_equal(counts.array([groups, 3]), expected[0])
    numbers, total, lacking = sums.arrays([groups, 3])
    np.testing.assert_array_equal(numbers, expected[0])
    np.testing.assert_allclose(total + lacking, expected[1:], rtol=1e-12, atol=1e-3)


def test_a_table_without_axes_is_one_cell() -> None:
    counts = CountAccumulator([], [], CPU)
    sums = SumAccumulator([], [], CPU)
    counts.add([], [], 5)
    sums.add(torch.tensor([1.0, 2.0]), [], [])
    assert counts.array([]).item() == 5
    numbers, (total, squares), _ = sums.arrays([])
    assert (numbers.item(), total.item(), squares.item()) == (2, 3.0, 5.0)


def test_sums_of_many_batches_keep_their_last_bits() -> None:
    rng = np.random.default_rng(0)
    batches = rng.lognormal(sigma=4, size=(3000, 40))
    sums = SumAccumulator([], [], CPU)
    for batch in batches:
        sums.add(torch.from_numpy(batch), [], [])
    _, (total, squares), (total_rest, squares_rest) = sums.arrays([])
    assert abs(total + total_rest - math.fsum(batches.flat)) <= 2e-15 * math.fsum(batches.flat)
    exact = math.fsum((batches**2).flat)
    assert abs(squares + squares_rest - exact) <= 2e-15 * exact


def test_an_unused_axis_has_no_cells() -> None:
    counts = CountAccumulator(["group", "outcome"], [0, 2], CPU)
    assert counts.array([0, 2]).shape == (0, 2)


def test_too_many_cells_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accumulators, "MAX_CELLS", 1000)
    counts = CountAccumulator(["group:town", "block"], [10, 64], CPU)
    codes = [torch.tensor([70]), torch.tensor([0])]
    with pytest.raises(DataError) as caught:
        counts.add(codes, [71, 64], 1)
    assert caught.value.problem == (
        "Counting by group:town, block takes 8,192 cells (128 of group:town × 64 of block); at "
        "most 1,000 are kept."
    )
    assert caught.value.mend == (
        "Declare fewer attributes in an intersection, or cuts that make fewer levels."
    )
