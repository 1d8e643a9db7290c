"""The share beyond an extreme quantile: its value, its coverage, and when there is none."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from auditkit.statistics.absence import NoEstimateError
from auditkit.statistics.beyond_quantile import beyond_quantile
from auditkit.statistics.estimates import bounds, interval, units_to_decide, value


def test_it_is_the_share_above_the_quantile() -> None:
    rng = np.random.default_rng(0)
    known, others = rng.normal(size=3000), rng.normal(1, 1, 500)
    found = beyond_quantile(known, others, 0.01)
    assert (known > np.sort(known)[-31]).mean() == 0.01
    assert value(found) == (others > np.sort(known)[-31]).mean()


@pytest.mark.parametrize("shift", [0.0, 2.0])
@pytest.mark.parametrize("n", [1000, 4000])
def test_the_interval_covers(n: int, shift: float) -> None:
    truth = norm.sf(norm.isf(0.005) - shift)
    missed = [0, 0]
    for seed in range(400):
        rng = np.random.default_rng(seed)
        found = beyond_quantile(rng.normal(size=n), rng.normal(shift, 1, n), 0.005)
        low, high = bounds(found, 0.05)
        missed[0] += low > truth
        missed[1] += high < truth
    assert max(missed) <= 30, missed


def test_ties_at_the_quantile_are_not_beyond_it() -> None:
    found = beyond_quantile(np.zeros(1000), np.array([0.0] * 50 + [1.0] * 50), 0.01)
    assert value(found) == 0.5
    assert interval(found).low < 0.5 < interval(found).high


def test_more_units_narrow_it() -> None:
    rng = np.random.default_rng(0)
    found = beyond_quantile(rng.normal(size=2000), rng.normal(size=2000), 0.005)
    needed = units_to_decide(found, (0.0, 0.02), 0.05, 2000)
    assert needed is not None
    assert 2000 <= needed < 200_000


def test_a_tail_that_holds_nobody_is_refused() -> None:
    with pytest.raises(NoEstimateError, match=r"needs at least 1,000 units; there are 999"):
        beyond_quantile(np.zeros(999), np.zeros(10), 0.001)
    with pytest.raises(ValueError, match="not finite"):
        beyond_quantile(np.array([np.nan] * 1000), np.zeros(10), 0.01)
