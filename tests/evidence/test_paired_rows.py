"""Two models on the same rows: joined by key, compared row by row, against literal twins."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax
from scipy.stats import ttest_rel
from sklearn.metrics import brier_score_loss, log_loss, mean_pinball_loss

from auditkit.evidence.paired_rows import (
    PairedRows,
    accuracy_gain,
    loss_gain,
    only_first_right,
    only_second_right,
)
from auditkit.evidence.row_losses import row_loss
from auditkit.models.head import Head, Outputs, Task
from auditkit.statistics.absence import NoEstimateError
from auditkit.statistics.estimates import bounds, p_at_most, value
from auditkit.statistics.paired import mcnemar
from tests.sample_pairs import right_and_wrong, rows_of

NUMBER = Head("", Task.REGRESSION)
THREE = Head("", Task.MULTICLASS, Outputs.LOGITS, classes=("a", "b", "c"))
QUANTILES = Head("", Task.REGRESSION, quantiles=(0.1, 0.5, 0.9))


@given(st.integers(0, 40), st.integers(0, 40))
def test_discordant_rows_are_counted(wins: int, losses: int) -> None:
    pair = right_and_wrong(wins, losses, 100)
    first, second = pair.first.correct, pair.second.correct
    literal = [sum(f and not s for f, s in zip(first, second, strict=True)), losses]
    assert [int(pair.wins.sum()), int(pair.losses.sum())] == literal == [wins, losses]
    assert value(accuracy_gain(pair)) == pytest.approx(first.mean() - second.mean())
    assert value(only_first_right(pair)) == wins / 100
    assert value(only_second_right(pair)) == losses / 100
    assert pair.p_value == mcnemar(max(wins, losses), min(wins, losses), "greater")


def test_the_gain_has_mcnemars_p_value() -> None:
    pair = right_and_wrong(14, 4, 400)
    assert p_at_most(accuracy_gain(pair), 0) == pytest.approx(mcnemar(14, 4, "greater"), rel=1e-6)


def test_rows_are_joined_by_their_keys() -> None:
    pair = right_and_wrong(10, 5, 60)
    shuffled = np.random.default_rng(0).permutation(60)
    first, second = pair.first.part(np.arange(50)), pair.second.part(shuffled)
    joined = PairedRows.joined(first, second)
    assert isinstance(joined, PairedRows)
    assert len(joined) == 50
    assert int(joined.wins.sum()) == 10
    assert int(joined.losses.sum()) == 5


def test_rows_that_nothing_joins_are_a_reason() -> None:
    pair = right_and_wrong(10, 5, 60)
    halves = pair.first.part(np.arange(30)), pair.second.part(np.arange(30, 60))
    assert PairedRows.joined(*halves) == "The two have no labelled row in common."
    with pytest.raises(ValueError, match="not of the same rows"):
        PairedRows(*halves)


def test_another_truth_is_a_reason() -> None:
    one, other = (
        rows_of(np.full(40, 0.7), target) for target in (np.zeros(40, int), np.eye(40)[0])
    )
    reason = PairedRows.joined(one, other)
    assert isinstance(reason, str)
    assert reason.startswith("The true outcome of 1 of 40 rows is another one")


def test_losses_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    target, logits = rng.integers(0, 3, 200), rng.normal(size=(200, 3)) * 3
    rows, shares = rows_of(logits, target, THREE), softmax(logits, axis=1)
    assert row_loss("log_loss", rows).mean() == pytest.approx(log_loss(target, shares))
    expected = ((shares - np.eye(3)[target]) ** 2).sum(axis=1).mean()
    assert row_loss("brier", rows).mean() == pytest.approx(expected)
    binary = rows_of(shares[:, 0], (target == 0).astype(int))
    assert row_loss("log_loss", binary).mean() == pytest.approx(log_loss(target == 0, shares[:, 0]))
    assert row_loss("brier", binary).mean() == pytest.approx(
        brier_score_loss(target == 0, shares[:, 0])
    )
    truth, predicted = rng.normal(size=200), np.sort(rng.normal(size=(200, 3)), axis=1)
    levels = rows_of(predicted, truth, QUANTILES)
    each = [
        mean_pinball_loss(truth, column, alpha=level)
        for column, level in zip(predicted.T, QUANTILES.quantiles, strict=True)
    ]
    assert row_loss("pinball", levels).mean() == pytest.approx(np.mean(each))
    assert row_loss("absolute_error", levels) == pytest.approx(np.abs(predicted[:, 1] - truth))
    assert row_loss("squared_error", levels) == pytest.approx((predicted[:, 1] - truth) ** 2)


def test_a_probability_of_nothing_costs_no_infinity() -> None:
    certain = row_loss("log_loss", rows_of([0.0, 1.0], np.array([1, 1])))
    assert certain.tolist() == [pytest.approx(-math.log(1e-12)), 0.0]
    logits = rows_of([[0.0, 2000.0, 0.0]], np.array([0]), THREE)
    assert row_loss("log_loss", logits)[0] == pytest.approx(-math.log(1e-12))


def test_the_gain_of_a_loss_is_the_paired_mean() -> None:
    rng = np.random.default_rng(3)
    truth = rng.normal(size=80)
    first, second = (rows_of(truth + rng.normal(size=80) * by, truth, NUMBER) for by in (1, 1.3))
    found = loss_gain("squared_error", PairedRows(first, second))
    peer = ttest_rel((second.outputs[:, 0] - truth) ** 2, (first.outputs[:, 0] - truth) ** 2)
    assert bounds(found, 0.05) == pytest.approx(tuple(peer.confidence_interval(0.9)))


def test_few_clusters_of_many_rows_are_few_units() -> None:
    clusters = np.arange(400, dtype=np.uint64) // 20
    # All the wins lie in two of twenty clusters.
    alone, together = right_and_wrong(40, 0, 400), right_and_wrong(40, 0, 400, clusters=clusters)
    assert bounds(accuracy_gain(alone), 0.05)[0] > 0
    assert bounds(accuracy_gain(together), 0.05)[0] < 0
    assert together.p_value is None
    narrow, wide = (np.diff(bounds(loss_gain("brier", one), 0.05))[0] for one in (alone, together))
    assert wide > 2 * narrow


def test_nothing_is_made_of_no_rows_or_of_broken_outputs() -> None:
    nothing = right_and_wrong(1, 1, 10).part(np.zeros(10, dtype=bool))
    for estimate in (accuracy_gain, only_first_right, only_second_right):
        with pytest.raises(NoEstimateError):
            estimate(nothing)
    with pytest.raises(NoEstimateError, match="at least two units"):
        loss_gain("brier", nothing)
    with pytest.raises(ValueError, match="outputs of 1 of 2 units are not finite"):
        row_loss("log_loss", rows_of([0.5, np.nan], np.array([0, 1])))
    with pytest.raises(ValueError, match="no class is predicted"):
        accuracy_gain(PairedRows(*(rows_of([0.2, 0.7], np.array([0, 1])) for _ in range(2))))
