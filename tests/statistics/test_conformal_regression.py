"""Intervals beside MAPIE's; coverage by simulation; hostile input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from mapie.regression import ConformalizedQuantileRegressor, SplitConformalRegressor
from sklearn.base import BaseEstimator, RegressorMixin

from auditkit.statistics.conformal_regression import quantile_scores, residual_scores, widths
from auditkit.statistics.conformal_thresholds import threshold


class Told(RegressorMixin, BaseEstimator):
    """An estimator for MAPIE that predicts one column of its input."""

    def __init__(self, column: int = 0) -> None:
        self.column = column

    def fit(self, X: Any, y: Any) -> Told:
        self.fitted_ = True
        return self

    def predict(self, X: Any) -> np.ndarray:
        return np.asarray(X)[:, self.column]


def drawn(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper quantile and centre, too narrow; and what happened."""
    centre, scale = rng.normal(size=n), rng.uniform(0.2, 3, n)
    truth = centre + scale * rng.normal(size=n)
    return np.stack([centre - scale, centre + 0.8 * scale, centre], axis=1), truth


@pytest.mark.filterwarnings("ignore:WARNING. The predictions are ill-sorted:UserWarning")
@pytest.mark.parametrize("n", [50, 401])
def test_cqr_intervals_are_those_of_mapie(n: int) -> None:
    """With one correction for both ends, as in the paper's Theorem 1; MAPIE's default has two."""
    predicted, truth = drawn(np.random.default_rng(n), n + 300)
    first = np.arange(len(truth)) < n
    told = [Told(column).fit(None, None) for column in (0, 1, 2)]
    peer = ConformalizedQuantileRegressor(told, 0.8, prefit=True)
    peer.conformalize(predicted[first], truth[first])
    intervals = peer.predict_interval(predicted[~first], symmetric_correction=True)[1][:, :, 0]
    low, high, _ = predicted.T
    limit = threshold(quantile_scores(low[first], high[first], truth[first]), 0.8)
    ours = np.stack([low[~first] - limit, high[~first] + limit], axis=1)
    np.testing.assert_allclose(ours, intervals, atol=1e-12)
    width = widths(low[~first], high[~first], limit)
    np.testing.assert_allclose(width, (intervals[:, 1] - intervals[:, 0]).clip(0), atol=1e-12)


@pytest.mark.parametrize("coverage", [0.5, 0.9, 0.95])
def test_intervals_around_a_prediction_are_those_of_mapie(coverage: float) -> None:
    predicted, truth = drawn(np.random.default_rng(7), 500)
    peer = SplitConformalRegressor(Told(2).fit(None, None), coverage, prefit=True)
    peer.conformalize(predicted[:200], truth[:200])
    intervals = peer.predict_interval(predicted[200:])[1][:, :, 0]
    limit = threshold(residual_scores(predicted[:200, 2], truth[:200]), coverage)
    centre = predicted[200:, 2]
    np.testing.assert_allclose(
        np.stack([centre - limit, centre + limit], axis=1), intervals, atol=1e-12
    )


def test_a_truth_is_inside_where_its_score_does_not_exceed_the_threshold() -> None:
    predicted, truth = drawn(np.random.default_rng(1), 2000)
    low, high, _ = predicted.T
    for limit in (-0.5, 0.0, 0.7):
        inside = (low - limit <= truth) & (truth <= high + limit)
        scores = quantile_scores(low, high, truth)
        clear = np.abs(scores - limit) > 1e-12
        np.testing.assert_array_equal(inside[clear], (scores <= limit)[clear])
        assert (widths(low, high, limit)[inside] > 0).all()


def test_intervals_hold_the_truth_as_often_as_promised() -> None:
    rng = np.random.default_rng(2)
    shares = np.zeros(2)
    for _ in range(200):
        predicted, truth = drawn(rng, 400)
        low, high, centre = predicted.T
        both = quantile_scores(low, high, truth), residual_scores(centre, truth)
        shares += [(one[200:] <= threshold(one[:200], 0.9)).mean() for one in both]
    np.testing.assert_allclose(shares / 200, 181 / 201, atol=0.006)


def test_quantiles_that_cross_are_widened_until_they_hold() -> None:
    assert quantile_scores([1.0], [0.0], [0.5]).tolist() == [0.5]
    assert widths([1.0], [0.0], 0.5).tolist() == [0.0]
    assert widths([1.0], [0.0], 2.0).tolist() == [3.0]


@pytest.mark.parametrize(
    ("refused", "message"),
    [
        (lambda: residual_scores([1.0, np.nan], [1.0, 2.0]), "must be finite"),
        (lambda: residual_scores([1.0], [1.0, 2.0]), "rows of one length"),
        (lambda: quantile_scores([0.0], [np.inf], [1.0]), "must be finite"),
        (lambda: quantile_scores([[0.0]], [[1.0]], [[1.0]]), "rows of one length"),
        (lambda: widths([0.0], [1.0], np.nan), "threshold is not a number"),
    ],
)
def test_what_is_no_number_is_refused(refused: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        refused()
