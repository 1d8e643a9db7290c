"""The bootstrap of counts: equal to drawing rows, seeded, and refused where it would mislead."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import bootstrap

from auditkit.statistics.bootstrap import CubeReplicates, bootstrap_counts
from auditkit.statistics.estimates import bounds, estimate, interval, p_at_most, value
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


def theory(counts: np.ndarray, fixed: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of multinomial counts, of each stratum by itself."""
    mean = counts.ravel().astype(float)
    covariance = np.diag(mean)
    strata = counts.reshape(int(np.prod(counts.shape[:fixed])), -1)
    width = strata.shape[1]
    for place, stratum in enumerate(strata):
        part = slice(place * width, (place + 1) * width)
        covariance[part, part] -= np.outer(stratum, stratum) / max(stratum.sum(), 1)
    return mean, covariance


@pytest.mark.parametrize("fixed", [0, 1])
def test_the_draws_have_the_moments_of_drawing_rows(fixed: int) -> None:
    """Exactly those of the theory of rows drawn with replacement, within fixed tolerances."""
    counts = np.array([[[30, 70], [60, 40]], [[5, 15], [0, 20]], [[0, 0], [0, 0]]])
    draws = CubeReplicates.drawn(counts, seed=2, repetitions=40_000, fixed=fixed).draws
    flat = draws.reshape(len(draws), -1)
    mean, covariance = theory(counts, fixed)
    # About five standard errors of the mean and of the covariance of two of these cells.
    assert flat.mean(axis=0) == pytest.approx(mean, abs=0.18)
    assert np.cov(flat.T) == pytest.approx(covariance, abs=2.0)
    assert (draws.sum(axis=(1, 2, 3)) == counts.sum()).all()
    within = (draws.sum(axis=(2, 3)) == counts.sum(axis=(1, 2))).all()
    assert within == bool(fixed)


def test_drawing_rows_has_the_moments_of_the_theory() -> None:
    """The other side of the equivalence: rows really drawn, and counted."""
    counts = np.array([[30, 70], [5, 15]])
    rows = np.repeat(np.arange(4), counts.ravel())
    drawn = np.random.default_rng(4).choice(rows, (40_000, rows.size))
    flat = np.stack([(drawn == cell).sum(axis=1) for cell in range(4)], axis=1)
    mean, covariance = theory(counts, 0)
    assert flat.mean(axis=0) == pytest.approx(mean, abs=0.18)
    assert np.cov(flat.T) == pytest.approx(covariance, abs=2.0)


def test_one_draw_serves_many_statistics() -> None:
    replicates = CubeReplicates.drawn(TABLE, seed=4)
    assert replicates.basic(difference) == bootstrap_counts(TABLE, difference, seed=4)
    other = replicates.basic(lambda c: difference(c) ** 2)
    gaps = np.array(replicates.basic(difference).parameters["replicates"])
    assert other.parameters["replicates"] == pytest.approx(np.sort(gaps**2))


def mean_of_scores(counts: np.ndarray) -> np.ndarray:
    return counts @ np.arange(counts.shape[-1]) / counts.sum(axis=-1)


def test_bca_is_that_of_scipy() -> None:
    counts = np.array([40, 25, 12, 6, 5])  # skewed, so that bias and acceleration matter
    rows = np.repeat(np.arange(5), counts).astype(float)
    ours = CubeReplicates.drawn(counts, seed=1, repetitions=19_999).bca(mean_of_scores)
    theirs = bootstrap(
        (rows,), np.mean, confidence_level=0.95, n_resamples=19_999, method="BCa", rng=2
    ).confidence_interval
    assert bounds(ours, 0.025) == pytest.approx((theirs.low, theirs.high), abs=0.012)
    basic = CubeReplicates.drawn(counts, seed=1, repetitions=19_999).basic(mean_of_scores)
    assert abs(bounds(basic, 0.025)[1] - theirs.high) > 0.012


