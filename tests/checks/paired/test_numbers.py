"""Words and numbers of two models on the same units."""

from __future__ import annotations

import math

import numpy as np
import pytest

from auditkit.checks.paired.gains import FLIPS, GAINS, Gain, gains_of, leading
from auditkit.checks.paired.numbers import (
    Names,
    Part,
    class_parts,
    discordance,
    flipped,
    gained,
    whole,
)
from auditkit.checks.paired.standing import Standing, standing
from auditkit.evidence.paired_rows import PairedRows
from auditkit.evidence.subject import View, views_of
from auditkit.measurement import Direction, Interval, Measurement, MeasurementKey, Status
from auditkit.models.head import Head, Outputs, Task
from tests.sample_pairs import right_and_wrong, rows_of

NAMES = Names("the model", "boosting")
KEY = MeasurementKey("rival.accuracy_gain")
ACCURACY = GAINS[0]


def gain(wins: int, losses: int, n: int, margin: float | None = None) -> Measurement:
    return gained(ACCURACY, whole(right_and_wrong(wins, losses, n)), KEY, NAMES, margin)


@pytest.mark.parametrize(
    ("ends", "margin", "word"),
    [
        ((0.001, 0.03), 0.01, "better"),
        ((-0.03, -0.001), 0.01, "worse"),
        ((-0.004, 0.009), 0.01, "within the margin"),
        ((0.001, 0.01), 0.01, "within the margin"),
        ((-0.01, 0.011), 0.01, "inconclusive"),
        ((0.0, 0.02), 0.01, "inconclusive"),
        ((-math.inf, math.inf), 0.01, "inconclusive"),
        ((0.0, 0.0), 0.0, "inconclusive"),
        ((1e-9, 1.0), 0.0, "better"),
    ],
)
def test_a_word_is_a_function_of_interval_and_margin(
    ends: tuple[float, float], margin: float, word: str
) -> None:
    low, high = ends
    assert standing(Interval(low, high, 0.9, "paired_exact"), margin).value == word


def test_without_an_interval_nothing_is_shown() -> None:
    assert standing(None, 0.01) is Standing.INCONCLUSIVE
    with pytest.raises(ValueError, match="at least 0, found -1"):
        standing(None, -1)


@pytest.mark.parametrize(
    ("wins", "losses", "n", "said"),
    [
        (60, 20, 1000, "The model is better than boosting."),
        (20, 60, 1000, "The model is worse than boosting."),
        (10, 10, 2000, "The model and boosting differ by at most the margin, 0.01 of accuracy."),
        (10, 10, 200, "Whether the model or boosting is better is not shown."),
    ],
)
def test_a_number_says_what_it_means(wins: int, losses: int, n: int, said: str) -> None:
    found = gain(wins, losses, n)
    assert found.status is Status.MEASURED
    assert found.reason == said
    assert found.units == n


def test_the_margin_may_be_the_users() -> None:
    assert "differ by at most the margin, 0.1" in gain(10, 10, 200, margin=0.1).reason
    assert "is not shown" in gain(10, 10, 2000, margin=0.0).reason


def test_errors_of_numbers_have_a_margin_of_their_own_size() -> None:
    truth = np.random.default_rng(0).normal(size=400) * 1000
    head = Head("", Task.REGRESSION)
    first, second = (rows_of(truth + by, truth, head) for by in (100.0, 100.5))
    of_errors = next(one for one in GAINS if one.name == "absolute_error_gain")
    pair = PairedRows(first, second)
    assert of_errors.margin(pair) == pytest.approx(1.005)
    alike = gained(of_errors, whole(pair), KEY, NAMES)
    assert "Whether the model or boosting is better is not shown." in alike.reason
    assert "All units agree" in alike.reason


def test_classes_are_the_true_ones() -> None:
    pair = right_and_wrong(30, 10, 200)
    parts = dict(class_parts(pair))
    assert [len(part.pair) for part in parts.values()] == [100, 100]
    total = sum(gained(ACCURACY, part, KEY, NAMES).value or 0 for part in parts.values())
    assert total / 2 == pytest.approx(0.1)


