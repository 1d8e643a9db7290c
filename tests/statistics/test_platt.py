"""Platt scaling: against a logistic regression on weighted copies, and where that would fail."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit

from auditkit.statistics.platt import fit_platt, smoothed_outcomes


def sample(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    odds = rng.normal(0, 1.5, n)
    return 3 * odds + 1, rng.random(n) < expit(odds)


def peer(score: np.ndarray, outcome: np.ndarray) -> tuple[float, float]:
    """Each unit once as a positive and once as a negative, weighted by its smoothed outcome."""
    from sklearn.linear_model import LogisticRegression

    wanted = smoothed_outcomes(outcome)
    model = LogisticRegression(C=np.inf, tol=1e-12, max_iter=10_000)
    model.fit(
        np.concatenate([score, score])[:, None],
        np.repeat([1, 0], len(score)),
        sample_weight=np.concatenate([wanted, 1 - wanted]),
    )
    return model.coef_[0, 0], model.intercept_[0]


@pytest.mark.parametrize("n", [60, 2000])
def test_it_is_a_logistic_regression_on_smoothed_outcomes(n: int) -> None:
    score, outcome = sample(n)
    found = fit_platt(score, outcome)
    assert (found.slope, found.intercept) == pytest.approx(peer(score, outcome), abs=2e-4)


def test_it_is_the_sigmoid_of_scikit_learn() -> None:
    from sklearn.calibration import _sigmoid_calibration

    score, outcome = sample(1000)
    slope, intercept = _sigmoid_calibration(score, outcome.astype(float))
    found = fit_platt(score, outcome)
    assert (found.slope, found.intercept) == pytest.approx((-slope, -intercept), abs=1e-3)


def test_the_bend_is_found() -> None:
    found = fit_platt(*sample(20_000, seed=1))
    assert found.slope == pytest.approx(1 / 3, rel=0.05)
    assert found.intercept == pytest.approx(-1 / 3, abs=0.06)


def test_at_the_optimum_promises_are_kept_on_average() -> None:
    score, outcome = sample(500)
    promised, wanted = fit_platt(score, outcome).apply(score), smoothed_outcomes(outcome)
    assert promised.mean() == pytest.approx(wanted.mean(), abs=1e-8)
    assert promised @ score == pytest.approx(wanted @ score, rel=1e-7)


def test_separated_outcomes_stay_finite() -> None:
    score = np.linspace(-1, 1, 100)
    found = fit_platt(score, score > 0)
    assert 0 < found.slope < 1e3
    promised = found.apply(score)
    assert 0.9 < promised[-1] < 1
    assert 0 < promised[0] < 0.1


@pytest.mark.parametrize("one", [0, 1])
def test_one_outcome_alone_makes_it_level(one: int) -> None:
    found = fit_platt(np.linspace(-3, 3, 38), np.full(38, one))
    assert found.slope == pytest.approx(0, abs=1e-8)
    assert found.intercept == pytest.approx(logit(39 / 40 if one else 1 / 40), abs=1e-8)


def test_one_score_alone_makes_it_level() -> None:
    found = fit_platt(np.full(40, 7.0), np.arange(40) % 4 == 0)
    assert found.slope == 0
    assert found.apply([7.0, 90.0]) == pytest.approx([11 / 12 * 0.25 + 0.75 / 32] * 2)


@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e8])
@pytest.mark.parametrize("offset", [0.0, 1e4])
def test_scale_and_offset_of_the_score_do_not_matter(scale: float, offset: float) -> None:
    score, outcome = sample(400)
    base = fit_platt(score, outcome).apply(score)
    moved = scale * (score + offset)
    assert fit_platt(moved, outcome).apply(moved) == pytest.approx(base, abs=1e-6)


def test_a_far_outlier_breaks_nothing() -> None:
    score, outcome = sample(400)
    score[0], outcome[0] = 1e6, False
    with np.errstate(all="raise", under="ignore"):
        found = fit_platt(score, outcome)
    assert np.isfinite(found.apply(score)).all()


def test_smoothing_counts_one_unit_more_of_each() -> None:
    np.testing.assert_allclose(smoothed_outcomes(np.zeros(3, bool)), 0.2)
    np.testing.assert_allclose(smoothed_outcomes(np.ones(3, bool)), 0.8)


@pytest.mark.parametrize(
    ("score", "outcome", "words"),
    [
        ([], [], "one length"),
        ([1.0], [0, 1], "one length"),
        ([[1.0]], [[0]], "one length"),
        ([np.nan], [0], "finite"),
        ([1.0], [2], "0 or 1"),
        ([1.0], [np.nan], "0 or 1"),
    ],
)
def test_what_cannot_be_fitted_is_refused(score, outcome, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        fit_platt(score, outcome)
