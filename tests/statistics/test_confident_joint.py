"""Contradicted labels: as cleanlab counts them, as the paper defines them, and how they vary."""

from __future__ import annotations

import numpy as np
import pytest

from auditkit.statistics import estimates
from auditkit.statistics.absence import NoEstimateError
from auditkit.statistics.confident_joint import (
    ContradictedLabels,
    confident_classes,
    self_confidence,
)

Drawn = tuple[np.ndarray, np.ndarray]


def drawn(n: int, seed: int, classes: int = 3, noise: float = 0.1, scale: float = 2.0) -> Drawn:
    """Calibrated probabilities, and labels of which some are replaced at random."""
    rng = np.random.default_rng(seed)
    scores = np.exp(rng.normal(scale=scale, size=(n, classes)))
    scores /= scores.sum(axis=1, keepdims=True)
    labels = (scores.cumsum(axis=1) < rng.random(n)[:, None]).sum(axis=1).clip(0, classes - 1)
    wrong = rng.random(n) < noise
    return scores, np.where(wrong, rng.integers(0, classes, n), labels)


def literal(scores: np.ndarray, labels: np.ndarray) -> list[int]:
    """The definition of the paper, one unit at a time."""
    classes = range(scores.shape[1])
    means = [
        scores[labels == c, c].mean() if (labels == c).any() else float("inf") for c in classes
    ]
    found = []
    for row in scores:
        sure = [c for c in classes if row[c] >= means[c] - 1e-6]
        found.append(max(sure, key=lambda c: (row[c], -c)) if sure else -1)
    return found


@pytest.mark.parametrize("classes", [2, 3, 7])
@pytest.mark.parametrize("seed", range(4))
def test_as_the_paper_defines_them(classes: int, seed: int) -> None:
    scores, labels = drawn(200, seed, classes)
    assert confident_classes(scores, labels).tolist() == literal(scores, labels)
    found = ContradictedLabels.among(scores, labels, np.arange(200) % 20)
    assert found.confident.tolist() == literal(scores, labels)


def cleanlab_joint(scores: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, list[int]]:
    from cleanlab.count import compute_confident_joint

    joint, off = compute_confident_joint(
        labels, scores, calibrate=False, return_indices_of_off_diagonals=True
    )
    return joint, sorted(off)


def joint_of(confident: np.ndarray, labels: np.ndarray, classes: int) -> np.ndarray:
    joint = np.zeros((classes, classes), dtype=int)
    sure = confident >= 0
    np.add.at(joint, (labels[sure], confident[sure]), 1)
    return joint


@pytest.mark.parametrize("seed", range(4))
def test_two_classes_are_counted_as_cleanlab_counts_them(seed: int) -> None:
    scores, labels = drawn(500, seed, classes=2)
    found = ContradictedLabels.among(scores, labels, np.arange(500) % 20)
    joint, off = cleanlab_joint(scores, labels)
    np.testing.assert_array_equal(joint_of(found.confident, labels, 2), joint)
    assert np.flatnonzero(found.contradicted).tolist() == off


@pytest.mark.parametrize("classes", [3, 10])
@pytest.mark.parametrize("seed", range(4))
def test_more_classes_differ_where_the_most_probable_is_not_sure(classes: int, seed: int) -> None:
    scores, labels = drawn(500, seed, classes)
    limits = self_confidence(scores, labels)
    sure = scores >= limits - 1e-6
    top = scores.argmax(axis=1)
    # cleanlab then takes a class that the unit does not confidently belong to.
    apart = (sure.sum(axis=1) > 1) & ~sure[np.arange(500), top]
    assert apart.mean() < 0.05
    scores, labels = scores[~apart], labels[~apart]
    confident = confident_classes(scores, labels)
    sure = scores >= self_confidence(scores, labels) - 1e-6
    still = (sure.sum(axis=1) > 1) & ~sure[np.arange(len(labels)), scores.argmax(axis=1)]
    _, off = cleanlab_joint(scores, labels)
    ours = np.flatnonzero((confident >= 0) & (confident != labels))
    assert set(ours) ^ set(off) <= set(np.flatnonzero(still))
    assert still.sum() <= 3


def test_the_mean_of_a_class_without_labels_is_not_known() -> None:
    scores, labels = drawn(100, 1, classes=4)
    labels[labels == 2] = 1
    means = self_confidence(scores, labels)
    assert np.isnan(means[2])
    assert not np.isnan(means[[0, 1, 3]]).any()
    assert 2 not in confident_classes(scores, labels)


def test_planted_labels_are_the_ones_contradicted() -> None:
    scores, labels = drawn(600, 2, noise=0.0, scale=6.0)
    sure = np.flatnonzero(scores.max(axis=1) > 0.99)[:40]
    clean = ContradictedLabels.among(scores, labels, np.arange(600) % 64)
    labels[sure] = (labels[sure] + 1) % 3
    found = ContradictedLabels.among(scores, labels, np.arange(600) % 64)
    assert found.contradicted[sure].mean() > 0.9
    assert estimates.value(clean.share()) < 0.04
    assert estimates.bounds(found.share(), 0.05)[0] > 0.04


