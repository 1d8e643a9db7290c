"""Every rate against fairlearn, with and without weights; equalised odds, flips, scoring rates."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from fairlearn.metrics import (
    MetricFrame,
    equalized_odds_difference,
    false_negative_rate,
    selection_rate,
    true_negative_rate,
    true_positive_rate,
)
from sklearn.metrics import precision_score

from auditkit.checks.bias import scoring
from auditkit.data import Group
from auditkit.measurement import Status
from auditkit.statistics import estimates
from tests.checks.audits import (
    BINARY,
    DECIDING,
    data_of,
    findings,
    found,
    inside,
    interval,
    outside,
    scored,
    stored,
    value,
)

SEX = (Group("sex", "sex", "M"),)
RATES = {
    "selection_rate": selection_rate,
    "true_positive_rate": true_positive_rate,
    "true_negative_rate": true_negative_rate,
    "false_negative_rate": false_negative_rate,
    "positive_predictive_value": precision_score,
}


def people(n: int = 3000, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return scored(
        n,
        seed,
        sex=rng.choice(["F", "M"], n, p=[0.4, 0.6]),
        town=rng.choice(list("abc"), n),
        weight=rng.uniform(0.2, 4, n),
        before=(rng.random(n) < 0.5).astype(int),
    )


def fair(table: pd.DataFrame, weighted: bool) -> MetricFrame:
    given = {"sample_weight": table["weight"]}
    return MetricFrame(
        metrics=RATES,
        y_true=table["y"],
        y_pred=(table["score"] >= 0.5).astype(int),
        sensitive_features=table["sex"],
        sample_params=dict.fromkeys(RATES, given) if weighted else None,
    )


@pytest.mark.parametrize("weighted", [False, True])
def test_every_rate_is_fairlearns(weighted: bool) -> None:
    table = people()
    data = data_of(table, groups=SEX, weight="weight" if weighted else None)
    result = findings("bias", stored(**DECIDING), data)
    expected = fair(table, weighted).by_group
    for name in RATES:
        ratio = "impact_ratio" if name == "selection_rate" else f"{name}_ratio"
        women, men = expected.loc["F", name], expected.loc["M", name]
        assert value(result, f"bias.{name}", {"sex": "F"}) == pytest.approx(women, rel=1e-12)
        both = ({"sex": "F"}, {"sex": "M"})
        assert value(result, f"bias.{ratio}", *both) == pytest.approx(women / men, rel=1e-12)
        gap = value(result, f"bias.{name}_difference", *both)
        assert gap == pytest.approx(women - men, rel=1e-10, abs=1e-12)
    shares = table.assign(w=table["weight"] if weighted else 1.0)
    women = shares[shares["sex"] == "F"]
    base = (women["w"] * women["y"]).sum() / women["w"].sum()
    assert value(result, "bias.base_rate", {"sex": "F"}) == pytest.approx(base, rel=1e-12)


def test_the_n_of_a_weighted_rate_is_in_rows() -> None:
    table = people(400)
    result = findings("bias", stored(**DECIDING), data_of(table, groups=SEX, weight="weight"))
    women = table[table["sex"] == "F"]
    assert found(result, "bias.selection_rate", {"sex": "F"}).rows == len(women)
    qualified = found(result, "bias.true_positive_rate", {"sex": "F"})
    assert qualified.rows == int(women["y"].sum())


def test_weights_of_one_change_nothing_and_unequal_ones_widen() -> None:
    table = people().assign(one=1.0)
    where = {"sex": "F"}
    plain = findings("bias", stored(**DECIDING), data_of(table, groups=SEX))
    ones = findings("bias", stored(**DECIDING), data_of(table, groups=SEX, weight="one"))
    unequal = findings("bias", stored(**DECIDING), data_of(table, groups=SEX, weight="weight"))
    narrow, same, wide = (
        interval(result, "bias.selection_rate", where) for result in (plain, ones, unequal)
    )
    assert (same.low, same.high) == pytest.approx((narrow.low, narrow.high), rel=1e-9)
    assert wide.high - wide.low > 1.05 * (narrow.high - narrow.low)


def test_what_has_no_weighted_form_says_so() -> None:
    result = findings("bias", stored(**DECIDING), data_of(people(), groups=SEX, weight="weight"))
    for name in ("auc", "auc_difference", "calibration_error", "calibration_gap"):
        unmet = found(result, f"bias.{name}")
        assert (unmet.status, unmet.value) == (Status.NOT_APPLICABLE, None)
        assert unmet.reason.startswith("Rows have declared weights, and this number has no")
    assert any("Groups are compared with the weights in 'weight'" in note for note in result.notes)


def test_a_weighted_log_loss_is_the_weighted_mean() -> None:
    table = people()
    result = findings("bias", stored(**DECIDING), data_of(table, groups=SEX, weight="weight"))
    women = table[table["sex"] == "F"]
    of_truth = np.where(women["y"] == 1, women["score"], 1 - women["score"])
    expected = np.average(-np.log(np.clip(of_truth, 1e-12, None)), weights=women["weight"])
    assert value(result, "bias.log_loss", {"sex": "F"}) == pytest.approx(expected, rel=1e-9)


def test_equalised_odds_are_fairlearns() -> None:
    table = people()
    result = findings("bias", stored(**DECIDING), data_of(table, groups=SEX))
    expected = equalized_odds_difference(
        table["y"], table["score"] >= 0.5, sensitive_features=table["sex"]
    )
    measured = found(result, "bias.equalised_odds_difference", {"sex": "F"}, {"sex": "M"})
    assert measured.value == pytest.approx(expected, rel=1e-12)
    assert measured.estimate.method == "largest_magnitude"


def test_equalised_odds_find_a_planted_gap_and_pass_a_clean_control() -> None:
    rng = np.random.default_rng(1)
    clean = scored(20_000, 1, sex=rng.choice(["F", "M"], 20_000))
    unfair = clean.copy()
    raised = (unfair["sex"] == "F") & (unfair["y"] == 0)
    unfair.loc[raised, "score"] = unfair.loc[raised, "score"] ** 0.6
    both = ({"sex": "F"}, {"sex": "M"})
    for table, judge in ((clean, inside), (unfair, outside)):
        result = findings("bias", stored(**DECIDING), data_of(table, groups=SEX))
        assert judge(found(result, "bias.equalised_odds_difference", *both), 0, 0.05)


def test_flips_between_two_versions() -> None:
    table = people()
    result = findings("bias", stored(**DECIDING), data_of(table, groups=SEX, previous="before"))
    flipped = (table["score"] >= 0.5).astype(int) != table["before"]
    rates = flipped.groupby(table["sex"]).mean()
    for level in "FM":
        assert value(result, "bias.flip_rate", {"sex": level}) == pytest.approx(rates[level])
    both = ({"sex": "F"}, {"sex": "M"})
    gap = value(result, "bias.flip_rate_difference", *both)
    assert gap == pytest.approx(rates["F"] - rates["M"], abs=1e-12)


def test_without_a_previous_version_there_are_no_flips() -> None:
    result = findings("bias", stored(**DECIDING), data_of(people(), groups=SEX))
    assert not [m for m in result.measurements if "flip" in m.key.metric]


@pytest.mark.parametrize("favourable", ["1", "0"])
def test_scoring_rates_compare_with_the_median_of_everybody(favourable: str) -> None:
    table = people(2001)
    model = stored(**{**BINARY, "decision": {"threshold": 0.5, "favourable": favourable}})
    result = findings("bias", model, data_of(table, groups=SEX))
    scores = table["score"] if favourable == "1" else 1 - table["score"]
    rates = (scores > scores.median()).groupby(table["sex"]).mean()
    measured = found(result, "bias.scoring_rate", {"sex": "F"})
    # The units in the median's own cell are at most as many as the note says.
    slack = int(measured.reason.split()[1]) / (table["sex"] == "F").sum()
    assert measured.value == pytest.approx(rates["F"], abs=slack)
    assert slack < 0.01
    ratio = value(result, "bias.scoring_rate_ratio", {"sex": "F"}, {"sex": "M"})
    assert ratio == pytest.approx(rates["F"] / rates["M"], abs=0.02)


def test_numbers_have_scoring_rates_and_no_selection_rates() -> None:
    rng = np.random.default_rng(2)
    table = pd.DataFrame({"score": rng.normal(size=900), "y": rng.normal(size=900)})
    table["sex"] = rng.choice(["F", "M"], 900)
    result = findings("bias", stored(task="regression"), data_of(table, groups=SEX))
    unmet = found(result, "bias.selection_rate")
    assert unmet.status is Status.NOT_APPLICABLE
    assert "audit the decision that is made with it" in unmet.reason
    rate = (table["score"] > table["score"].median())[table["sex"] == "F"].mean()
    measured = found(result, "bias.scoring_rate", {"sex": "F"})
    assert measured.value == pytest.approx(rate, abs=0.02)
    assert "Higher numbers are taken as favourable." in measured.reason


def far_from_zero(n: int = 4000) -> pd.DataFrame:
    """Numbers of relative widths under which one cell holds a third of them."""
    rng = np.random.default_rng(5)
    sex = np.array(["F", "M"])[np.arange(n) % 2]
    score = np.where(sex == "F", 698, 702) + 8 * rng.normal(size=n)
    return pd.DataFrame({"score": score, "y": score, "sex": sex, "person": np.arange(n) // 2})


@pytest.mark.parametrize("roles", [{}, {"cluster": "person"}, {"weight": "w"}])
@pytest.mark.parametrize("most", [2_000_000, 1500])
def test_scoring_rates_far_from_zero_are_those_of_the_scores(
    roles: dict[str, str], most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring, "MOST_ROWS", most)
    table = far_from_zero()
    table["w"] = np.random.default_rng(1).uniform(0.5, 2, len(table)) if roles else 1.0
    order = table.sort_values("score")
    weights = order["w"] if "weight" in roles else pd.Series(1.0, index=order.index)
    reached = weights.cumsum()
    median = order["score"][reached >= reached.iloc[-1] / 2].iloc[0]
    women = (order["sex"] == "F").to_numpy()
    rate = np.average(order["score"][women] > median, weights=weights[women])
    result = findings("bias", stored(task="regression"), data_of(table, groups=SEX, **roles))
    measured = found(result, "bias.scoring_rate", {"sex": "F"})
    whole = most > len(table)
    assert measured.value == pytest.approx(rate, abs=1e-9 if whole else 0.05)
    assert measured.reason.startswith("The 1 unit at the" if whole else "A random sample of")


def test_scores_that_many_share_are_ties_wherever_they_lie() -> None:
    table = far_from_zero()
    table["score"] = table["score"].round(-1) + 0.123456789
    result = findings("bias", stored(task="regression"), data_of(table, groups=SEX))
    above = table["score"] > table["score"].median()
    assert value(result, "bias.scoring_rate", {"sex": "F"}) == above[table["sex"] == "F"].mean()


def test_labels_of_some_are_named_on_every_number_that_rests_on_them() -> None:
    data = data_of(people(), groups=SEX, labelled="accepted applicants")
    result = findings("bias", stored(**DECIDING), data)
    where = {"sex": "F"}
    of_labels = found(result, "bias.true_positive_rate", where)
    assert of_labels.reason == (
        "Labels are known of accepted applicants alone, so that it speaks of them and not of "
        "everybody."
    )
    for name in ("auc", "log_loss", "accuracy", "base_rate"):
        assert "accepted applicants" in found(result, f"bias.{name}", where).reason
    assert found(result, "bias.selection_rate", where).reason == ""
    assert any(note.startswith("Labels are known of accepted applicants") for note in result.notes)


def test_weights_and_clusters_together() -> None:
    """Rows twice with half the weight, as one cluster, tell as much as the rows once."""
    table = people(600).assign(person=np.arange(600), half=0.5)
    doubled = pd.concat([table, table])
    once = findings("bias", stored(**DECIDING), data_of(table, groups=SEX, cluster="person"))
    twice = findings(
        "bias", stored(**DECIDING), data_of(doubled, groups=SEX, cluster="person", weight="half")
    )
    for name in ("selection_rate", "true_positive_rate"):
        first, second = (
            estimates.bounds(found(result, f"bias.{name}", {"sex": "F"}).estimate, 0.05)
            for result in (once, twice)
        )
        # Not the same to the last digit: a design effect under 1 is taken as 1 in the first.
        assert second == pytest.approx(first, abs=0.006)
