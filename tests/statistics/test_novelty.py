"""Novelty scores against scikit-learn, SciPy and literal twins, and on what breaks inverses."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.covariance import EmpiricalCovariance, ledoit_wolf
from sklearn.neighbors import NearestNeighbors

from auditkit.statistics import novelty
from auditkit.statistics.novelty import (
    Gaussians,
    energy,
    max_logit,
    max_softmax,
    neighbour_familiarity,
    shrunk_covariance,
)


def clouds(n: int = 300, d: int = 6, classes: int = 3, seed: int = 0) -> tuple:
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, classes, n)
    shape = rng.normal(size=(d, d))
    return 4 * np.eye(classes, d)[codes] + rng.normal(size=(n, d)) @ shape, codes


def test_scores_of_logits_are_their_formulas() -> None:
    logits = np.random.default_rng(0).normal(size=(50, 4)) * 5
    literal = [math.log(sum(math.exp(one) for one in row)) for row in logits]
    assert energy(logits) == pytest.approx(literal)
    assert max_logit(logits).tolist() == [max(row) for row in logits]
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert max_softmax(shares).tolist() == [max(row) for row in shares]
    # A sure model's logits overflow an exponential, and its energy is that of the largest.
    assert energy([[2000.0, 0.0]]).tolist() == [2000.0]


def test_the_covariance_is_that_of_ledoit_and_wolf() -> None:
    for n, d in ((300, 6), (20, 40), (2000, 3)):
        rows = np.random.default_rng(n).normal(size=(n, d)) @ np.diag(np.arange(d) + 1.0)
        rows -= rows.mean(axis=0)
        ours, shrinkage = shrunk_covariance(rows)
        theirs, their_shrinkage = ledoit_wolf(rows, assume_centered=True)
        assert shrinkage == pytest.approx(their_shrinkage)
        assert ours == pytest.approx(theirs)


def test_mahalanobis_distances_are_those_of_scikit_learn() -> None:
    rows, codes = clouds()
    fitted = Gaussians.fitted(rows, codes)
    means = np.stack([rows[codes == one].mean(axis=0) for one in range(3)])
    peer = EmpiricalCovariance(assume_centered=True)
    peer.location_ = np.zeros(6)
    peer._set_covariance(ledoit_wolf(rows - means[codes], assume_centered=True)[0])
    others = np.random.default_rng(9).normal(size=(40, 6)) * 3
    theirs = np.min([peer.mahalanobis(others - mean) for mean in means], axis=0)
    assert fitted.familiarity(others) == pytest.approx(-theirs)


def test_a_singular_covariance_is_no_crash() -> None:
    rows, codes = clouds(30, 40)  # fewer vectors than dimensions
    assert np.isfinite(Gaussians.fitted(rows, codes).familiarity(rows)).all()
    rows, codes = clouds()
    rows[:, 2] = 0.0  # a dead unit
    rows[:, 3] = rows[:, 1]  # and one twice
    fitted = Gaussians.fitted(rows, codes)
    woken = rows[:1] + 5.0 * (np.arange(6) == 2)
    assert fitted.familiarity(woken)[0] < fitted.familiarity(rows[:1])[0] - 1
    constant = np.where(np.arange(40)[:, None] % 2, [1.0, 0.0], [1.0, 1e-9])
    assert np.isfinite(Gaussians.fitted(constant, np.zeros(40)).familiarity(constant)).all()


def test_classes_of_one_have_no_mean() -> None:
    rows, codes = clouds()
    codes[0] = 77
    assert len(Gaussians.fitted(rows, codes).means) == 3


@pytest.mark.parametrize(
    ("vectors", "classes", "message"),
    [
        ([[1.0, 2.0], [1.0, 2.0]], [0, 0], "all the same"),
        ([[1.0, 2.0], [3.0, 4.0]], [0, 1], "no class has two vectors"),
        ([[1.0, math.nan], [3.0, 4.0]], [0, 0], "1 of 2 vectors are not finite"),
    ],
)
def test_what_cannot_be_fitted_says_why(vectors, classes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Gaussians.fitted(vectors, classes)


def test_neighbours_are_those_of_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    bank, rows = rng.normal(size=(200, 8)), rng.normal(size=(57, 8))
    peer = NearestNeighbors(n_neighbors=7, algorithm="brute").fit(
        bank / np.linalg.norm(bank, axis=1, keepdims=True)
    )
    theirs = peer.kneighbors(rows / np.linalg.norm(rows, axis=1, keepdims=True))[0][:, -1]
    assert neighbour_familiarity(rows, bank, 7) == pytest.approx(-theirs)
    monkeypatch.setattr(novelty, "_AT_ONCE", 450)  # two rows at a time
    assert neighbour_familiarity(rows, bank, 7) == pytest.approx(-theirs)


def test_vectors_of_length_zero_have_neighbours_too() -> None:
    found = neighbour_familiarity(np.zeros((2, 3)), np.eye(3), neighbours=1)
    assert found.tolist() == [-1.0, -1.0]
    assert neighbour_familiarity(np.zeros((0, 3)), np.eye(3), neighbours=1).shape == (0,)


def test_a_bank_that_is_too_small_says_so() -> None:
    with pytest.raises(ValueError, match="the 10th neighbour of a bank of 3 vectors"):
        neighbour_familiarity(np.eye(3), np.eye(3))
    with pytest.raises(ValueError, match="1 of 3 vectors are not finite"):
        neighbour_familiarity(np.diag([1.0, math.inf, 1.0]), np.eye(3), neighbours=1)