def test_a_class_of_three_is_told_nothing_of() -> None:
    target = np.r_[np.zeros(50, int), np.ones(3, int)]
    rows = rows_of(np.full(53, 0.4), target, prediction=np.zeros(53, int))
    _, rare = (part for _, part in class_parts(PairedRows(rows, rows)))
    found = gained(ACCURACY, rare, KEY, NAMES)
    assert found.status is Status.TOO_FEW
    assert found.rows == found.units == 0
    assert found.uncounted
    assert "too few units of class 1" in found.reason


def test_of_many_classes_none_is_singled_out() -> None:
    head = Head("", Task.MULTICLASS, Outputs.LOGITS, classes=tuple(map(str, range(25))))
    rows = rows_of(np.zeros((50, 25)), np.arange(50) % 25, head, prediction=np.zeros(50, int))
    assert not list(class_parts(PairedRows(rows, rows)))


def test_ten_clusters_are_the_fewest() -> None:
    clusters = np.arange(90, dtype=np.uint64) // 10
    found = gained(ACCURACY, whole(right_and_wrong(20, 2, 90, clusters=clusters)), KEY, NAMES)
    assert found.status is Status.TOO_FEW
    assert found.estimate is None


def test_flips_are_told_both_ways() -> None:
    part = whole(right_and_wrong(12, 5, 100))
    won, lost = (flipped(flip, part, MeasurementKey(f"rival.{flip.name}")) for flip in FLIPS)
    assert (won.value, lost.value) == (0.12, 0.05)
    metrics = [flip.metric("rival", "the model", "the rival") for flip in FLIPS]
    assert [metric.direction for metric in metrics] == [Direction.HIGHER, Direction.LOWER]
    assert metrics[1].definition.startswith("Share of units that the rival is right about")


def test_discordant_units_come_with_mcnemars_p_value() -> None:
    assert discordance(right_and_wrong(14, 4, 400), NAMES) == (
        "Of 400 units the model alone is right about 14, and boosting alone about 4 (McNemar's "
        "exact test, one-sided: p = .015)."
    )
    assert "p < .001" in discordance(right_and_wrong(90, 4, 400), NAMES)
    assert "p = 1.000" in discordance(right_and_wrong(0, 0, 400), NAMES)
    clusters = np.arange(400, dtype=np.uint64) // 20
    assert "does not hold of them" in discordance(
        right_and_wrong(14, 4, 400, clusters=clusters), NAMES
    )


VIEWS: list[tuple[View, list[str], str]] = [
    (
        views_of(Head("", Task.BINARY, Outputs.PROBABILITIES))[0],
        ["accuracy_gain", "log_loss_gain", "brier_gain"],
        "log_loss_gain",
    ),
    (
        views_of(Head("", Task.REGRESSION))[0],
        ["absolute_error_gain", "squared_error_gain"],
        "absolute_error_gain",
    ),
    (
        views_of(Head("", Task.REGRESSION, quantiles=(0.1, 0.9)))[0],
        ["absolute_error_gain", "squared_error_gain", "pinball_gain"],
        "absolute_error_gain",
    ),
    (views_of(Head("", Task.MULTICLASS, classes=("a", "b")))[1], [], ""),
]


@pytest.mark.parametrize(("view", "names", "first"), VIEWS)
def test_what_is_compared_depends_on_the_output(view: View, names: list[str], first: str) -> None:
    assert [one.name for one in gains_of(view)] == names
    found = leading(view)
    assert (found.name if isinstance(found, Gain) else "") == first


def test_definitions_say_which_is_taken_from_which() -> None:
    said = [one.metric("rival", "the model", "the rival").definition for one in GAINS[:2]]
    assert said == [
        "Accuracy of the model minus that of the rival, on the same units: how much better the "
        "model is.",
        "Log loss of the rival minus that of the model, on the same units: how much better the "
        "model is.",
    ]


def test_a_part_may_be_told_unless_somebody_refuses() -> None:
    Part(right_and_wrong(1, 1, 10), right_and_wrong(1, 1, 10).sample).refuse()