def test_the_acceleration_is_the_jackknifes() -> None:
    counts = np.array([40, 25, 12, 6, 5])
    rows = np.repeat(np.arange(5), counts).astype(float)
    without = np.array([np.delete(rows, i).mean() for i in range(rows.size)])
    moved = without.mean() - without
    expected = (moved**3).sum() / (6 * (moved**2).sum() ** 1.5)
    one = CubeReplicates.drawn(counts, seed=1).bca(mean_of_scores)
    assert one.parameters["acceleration"] == pytest.approx(expected, rel=1e-9)


def test_within_groups_the_influence_is_measured_within_them() -> None:
    # Of two fixed groups the difference of shares has the influences of each group's own rows.
    one = CubeReplicates.drawn(TABLE, seed=1, fixed=1).bca(difference)
    moved, units = [], []
    for sign, (rejected, selected) in zip((1, -1), TABLE, strict=True):
        n, share = rejected + selected, selected / (rejected + selected)
        moved += [sign * (0 - share) / n, sign * (1 - share) / n]
        units += [rejected, selected]
    moved, units = np.array(moved), np.array(units)
    expected = (units * moved**3).sum() / (6 * (units * moved**2).sum() ** 1.5)
    assert one.parameters["acceleration"] == pytest.approx(expected, rel=1e-6)


def test_bca_covers_a_skewed_statistic() -> None:
    """The ratio of two small shares, whose basic interval misses above."""
    truth, generator, covered = 0.5, np.random.default_rng(9), 0

    def ratio(counts: np.ndarray) -> np.ndarray:
        shares = counts[..., 1] / counts.sum(axis=-1)
        return shares[:, 0] / shares[:, 1]

    for seed in range(400):
        selected = generator.binomial([150, 600], [0.15, 0.3])
        counts = np.stack([[150, 600] - selected, selected], axis=1)
        low, high = bounds(CubeReplicates.drawn(counts, seed=seed, fixed=1).bca(ratio), 0.025)
        covered += low <= truth <= high
    assert 0.925 <= covered / 400 <= 0.975


def test_bca_beyond_its_replicates_excludes_nothing() -> None:
    steps = [0.5 + 0.01 * step for step in range(-9, 10)]
    one = estimate("bca", value=0.5, replicates=steps, acceleration=0.0)
    assert bounds(one, 0.05) == (pytest.approx(0.41), pytest.approx(0.59))
    assert bounds(one, 0.01) == (-np.inf, np.inf)
    outside = estimate("bca", value=2.0, replicates=steps, acceleration=0.0)
    assert bounds(outside, 0.05) == (-np.inf, np.inf)
    assert p_at_most(outside, 1.0) == 0.5
    # Past the pole of the formula, 1 / acceleration, that end has no bound.
    bent = estimate("bca", value=0.5, replicates=steps, acceleration=0.9)
    assert bounds(bent, 0.1)[1] == np.inf
    assert np.isfinite(bounds(bent, 0.1)[0])


@pytest.mark.parametrize(
    ("statistic", "message"),
    [
        (lambda c: c[:, 0, 0] * 0.0, "all replicates agree"),
        (lambda c: -np.abs(c - [[60, 70], [60, 110]]).sum(axis=(1, 2)), "on one side"),
        (lambda c: np.where(c.sum(axis=(1, 2)) < 300, np.nan, c[:, 0, 0]), "without one of"),
    ],
)
def test_bca_is_refused_where_it_does_not_hold(statistic, message: str) -> None:
    counts = np.array([[60, 70], [60, 110]])
    with pytest.raises(ValueError, match=message):
        CubeReplicates.drawn(counts, seed=0, repetitions=99).bca(statistic)


def test_a_small_cell_is_refused_by_both_intervals() -> None:
    replicates = CubeReplicates.drawn([[0, 20], [60, 140]], seed=0)
    for made in (replicates.basic, replicates.bca):
        with pytest.raises(ValueError, match="an essential cell holds 0 units, fewer than 5"):
            made(difference)


@pytest.mark.parametrize(("fixed", "message"), [(2, "2 of 2 axes"), (-1, "-1 of 2 axes")])
def test_axes_that_cannot_be_fixed(fixed: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        CubeReplicates.drawn(TABLE, seed=0, fixed=fixed)


def test_no_units_cannot_be_drawn() -> None:
    with pytest.raises(ValueError, match="no units to draw from"):
        CubeReplicates.drawn([[0, 0]], seed=0)
