"""Advice on recalibration, the whole way: planted defects, by hand, and where nothing is to say."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, log_softmax, logit, softmax
from sklearn.isotonic import IsotonicRegression

import auditkit
from auditkit.advice.recalibration_case import recommended
from auditkit.advice.recalibration_fits import fitted
from auditkit.advice.recalibration_forecast import Forecast, cells_of
from auditkit.advice.recalibration_outcomes import Outcomes as Measured
from auditkit.evidence.hashing import folds
from auditkit.evidence.outcome_rows import OutcomeRows
from auditkit.evidence.subject import views_of
from auditkit.measurement import Measurement, Slice, Status
from auditkit.mending import Advice, Option, advice_from_plain, advice_to_plain
from auditkit.models import stored_predictions
from auditkit.models.head import Head, Outputs, Task
from auditkit.policy import policy_from_text
from auditkit.statistics import calibration, estimates
from auditkit.statistics.platt import fit_platt, smoothed_outcomes
from auditkit.statistics.temperature import fit_temperature

SQUARED, GAP = "calibration.squared_error", "calibration.confidence_gap"
FALL, LOSS_FALL = "advice.squared_error_fall", "advice.log_loss_fall"
TITLES = ["Today", "Temperature scaling", "Platt scaling", "Isotonic regression"]
CLASSES = ("cat", "dog", "owl")
POLICY = """
id: strict
title: Strict
version: "1"
description: For a test.
alpha: 0.05
requirements:
  - id: calibration
    title: Calibration
    kind: bound
    metric: calibration.squared_error
    at_most: {limit}
    severity: warn
    basis: organisation
    explanation: For a test.
