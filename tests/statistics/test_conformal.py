"""Scores and sets beside MAPIE's and slow literal twins; coverage by simulation; hostile input.

MAPIE takes in what exceeds a threshold by less than 1e-8; no probability here comes so near.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mapie.classification import SplitConformalClassifier
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import StratifiedShuffleSplit

from auditkit.statistics.conformal import (
    APS,
    RAPS,
    Penalty,
    adaptive_scores,
    adaptive_sets,
    adaptive_sizes,
    lac_scores,
    lac_sets,
)
from auditkit.statistics.conformal_thresholds import threshold, thresholds

PENALTIES = (APS, RAPS, Penalty(0.3, 0), Penalty(0.05, 2))
SEED = 3


def softmaxed(rng: np.random.Generator, n: int, classes: int) -> np.ndarray:
    powers = np.exp(rng.normal(0, 2, (n, classes)))
    return powers / powers.sum(axis=1, keepdims=True)


def drawn_labels(rng: np.random.Generator, shares: np.ndarray) -> np.ndarray:
    return (
        (shares.cumsum(axis=1) < rng.random((len(shares), 1)))
        .sum(axis=1)
        .clip(0, shares.shape[1] - 1)
    )


class Told(ClassifierMixin, BaseEstimator):
    """An estimator for MAPIE whose input is what it predicts."""

    def __init__(self, number: int = 2) -> None:
        self.number = number

    def fit(self, X: Any, y: Any) -> Told:
        self.classes_ = np.arange(self.number)
        self.fitted_ = True
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        return np.asarray(X)

    def predict(self, X: Any) -> np.ndarray:
        return np.asarray(X).argmax(axis=1)


def mapie(score: str, classes: int, coverage: float) -> SplitConformalClassifier:
    return SplitConformalClassifier(
        Told(classes).fit(None, None), coverage, score, prefit=True, random_state=SEED
    )


def its_parts(n: int) -> np.ndarray:
    """MAPIE takes a random part from the sum with the class, we add one to the sum before it."""
    return 1 - np.random.RandomState(SEED).uniform(size=n)


@pytest.fixture(params=[(3, 0.9), (12, 0.8), (40, 0.95)], ids=str)
def halves(request: pytest.FixtureRequest) -> tuple[Any, ...]:
    classes, coverage = request.param
    rng = np.random.default_rng(classes)
    shares = softmaxed(rng, 900, classes)
    return shares[:400], drawn_labels(rng, shares)[:400], shares[400:], classes, coverage


def test_lac_sets_are_those_of_mapie(halves: tuple[Any, ...]) -> None:
    calibrated, labels, new, classes, coverage = halves
    peer = mapie("lac", classes, coverage).conformalize(calibrated, labels)
    scores = lac_scores(calibrated, labels)
    np.testing.assert_allclose(peer.conformity_scores[:, 0], scores, atol=1e-15)
    limit = threshold(scores, coverage)
    sets = peer.predict_set(new)[1][:, :, 0]
    assert peer._conformity_score.quantiles_ == pytest.approx([limit], abs=1e-15)
    np.testing.assert_array_equal(lac_sets(new, limit), sets)


def test_aps_sets_are_those_of_mapie(halves: tuple[Any, ...]) -> None:
    calibrated, labels, new, classes, coverage = halves
    peer = mapie("aps", classes, coverage).conformalize(calibrated, labels)
    scores = adaptive_scores(calibrated, labels, its_parts(len(labels)))
    np.testing.assert_allclose(peer.conformity_scores[:, 0], scores, atol=1e-12)
    limit = threshold(scores, coverage)
    sets = peer.predict_set(new, {"include_last_label": "randomized"})[1][:, :, 0]
    assert peer._conformity_score.quantiles_ == pytest.approx([limit], abs=1e-12)
    np.testing.assert_array_equal(adaptive_sets(new, its_parts(len(new)), limit), sets)


def test_raps_sets_are_those_of_mapie_but_for_a_last_class_that_is_charged(
    halves: tuple[Any, ...],
) -> None:
    """Sets without random parts are equal, and so are those that stay below the penalty.

    Of larger ones MAPIE weighs the random part of the last class with p − λ (size − k)⁺ + λ, where
    equation 4 of the paper has p: there sets differ, by that class alone.
    """
    calibrated, labels, new, classes, coverage = halves
    penalty = Penalty(0.02, 2)
    peer = mapie("raps", classes, coverage).conformalize(calibrated, labels)
    rule = peer._conformity_score
    _fix(rule, penalty)
    sets = peer.predict_set(new, {"include_last_label": "randomized"})[1][:, :, 0]
    kept = _kept(rule, calibrated, labels)
    scores = adaptive_scores(calibrated[kept], labels[kept], its_parts(len(kept)), penalty)
    limit = threshold(scores, coverage)
    assert rule.quantiles_ == pytest.approx([limit], abs=1e-12)
    ours = adaptive_sets(new, its_parts(len(new)), limit, penalty)
    differing = (ours != sets).sum(axis=1)
    charged = np.maximum(ours.sum(axis=1), sets.sum(axis=1)) > penalty.free
    assert differing.max() <= 1
    assert not differing[~charged].any()
    whole = peer.predict_set(new, {"include_last_label": False})[1][:, :, 0]
    certain = adaptive_sets(new, np.ones(len(new)), limit, penalty)
    # MAPIE leaves no set empty where the last class is left out.
    some = certain.any(axis=1)
    assert some.sum() > 300
    np.testing.assert_array_equal(certain[some], whole[some])


def _fix(rule: Any, penalty: Penalty) -> None:
    """Have MAPIE use this penalty; it would choose one on a part of the calibration data."""
    rule.position_raps = np.full_like(rule.position_raps, penalty.free - 1)
    rule._find_lambda_star = lambda *_: penalty.strength


def _kept(rule: Any, calibrated: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The calibration data without that part."""
    split = StratifiedShuffleSplit(n_splits=1, test_size=rule.size_raps, random_state=SEED)
    kept, _ = next(split.split(calibrated, labels))
    assert len(kept) + len(rule.X_raps) == len(labels)
    return np.asarray(kept)


