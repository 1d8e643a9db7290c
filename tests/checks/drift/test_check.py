"""Shifted streams, their clean control, and streams that are hard to bin."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_2samp

from auditkit.checks.drift.streams import binned, regrouped, streams_of
from auditkit.data import Group, dataset
from auditkit.errors import DataError
from auditkit.measurement import Status
from tests.checks.audits import (
    CHECKS,
    DECIDING,
    collected,
    data_of,
    findings,
    found,
    inside,
    outside,
    scored,
    stored,
    value,
)

N = 6000
TOLERATED = (-1.0, 0.1)


def people(seed: int, n: int = N, **changed: object) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    columns = {
        "x_age": rng.normal(40, 10, n),
        "x_town": rng.choice(list("abcd"), n),
        "x_paid": rng.integers(0, 3, n),
        "sex": rng.choice(["F", "M"], n),
    }
    return scored(n, seed, **{**columns, **changed})


def tv(one: pd.Series, other: pd.Series) -> float:
    shares = pd.concat(
        [one.value_counts(normalize=True), other.value_counts(normalize=True)], axis=1
    )
    return float((shares.fillna(0).iloc[:, 0] - shares.fillna(0).iloc[:, 1]).abs().sum() / 2)


def test_the_same_distribution_passes() -> None:
    data = data_of(people(0), people(1), groups=("sex",))
    result = findings("drift", stored(**DECIDING), data)
    assert {m.key.label for m in result.measurements} == {
        "score", "x_age", "x_town", "x_paid", "sex", "label", "score (2)"
    }  # fmt: skip
    for measured in result.measurements:
        assert measured.status is Status.MEASURED
        assert inside(measured, *TOLERATED), str(measured.key)


def test_shifted_streams_fail_and_others_do_not() -> None:
    rng = np.random.default_rng(5)
    evaluation = people(
        0,
        x_age=rng.normal(48, 10, N),
        x_town=rng.choice(list("abcde"), N, p=[0.1, 0.2, 0.2, 0.2, 0.3]),
    )
    training = people(1)
    result = findings("drift", stored(**DECIDING), data_of(evaluation, training, groups=("sex",)))
    for name in ("x_age", "x_town"):
        assert outside(found(result, "drift.total_variation", label=name), *TOLERATED)
    for name in ("x_paid", "sex", "label"):
        assert inside(found(result, "drift.total_variation", label=name), *TOLERATED)
    town = value(result, "drift.total_variation", label="x_town")
    assert town == pytest.approx(tv(evaluation["x_town"], training["x_town"]), rel=1e-12)
    # The streams that moved most are drawn first.
    assert [figure.data["stream"] for figure in result.figures[:2]] == ["x_age", "x_town"]


def test_the_distance_of_an_ordered_stream() -> None:
    rng = np.random.default_rng(6)
    training, evaluation = people(1), people(0, x_age=rng.normal(46, 10, N))
    result = findings("drift", stored(**DECIDING), data_of(evaluation, training))
    ages = found(result, "drift.ks", label="x_age")
    exact = ks_2samp(training["x_age"], evaluation["x_age"]).statistic
    # At the ends of 16 bins the distance is at most that of the number itself.
    assert exact - 0.06 <= ages.value <= exact + 1e-12
    scores = found(result, "drift.ks", label="score (2)")
    exact = ks_2samp(training["score"], evaluation["score"]).statistic
    assert abs(scores.value - exact) <= 0.002
    with_order = {m.key.label for m in result.measurements if m.key.metric == "drift.ks"}
    assert with_order == {"score", "x_age", "x_paid", "score (2)"}


def test_shifted_outputs_are_seen() -> None:
    evaluation = people(0)
    evaluation["score"] = evaluation["score"] ** 2
    model = stored(**DECIDING)
    data = dataset(
        evaluation=evaluation, training=people(1), label="y", features=("score",), groups=("sex",)
    )
    result = findings("drift", model, data)
    assert outside(found(result, "drift.total_variation", label="score (2)"), *TOLERATED)
    # People are judged less likely, though as many of them are.
    assert inside(found(result, "drift.total_variation", label="label"), *TOLERATED)


def test_shifted_labels_are_seen() -> None:
    evaluation = people(0).assign(y=lambda t: np.where(np.arange(N) % 3 == 0, 1, t["y"]))
    result = findings("drift", stored(**DECIDING), data_of(evaluation, people(1)))
    assert outside(found(result, "drift.total_variation", label="label"), *TOLERATED)


def test_the_predictions_of_a_regression() -> None:
    rng = np.random.default_rng(7)
    tables = [pd.DataFrame({"score": rng.normal(m, 1, N), "y": rng.normal(size=N)}) for m in (1, 0)]
    result = findings("drift", stored(task="regression"), data_of(*tables))
    assert outside(found(result, "drift.total_variation", label="prediction"), *TOLERATED)
    assert value(result, "drift.ks", label="prediction") == pytest.approx(
        ks_2samp(tables[0]["score"], tables[1]["score"]).statistic, abs=0.02
    )
    assert not [m for m in result.measurements if m.key.label == "label"]


def test_missing_values_are_a_bin_of_their_own() -> None:
    evaluation, training = people(0), people(1)
    evaluation.loc[: N // 3, "x_age"] = np.nan
    result = findings("drift", stored(**DECIDING), data_of(evaluation, training))
    ages = found(result, "drift.total_variation", label="x_age")
    assert ages.value >= 0.3
    # Among those whose age is known, nothing has moved.
    assert value(result, "drift.ks", label="x_age") < 0.05
    figure = next(f for f in result.figures if f.data["stream"] == "x_age")
    assert figure.data["rows"][-1]["bin"] == "(missing)"
    assert figure.data["rows"][-1]["training"] == 0


def test_a_number_that_became_text_is_no_missing_value() -> None:
    evaluation = people(0, x_age=[f"{i % 60} years" for i in range(N)])
    result = findings("drift", stored(**DECIDING), data_of(evaluation, people(1)))
    assert value(result, "drift.total_variation", label="x_age") == 1.0
    figure = next(f for f in result.figures if f.data["stream"] == "x_age")
    assert figure.data["rows"][-1]["bin"] == "(not a finite number)"
    ordered = found(result, "drift.ks", label="x_age")
    assert ordered.status is Status.TOO_FEW


def test_texts_without_end() -> None:
    tables = [people(seed, x_name=[f"{seed}-{i}" for i in range(N)]) for seed in (0, 1)]
    result = findings("drift", stored(**DECIDING), data_of(*tables))
    names = found(result, "drift.total_variation", label="x_name")
    # No name is in both; but 200 alone are kept apart, and pooled they would look alike.
    assert (names.status, names.value) == (Status.UNDEFINED, None)
    assert names.reason == (
        "x_name has more than 200 levels, and 99% of the units have one of the others, which are "
        "not told apart."
    )


def test_both_sides_tell_the_same_levels_apart() -> None:
    towns = [f"town {i}" for i in range(1000)]
    rng = np.random.default_rng(0)
    # The evaluation data lack half of the towns, so that alone they would keep others apart.
    evaluation = people(0, x_town=rng.choice(towns[::2], N))
    training = people(1, x_town=rng.choice(towns, N))
    check = CHECKS["drift"]
    _, evidence = collected(check, stored(**DECIDING), data_of(evaluation, training))
    subject, _ = collected(check, stored(**DECIDING), data_of(evaluation, training))
    (stream,) = [one for one in streams_of(subject) if one.name == "x_town"]
    bins = binned(stream, evidence)
    for label, seen, unseen in zip(bins.labels, bins.training, bins.evaluation, strict=True):
        if label != "(other)":
            assert seen == (training["x_town"] == label).sum()
            assert unseen == (evaluation["x_town"] == label).sum()
    assert len(bins.labels) == 201
    assert bins.training.sum() == bins.evaluation.sum() == N


def test_few_units_are_too_few() -> None:
    result = findings("drift", stored(**DECIDING), data_of(people(0, 31), people(1)))
    assert {m.status for m in result.measurements} == {Status.TOO_FEW}
    assert (
        result.measurements[0].reason
        == "A distance of shares needs at least 32 units on each side."
    )
    assert result.figures == ()


def test_groups_that_are_no_features_are_streams() -> None:
    groups = (Group("gender", "sex"), Group("x_town", "sex"))
    subject, _ = collected(
        CHECKS["drift"], stored(**DECIDING), data_of(people(0, 50), people(1, 50), groups=groups)
    )
    names = [stream.name for stream in streams_of(subject)]
    assert names == [
        "score",
        "x_age",
        "x_town",
        "x_paid",
        "gender",
        "x_town (2)",
        "label",
        "score (2)",
    ]


def test_a_feature_that_one_split_lacks_is_named() -> None:
    evaluation = people(0, 50).drop(columns="x_age")
    data = dataset(evaluation=evaluation, training=people(1, 50), label="y", groups=("sex",))
    with pytest.raises(DataError, match=r"The evaluation data have no table feature 'x_age'"):
        findings("drift", stored(**DECIDING), data)


def test_without_training_data() -> None:
    subject, _ = collected(CHECKS["performance"], stored(**DECIDING), data_of(people(0, 50)))
    assert CHECKS["drift"].unmet(subject).startswith("No training data are given")


@pytest.mark.parametrize(
    ("training", "expected"),
    [
        # All in one cell: what lies before it and behind it is seen in the evaluation data.
        ([0, 0, 100, 0, 0], [[0, 100, 0], [2, 1, 2]]),
        ([100, 0, 0, 0, 0], [[100, 0], [1, 4]]),
        ([0, 0, 0, 0, 100], [[0, 100], [4, 1]]),
        ([0, 0, 0, 0, 0], [[0], [5]]),
        ([50, 0, 0, 0, 50], [[50, 0, 50], [1, 3, 1]]),
    ],
)
def test_regrouped_cells(training: list[int], expected: list[list[int]]) -> None:
    pair = np.array([training, [1] * 5])
    labels, counts = regrouped(pair, np.arange(5.0))
    assert counts.tolist() == expected
    assert len(labels) == len(expected[0])


def test_regrouped_cells_hold_equal_shares() -> None:
    rng = np.random.default_rng(0)
    cells = np.bincount(rng.integers(0, 1920, 100_000), minlength=1920)
    labels, counts = regrouped(np.stack([cells, cells]), np.arange(1920) / 1920)
    assert len(set(labels)) == 16
    assert np.ptp(counts[0]) < 0.05 * counts[0].mean()
    assert (labels[0], labels[-1]) == ("under 0.062", "0.936 and over")