"""


def people(n: int = 6000, *, bend: float = 3.0, seed: int = 0, shift: float = 0.0) -> pd.DataFrame:
    """Log-odds that are `bend` times too large, and outcomes."""
    rng = np.random.default_rng(seed)
    odds = rng.normal(0, 1.5, n)
    outcome = (rng.random(n) < expit(odds)).astype(int)
    group = rng.choice(["a", "b"], n)
    return pd.DataFrame({"score": bend * odds + shift, "y": outcome, "group": group})


def animals(n: int = 6000, *, bend: float = 3.0, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 1.5, (n, 3))
    truth = (logits + rng.gumbel(size=(n, 3))).argmax(axis=1)
    columns = {f"score_{name}": bend * logits[:, i] for i, name in enumerate(CLASSES)}
    return pd.DataFrame({**columns, "y": np.array(CLASSES)[truth]})


def advised(
    frame: pd.DataFrame,
    *,
    roles: Mapping[str, object] | None = None,
    declared: Mapping[str, object] | None = None,
    **options: object,
) -> auditkit.Run:
    """An audit of stored scores that measures calibration."""
    if "score_cat" in frame:
        scores = [f"score_{name}" for name in CLASSES]
        base = {"task": "multiclass", "outputs": "logits", "classes": CLASSES}
    else:
        scores, base = "score", {"task": "binary", "outputs": "logits"}
        base["decision"] = {"threshold": 0.5, "favourable": "1"}
    model = stored_predictions({"score": scores}, **{**base, **(declared or {})})
    features = [name for name in frame if str(name).startswith("score")]
    data = auditkit.dataset(evaluation=frame, label="y", features=features, **(roles or {}))
    chosen = {"policy": None, "checks": ("calibration",), "quiet": True, **options}
    return auditkit.audit(model, data, **chosen)


def only(run: auditkit.Run) -> Advice:
    (advice,) = run.record.advice
    assert_sound(advice)
    return advice


def assert_sound(advice: Advice) -> None:
    """Every number has n and an interval or a reason; the advice survives the record."""
    sentences = (*advice.sentences, *advice.cost, *advice.limits)
    assert all(sentence.endswith(".") for sentence in sentences)
    assert not [text for text in sentences if "nan" in text.split() or "inf" in text.split()]
    assert bool(advice.options) == bool(advice.cost) == bool(advice.caution)
    assert advice_from_plain(advice_to_plain(advice)) == advice
    for option in advice.options:
        keys = [one.key for one in option.measurements]
        assert len(keys) == len(set(keys))
        for one in option.measurements:
            assert one.units > 0
            if one.value is None:
                assert one.status is not Status.MEASURED
                assert one.reason.endswith(".")
                continue
            assert one.estimate is not None
            assert estimates.value(one.estimate) == one.value
            assert one.interval is not None


def option(advice: Advice, title: str) -> Option:
    return advice.options[TITLES.index(title)]


def number(chosen: Option, metric: str, **where: str) -> Measurement:
    (found,) = [
        one
        for one in chosen.measurements
        if one.key.metric == metric and one.key.slice == Slice.of(where)
    ]
    return found


def value(chosen: Option, metric: str, **where: str) -> float:
    found = number(chosen, metric, **where)
    assert found.value is not None, found.reason
    return found.value


def low(chosen: Option, metric: str) -> float:
    interval = number(chosen, metric).interval
    assert interval is not None
    return interval.low


def high(chosen: Option, metric: str) -> float:
    interval = number(chosen, metric).interval
    assert interval is not None
    return interval.high


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return people()


@pytest.fixture(scope="module")
def advice(frame: pd.DataFrame) -> Advice:
    return only(advised(frame, roles={"groups": ("group",)}))


def halves(frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    half = folds(np.arange(len(frame)))
    return frame[half == 0], frame[half == 1]


# --- Planted defects ------------------------------------------------------------------------------


@pytest.mark.parametrize("bend", [3.0, 1 / 3])
@pytest.mark.parametrize("world", [people, animals])
def test_a_temperature_that_was_planted_is_found(world, bend: float) -> None:
    advice = only(advised(world(bend=bend)))
    scaled = option(advice, "Temperature scaling")
    found = number(scaled, "advice.temperature")
    assert found.estimate is not None
    assert found.interval is not None
    span = estimates.interval(found.estimate, 0.99)
    assert span.low < bend < span.high
    assert found.interval.high / found.interval.low < 1.25
    assert low(scaled, FALL) > 0.005
    assert low(scaled, LOSS_FALL) > 0
    assert value(scaled, SQUARED) < 0.0025 < value(advice.options[0], SQUARED)
    assert " helps most. " in advice.cost[0]
    assert f"by {found.value:.3f} (90 % interval " in " ".join(advice.cost)


def test_a_shift_is_mended_by_platt_and_not_by_a_temperature() -> None:
    advice = only(advised(people(bend=1.0, shift=1.2)))
    assert advice.cost[0].startswith("Platt scaling helps most.")
    assert low(option(advice, "Platt scaling"), FALL) > 0.01
    assert value(option(advice, "Temperature scaling"), SQUARED) > 0.01
    assert "1.0" in advice.cost[1]
    assert abs(value(option(advice, "Platt scaling"), GAP)) < 0.02


def test_a_rising_distortion_that_is_no_sigmoid_is_mended_by_isotonic_regression() -> None:
    rng = np.random.default_rng(1)
    score = rng.random(12_000)
    truth = np.where(score < 0.55, 0.15 + 0.1 * score, 0.75 + 0.1 * score)
    frame = pd.DataFrame({"score": score, "y": (rng.random(12_000) < truth).astype(int)})
    advice = only(advised(frame, declared={"outputs": "probabilities"}))
    assert advice.cost[0].startswith("Isotonic regression helps most.")
    assert "within chance" not in advice.cost[0]
    curve = option(advice, "Isotonic regression")
    others = [option(advice, title) for title in TITLES[1:3]]
    assert value(curve, SQUARED) < 0.001 < min(value(one, SQUARED) for one in others)
    assert low(curve, FALL) > max(high(one, FALL) for one in others)


def test_a_calibrated_model_gives_no_cause() -> None:
    for world in (people, animals):
        assert advised(world(bend=1.0)).record.advice == ()


def test_where_only_the_ranking_errs_nothing_helps() -> None:
    rng = np.random.default_rng(2)
    # Calibrated, though half of what could be known is lost; a strict policy still asks for more.
    known = rng.normal(0, 0.8, 3000)
    truth = expit(known + rng.normal(0, 1.5, 3000))
    outcome = (rng.random(3000) < truth).astype(int)
    fit = fit_platt(known, outcome)
    frame = pd.DataFrame({"score": fit.log_odds(known), "y": outcome})
    strict = policy_from_text(POLICY.format(limit=-0.01))
    advice = only(advised(frame, policy=strict))
    assert advice.cost[0].startswith("None of these helps beyond chance")
    assert "the policy strict asks for at most −0.0100" in advice.sentences[0]
    assert len(advice.options) == 4
    assert all(value(one, LOSS_FALL) < 0.003 for one in advice.options[1:])


def rows_of(frame: pd.DataFrame) -> OutcomeRows:
    """The rows as an audit would hand them on."""
    (view,) = views_of(Head("", Task.BINARY, Outputs.LOGITS))
    n = len(frame)
    return OutcomeRows(
        view=view,
        outputs=frame[["score"]].to_numpy(),
        target=frame["y"].to_numpy(),
        prediction=None,
        held_out=np.arange(n) % 2 == 1,
        clusters=None,
        keys=np.arange(n, dtype=np.uint64),
        groups={},
        drawn="",
        sampled=False,
    )


def helps(frame: pd.DataFrame) -> bool:
    rows = rows_of(frame)
    today, *ways = fitted(rows)
    half = rows.part(rows.held_out)
    return recommended(ways, Measured(half, today.forecast, 0, half.sample)) is not None


def test_chance_alone_seldom_recommends_anything() -> None:
    calibrated = [helps(people(800, bend=1.0, seed=seed)) for seed in range(200)]
    # Three options share an error of 5 %.
    assert sum(calibrated) <= 15
    assert all(helps(people(2000, bend=3.0, seed=seed)) for seed in range(20))


# --- By hand --------------------------------------------------------------------------------------


def literal_maps(learnt: pd.DataFrame, held: pd.DataFrame) -> dict[str, np.ndarray]:
    """Held-out probabilities under each option, from scratch where a peer has it."""
    score, outcome, x = learnt["score"].to_numpy(), learnt["y"].to_numpy(), held["score"].to_numpy()
    temperature = fit_temperature(np.stack([0 * score, score], axis=1), outcome).value
    curve = IsotonicRegression(out_of_bounds="clip")
    curve.fit(expit(score), smoothed_outcomes(outcome.astype(bool)))
    return {
        "Today": expit(x),
        "Temperature scaling": expit(x / temperature),
        "Platt scaling": fit_platt(score, outcome).apply(x),
        "Isotonic regression": curve.predict(expit(x)),
    }


def test_every_number_is_that_of_the_rows_held_out(frame: pd.DataFrame, advice: Advice) -> None:
    learnt, held = halves(frame)
    outcome = held["y"].to_numpy() == 1
    maps = literal_maps(learnt, held)
    losses = {name: -np.log(np.where(outcome, p, 1 - p)) for name, p in maps.items()}
    assert [one.title for one in advice.options] == TITLES
    for title, given in maps.items():
        chosen = option(advice, title)
        assert value(chosen, GAP) == pytest.approx((given - outcome).mean(), abs=1e-6)
        assert value(chosen, "performance.log_loss") == pytest.approx(losses[title].mean())
        assert number(chosen, SQUARED).rows == len(held)
        cells = cells_of(Forecast(logit(given), outcome, np.zeros(len(held))))
        by_hand = estimates.value(calibration.squared_error(*cells))
        assert value(chosen, SQUARED) == pytest.approx(by_hand, abs=2e-5)
        for group in ("a", "b"):
            own = (held["group"] == group).to_numpy()
            gap = (given - outcome)[own].mean()
            assert value(chosen, GAP, group=group) == pytest.approx(gap, abs=1e-6)
        right = (given >= 0.5) == outcome
        assert value(chosen, "performance.accuracy") == pytest.approx(right.mean())
        if title == "Today":
            continue
        fallen = losses["Today"] - losses[title]
        assert value(chosen, LOSS_FALL) == pytest.approx(fallen.mean())
        se = fallen.std(ddof=1) / math.sqrt(len(held))
        assert low(chosen, LOSS_FALL) == pytest.approx(fallen.mean() - 1.645 * se, abs=1e-4)
        shown = value(advice.options[0], SQUARED) - value(chosen, SQUARED)
        assert value(chosen, FALL) == pytest.approx(shown, abs=1e-3)
        change = value(chosen, "advice.accuracy_difference")
        today = (maps["Today"] >= 0.5) == outcome
        assert change == pytest.approx(right.mean() - today.mean())


def test_of_many_classes_the_vector_stays_a_distribution() -> None:
    frame = animals(3000)
    advice = only(advised(frame))
    learnt, held = halves(frame)
    logits, truth = (
        held[[f"score_{name}" for name in CLASSES]].to_numpy(),
        np.array([CLASSES.index(name) for name in held["y"]]),
    )
    found = value(option(advice, "Temperature scaling"), "advice.temperature")
    losses = -log_softmax(logits / found, axis=1)[np.arange(len(held)), truth]
    scaled = option(advice, "Temperature scaling")
    assert value(scaled, "performance.log_loss") == pytest.approx(losses.mean())
    # Platt by hand: the winner's confidence moves, and the others share what is left.
    given, top = softmax(logits, axis=1), logits.argmax(axis=1)
    rows = np.arange(len(held))
    known = learnt[[f"score_{name}" for name in CLASSES]].to_numpy()
    right = known.argmax(axis=1) == [CLASSES.index(name) for name in learnt["y"]]
    confidence = fit_platt(logit(softmax(known, axis=1).max(axis=1)), right).apply(
        logit(given[rows, top])
    )
    moved = given * ((1 - confidence) / (1 - given[rows, top]))[:, None]
    moved[rows, top] = confidence
    np.testing.assert_allclose(moved.sum(axis=1), 1)
    curve = option(advice, "Platt scaling")
    by_hand = -np.log(moved[rows, truth]).mean()
    assert value(curve, "performance.log_loss") == pytest.approx(by_hand, rel=1e-6)
    accuracies = [value(one, "performance.accuracy") for one in advice.options]
    assert accuracies == [accuracies[0]] * 4
    # It alone also mends what the other classes are promised.
    assert advice.cost[0].startswith("Temperature scaling helps most.")
    assert any("stays the same under each" in sentence for sentence in advice.cost)


def test_probabilities_and_logits_are_one(frame: pd.DataFrame, advice: Advice) -> None:
    given = frame.assign(score=expit(frame["score"].astype(np.float64)))
    other = only(
        advised(given, declared={"outputs": "probabilities"}, roles={"groups": ("group",)})
    )
    for one, two in zip(advice.options, other.options, strict=True):
        for metric in (SQUARED, GAP, "performance.log_loss"):
            assert value(one, metric) == pytest.approx(value(two, metric), abs=1e-4)
    assert any("divide the log-odds by" in sentence for sentence in other.cost)


# --- What is said ---------------------------------------------------------------------------------


def test_what_is_said(advice: Advice) -> None:
    assert advice.title == "Recalibration"
    assert advice.metric == SQUARED
    assert "convention asks for at most 0.0025." in advice.sentences[0]
    assert "nats (90 % interval" in advice.cost[0]
    text = " ".join(advice.cost)
    for words in (
        "divide the logits by",
        "times themselves",
        "IsotonicRegression",
        "By group, the confidence gap furthest from zero",
        "otherwise, and change accuracy by",
        "fitted again after each retraining",
        "does not mend the ranking",
    ):
        assert words in text
    assert "audit the recalibrated model again" in advice.caution
    assert advice.definitions["advice.temperature"]["unit"] == "ratio"


def test_a_group_that_becomes_worse_is_named() -> None:
    frame = people(8000, bend=1.0)
    few = np.arange(8000) % 5 == 0
    # The many are promised too much. The few are promised rightly.
    frame["score"] += np.where(few, 0.0, 1.0)
    frame["group"] = np.where(few, "few", "many")
    advice = only(advised(frame, roles={"groups": ("group",)}))
    (sentence,) = [one for one in advice.cost if one.startswith("By group")]
    assert "would be that of group=few" in sentence
    assert sentence.endswith("Further from zero than today, of 2 groups measured: group=few.")
    platt = option(advice, "Platt scaling")
    assert value(platt, GAP, group="few") < -0.08
    assert abs(value(platt, GAP)) < 0.02


def test_small_groups_are_counted_and_not_shown(frame: pd.DataFrame) -> None:
    few = frame.assign(group=np.where(np.arange(len(frame)) < 6, "c", frame["group"]))
    advice = only(advised(few, roles={"groups": ("group",)}))
    groups = {str(one.key.slice) for one in advice.options[0].measurements}
    assert groups == {"all", "group=a", "group=b"}
    assert any(one.startswith("1 group is too small") for one in advice.limits)


def test_a_threshold_off_the_middle_moves_decisions(frame: pd.DataFrame) -> None:
    advice = only(advised(frame, declared={"decision": {"threshold": 0.2}}))
    scaled = option(advice, "Temperature scaling")
    assert value(scaled, "advice.accuracy_difference") < -0.03
    assert any("a threshold that is moved likewise" in one.lower() for one in advice.cost)
    middle = only(advised(frame))
    same = option(middle, "Temperature scaling")
    assert value(same, "advice.accuracy_difference") == 0


def test_without_a_decision_no_accuracy_is_told(frame: pd.DataFrame) -> None:
    advice = only(advised(frame, declared={"decision": None}))
    metrics = {one.key.metric for chosen in advice.options for one in chosen.measurements}
    assert "performance.accuracy" not in metrics
    assert any(one.startswith("No decision is declared") for one in advice.cost)


def test_the_figure_holds_every_option(advice: Advice, frame: pd.DataFrame) -> None:
    assert advice.figure is not None
    data = advice.figure.data
    assert data["n"] == len(halves(frame)[1])
    assert list(dict.fromkeys(point["option"] for point in data["points"])) == TITLES
    for title in TITLES:
        own = [point for point in data["points"] if point["option"] == title]
        assert sum(point["n"] for point in own) == data["n"]
        assert all(point["low"] < point["high"] for point in own)


def test_no_knot_tells_of_a_single_row(advice: Advice) -> None:
    plain = str(advice_to_plain(advice))
    assert "knots" in plain
    assert "scores=" not in plain


# --- Clusters -------------------------------------------------------------------------------------


def test_clusters_lie_in_one_half_and_widen_the_intervals(frame: pd.DataFrame) -> None:
    copies = pd.concat([frame[:2000].assign(person=range(2000))] * 4, ignore_index=True)
    rows = only(advised(copies.drop(columns="person")))
    clustered = only(advised(copies, roles={"cluster": "person"}))
    for metric in (FALL, LOSS_FALL, GAP, "advice.temperature", "performance.accuracy"):
        widths = [
            high(option(one, "Temperature scaling"), metric)
            - low(option(one, "Temperature scaling"), metric)
            for one in (rows, clustered)
        ]
        # Four rows of one person are one person: half as precise as four people.
        assert widths[1] == pytest.approx(2 * widths[0], rel=0.45), metric
    measured = number(clustered.options[0], SQUARED)
    assert measured.units < measured.rows == 4 * measured.units
    assert any("halves of the clusters" in one for one in clustered.limits)


def test_one_cluster_that_holds_most_rows_is_too_few_and_not_undefined(frame: pd.DataFrame) -> None:
    rows = rows_of(frame[:1000])
    clusters = np.where(np.arange(1000) < 800, 0, np.arange(1000)).astype(np.uint64)
    rows = replace(rows, prediction=(rows.outputs[:, 0] > 0).astype(np.int64), clusters=clusters)
    today = fitted(rows_of(frame))[0].forecast.part(np.arange(1000))
    measured = Measured(rows, today, 0, rows.sample)
    for one in (measured.gap(today), measured.accuracy(today), measured.loss_fall(today)):
        assert (one.status, one.value, one.rows) == (Status.TOO_FEW, None, 1000), str(one.key)
        assert one.reason.startswith("A few clusters hold most of the units: they weigh as much as")


def test_few_clusters_are_too_few(frame: pd.DataFrame) -> None:
    advice = only(advised(frame.assign(site=np.arange(len(frame)) % 12), roles={"cluster": "site"}))
    assert advice.options == ()
    assert "clusters, of 10 needed in each." in advice.sentences[-1]


# --- Nothing to fit on ----------------------------------------------------------------------------


@pytest.mark.parametrize("world", [people, animals])
def test_few_rows_are_too_few(world) -> None:
    advice = only(advised(world(150)))
    assert advice.options == ()
    assert advice.figure is None
    assert advice.sentences[-1].startswith("No recalibration was tried: one half has ")
    assert "of 100 needed in each." in advice.sentences[-1]


@pytest.mark.parametrize("outcome", [0, 1])
def test_one_class_alone(frame: pd.DataFrame, outcome: int) -> None:
    advice = only(advised(frame.assign(y=pd.Categorical([outcome] * len(frame), [0, 1]))))
    assert advice.options == ()
    assert "has 0 rows of one class, of 10 needed" in advice.sentences[-1]


def test_a_model_that_is_never_wrong_though_it_doubts() -> None:
    frame = animals(2000, bend=0.3)
    scores = frame[[f"score_{name}" for name in CLASSES]].to_numpy()
    advice = only(advised(frame.assign(y=np.array(CLASSES)[scores.argmax(axis=1)])))
    assert "has 0 rows predicted rightly, or wrongly" in advice.sentences[-1]


@pytest.mark.parametrize("shown", [0.9, 1.0, 0.0])
def test_a_constant_or_certain_model_breaks_nothing(frame: pd.DataFrame, shown: float) -> None:
    run = advised(frame.assign(score=shown), declared={"outputs": "probabilities"})
    assert not run.record.notes
    advice = only(run)
    assert value(option(advice, "Platt scaling"), GAP) == pytest.approx(0, abs=0.03)
    assert value(option(advice, "Isotonic regression"), GAP) == pytest.approx(0, abs=0.03)


def test_a_model_that_is_worse_than_chance_is_told_so(frame: pd.DataFrame) -> None:
    advice = only(advised(frame.assign(y=1 - frame["y"])))
    text = " ".join(advice.cost)
    assert "confidence does not go with the truth" in text
    assert "turns the ranking round" in text


def test_saturated_logits_break_nothing(frame: pd.DataFrame) -> None:
    run = advised(frame.assign(score=frame["score"] * 300))
    assert not run.record.notes
    found = number(option(only(run), "Temperature scaling"), "advice.temperature")
    assert found.value == pytest.approx(900, rel=0.1)


def test_without_probabilities_or_their_check_nothing_is_said(frame: pd.DataFrame) -> None:
    raw = {"outputs": "values", "decision": {"threshold": 0.0}}
    assert advised(frame, declared=raw).record.advice == ()
    assert advised(frame, checks=("performance",)).record.advice == ()


def test_a_part_of_the_rows_is_said_to_be_one(frame: pd.DataFrame) -> None:
    many = people(24_000)
    advice = only(advised(many))
    assert any(one.startswith("A random sample of ") for one in advice.limits)
    weighted = only(advised(frame.assign(w=1.0), roles={"weight": "w"}))
    assert any("the weights in 'w' are not used" in one for one in weighted.limits)
    labelled = only(advised(frame, roles={"labelled": "accepted applicants"}))
    assert any("known of accepted applicants alone" in one for one in labelled.limits)


def test_labels_are_advised_on_one_by_one() -> None:
    frame = people(4000).assign(score_b=lambda t: t["score"] / 3, other=lambda t: t["y"])
    model = stored_predictions(
        {"labels": ["score", "score_b"]}, task="multilabel", outputs="logits", classes=("u", "v")
    )
    data = auditkit.dataset(evaluation=frame, label=("y", "other"), features=["score", "score_b"])
    run = auditkit.audit(model, data, policy=None, checks=("calibration",), quiet=True)
    advice = only(run)
    assert advice.title.startswith("Recalibration of ")
    assert advice.title.endswith("u")
    assert {one.key.label for one in advice.options[0].measurements} == {"u"}
