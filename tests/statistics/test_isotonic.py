"""Isotonic regression: against scikit-learn, and against pooling by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression

from auditkit.statistics.isotonic import Isotonic, fit_isotonic
from auditkit.statistics.platt import smoothed_outcomes

UNITS = st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=1, max_size=40)


def arrays(units: list[tuple[int, bool]]) -> tuple[np.ndarray, np.ndarray]:
    score, outcome = (np.array(part) for part in zip(*units, strict=True))
    return score / 20, outcome


def pooled(score: np.ndarray, wanted: np.ndarray) -> dict[float, float]:
    """Pool adjacent violators, literally: neighbours that fall are merged until none does."""
    blocks = [([place], list(wanted[score == place])) for place in np.unique(score)]
    at = 0
    while at < len(blocks) - 1:
        if np.mean(blocks[at][1]) > np.mean(blocks[at + 1][1]) + 1e-12:
            joined = tuple(
                one + other for one, other in zip(blocks[at], blocks[at + 1], strict=True)
            )
            blocks[at : at + 2] = [joined]
            at = max(at - 1, 0)
        else:
            at += 1
    return {place: float(np.mean(values)) for places, values in blocks for place in places}


@given(UNITS)
def test_it_is_pooling_by_hand(units) -> None:
    score, outcome = arrays(units)
    found = fit_isotonic(score, outcome)
    by_hand = pooled(score, smoothed_outcomes(outcome))
    places = np.array(list(by_hand))
    np.testing.assert_allclose(found.apply(places), list(by_hand.values()), atol=1e-9)


@given(UNITS)
def test_it_is_that_of_scikit_learn_everywhere(units) -> None:
    score, outcome = arrays(units)
    peer = IsotonicRegression(out_of_bounds="clip").fit(score, smoothed_outcomes(outcome))
    places = np.linspace(-0.2, 1.2, 57)
    ours = fit_isotonic(score, outcome).apply(places)
    np.testing.assert_allclose(ours, peer.predict(places), atol=1e-9)


@given(UNITS)
def test_it_rises_and_is_never_certain(units) -> None:
    score, outcome = arrays(units)
    found = fit_isotonic(score, outcome)
    assert (np.diff(found.scores) > 0).all()
    assert (np.diff(found.values) >= -1e-12).all()
    assert 0 < min(found.values) <= max(found.values) < 1
    assert found.apply(score).mean() == pytest.approx(smoothed_outcomes(outcome).mean())


def test_any_rising_shape_is_followed() -> None:
    rng = np.random.default_rng(0)
    score = rng.random(20_000)
    truth = np.where(score < 0.5, 0.2, 0.7)
    found = fit_isotonic(score, rng.random(20_000) < truth)
    assert found.apply([0.1, 0.4, 0.6, 0.9]) == pytest.approx([0.2, 0.2, 0.7, 0.7], abs=0.04)


def test_levels_are_counted_once() -> None:
    assert Isotonic((0.1, 0.2, 0.3), (0.4, 0.4, 0.5)).levels == 2


@pytest.mark.parametrize("one", [0, 1])
def test_one_outcome_alone_makes_it_level(one: int) -> None:
    found = fit_isotonic(np.linspace(0, 1, 18), np.full(18, one))
    assert found.levels == 1
    assert found.values[0] == pytest.approx(19 / 20 if one else 1 / 20)


def test_one_score_alone() -> None:
    found = fit_isotonic(np.full(8, 0.5), np.arange(8) % 2)
    assert found == Isotonic((0.5,), (0.5,))
    assert found.apply([0.0, 1.0]).tolist() == [0.5, 0.5]


@pytest.mark.parametrize(
    ("score", "outcome", "words"),
    [([], [], "one length"), ([np.inf], [1], "finite"), ([0.5], [0.5], "0 or 1")],
)
def test_what_cannot_be_fitted_is_refused(score, outcome, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        fit_isotonic(score, outcome)
