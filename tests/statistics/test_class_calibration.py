"""Calibration of single classes: literal twins on the rows, coverage, and clusters."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.special import softmax
from torchmetrics.functional.classification import binary_calibration_error

from auditkit.statistics.class_bins import ClassBins
from auditkit.statistics.class_calibration import (
    SMALLEST,
    class_gap,
    class_squared_error,
    classwise_calibration_error,
)
from auditkit.statistics.estimates import bounds, interval, value
from auditkit.statistics.score_cells import BINS


def rows(
    n: int, classes: int = 4, seed: int = 0, bend: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of the classes, and the true one; the first classes are more common."""
    generator = np.random.default_rng(seed)
    raw = generator.normal(0, 1.5, (n, classes)) - 0.4 * np.arange(classes)
    chances = softmax(raw, axis=1)
    truth = (chances.cumsum(axis=1) < generator.random((n, 1))).sum(axis=1)
    return softmax(bend * raw, axis=1), np.minimum(truth, classes - 1)


def bins_of(shares: np.ndarray, truth: np.ndarray, block: np.ndarray | None = None) -> ClassBins:
    """The state, unit by unit."""
    n, classes = shares.shape
    blocks = 1 if block is None else 64
    at = np.zeros(n, dtype=int) if block is None else block
    counts, true = (np.zeros((blocks, classes, BINS), dtype=int) for _ in range(2))
    scores, squares, own = (np.zeros(shape) for shape in (counts.shape, (blocks, classes),
                                                          (blocks, classes)))  # fmt: skip
    place = np.minimum((shares * BINS).astype(int), BINS - 1)
    for c in range(classes):
        np.add.at(counts, (at, c, place[:, c]), 1)
        np.add.at(true, (at, c, place[:, c]), truth == c)
        np.add.at(scores, (at, c, place[:, c]), shares[:, c])
        np.add.at(squares, (at, c), shares[:, c] ** 2)
        np.add.at(own, (at, c), shares[:, c] * (truth == c))
    return ClassBins([f"c{c}" for c in range(classes)], counts, true, scores, squares, own)


def test_the_class_wise_error_is_the_mean_of_those_of_torchmetrics() -> None:
    shares, truth = rows(2000, bend=1.5)
    theirs = [
        float(
            binary_calibration_error(
                torch.tensor(shares[:, c]), torch.tensor((truth == c).astype(int)), n_bins=BINS
            )
        )
        for c in range(4)
    ]
    ours = classwise_calibration_error(bins_of(shares, truth))
    assert ours.value == pytest.approx(np.mean(theirs), abs=1e-9)


def test_a_perfect_model_shows_what_it_is_expected_to() -> None:
    errors = [
        classwise_calibration_error(bins_of(*rows(400, classes=3, seed=s))) for s in range(60)
    ]
    mean_error = np.mean([error.value for error in errors])
    # Bins hold units of several probabilities, of which the mean stands for all.
    assert np.mean([error.perfect for error in errors]) == pytest.approx(mean_error, rel=0.06)


def test_the_gap_is_the_paired_mean() -> None:
    shares, truth = rows(3000, bend=1.5)
    state = bins_of(shares, truth)
    for c in range(4):
        gap, differences = class_gap(state, c), shares[:, c] - (truth == c)
        assert value(gap) == pytest.approx(differences.mean(), abs=1e-12)
        se = differences.std(ddof=1) / math.sqrt(3000)
        assert gap.parameters["se"] == pytest.approx(se, rel=0.01)


def literal_squared_error(shares: np.ndarray, own: np.ndarray) -> float:
    """Bin by bin, where each has enough units."""
    place, total = np.minimum((shares * BINS).astype(int), BINS - 1), 0.0
    for b in np.unique(place):
        part = place == b
        share, size = own[part].mean(), part.sum()
        assert size >= SMALLEST
        gap = share - shares[part].mean()
        total += size / len(shares) * (gap**2 - share * (1 - share) / (size - 1))
    return total


def test_the_squared_error_is_the_literal_one() -> None:
    shares, truth = rows(6000, bend=1.6)
    state = bins_of(shares, truth)
    for c in range(4):
        ours = class_squared_error(state, c)
        literal = literal_squared_error(shares[:, c], truth == c)
        assert value(ours) == pytest.approx(literal, abs=1e-12)


