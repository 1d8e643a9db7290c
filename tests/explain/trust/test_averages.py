"""Means with intervals that cover what they should, and no certainty from too little."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t

from auditkit.explain.trust.averages import average


def test_students_interval_by_hand() -> None:
    values = np.array([0.1, 0.5, np.nan, 0.2, 0.9])
    found = average(values)
    kept = values[~np.isnan(values)]
    half = t.ppf(0.95, 3) * kept.std(ddof=1) / 2
    assert (found.units, found.undefined) == (4, 1)
    assert found.interval.low == pytest.approx(kept.mean() - half)
    assert found.interval.high == pytest.approx(kept.mean() + half)


def test_units_of_one_group_count_as_one() -> None:
    """Thirty units of six draws that differ: the interval is that of the six."""
    draws = np.repeat(np.arange(6), 5)
    middles = np.array([0.1, 0.4, 0.2, 0.9, 0.3, 0.5])
    found = average(middles[draws], draws)
    expected = average(middles)
    assert found.interval.low == pytest.approx(expected.interval.low)
    assert average(middles[draws]).interval.low > found.interval.low


@pytest.mark.parametrize("shared", [0.0, 0.3])
def test_intervals_over_draws_of_weights_cover(shared) -> None:
    """400 times 8 draws of 4 units: what a draw shares would else look like certainty.

    Aim .90; the share of 400 is within .04 of the true one.
    """
    made = np.random.default_rng(0)
    draws = np.arange(32) % 8
    hits = 0
    for _ in range(400):
        values = 0.4 + shared * made.normal(size=8)[draws] + 0.2 * made.normal(size=32)
        values[made.random(32) < 0.05] = np.nan
        found = average(values, draws).interval
        hits += found.low <= 0.4 <= found.high
    assert 0.86 <= hits / 400 <= 0.95


def test_too_little_has_no_interval_and_says_why() -> None:
    for values, groups, said in (
        ([np.nan, np.nan], None, "No unit has a value."),
        ([0.3], None, "A single unit has no interval."),
        ([0.3, 0.4], [1, 1], "All units belong together"),
        ([1.0, 1.0, 1.0], None, "no certainty"),
    ):
        found = average(np.array(values), None if groups is None else np.array(groups))
        assert found.interval is None
        assert said in found.reason
        assert not found.exact


def test_what_is_the_same_for_many_units_is_exact_unless_few_values_are_possible() -> None:
    assert average(np.ones(6)).exact
    assert average(np.ones(6)).reason == "It is the same for every unit."
    assert not average(np.ones(6), coarse=True).exact
    assert not average(np.ones(6), np.arange(6) % 3).exact
