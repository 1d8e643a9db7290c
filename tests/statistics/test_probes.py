"""Linear probes: against scikit-learn, for their coverage, and for what they find in nothing."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import beta
from sklearn.linear_model import Ridge
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import StandardScaler

from auditkit.statistics import estimates
from auditkit.statistics.auc import delong
from auditkit.statistics.fold_auc import fold_auc, fold_auc_values
from auditkit.statistics.probes import (
    RIDGE,
    permuted,
    probe_scores,
    probed,
    scores_without_blocks,
)

RNG = np.random.default_rng(0)


def world(n: int = 300, d: int = 6, signal: float = 0.0, rng: np.random.Generator = RNG):
    truth = rng.random(n) < 0.4
    vectors = rng.normal(size=(n, d)) * np.arange(1, d + 1) + 3
    vectors[:, 0] += signal * truth
    return vectors, truth, rng.integers(0, 5, n)


def test_scores_are_those_of_ridge_regressions() -> None:
    vectors, truth, folds = world(signal=0.7)
    found = probe_scores(vectors, truth[:, None].astype(float), folds)[:, 0]
    for fold in range(5):
        held = folds == fold
        scaler = StandardScaler().fit(vectors[~held])
        ridge = Ridge(alpha=RIDGE * (~held).sum()).fit(scaler.transform(vectors[~held]),
                                                       truth[~held])  # fmt: skip
        expected = ridge.predict(scaler.transform(vectors[held]))
        np.testing.assert_allclose(found[held] + truth[~held].mean(), expected, atol=1e-10)


def test_a_feature_that_never_varies_says_nothing() -> None:
    vectors, truth, folds = world(signal=0.7)
    labels = truth[:, None].astype(float)
    wider = np.column_stack([vectors, np.full(len(vectors), 1e6), np.zeros(len(vectors))])
    np.testing.assert_allclose(
        probe_scores(wider, labels, folds), probe_scores(vectors, labels, folds), atol=1e-12
    )
    assert np.isfinite(probe_scores(wider[:, 6:], labels, folds)).all()


def test_probes_without_a_block() -> None:
    vectors, truth, folds = world(signal=0.7)
    blocks = RNG.integers(0, 8, len(truth))
    found = scores_without_blocks(vectors, truth.astype(float), folds, blocks)
    held, without = folds == 2, (folds != 2) & (blocks != 5)
    fitted = folds != 2
    mean, spread = vectors[fitted].mean(axis=0), vectors[fitted].std(axis=0)
    z = (vectors - mean) / spread
    centred = truth - truth[fitted].mean()
    gram = z[without].T @ z[without] + RIDGE * fitted.sum() * np.eye(6)
    expected = z[held] @ np.linalg.solve(gram, z[without].T @ centred[without])
    np.testing.assert_allclose(found[held, 5], expected, atol=1e-12)


def test_the_auc_compares_within_folds() -> None:
    _, truth, folds = world()
    scores = np.round(RNG.normal(size=len(truth)) + truth, 1)  # with ties
    pairs, won = 0, 0.0
    for fold in range(5):
        inside = folds == fold
        weight = truth[inside].sum() * (~truth[inside]).sum()
        pairs, won = pairs + weight, won + weight * roc_auc_score(truth[inside], scores[inside])
    found = fold_auc(scores, truth, folds)
    assert found.value == pytest.approx(won / pairs, abs=1e-12)
    many = fold_auc_values(np.stack([scores, -scores], 1), np.stack([truth, truth], 1), folds)
    assert many == pytest.approx([found.value, 1 - found.value], abs=1e-12)
    assert found.influence.sum() == pytest.approx(0, abs=1e-12)
    # A fold's own level does not matter.
    assert fold_auc(scores + 10 * folds, truth, folds).value == pytest.approx(found.value)


def test_one_fold_is_delong() -> None:
    _, truth, _ = world()
    scores = RNG.normal(size=len(truth)) + truth
    expected = delong(scores[truth], scores[~truth])
    found = fold_auc(scores, truth, np.zeros(len(truth), dtype=int))
    assert found.value == pytest.approx(expected.value, abs=1e-12)
    assert found.variance**0.5 == pytest.approx(expected.se, abs=1e-12)
    # Every unit a block of its own: the same variance but for the degrees of freedom.
    blocked = found.estimate(np.arange(len(truth))).parameters["se"]
    assert blocked == pytest.approx(expected.se, rel=0.02)


def test_folds_that_cannot_be_compared_do_not_count() -> None:
    truth = np.array([True, True, False, False, True, False, False])
    folds = np.array([0, 0, 0, 0, 1, 1, 1])
    scores = np.array([2.0, 1, 0, -1, -9, 9, 9])
    assert fold_auc(scores, truth, folds).value == 1
    assert fold_auc_values(scores[:, None], truth[:, None], folds).tolist() == [1]
    with pytest.raises(ValueError, match="no fold holds two units of the group and two others"):
        fold_auc(scores[4:], truth[4:], folds[4:])
    assert np.isnan(fold_auc_values(scores[4:, None], truth[4:, None], folds[4:])).all()
    with pytest.raises(ValueError, match="not finite"):
        fold_auc(np.array([np.nan]), np.array([True]), np.array([0]))
    with pytest.raises(ValueError, match="needs two blocks with units, found 1"):
        fold_auc(scores, truth, folds).estimate(np.zeros(7, dtype=int))


def test_labels_are_dealt_by_unit() -> None:
    units = np.repeat([7, 3, 9, 4], [1, 2, 3, 2])
    labels = np.array([0, 1, 1, 2, 2, 2, 3, 3])
    dealt = permuted(labels, units, 300, seed=1)
    for column in dealt.T:
        by_unit = {unit: set(column[units == unit]) for unit in set(units)}
        assert all(len(found) == 1 for found in by_unit.values())
        assert set().union(*by_unit.values()) == {0, 1, 2, 3}
    assert len({tuple(column) for column in dealt.T}) == 24  # all orders of four units
    mixed = permuted(np.array([0, 1, 5]), np.array([1, 1, 2]), 40, seed=0)
    assert {tuple(c) for c in mixed.T} == {(0, 1, 5), (5, 5, 0)}


def test_planted_signal_is_found() -> None:
    vectors, truth, folds = world(1000, signal=2.0)
    found = probed(vectors, truth, folds, np.arange(1000), 99, seed=0)
    assert found.p_value == 0.01
    assert found.auc.value > 0.85 > found.null_quantile(0.95)
    assert 0.45 < found.null.mean() < 0.55


def _within(hits: int, n: int, low: float, high: float) -> bool:
    """Whether the 95 % Clopper-Pearson interval of a rate touches a goal."""
    ends = beta.ppf([0.025, 0.975], [hits, hits + 1], [n - hits + 1, n - hits])
    return bool(ends[1] >= low and ends[0] <= high)


@pytest.mark.parametrize("clustered", [False, True])
def test_nothing_is_found_in_noise(clustered: bool) -> None:
    rng, covered, rejected, times = np.random.default_rng(5), 0, 0, 200
    for seed in range(times):
        clusters = np.repeat(np.arange(60), 5) if clustered else np.arange(250)
        truth = (rng.random(clusters.max() + 1) < 0.4)[clusters]
        shared = rng.normal(size=(clusters.max() + 1, 4))[clusters]
        vectors = shared + rng.normal(size=shared.shape)
        folds = rng.integers(0, 5, clusters.max() + 1)[clusters]
        found = probed(vectors, truth, folds, clusters, 39, seed)
        low, high = estimates.bounds(found.estimate(clusters % 64 if clustered else None), 0.025)
        covered += low <= 0.5 <= high
        rejected += found.p_value <= 0.05
    assert _within(covered, times, 0.94, 0.99), covered
    assert _within(rejected, times, 0.03, 0.05), rejected


def test_the_interval_holds_the_mean_of_a_signal() -> None:
    rng, found, times = np.random.default_rng(6), [], 200
    for seed in range(times):
        vectors, truth, folds = world(250, 4, 1.0, rng)
        one = probed(vectors, truth, folds, np.arange(250), 1, seed)
        found.append((one.auc.value, *estimates.bounds(one.estimate(), 0.025)))
    values, low, high = np.array(found).T
    assert values.mean() > 0.65
    assert _within(int(((low <= values.mean()) & (values.mean() <= high)).sum()), times, 0.94, 0.98)