def test_bins_of_few_units_join_their_neighbours() -> None:
    # Thirty units at .3, and one each at .5 and .9: the two join the others.
    first = np.concatenate([np.full(30, 0.3), [0.5, 0.9]])
    truth = (np.arange(32) % 10 >= 3).astype(int)
    ours = class_squared_error(bins_of(np.stack([first, 1 - first], axis=1), truth), 0)
    share, size = (truth == 0).mean(), 32
    literal = (share - first.mean()) ** 2 - share * (1 - share) / (size - 1)
    assert value(ours) == pytest.approx(literal, abs=1e-12)


def test_intervals_hold_the_truth_and_gates_seldom_err() -> None:
    happened = []
    for seed in range(200):
        state = bins_of(*rows(1500, classes=3, seed=seed))
        low, high = bounds(class_gap(state, 2), 0.05)
        error = bounds(class_squared_error(state, 2, draws=100), 0.05)
        happened.append((low <= 0 <= high, error[0] > 1e-9, error[1] <= 0.05**2))
    covered, failed, passed = np.mean(happened, axis=0)
    assert 0.84 <= covered <= 0.96
    assert failed <= 0.09
    assert passed >= 0.7


def test_a_rare_class_of_a_calibrated_model_is_not_failed() -> None:
    # About six of 600 units are of it, and most bins of its probability hold one or two units.
    failed = 0
    for seed in range(200):
        generator = np.random.default_rng(seed)
        chance = generator.beta(0.02, 1.98, 600)
        truth = (generator.random(600) >= chance).astype(int)
        state = bins_of(np.stack([chance, 1 - chance], axis=1), truth)
        failed += bounds(class_squared_error(state, 0, draws=50), 0.05)[0] > 0.02**2
    assert failed <= 8


def test_a_class_that_is_promised_too_often_is_found() -> None:
    shares, truth = rows(4000, bend=1.0)
    shares[:, 3] += 0.08
    shares /= shares.sum(axis=1, keepdims=True)
    state = bins_of(shares, truth)
    assert interval(class_gap(state, 3)).low > 0.03
    assert bounds(class_squared_error(state, 3), 0.05)[0] > 0.03**2
    assert interval(class_gap(state, 0)).high < 0


def test_a_class_without_units_is_measured() -> None:
    shares, truth = rows(600, classes=3)
    wide = np.column_stack([shares * 0.999, np.full(600, 0.001)])
    state = bins_of(wide, truth)
    gap = class_gap(state, 3)
    assert value(gap) == pytest.approx(0.001, abs=1e-12)
    # None of 600 is no proof that there are none: half a unit is added.
    assert interval(gap).low < 0 < interval(gap).high
    error = class_squared_error(state, 3)
    assert error.parameters["sd"] > 0


def test_copies_in_clusters_are_no_evidence() -> None:
    shares, truth = rows(1500, bend=1.5)
    block = np.arange(1500) % 64
    once = bins_of(shares, truth)
    copies = [np.repeat(part, 8, axis=0) for part in (shares, truth, block)]
    clustered, naive = bins_of(*copies), bins_of(*copies[:2])
    for c in range(4):
        gap = class_gap(clustered, c)
        assert value(gap) == pytest.approx(value(class_gap(once, c)), abs=1e-9)
        se = class_gap(once, c).parameters["se"]
        assert gap.parameters["se"] == pytest.approx(se, rel=0.4)
        assert class_gap(naive, c).parameters["se"] < gap.parameters["se"] / 2
        error, alone = class_squared_error(clustered, c), class_squared_error(once, c)
        assert error.method == "student"
        assert value(error) == pytest.approx(value(alone), abs=2 * alone.parameters["sd"])


def test_too_few_are_refused() -> None:
    few = bins_of(*rows(29))
    with pytest.raises(ValueError, match="at least 30 units, found 29"):
        class_squared_error(few, 0)
    with pytest.raises(ValueError, match="at least two values, found n = 1"):
        class_gap(bins_of(*rows(1)), 0)
    with pytest.raises(ValueError, match="at least one unit, found 0"):
        classwise_calibration_error(ClassBins.zeros(["a", "b"]))
    with pytest.raises(ValueError, match="two blocks with units, found 1"):
        class_gap(bins_of(*rows(40), np.zeros(40, dtype=int)), 0)