def test_shares_of_single_labels_add_up() -> None:
    scores, labels = drawn(400, 3)
    found = ContradictedLabels.among(scores, labels, np.arange(400) % 30)
    sizes = np.bincount(labels)
    parts = [estimates.value(found.share(place)) * sizes[place] for place in range(3)]
    assert sum(parts) == pytest.approx(found.contradicted.sum())
    assert estimates.value(found.share()) == pytest.approx(found.contradicted.mean())


def test_leaving_out_a_block_is_what_it_says() -> None:
    scores, labels = drawn(120, 4)
    blocks = np.arange(120) % 8
    found = ContradictedLabels.among(scores, labels, blocks + 100)
    for place in range(8):
        kept = blocks != place
        confident = confident_classes(scores[kept], labels[kept])
        off = (confident >= 0) & (confident != labels[kept])
        expected = np.bincount(labels[kept][off], minlength=3)
        np.testing.assert_array_equal(found.hits[1 + place], expected)
        np.testing.assert_array_equal(found.units[1 + place], np.bincount(labels[kept]))


# A binomial interval, which takes the means for given, covers in 70 to 85 % of these.
@pytest.mark.parametrize(("classes", "n"), [(2, 80), (3, 300), (6, 600)])
def test_intervals_cover(classes: int, n: int) -> None:
    scores, labels = drawn(300_000, 99, classes)
    truth = confident_classes(scores, labels)
    true = ((truth >= 0) & (truth != labels)).mean()
    rounds = 300
    covered = 0
    for seed in range(rounds):
        some = drawn(n, seed, classes)
        share = ContradictedLabels.among(*some, np.arange(n) % 64).share()
        low, high = estimates.bounds(share, 0.05)
        covered += low <= true <= high
    # 90 % intervals, less four standard errors of the simulation.
    assert covered / rounds >= 0.90 - 4 * (0.9 * 0.1 / rounds) ** 0.5


def test_intervals_of_clusters_cover() -> None:
    """Each cluster is one unit, five times over."""
    scores, labels = drawn(300_000, 99)
    truth = confident_classes(scores, labels)
    true = ((truth >= 0) & (truth != labels)).mean()
    rounds = 200
    covered = 0
    for seed in range(rounds):
        some = [np.repeat(part, 5, axis=0) for part in drawn(100, seed)]
        blocks = np.repeat(np.arange(100) % 64, 5)
        share = ContradictedLabels.among(some[0], some[1], blocks).share(clusters=100)
        low, high = estimates.bounds(share, 0.05)
        covered += low <= true <= high
    assert covered / rounds >= 0.90 - 4 * (0.9 * 0.1 / rounds) ** 0.5


def test_no_contradiction_is_no_certainty() -> None:
    scores = np.tile([[0.9, 0.1], [0.1, 0.9]], (50, 1))
    labels = np.tile([0, 1], 50)
    found = ContradictedLabels.among(scores, labels, np.arange(100) % 64)
    alone = estimates.bounds(found.share(), 0.05)
    together = estimates.bounds(found.share(clusters=20), 0.05)
    assert (alone[0], together[0]) == (0.0, 0.0)
    assert 0.02 < alone[1] < together[1]


@pytest.mark.parametrize(
    ("scores", "labels", "message"),
    [
        ([0.5, 0.5], [0], "do not fit labels"),
        ([[0.5, 0.5]], [0, 1], "do not fit labels"),
        ([[0.5, 0.5]], [2], "a label is 2, and there are 2 classes"),
        ([[0.5, 0.5]], [-1], "codes of classes, from 0 on"),
        ([[0.5, 0.5]], [0.5], "codes of classes, from 0 on"),
    ],
)
def test_what_does_not_fit_is_refused(scores, labels, message) -> None:
    for asked in (self_confidence, confident_classes):
        with pytest.raises(ValueError, match=message):
            asked(scores, labels)


def test_one_class_or_one_block_has_no_share() -> None:
    scores, labels = drawn(30, 5)
    with pytest.raises(NoEstimateError, match="All labels are of one class"):
        ContradictedLabels.among(scores, np.zeros(30, dtype=int), np.arange(30))
    with pytest.raises(NoEstimateError, match="All labels are of one class"):
        ContradictedLabels.among(scores[:0], labels[:0], np.arange(0))
    found = ContradictedLabels.among(scores, labels, np.zeros(30, dtype=int))
    with pytest.raises(ValueError, match="in one block"):
        found.share()
    found = ContradictedLabels.among(scores, np.minimum(labels, 1), np.arange(30))
    with pytest.raises(NoEstimateError, match="No unit has the label"):
        found.share(2)
