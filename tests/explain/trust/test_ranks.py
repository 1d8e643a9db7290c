"""Rank correlations against SciPy, and orders without favour."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import spearmanr

from auditkit.explain.trust.ranks import orders, spearman

ROWS = arrays(np.float64, (2, 9), elements=st.sampled_from([-1.0, 0.0, 0.5, 2.0, 7.0, np.nan]))


@given(ROWS)
@settings(max_examples=60)
def test_scipy_agrees(rows) -> None:
    first, second = rows
    known = ~np.isnan(first) & ~np.isnan(second)
    found = spearman(first[None], second[None])[0]
    a, b = first[known], second[known]
    if known.sum() < 2 or np.ptp(a) == 0 or np.ptp(b) == 0:
        assert np.isnan(found)
    else:
        assert found == pytest.approx(spearmanr(a, b).statistic, abs=1e-12)


def test_no_regions_are_undefined_and_no_warning() -> None:
    assert np.isnan(spearman(np.full((3, 4), np.nan), np.ones((3, 4)))).all()


def test_equal_strengths_are_ordered_by_chance_alone() -> None:
    """A map that is constant must not gain by the place where it begins."""
    place = orders(np.zeros((4000, 5)), seed=0)
    assert np.allclose(place.mean(axis=0), 2.0, atol=0.15)
    assert (np.sort(place, axis=1) == np.arange(5)).all()
