"""The bootstrap of counts: equal to drawing rows, seeded, and refused where it would mislead."""

from __future__ import annotations

import numpy as np
import pytest

from auditkit.statistics.bootstrap import bootstrap_counts
from auditkit.statistics.estimates import bounds, interval, value
from auditkit.statistics.proportions import newcombe_bounds

TABLE = np.array([[30, 70], [60, 140]])


def difference(counts: np.ndarray) -> np.ndarray:
    """Difference of two shares, from [repetitions, group, outcome]."""
    shares = counts[..., 1] / counts.sum(axis=-1)
    return shares[:, 0] - shares[:, 1]


def test_it_agrees_with_drawing_rows() -> None:
    one = bootstrap_counts(TABLE, difference, seed=3, repetitions=1999)
    generator = np.random.default_rng(3)
    rows = np.repeat(np.arange(4), TABLE.ravel())
    drawn = [
        np.bincount(generator.choice(rows, rows.size), minlength=4).reshape(2, 2)
        for _ in range(1999)
    ]
    theirs = difference(np.array(drawn))
    ours = np.array(one.parameters["replicates"])
    assert ours.mean() == pytest.approx(theirs.mean(), abs=4 * theirs.std() / np.sqrt(1000))
    # Four standard errors of the ratio of two such deviations.
    assert ours.std() == pytest.approx(theirs.std(), rel=0.09)


def test_it_agrees_with_the_closed_form() -> None:
    one = bootstrap_counts(TABLE * 10, difference, seed=3, repetitions=3999)
    closed = newcombe_bounds(700, 1000, 1400, 2000, 1.6448536)
    drawn = interval(one)
    assert (drawn.low, drawn.high) == pytest.approx(closed, abs=0.004)


def test_the_interval_is_the_basic_one() -> None:
    one = bootstrap_counts(TABLE, difference, seed=4, repetitions=999)
    replicates = one.parameters["replicates"]
    assert replicates == sorted(replicates)
    low, high = bounds(one, 0.05)
    assert low == 2 * value(one) - replicates[949]
    assert high == 2 * value(one) - replicates[49]


def test_the_seed_fixes_the_estimate() -> None:
    one, same, other = (bootstrap_counts(TABLE, difference, seed=seed) for seed in (5, 5, 6))
    assert one == same != other


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ([[0, 20], [60, 140]], "an essential cell holds 0 units, fewer than 5"),
        ([[1.0, 2.0]], "an array of counts"),
        ([[-1, 2]], "an array of counts"),
        (np.zeros((0, 2), dtype=int), "an array of counts"),
    ],
)
def test_degenerate_cells_are_refused(counts, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        bootstrap_counts(counts, difference, seed=0)


def test_only_essential_cells_need_units() -> None:
    counts = np.array([[0, 20], [60, 140]])
    one = bootstrap_counts(counts, difference, seed=0, essential=[[False, True], [True, True]])
    assert value(one) == pytest.approx(0.3)
    with pytest.raises(ValueError, match=r"essential has shape \(2,\)"):
        bootstrap_counts(counts, difference, seed=0, essential=[True, True])


@pytest.mark.parametrize(
    ("statistic", "message"),
    [
        (lambda c: c[:, 0, 0] * 0.0, "all replicates agree"),
        (lambda c: 1 / (c[:, 0, 0] - 30), "1000 of 1000 are undefined|the statistic is inf"),
        (lambda c: np.where(c[:, 0, 0] == 30, 1.0, np.nan), "the statistic is 1.0; .* undefined"),
        (lambda c: c.sum(), r"gave shape \(\) for 1 states"),
    ],
)
def test_statistics_that_do_not_hold_are_refused(statistic, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        bootstrap_counts(TABLE, statistic, seed=0)
