"""Rates and errors by group against fairlearn; planted unfairness, its control, small groups."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import torch
from fairlearn.metrics import (
    MetricFrame,
    false_positive_rate,
    selection_rate,
    true_positive_rate,
)
from sklearn.metrics import accuracy_score, mean_absolute_error

from auditkit.data import Group, dataset
from auditkit.measurement import REST, Slice, Status
from auditkit.models import stored_predictions, wrap
from tests.checks.audits import (
    BINARY,
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

RATES = {
    "selection_rate": selection_rate,
    "true_positive_rate": true_positive_rate,
    "false_positive_rate": false_positive_rate,
    "accuracy": accuracy_score,
}
RATIOS = {
    "selection_rate": "impact_ratio",
    "true_positive_rate": "true_positive_rate_ratio",
    "false_positive_rate": "false_positive_rate_ratio",
}
TWO = (Group("sex", "sex", "M"), Group("town", "town"))


def people(n: int = 3000, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return scored(
        n, seed, sex=rng.choice(["F", "M"], n, p=[0.4, 0.6]), town=rng.choice(list("abc"), n)
    )


def fair(table: pd.DataFrame, columns: list[str], metrics=RATES, positive: int = 1) -> MetricFrame:
    return MetricFrame(
        metrics=metrics,
        y_true=(table["y"] == positive).astype(int),
        y_pred=((table["score"] >= 0.5) == bool(positive)).astype(int),
        sensitive_features=table[columns],
    )


@pytest.mark.parametrize("favourable", ["1", "0"])
def test_rates_of_groups_and_intersections(favourable: str) -> None:
    table = people()
    model = stored(**{**BINARY, "decision": {"threshold": 0.5, "favourable": favourable}})
    if favourable == "0":
        # The favourable prediction is the negative one: scores of exactly .5 do not occur.
        assert (table["score"] != 0.5).all()
    data = data_of(table, groups=TWO, intersections=[("sex", "town")])
    result = findings("bias", model, data)
    for attributes in (["sex"], ["town"], ["sex", "town"]):
        expected = fair(table, attributes, positive=int(favourable)).by_group
        for levels, row in expected.iterrows():
            levels = levels if isinstance(levels, tuple) else (levels,)
            where = dict(zip(attributes, levels, strict=True))
            for name in RATES:
                assert value(result, f"bias.{name}", where) == pytest.approx(row[name], rel=1e-12)


def test_differences_and_ratios_of_every_ordered_pair() -> None:
    table = people()
    result = findings("bias", stored(**DECIDING), data_of(table, groups=TWO))
    for attribute in ("sex", "town"):
        rates = fair(table, [attribute]).by_group
        for one in rates.index:
            for other in rates.index.drop(one):
                where, reference = {attribute: one}, {attribute: other}
                for name in RATES:
                    gap = value(result, f"bias.{name}_difference", where, reference)
                    expected = rates.loc[one, name] - rates.loc[other, name]
                    assert gap == pytest.approx(expected, rel=1e-12, abs=1e-12)
                for name, ratio in RATIOS.items():
                    found_ratio = value(result, f"bias.{ratio}", where, reference)
                    expected = rates.loc[one, name] / rates.loc[other, name]
                    assert found_ratio == pytest.approx(expected, rel=1e-12)
    # The largest of them are fairlearn's own summaries.
    frame = fair(table, ["town"])
    gaps = [
        value(result, "bias.selection_rate_difference", {"town": a}, {"town": b})
        for a in "abc" for b in "abc" if a != b
    ]  # fmt: skip
    assert max(gaps) == pytest.approx(frame.difference()["selection_rate"], rel=1e-12)


def test_each_group_against_all_others() -> None:
    table = people()
    result = findings("bias", stored(**DECIDING), data_of(table, groups=TWO))
    rest = table[table["town"] != "b"]
    group = table[table["town"] == "b"]
    rates = [(part["score"] >= 0.5).mean() for part in (group, rest)]
    measured = found(result, "bias.impact_ratio", {"town": "b"}, REST)
    assert measured.value == pytest.approx(rates[0] / rates[1], rel=1e-12)
    assert measured.rows == len(table)
    assert measured.share == pytest.approx(len(group) / len(table))


def test_every_pair_is_there_once() -> None:
    result = findings("bias", stored(**DECIDING), data_of(people(), groups=TWO))
    ratios = [m.key for m in result.measurements if m.key.metric == "bias.impact_ratio"]
    assert len(ratios) == len(set(ratios)) == 2 * 1 + 2 + 3 * 2 + 3


def test_a_class_of_several_is_favourable() -> None:
    rng = np.random.default_rng(4)
    table = pd.DataFrame(rng.random((1000, 3)), columns=["score0", "score1", "score2"])
    table["y"] = rng.choice(["no", "perhaps", "yes"], 1000)
    table["sex"] = rng.choice(["F", "M"], 1000)
    model = stored(
        ["score0", "score1", "score2"], task="multiclass", classes=("no", "perhaps", "yes"),
        decision={"rule": "argmax", "favourable": "yes"},
    )  # fmt: skip
    result = findings("bias", model, data_of(table, groups=TWO[:1]))
    winner = table[["score0", "score1", "score2"]].to_numpy().argmax(axis=1)
    predicted = np.array(["no", "perhaps", "yes"])[winner]
    frame = MetricFrame(
        metrics={name: RATES[name] for name in RATIOS},
        y_true=table["y"] == "yes", y_pred=predicted == "yes", sensitive_features=table["sex"],
    )  # fmt: skip
    for level, row in frame.by_group.iterrows():
        for name in RATIOS:
            assert value(result, f"bias.{name}", {"sex": level}) == pytest.approx(row[name])
        right = (predicted == table["y"])[table["sex"] == level].mean()
        assert value(result, "bias.accuracy", {"sex": level}) == pytest.approx(right)


def test_a_label_of_several_is_favourable() -> None:
    rng = np.random.default_rng(5)
    table = pd.DataFrame(rng.random((800, 2)), columns=["score0", "score1"])
    table = table.assign(cat=rng.integers(0, 2, 800), dog=rng.integers(0, 2, 800))
    table["sex"] = rng.choice(["F", "M"], 800)
    model = stored(
        ["score0", "score1"], task="multilabel", outputs="probabilities", classes=("cat", "dog"),
        decision={"threshold": 0.5, "favourable": "dog"},
    )  # fmt: skip
    result = findings("bias", model, data_of(table, label=("cat", "dog"), groups=TWO[:1]))
    women = table[table["sex"] == "F"]
    rate = found(result, "bias.selection_rate", {"sex": "F"})
    assert rate.key.label == "dog"
    assert rate.value == pytest.approx((women["score1"] >= 0.5).mean())
    for label in ("cat", "dog"):
        accuracy = found(result, "bias.accuracy", {"sex": "F"}, label=label)
        column = women[f"score{0 if label == 'cat' else 1}"] >= 0.5
        assert accuracy.value == pytest.approx((column == women[label]).mean())


def test_without_a_favourable_outcome_accuracies_are_compared() -> None:
    table = people(600)
    model = stored(**{**BINARY, "decision": {"threshold": 0.5}})
    result = findings("bias", model, data_of(table, groups=TWO[:1]))
    accuracies = fair(table, ["sex"]).by_group["accuracy"]
    gap = value(result, "bias.accuracy_difference", {"sex": "F"}, {"sex": "M"})
    assert gap == pytest.approx(accuracies["F"] - accuracies["M"])
    unmet = found(result, "bias.impact_ratio")
    assert unmet.status is Status.NOT_APPLICABLE
    assert unmet.reason.startswith("No outcome is declared as favourable")
    assert result.figures == ()


def test_a_head_without_a_decision_says_so() -> None:
    table = people(600).assign(other=0.5, z=1)
    model = stored_predictions({"a": "score", "b": "other"}, heads={"a": DECIDING, "b": BINARY})
    data = dataset(
        evaluation=table, label={"a": "y", "b": "z"}, features=("score", "other"), groups=TWO[:1]
    )
    result = findings("bias", model, data)
    assert found(result, "bias.selection_rate", {"sex": "F"}).key.head == "a"
    unmet = found(result, "bias.selection_rate", head="b")
    assert unmet.status is Status.NOT_APPLICABLE
    assert unmet.reason.startswith("No decision is declared")


@pytest.mark.parametrize("kind", ["regression", "custom"])
def test_errors_of_groups(kind: str) -> None:
    rng = np.random.default_rng(6)
    table = pd.DataFrame({"score": rng.normal(size=900), "y": rng.normal(size=900)})
    table["town"] = rng.choice(list("abc"), 900)
    label = ""
    if kind == "regression":
        model = stored(task="regression")
    else:
        label = "distance"
        model = wrap(
            lambda frame: torch.tensor(frame["score"].to_numpy()), task="custom",
            unit_metrics=lambda output, target: {"distance": (output - target).abs()},
        )  # fmt: skip
    result = findings("bias", model, data_of(table, groups=TWO[1:]))
    frame = MetricFrame(
        metrics=mean_absolute_error, y_true=table["y"], y_pred=table["score"],
        sensitive_features=table["town"],
    )  # fmt: skip
    for one in "abc":
        for other in set("abc") - {one}:
            measured = found(
                result, "bias.error_difference", {"town": one}, {"town": other}, label=label
            )
            expected = frame.by_group[one] - frame.by_group[other]
            assert measured.value == pytest.approx(expected, rel=1e-9)
    # Welch's interval, but for its degrees of freedom.
    errors = (table["score"] - table["y"]).abs()
    one, other = (errors[table["town"] == town] for town in "ab")
    se = math.sqrt(one.var() / len(one) + other.var() / len(other))
    measured = found(result, "bias.error_difference", {"town": "a"}, {"town": "b"})
    assert measured.interval.high - measured.value == pytest.approx(1.65 * se, rel=0.01)


def test_a_planted_difference_fails_and_the_clean_control_passes() -> None:
    rng = np.random.default_rng(7)
    clean = scored(20_000, 7, sex=rng.choice(["F", "M"], 20_000))
    unfair = clean.copy()
    women = unfair["sex"] == "F"
    unfair.loc[women, "score"] = unfair.loc[women, "score"] * 0.8
    for table, judge, other in ((clean, inside, outside), (unfair, outside, inside)):
        result = findings("bias", stored(**DECIDING), data_of(table, groups=TWO[:1]))
        ratio = found(result, "bias.impact_ratio", {"sex": "F"}, {"sex": "M"})
        assert judge(ratio, 0.8, 1.25)
        assert not other(ratio, 0.8, 1.25)
        gap = found(result, "bias.selection_rate_difference", {"sex": "F"}, {"sex": "M"})
        assert judge(gap, -0.05, 0.05)


def test_groups_of_three_people_have_no_numbers() -> None:
    table = people(200)
    table.loc[:2, "town"] = "tiny"
    result = findings("bias", stored(**DECIDING), data_of(table, groups=TWO[1:]))
    mine = [
        m for m in result.measurements
        if Slice.of(town="tiny") in (m.key.slice, m.key.reference)
    ]  # fmt: skip
    # Nine rates with their differences, seven ratios, the equalised odds, and four numbers with
    # their differences: with three groups both ways, and with the rest.
    assert len(mine) == (9 + 4) + (9 + 7 + 1 + 4) * (3 + 3 + 1)
    for one in mine:
        assert one.status is Status.TOO_FEW
        assert (one.value, one.interval, one.estimate) == (None, None, None)
        assert "town=tiny has too few rows; numbers about fewer than 5 are not kept" in one.reason
        assert (one.rows, one.units) == (0, 0)
    # Nor is it said how few they are: four would be two per cent.
    assert found(result, "bias.selection_rate", {"town": "tiny"}).share == 0.02
    # The rest of the others holds the three: less the groups shown, it would tell about them.
    rest = found(result, "bias.impact_ratio", {"town": "a"}, REST)
    assert (rest.status, rest.value, rest.interval) == (Status.TOO_FEW, None, None)
    assert rest.reason.startswith("All other groups together hold town=tiny, who are fewer than 5")


def test_rates_of_three_people_have_no_numbers() -> None:
    table = people(200)
    table["y"] = 0
    table.loc[:2, ["y", "town"]] = [1, "a"]
    result = findings("bias", stored(**DECIDING), data_of(table, groups=TWO[1:]))
    few = found(result, "bias.true_positive_rate", {"town": "a"})
    assert (few.status, few.value, few.interval) == (Status.TOO_FEW, None, None)
    assert few.reason == (
        "There are too few units whose true outcome is favourable in town=a; numbers about fewer "
        "than 5 are not kept, since they could tell about a person."
    )
    none = found(result, "bias.true_positive_rate", {"town": "b"})
    assert (none.status, none.value) == (Status.UNDEFINED, None)
    assert none.reason == "There are no units whose true outcome is favourable in town=b."
    compared = found(result, "bias.true_positive_rate_ratio", {"town": "b"}, {"town": "c"})
    assert compared.status is Status.UNDEFINED
    rest = found(result, "bias.true_positive_rate_difference", {"town": "a"}, REST)
    assert rest.status is Status.TOO_FEW


def test_the_rest_tells_no_rate_of_three_qualified_among_it() -> None:
    """Forty of town a, three of them qualified: the rest of the others, less the third, is them."""
    table = people(600)
    table["town"] = ["a"] * 40 + ["b", "c"] * 280
    table.loc[:39, "y"] = 0
    table.loc[:2, "y"] = 1
    result = findings("bias", stored(**DECIDING), data_of(table, groups=TWO[1:]))
    for form in ("true_positive_rate_ratio", "true_positive_rate_difference"):
        rest = found(result, f"bias.{form}", {"town": "b"}, REST)
        assert (rest.status, rest.value, rest.estimate) == (Status.TOO_FEW, None, None)
        assert rest.reason.startswith(
            "All other groups together hold town=a with fewer than 5 units whose true outcome is "
            "favourable: less the other groups"
        )
    # All forty are decided about, and thirty-seven are unqualified: these tell nobody's number.
    for told in ("selection_rate_difference", "false_positive_rate_difference"):
        rest = found(result, f"bias.{told}", {"town": "b"}, REST)
        assert rest.status is Status.MEASURED


def crossed() -> pd.DataFrame:
    """Race by sex, large, but for three people of race k whose sex is unknown."""
    sizes = {
        ("k", "M"): 42, ("k", "F"): 21, ("k", "u"): 3,
        ("l", "M"): 90, ("l", "F"): 80, ("l", "u"): 20,
        ("m", "M"): 70, ("m", "F"): 60, ("m", "u"): 30,
    }  # fmt: skip
    cells = [cell for cell, size in sizes.items() for _ in range(size)]
    table = people(len(cells))
    table[["race", "sex"]] = cells
    return table


CROSSED = (Group("race", "race", "m"), Group("sex", "sex", "M"))


def test_an_intersection_less_an_attribute_tells_nobody() -> None:
    """Race k less its men and women would be the three; so would sex u less the other races."""
    data = data_of(crossed(), groups=CROSSED, intersections=[("race", "sex")])
    result = findings("bias", stored(**DECIDING), data)
    hidden = [
        m.key.slice.conditions for m in result.measurements
        if m.key.metric == "bias.selection_rate" and m.status is Status.TOO_FEW
    ]  # fmt: skip
    assert (("race", "k"), ("sex", "u")) in hidden
    for condition in {one for conditions in hidden for one in conditions}:
        assert found(result, "bias.selection_rate", dict([condition])).status is Status.MEASURED
        assert sum(condition in conditions for conditions in hidden) >= 2
    assert found(result, "bias.selection_rate", {"race": "k", "sex": "M"}).value is not None
    beside = found(result, "bias.selection_rate", {"race": "k", "sex": "F"})
    assert (beside.status, beside.value, beside.estimate) == (Status.TOO_FEW, None, None)
    assert beside.reason.startswith("race=k, sex=F is withheld beside groups of fewer than 5")
    rest = found(result, "bias.impact_ratio", {"race": "m", "sex": "F"}, REST)
    assert (rest.status, rest.value, rest.estimate) == (Status.TOO_FEW, None, None)


def test_a_rate_of_an_intersection_less_that_of_an_attribute_tells_nobody() -> None:
    """All cells are large, but three of the men of race k are qualified."""
    table = crossed()
    table.loc[table["sex"] == "u", ["race", "sex"]] = ["l", "M"]
    men = table.index[(table["race"] == "k") & (table["sex"] == "M")]
    table.loc[men, "y"] = 0
    table.loc[men[:3], "y"] = 1
    data = data_of(table, groups=CROSSED, intersections=[("race", "sex")])
    result = findings("bias", stored(**DECIDING), data)
    hidden = [
        m.key.slice.conditions for m in result.measurements
        if m.key.metric == "bias.true_positive_rate" and m.status is Status.TOO_FEW
    ]  # fmt: skip
    assert (("race", "k"), ("sex", "M")) in hidden
    for condition in {one for conditions in hidden for one in conditions}:
        assert found(result, "bias.true_positive_rate", dict([condition])).value is not None
        assert sum(condition in conditions for conditions in hidden) >= 2
    for race, sex in ("kM", "kF", "lF"):
        where = {"race": race, "sex": sex}
        assert found(result, "bias.selection_rate", where).status is Status.MEASURED


def test_a_rate_rests_on_the_clusters_of_its_trials() -> None:
    """All fifteen qualified of town a are of three people, though a hundred more live there."""
    table = people(2000)
    table["person"] = np.arange(2000) // 10
    table["town"] = np.array(["a", "b"])[np.arange(2000) % 2]
    in_a, three = table["town"] == "a", table["person"] < 3
    table.loc[in_a, "y"] = three[in_a].astype(int)
    data = data_of(table, groups=TWO[1:], cluster="person")
    result = findings("bias", stored(**DECIDING), data)
    few = found(result, "bias.true_positive_rate", {"town": "a"})
    assert (few.status, few.interval, few.estimate) == (Status.TOO_FEW, None, None)
    assert (few.units, few.rows) == (3, 15)
    assert few.reason.startswith("There are 3 clusters; an interval needs at least 10")
    for metric in ("true_positive_rate_ratio", "equalised_odds_difference"):
        compared = found(result, f"bias.{metric}", {"town": "b"}, {"town": "a"})
        assert (compared.status, compared.interval) == (Status.TOO_FEW, None)
        assert compared.reason.startswith("There are 3 clusters on one side of the comparison")
    assert found(result, "bias.selection_rate", {"town": "a"}).units == 200
    told = found(result, "bias.true_positive_rate", {"town": "b"})
    people_in = table[(table["town"] == "b") & (table["y"] == 1)]["person"].nunique()
    assert told.status is Status.MEASURED
    assert told.units == pytest.approx(people_in, rel=0.15)


def test_a_ratio_does_not_divide_by_zero() -> None:
    table = people(300)
    table.loc[table["town"] == "c", "score"] = 0.1
    result = findings("bias", stored(**DECIDING), data_of(table, groups=TWO[1:]))
    ratio = found(result, "bias.impact_ratio", {"town": "a"}, {"town": "c"})
    n = int((table["town"] == "c").sum())
    assert (ratio.status, ratio.value) == (Status.UNDEFINED, None)
    assert ratio.reason == f"Selection rate of town=c is 0 of {n}: a ratio cannot divide by it."
    assert value(result, "bias.impact_ratio", {"town": "c"}, {"town": "a"}) == 0
    gap = found(result, "bias.selection_rate_difference", {"town": "a"}, {"town": "c"})
    assert gap.status is Status.MEASURED


def test_missing_values_are_a_group_that_is_not_compared() -> None:
    table = people(300)
    table.loc[:49, "sex"] = None
    result = findings("bias", stored(**DECIDING), data_of(table, groups=TWO[:1]))
    unknown = found(result, "bias.selection_rate", {"sex": "(missing)"})
    assert unknown.rows == 50
    compared = [m.key for m in result.measurements if m.key.reference is not None]
    assert not any("(missing)" in str(key) for key in compared)
    women = table[table["sex"] == "F"]
    rest = found(result, "bias.selection_rate_difference", {"sex": "F"}, REST)
    assert rest.rows == 250
    others = table[table["sex"] == "M"]
    expected = (women["score"] >= 0.5).mean() - (others["score"] >= 0.5).mean()
    assert rest.value == pytest.approx(expected)


def test_levels_come_in_the_order_a_reader_expects() -> None:
    table = people(400).assign(age=np.arange(400) % 90)
    groups = (Group("age", "age", cuts=(25, 60)),)
    result = findings("bias", stored(**DECIDING), data_of(table, groups=groups))
    rates = [m.key.slice for m in result.measurements if m.key.metric == "bias.selection_rate"]
    assert [str(where) for where in rates] == ["age=< 25", "age=[25, 60)", "age=≥ 60"]
    assert [row["group"] for row in result.figures[0].data["rows"]] == ["< 25", "[25, 60)", "≥ 60"]


def test_of_very_many_groups_not_every_pair_is_compared() -> None:
    table = people(4000)
    table["land"] = [f"land {i % 40}" for i in range(4000)]
    groups = (Group("land", "land", "land 0"),)
    result = findings("bias", stored(**DECIDING), data_of(table, groups=groups))
    ratios = [m.key for m in result.measurements if m.key.metric == "bias.impact_ratio"]
    assert len(ratios) == 39 + 40
    assert {key.reference for key in ratios} == {Slice.of(land="land 0"), REST}
    assert result.notes == (
        "land has 40 groups; of more than 30 not every pair is compared, but each group with "
        "land=land 0 and with all others together.",
    )


def test_the_figure_shows_rates_and_ratios() -> None:
    table = people(600)
    table.loc[:6, "town"] = "tiny"
    result = findings("bias", stored(**DECIDING), data_of(table, groups=TWO))
    sex, right, wrong, town, *_ = result.figures
    assert right.data["comparison"] == "bias.true_positive_rate_difference"
    assert wrong.data["comparison"] == "bias.false_positive_rate_difference"
    assert (sex.kind, sex.data["attribute"], sex.data["reference"]) == (
        "group_rates",
        "sex",
        "sex=M",
    )
    assert [row["group"] for row in sex.data["ratios"]] == ["F"]
    # Without a declared reference, each group is drawn against the one that is selected most.
    rates = {row["group"]: row["value"] for row in town.data["rows"]}
    highest = max(rates, key=lambda name: rates[name])
    assert town.data["reference"] == f"town={highest}"
    assert town.caption.endswith("the group selected most in these data.")
    assert {row["group"] for row in town.data["ratios"]} == {*rates} - {highest}
    assert [row["n"] for row in town.data["rows"]][-1] == 7
    table.loc[3:6, "town"] = "a"
    result = findings("bias", stored(**DECIDING), data_of(table, groups=TWO))
    tiny = result.figures[3].data["rows"][-1]
    assert (tiny["group"], tiny["value"], tiny["low"], tiny["n"]) == ("tiny", None, None, None)


def test_many_attributes_do_not_multiply() -> None:
    table = people(500)
    names = [f"x{i}" for i in range(8)]
    rng = np.random.default_rng(0)
    for name in names:
        table[name] = rng.choice([f"l{i}" for i in range(20)], 500)
    data = data_of(table, groups=names)
    # 20 to the 8th joint groups would not fit any memory; each attribute has its own table.
    _, evidence = collected(CHECKS["bias"], stored(**DECIDING), data)
    per_attribute = 3  # decisions, cells of the rank, cells of the score
    assert len(evidence["evaluation"].counts) == per_attribute * len(names)


def test_no_groups_are_no_question() -> None:
    subject, _ = collected(CHECKS["performance"], stored(**DECIDING), data_of(people(100)))
    assert CHECKS["bias"].unmet(subject) == (
        "No group attribute is declared; declare data.groups to compare groups."
    )