def literal_scores(shares: np.ndarray, part: float, penalty: Penalty) -> list[float]:
    """The scores of all classes of one unit, by the words of the definition."""
    order = sorted(range(len(shares)), key=lambda j: (-shares[j], j))
    scores = [0.0] * len(shares)
    before = 0.0
    for rank, j in enumerate(order, start=1):
        scores[j] = before + part * shares[j] + penalty.strength * max(rank - penalty.free, 0)
        before += shares[j]
    return scores


@st.composite
def units(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities with ties and zeros, and random parts."""
    n, classes = draw(st.integers(1, 6)), draw(st.integers(1, 9))
    weights = draw(
        st.lists(
            st.lists(st.integers(0, 3), min_size=classes, max_size=classes),
            min_size=n, max_size=n,
        )
    )  # fmt: skip
    table = np.array(weights, dtype=np.float64)
    table[table.sum(axis=1) == 0] = 1.0
    parts = draw(st.lists(st.floats(0, 1), min_size=n, max_size=n))
    return table / table.sum(axis=1, keepdims=True), np.array(parts)


@pytest.mark.parametrize("penalty", PENALTIES, ids=str)
@settings(max_examples=60, deadline=None)
@given(drawn=units(), limit=st.floats(0, 1.5))
def test_adaptive_scores_and_sets_are_those_of_the_definition(
    penalty: Penalty, drawn: tuple[np.ndarray, np.ndarray], limit: float
) -> None:
    shares, parts = drawn
    every = np.array([literal_scores(*one, penalty) for one in zip(shares, parts, strict=True)])
    for label in range(shares.shape[1]):
        labels = np.full(len(shares), label)
        scores = adaptive_scores(shares, labels, parts, penalty)
        np.testing.assert_allclose(scores, every[:, label], atol=1e-12)
    clear = (np.abs(every - limit) > 1e-9).all(axis=1)
    sets = adaptive_sets(shares, parts, limit, penalty)
    np.testing.assert_array_equal(sets[clear], (every <= limit)[clear])
    np.testing.assert_array_equal(adaptive_sizes(shares, parts, limit, penalty), sets.sum(axis=1))


def _covered(shares: np.ndarray, labels: np.ndarray, parts: np.ndarray) -> Iterator[np.ndarray]:
    rows = np.arange(400) >= 200
    for penalty in (None, APS, RAPS):
        scores = (
            lac_scores(shares, labels)
            if penalty is None
            else adaptive_scores(shares, labels, parts, penalty)
        )
        yield scores[rows] <= threshold(scores[~rows], 0.9)


def test_sets_hold_the_truth_as_often_as_promised_whatever_the_model() -> None:
    """A bad model too: it is certain of what is drawn from other probabilities."""
    rng = np.random.default_rng(1)
    hits = np.zeros(3)
    for _ in range(300):
        shares = softmaxed(rng, 400, 8)
        labels = drawn_labels(rng, shares)
        overconfident = shares**3 / (shares**3).sum(axis=1, keepdims=True)
        every = _covered(overconfident, labels, rng.random(400))
        hits += [one.mean() for one in every]
    # k / (n + 1) = 181 / 201 on average; the standard error of 300 means is .0015.
    np.testing.assert_allclose(hits / 300, 181 / 201, atol=0.005)


def test_a_threshold_for_each_class_holds_in_each_class() -> None:
    rng = np.random.default_rng(2)
    hits, alone = np.zeros(2), np.zeros(2)
    for _ in range(200):
        positive = rng.beta(0.5, 3, 800)
        shares = np.stack([1 - positive, positive], axis=1)
        labels = (rng.random(800) < positive).astype(np.int64)
        first = np.arange(800) < 400
        scores = lac_scores(shares, labels)
        limits = thresholds(scores[first], labels[first], 2, 0.9)
        sets = lac_sets(shares[~first], limits)
        one = lac_sets(shares[~first], threshold(scores[first], 0.9))
        for label in (0, 1):
            mine = labels[~first] == label
            hits[label] += sets[mine, label].mean() / 200
            alone[label] += one[mine, label].mean() / 200
    assert ((hits > 0.89) & (hits < 0.93)).all()
    assert alone[1] < 0.7


def test_everything_is_in_a_set_without_end() -> None:
    shares = softmaxed(np.random.default_rng(0), 5, 4)
    assert lac_sets(shares, np.inf).all()
    assert adaptive_sets(shares, np.ones(5), np.inf, RAPS).all()
    assert (adaptive_sizes(shares, np.ones(5), np.inf) == 4).all()


def test_a_threshold_may_be_of_each_unit_or_class() -> None:
    shares = np.array([[0.7, 0.3], [0.6, 0.4]])
    assert lac_sets(shares, np.array([[0.3], [0.9]])).sum(axis=1).tolist() == [0, 2]
    assert lac_sets(shares, np.array([0.0, 0.7])).sum(axis=0).tolist() == [0, 2]
    assert adaptive_sizes(shares, np.ones(2), np.array([[0.5], [1.5]])).tolist() == [0, 2]


def test_a_unit_on_the_threshold_is_in_its_set() -> None:
    """By the score of the truth and by the set, whatever rounding does to 1 − p."""
    shares = np.round(softmaxed(np.random.default_rng(5), 300, 5), 2).clip(0, 1)
    labels = np.arange(300) % 5
    scores = lac_scores(shares, labels)
    limit = threshold(scores, 0.8)
    inside = lac_sets(shares, limit)[np.arange(300), labels]
    np.testing.assert_array_equal(inside, scores <= limit)
    assert inside.mean() >= 0.8


NAN = np.array([[0.5, np.nan]])
SURE = np.array([[1.0, 0.0]])


@pytest.mark.parametrize(
    ("refused", "message"),
    [
        (lambda: lac_scores(NAN, [0]), "finite numbers in"),
        (lambda: lac_scores([[2.0, -1.0]], [0]), "finite numbers in"),
        (lambda: lac_scores([0.5, 0.5], [0]), r"shape \[n, classes\]"),
        (lambda: lac_scores(SURE, [2]), "columns of 2 classes"),
        (lambda: lac_scores(SURE, [-1]), "columns of 2 classes"),
        (lambda: lac_scores(SURE, [0.0]), "a whole number for each of 1 units"),
        (lambda: lac_scores(SURE, [0, 1]), "a whole number for each of 1 units"),
        (lambda: lac_sets(SURE, np.nan), "threshold is not a number"),
        (lambda: adaptive_scores(SURE, [0], [np.nan]), "random parts must be finite"),
        (lambda: adaptive_scores(SURE, [0], [0.5, 0.5]), "random part for each of 1 units"),
        (lambda: adaptive_sets(NAN, [0.5], 0.9), "finite numbers in"),
        (lambda: adaptive_sizes(SURE, [1.5], 0.9), "random parts must be finite"),
        (lambda: Penalty(-0.1, 2), "must not be negative"),
        (lambda: Penalty(np.nan, 2), "must not be negative"),
    ],
)  # fmt: skip
def test_what_is_no_probability_is_refused(refused: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        refused()


def test_no_units_have_no_scores() -> None:
    none = np.zeros((0, 3))
    assert lac_scores(none, []).shape == (0,)
    assert adaptive_sets(none, [], 0.5).shape == (0, 3)
    assert adaptive_scores(none, np.zeros(0, int), [], RAPS).shape == (0,)
