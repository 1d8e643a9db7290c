"""Advice on thresholds, the whole way: counted by hand, and where there is nothing to say."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest

import auditkit
from auditkit import auditing
from auditkit.advice import ADVISERS, halves
from auditkit.evidence.hashing import blocks, folds
from auditkit.measurement import Measurement, Slice, Status
from auditkit.mending import Advice, Option
from auditkit.models import stored_predictions
from auditkit.policy import policy_from_text
from tests.worlds import people

POLICY = """
id: parity
title: Parity
version: "1"
description: For a test.
alpha: 0.05
requirements:
  - id: parity
    title: Parity
    kind: bound
    metric: {metric}
    slices: groups
    reference: declared
    {region}
    severity: warn
    basis: organisation
    explanation: For a test.
"""


def advised(
    frame: pd.DataFrame,
    *,
    decision: Mapping[str, object] | None = None,
    outputs: str = "probabilities",
    roles: Mapping[str, object] | None = None,
    **options: object,
) -> auditkit.Run:
    """An audit of stored scores that measures bias."""
    declared = {"threshold": 0.5, "favourable": "1", **(decision or {})}
    model = stored_predictions(
        {"score": "score"}, task="binary", outputs=outputs, decision=declared
    )
    columns = {"groups": {"group": {"column": "group", "reference": "a"}}, **(roles or {})}
    data = auditkit.dataset(evaluation=frame, label="y", features=["score"], **columns)
    chosen = {"policy": None, "checks": ("bias",), "quiet": True, **options}
    return auditkit.audit(model, data, **chosen)


def only(run: auditkit.Run) -> Advice:
    (advice,) = run.record.advice
    return advice


def number(option: Option, metric: str, **where: str) -> Measurement:
    (found,) = [
        one
        for one in option.measurements
        if one.key.metric == metric and one.key.slice == Slice.of(where)
    ]
    return found


@pytest.fixture(scope="module")
def unequal() -> pd.DataFrame:
    return people(8000, ratio=0.5)


@pytest.fixture(scope="module")
def advice(unequal: pd.DataFrame) -> Advice:
    return only(advised(unequal))


def held_out(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[folds(np.arange(len(frame))) == 1]


def selected(option: Option, frame: pd.DataFrame, *, above: bool = True) -> pd.Series:
    """Who is selected by the thresholds that an option names."""
    found = pd.Series(False, index=frame.index)
    for group in ("a", "b"):
        threshold = number(option, "advice.threshold", group=group).value
        assert threshold is not None
        beyond = frame["score"] >= threshold if above else frame["score"] < threshold
        found |= beyond & (frame["group"] == group)
    return found


def assert_counted(advice: Advice, frame: pd.DataFrame, *, above: bool = True) -> None:
    """Every number of every option, counted by hand on the rows held out."""
    good = frame["y"] == (1 if above else 0)
    today = selected(advice.options[0], frame, above=above)
    for option in advice.options:
        chosen = selected(option, frame, above=above)
        accuracy = number(option, "performance.accuracy")
        assert accuracy.value == pytest.approx((chosen == good).mean(), abs=1e-12)
        rates = {name: chosen[frame["group"] == name].mean() for name in ("a", "b")}
        for name, rate in rates.items():
            measured = number(option, "bias.selection_rate", group=name)
            assert measured.value == pytest.approx(rate, abs=1e-12)
            assert measured.rows == (frame["group"] == name).sum()
        ratio = number(option, "bias.impact_ratio", group="b")
        assert ratio.value == pytest.approx(rates["b"] / rates["a"], abs=1e-12)
        if option is not advice.options[0]:
            change = number(option, "advice.accuracy_difference")
            by_hand = (chosen == good).mean() - (today == good).mean()
            assert change.value == pytest.approx(by_hand, abs=1e-12)
            wins = ((chosen == good) & (today != good)).sum()
            losses = ((chosen != good) & (today == good)).sum()
            assert change.estimate is not None
            assert change.estimate.parameters == {"wins": wins, "losses": losses, "n": len(frame)}


def test_every_number_is_that_of_the_rows_held_out(unequal: pd.DataFrame, advice: Advice) -> None:
    assert_counted(advice, held_out(unequal))
    assert number(advice.options[0], "advice.threshold", group="a").value == 0.5


def test_where_the_first_class_is_favourable_the_lower_scores_are_selected(
    unequal: pd.DataFrame,
) -> None:
    mirrored = unequal.assign(score=1 - unequal["score"], y=1 - unequal["y"])
    advice = only(advised(mirrored, decision={"favourable": "0"}))
    assert_counted(advice, held_out(mirrored), above=False)


def test_raw_scores_have_thresholds_too(unequal: pd.DataFrame) -> None:
    raw = unequal.assign(score=(unequal["score"] * 8 - 4).astype(np.float32))
    advice = only(advised(raw, outputs="values", decision={"threshold": 0.0}))
    assert_counted(advice, held_out(raw))


@pytest.mark.parametrize("favourable", ["1", "0"])
@pytest.mark.parametrize("most", [1 << 22, 1 << 9])
def test_today_is_what_the_model_decides_however_wide_the_cells(
    unequal: pd.DataFrame, favourable: str, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(halves, "MOST_CELLS", most)
    far = unequal.assign(score=700 + 8 * (unequal["score"] - 0.5))
    decision = {"threshold": 700.7, "favourable": favourable}
    advice = only(advised(far, outputs="values", decision=decision))
    held = held_out(far)
    for group in ("a", "b"):
        assert number(advice.options[0], "advice.threshold", group=group).value == 700.7
        mine = held[held["group"] == group]["score"] >= 700.7
        rate = mine.mean() if favourable == "1" else 1 - mine.mean()
        measured = number(advice.options[0], "bias.selection_rate", group=group)
        assert measured.value == pytest.approx(rate, abs=1e-12)
    right = (held["score"] >= 700.7) == (held["y"] == 1)
    accuracy = number(advice.options[0], "performance.accuracy")
    assert accuracy.value == pytest.approx(right.mean(), abs=1e-12)


def test_the_thresholds_mend_what_they_are_for(advice: Advice) -> None:
    today, best, shared, by_group, *_ = advice.options
    assert number(today, "bias.impact_ratio", group="b").value == pytest.approx(0.5, abs=0.05)
    for option in (shared, by_group):
        assert number(option, "bias.impact_ratio", group="b").value == pytest.approx(0.8, abs=0.08)
    # The scores are calibrated: nothing is more accurate than half, and no parity is free.
    assert number(best, "advice.threshold", group="a").value == pytest.approx(0.5, abs=0.1)
    costs = [number(one, "advice.accuracy_difference").value for one in (best, by_group, shared)]
    assert costs[1] < 0.01
    assert costs[2] < costs[1] + 0.01


def test_what_is_said(advice: Advice) -> None:
    assert advice.title == "Thresholds for the impact ratio by group"
    assert advice.metric == "bias.impact_ratio"
    assert advice.slices == (Slice.of(group="b"),)
    assert "compared with group=a is 0.49; convention asks for at least 0.8" in advice.sentences[0]
    assert "42 U.S.C. 2000e-2(l)" in advice.caution
    assert "a change of" in advice.cost[0]
    assert any("the other half" in sentence for sentence in advice.limits)
    assert {"Today", "A threshold for each group"} <= {option.title for option in advice.options}


def test_the_frontier_falls_and_holds_what_is_asked(advice: Advice) -> None:
    assert advice.figure is not None
    data = advice.figure.data
    curve = [row for row in data["points"] if row["option"] == "a threshold for each group"]
    assert 0.8 in [row["asked"] for row in curve]
    assert curve[-1]["asked"] == 0.99
    # 8,000 rows: reached on other rows than searched on.
    assert all(row["reached"] >= row["asked"] - 0.1 for row in curve)
    assert curve[-1]["value"] <= curve[0]["value"] + 0.01
    assert all(row["low"] < row["value"] < row["high"] for row in data["points"])
    assert data["marks"][0]["option"] == "today"


def test_where_nothing_lies_outside_nothing_is_advised() -> None:
    assert advised(people(8000)).record.advice == ()


def test_without_bias_nothing_is_collected_for_it(unequal: pd.DataFrame) -> None:
    assert advised(unequal, checks=("performance",)).record.advice == ()


def test_a_policy_decides_what_is_asked_for(unequal: pd.DataFrame) -> None:
    strict = policy_from_text(
        POLICY.format(metric="bias.impact_ratio", region="between: [0.95, 1.0526]")
    )
    advice = only(advised(people(8000, ratio=0.85), policy=strict))
    assert "the policy parity asks for at least 0.95" in advice.sentences[0]
    lax = policy_from_text(POLICY.format(metric="bias.impact_ratio", region="between: [0.4, 2.5]"))
    assert advised(unequal, policy=lax).record.advice == ()


def test_a_policy_that_compares_with_the_highest_asks_the_same(unequal: pd.DataFrame) -> None:
    text = POLICY.replace("reference: declared", "reference: highest")
    highest = policy_from_text(text.format(metric="bias.impact_ratio", region="at_least: 0.8"))
    declared = policy_from_text(
        POLICY.format(metric="bias.impact_ratio", region="between: [0.8, 1.25]")
    )
    one, other = (only(advised(unequal, policy=policy)) for policy in (highest, declared))
    assert one.options == other.options
    assert one.cost == other.cost


@pytest.mark.parametrize("rate", ["true_positive_rate", "false_positive_rate"])
def test_error_rates_where_a_policy_bounds_them(unequal: pd.DataFrame, rate: str) -> None:
    metric = f"bias.{rate}_difference"
    shifted = unequal.assign(
        score=np.where(unequal["group"] == "b", unequal["score"] ** 2, unequal["score"])
    )
    policy = policy_from_text(POLICY.format(metric=metric, region="between: [-0.05, 0.05]"))
    found = {one.metric: one for one in advised(shifted, policy=policy).record.advice}
    by_group = next(o for o in found[metric].options if o.title == "A threshold for each group")
    today = found[metric].options[0]
    assert abs(number(today, metric, group="b").value) > 0.1
    assert abs(number(by_group, metric, group="b").value) < 0.1
    odds = "false" in rate
    assert any("ROC" in sentence for sentence in found[metric].limits) == odds


def test_small_and_unknown_groups_are_named_and_keep_their_threshold(unequal: pd.DataFrame) -> None:
    few = unequal.copy()
    few.loc[:39, "group"] = "c"
    few.loc[40:400, "group"] = None
    advice = only(advised(few))
    left = advice.limits[-1]
    assert "group=c" in left
    assert "of 50 needed in each half" in left
    assert "its value is unknown" in left
    by_group = advice.options[3]
    groups = {str(one.key.slice) for one in by_group.measurements}
    assert groups == {"all", "group=a", "group=b"}
    # They are people all the same: the accuracy is that of everybody.
    assert number(by_group, "performance.accuracy").rows == len(held_out(few))


def test_groups_too_small_for_any_search() -> None:
    few = people(120, ratio=0.1, seed=3)
    advice = only(advised(few))
    assert advice.options == ()
    assert advice.figure is None
    assert "these groups are too small to find any on one half" in advice.sentences[-1]


def test_clusters_lie_in_one_half_and_widen_the_intervals(unequal: pd.DataFrame) -> None:
    people_twice = pd.concat([unequal.assign(person=range(len(unequal)))] * 4, ignore_index=True)
    rows = only(advised(people_twice.drop(columns="person")))
    clustered = only(advised(people_twice, roles={"cluster": "person"}))
    names = ("performance.accuracy", "advice.accuracy_difference")
    for name in names:
        widths = [
            number(advice.options[3], name).interval.high
            - number(advice.options[3], name).interval.low
            for advice in (rows, clustered)
        ]
        # Four rows of one person are one person: half as precise as four people.
        assert widths[1] == pytest.approx(2 * widths[0], rel=0.35)
    measured = number(clustered.options[0], "performance.accuracy")
    assert measured.units == len(unequal) // 2
    held = blocks(people_twice["person"].to_numpy()) % 2 == 1
    assert measured.rows == held.sum()
    right = (people_twice["score"] >= 0.5) == (people_twice["y"] == 1)
    assert measured.value == pytest.approx(right[held].mean(), abs=1e-12)


def test_of_many_cells_neighbours_are_merged(
    unequal: pd.DataFrame, advice: Advice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(halves, "MOST_CELLS", 1 << 12)
    coarse = only(advised(unequal))
    assert any("Scores lie in 512 cells" in sentence for sentence in coarse.limits)
    # 0.5 is an edge of every grid, and what is coarser is counted as exactly.
    assert coarse.options[0] == advice.options[0]
    assert_counted(coarse, held_out(unequal))


def test_few_clusters_are_too_few(unequal: pd.DataFrame) -> None:
    frame = unequal.assign(site=np.arange(len(unequal)) % 12)
    advice = only(advised(frame, roles={"cluster": "site"}))
    assert advice.options == ()
    assert "group=a (about 6 clusters in each half, of 10 needed)" in advice.limits[-1]


def test_weights_and_labels_of_some_alone_are_spoken_of(unequal: pd.DataFrame) -> None:
    roles = {"weight": "w", "labelled": "accepted applicants"}
    limits = only(advised(unequal.assign(w=1.0), roles=roles)).limits
    assert "the weights in 'w' are not used" in limits[-2]
    assert limits[-1] == (
        "True outcomes are known of accepted applicants alone: thresholds are sought among them, "
        "and every number here is of them and not of everybody."
    )


def test_intersections(unequal: pd.DataFrame) -> None:
    rng = np.random.default_rng(1)
    frame = unequal.assign(town=rng.choice(["x", "y"], len(unequal)))
    roles = {
        "groups": {"group": {"reference": "a"}, "town": {"reference": "x"}},
        "intersections": [("group", "town")],
    }
    titles = [one.title for one in advised(frame, roles=roles).record.advice]
    assert titles == [
        "Thresholds for the impact ratio by group",
        "Thresholds for the impact ratio by group × town",
    ]


def test_an_adviser_that_breaks_off_costs_its_advice_alone(
    unequal: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("boom")

    adviser = dataclasses.replace(ADVISERS[0], advise=broken)
    monkeypatch.setattr(auditing, "ADVISERS", (adviser,))
    record = advised(unequal).record
    assert record.advice == ()
    assert "What would mend it was not worked out (RuntimeError: boom)." in record.notes
    assert any(m.status is Status.MEASURED for m in record.measurements)


@pytest.mark.parametrize("adviser", ADVISERS, ids=lambda adviser: adviser.name)
def test_no_data_no_advice(adviser) -> None:
    run = advised(people(500), roles={"groups": ()})
    assert run.record.advice == ()
