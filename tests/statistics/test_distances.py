"""Distances of two count vectors against SciPy, and what must hold for any."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.spatial.distance import jensenshannon
from scipy.stats import chi2_contingency, entropy, ks_2samp, kstwobign

from auditkit.statistics.distances import (
    binning_bound,
    chi_square,
    jensen_shannon,
    kolmogorov_smirnov,
    population_stability_index,
    total_variation,
)
from auditkit.statistics.estimates import bounds, value

VECTORS = arrays.arrays(np.int64, 6, elements=st.integers(0, 40)).filter(lambda v: v.sum() > 0)


@given(VECTORS, VECTORS)
def test_total_variation_is_half_the_absolute_difference(x: np.ndarray, y: np.ndarray) -> None:
    literal = sum(abs(a / x.sum() - b / y.sum()) for a, b in zip(x, y, strict=True)) / 2
    one = total_variation(x, y)
    assert value(one) == pytest.approx(literal, abs=1e-12)
    assert value(one) == value(total_variation(y, x))
    low, high = bounds(one, 0.05)
    assert 0 <= low <= value(one) <= high <= 1


@given(VECTORS, VECTORS)
def test_kolmogorov_smirnov_is_scipys_of_the_bins(x: np.ndarray, y: np.ndarray) -> None:
    cells = np.arange(6)
    theirs = ks_2samp(np.repeat(cells, x), np.repeat(cells, y), method="asymp").statistic
    assert value(kolmogorov_smirnov(x, y)) == pytest.approx(theirs, abs=1e-12)
    assert value(kolmogorov_smirnov(x, y)) <= value(total_variation(x, y)) + 1e-12


@pytest.mark.parametrize("bins", [4, 16, 64])
def test_binning_moves_the_distance_by_its_bound_at_most(bins: int) -> None:
    generator = np.random.default_rng(1)
    x, y = generator.normal(size=800), generator.normal(0.3, 1.2, size=500)
    edges = np.quantile(x, np.arange(1, bins) / bins)
    counts = [np.bincount(np.searchsorted(edges, part), minlength=bins) for part in (x, y)]
    binned = value(kolmogorov_smirnov(*counts))
    exact = ks_2samp(x, y).statistic
    assert binned <= exact + 1e-12
    assert exact <= binned + binning_bound(*counts)


def test_the_bias_of_the_supremum_is_massarts() -> None:
    # One bin per unit: the pointwise term is the larger one, and the constant decides.
    one = kolmogorov_smirnov(np.ones(400, dtype=int), np.ones(400, dtype=int))
    constant = one.parameters["bias"] / (2 / math.sqrt(400))
    grid = np.linspace(0, 8, 200_001)
    integral = (np.minimum(1, 2 * np.exp(-2 * grid**2)).sum() - 0.5) * grid[1]  # trapezoids
    assert constant == pytest.approx(integral, rel=1e-6)
    # It bounds the mean of the limiting law.
    assert constant > kstwobign.mean()


@given(VECTORS, VECTORS)
def test_jensen_shannon_is_scipys_squared(x: np.ndarray, y: np.ndarray) -> None:
    theirs = jensenshannon(x, y, base=2) ** 2
    assert jensen_shannon(x, y) == pytest.approx(theirs, abs=1e-9)
    assert 0 <= jensen_shannon(x, y) <= 1


@given(VECTORS, VECTORS)
def test_psi_is_the_symmetric_entropy(x: np.ndarray, y: np.ndarray) -> None:
    p, q = x + 0.5, y + 0.5
    theirs = entropy(p, q) + entropy(q, p)
    assert population_stability_index(x, y) == pytest.approx(theirs, abs=1e-9)


def test_psi_of_an_empty_bin_is_infinite_unless_smoothed() -> None:
    assert population_stability_index([10, 0], [5, 5], pseudocount=0) == math.inf
    assert math.isfinite(population_stability_index([10, 0], [5, 5]))


@given(VECTORS, VECTORS)
def test_chi_square_is_scipys_where_no_bin_is_rare(x: np.ndarray, y: np.ndarray) -> None:
    x, y = x + 30, y + 30
    test = chi_square(x, y)
    theirs = chi2_contingency(np.stack([x, y]), correction=False)
    assert (test.statistic, test.df) == pytest.approx((theirs.statistic, theirs.dof))
    assert test.p_value == pytest.approx(theirs.pvalue)
    assert test.pooled == 0


@given(VECTORS, VECTORS)
def test_rare_bins_are_pooled(x: np.ndarray, y: np.ndarray) -> None:
    x, y = np.append(x, [100, 120]), np.append(y, [110, 100])
    test = chi_square(x, y)
    # What is left must be a table without rare bins: rebuild it literally.
    share = min(x.sum(), y.sum()) / (x.sum() + y.sum())
    bins = sorted((a + b, a, b) for a, b in zip(x, y, strict=True) if a + b)
    rare = [one for one in bins if one[0] * share < 5]
    while rare and sum(one[0] for one in rare) * share < 5:
        rare.append(bins[len(rare)])
    assume(len({one[0] for one in bins}) == len(bins))  # ties may be pooled either way
    kept = bins[len(rare) :]
    table = [[sum(one[side] for one in rare)] * bool(rare) + [one[side] for one in kept]
             for side in (1, 2)]  # fmt: skip
    theirs = chi2_contingency(np.array(table), correction=False)
    assert (test.statistic, test.df) == pytest.approx((theirs.statistic, theirs.dof))
    assert test.pooled == (len(rare) if len(rare) > 1 else 0)
    assert theirs.expected_freq.min() >= 5


def test_a_constant_cannot_be_tested() -> None:
    with pytest.raises(ValueError, match="nothing to compare"):
        chi_square([50, 0], [40, 0])
    with pytest.raises(ValueError, match="nothing to compare"):
        chi_square([3, 1], [2, 1])


@pytest.mark.parametrize(
    "distance",
    [total_variation, kolmogorov_smirnov, jensen_shannon, population_stability_index],
)
@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ([1, 2], [1, 2, 3], "different bins: 2 and 3"),
        ([0, 0], [1, 2], "one of the samples is empty"),
        ([1.0, 2.0], [1, 2], "expected one row of counts, found float64"),
        ([1, -2], [1, 2], "expected one row of counts"),
        ([], [], "expected one row of counts"),
    ],
)
def test_what_is_no_pair_of_samples_is_refused(distance, x, y, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        distance(x, y)


def test_effective_sizes_widen_the_bounds() -> None:
    x, y = [500, 300, 200], [450, 350, 200]
    narrow = bounds(total_variation(x, y), 0.05)
    wide = bounds(total_variation(x, y, sizes=(100.0, 100.0)), 0.05)
    assert wide[0] <= narrow[0]
    assert narrow[1] < wide[1]
    with pytest.raises(ValueError, match="do not lie in"):
        total_variation(x, y, sizes=(2000.0, 100.0))
