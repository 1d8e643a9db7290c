"""Groups compared among alike units, and groups of which only probabilities are known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.contingency_tables import StratifiedTable

from auditkit.data import Group
from auditkit.measurement import REST, Status
from tests.checks.audits import (
    DECIDING,
    data_of,
    findings,
    found,
    inside,
    outside,
    stored,
    value,
)

SEX = (Group("sex", "sex", "M"),)
BOTH = ({"sex": "F"}, {"sex": "M"})


def explained(n: int = 20_000, seed: int = 0) -> pd.DataFrame:
    """Women are selected less often, and only because fewer of them are senior."""
    rng = np.random.default_rng(seed)
    sex = rng.choice(["F", "M"], n)
    senior = rng.random(n) < np.where(sex == "F", 0.3, 0.7)
    selected = rng.random(n) < np.where(senior, 0.7, 0.2)
    return pd.DataFrame(
        {
            "score": selected.astype(float),
            "y": (rng.random(n) < np.where(senior, 0.6, 0.3)).astype(int),
            "sex": sex,
            "senior": np.where(senior, "yes", "no"),
            "town": rng.choice(["a", "b"], n),
            "weight": np.ones(n),
            "person": np.arange(n),
        }
    )


def tables(table: pd.DataFrame, strata: list[str]) -> list[np.ndarray]:
    return [
        np.array(
            [
                [
                    ((part["sex"] == sex) & (part["score"] == outcome)).sum()
                    for outcome in (1.0, 0.0)
                ]
                for sex in ("F", "M")
            ]
        )
        for _, part in table.groupby(strata)
    ]


@pytest.mark.parametrize("controls", [["senior"], ["senior", "town"]])
def test_the_pooled_ratio_is_that_of_mantel_and_haenszel(controls: list[str]) -> None:
    table = explained(3000)
    result = findings("bias", stored(**DECIDING), data_of(table, groups=SEX, controls=controls))
    ratio = value(result, "bias.conditional_selection_rate_ratio", *BOTH)
    assert ratio == pytest.approx(StratifiedTable(tables(table, controls)).riskratio_pooled)


@pytest.mark.parametrize("role", [{}, {"weight": "weight"}, {"cluster": "person"}])
def test_a_legitimate_control_explains_a_gap_and_an_unfair_one_stays(role: dict[str, str]) -> None:
    fair = explained()
    unfair = fair.copy()
    dropped = (unfair["sex"] == "F") & (np.random.default_rng(1).random(len(unfair)) < 0.4)
    unfair.loc[dropped, "score"] = 0.0
    for table, judge in ((fair, inside), (unfair, outside)):
        data = data_of(table, groups=SEX, controls=["senior"], **role)
        result = findings("bias", stored(**DECIDING), data)
        assert outside(found(result, "bias.impact_ratio", *BOTH), 0.8, 1.25)
        assert judge(found(result, "bias.conditional_selection_rate_ratio", *BOTH), 0.8, 1.25)
        gap = found(result, "bias.conditional_selection_rate_difference", *BOTH)
        assert judge(gap, -0.08, 0.08)
        against_rest = found(result, "bias.conditional_selection_rate_ratio", {"sex": "F"}, REST)
        assert judge(against_rest, 0.8, 1.25)


def test_strata_without_both_groups_compare_nothing() -> None:
    table = explained(800)
    table["senior"] = table["sex"].map({"F": "no", "M": "yes"})
    result = findings("bias", stored(**DECIDING), data_of(table, groups=SEX, controls=["senior"]))
    none = found(result, "bias.conditional_selection_rate_ratio", *BOTH)
    assert (none.status, none.value) == (Status.UNDEFINED, None)
    assert none.reason == "No stratum holds units of both groups."


def few(n: int, of_all: int = 1000) -> pd.DataFrame:
    """Some women, all of them selected as nine of ten others are."""
    rng = np.random.default_rng(2)
    table = explained(of_all)
    table["sex"] = np.where(np.arange(of_all) < n, "F", "M")
    table["score"] = np.where(rng.random(of_all) < 0.9, 1.0, 0.0)
    table.loc[: n - 1, "score"] = 1.0
    table["weight"] = rng.uniform(0.5, 2, of_all)
    return table


@pytest.mark.parametrize("role", [{}, {"weight": "weight"}, {"cluster": "person"}])
def test_all_of_a_few_selected_is_no_certainty(role: dict[str, str]) -> None:
    data = data_of(few(12), groups=SEX, controls=["senior"], **role)
    result = findings("bias", stored(**DECIDING), data)
    one = found(result, "bias.conditional_selection_rate_ratio", *BOTH)
    assert 1.05 < one.value < 1.15
    assert one.interval.low < 0.95
    gap = found(result, "bias.conditional_selection_rate_difference", *BOTH)
    assert -1 <= gap.interval.low < -0.05 < gap.interval.high <= 1


@pytest.mark.parametrize("role", [{}, {"weight": "weight"}, {"cluster": "person"}])
def test_numbers_of_a_few_who_can_be_compared_are_not_kept(role: dict[str, str]) -> None:
    table = explained(600)
    table["y"] = np.where((table["sex"] == "M") | (table.index == table["sex"].eq("F").idxmax()),
                          1, 0)  # fmt: skip
    data = data_of(table, groups=SEX, controls=["senior"], **role)
    result = findings("bias", stored(**DECIDING), data)
    for form in ("ratio", "difference"):
        one = found(result, f"bias.conditional_true_positive_rate_{form}", *BOTH)
        assert (one.status, one.value) == (Status.TOO_FEW, None)
        assert one.reason.startswith(
            "There are too few units whose true outcome is favourable in sex=F that can be compared"
        )
        assert one.rows == one.units == 0  # nor how many they are
        kept = found(result, f"bias.conditional_selection_rate_{form}", *BOTH)
        assert (kept.status, kept.rows) == (Status.MEASURED, 600)


def by_probability(n: int = 20_000, bias: float = 0.0, seed: int = 0) -> pd.DataFrame:
    """Membership is drawn from the probabilities; selection falls with them by `bias`."""
    rng = np.random.default_rng(seed)
    p = rng.beta(0.5, 0.5, n)
    score = (rng.random(n) < 0.5 - bias * (p - 0.5)).astype(float)
    return pd.DataFrame(
        {
            "score": score,
            "y": rng.integers(0, 2, n),
            "p_b": p,
            "p_w": 1 - p,
            "member": rng.random(n) < p,
            "person": np.arange(n) // 5,
            "weight": rng.uniform(0.5, 2, n),
        }
    )


RACE = {"race": {"columns": {"b": "p_b", "w": "p_w"}, "reference": "w"}}
PAIR = ({"race": "b"}, {"race": "w"})


@pytest.mark.parametrize("weight", [None, "weight"])
def test_probabilities_weigh_the_units(weight: str | None) -> None:
    table = by_probability(2000)
    data = data_of(table, proxy_groups=RACE, weight=weight)
    result = findings("bias", stored(**DECIDING), data)
    w = table[weight] if weight else 1.0
    rates = {
        level: (w * table[p] * table["score"]).sum() / (w * table[p]).sum()
        for level, p in (("b", "p_b"), ("w", "p_w"))
    }
    for level, rate in rates.items():
        measured = found(result, "bias.proxy_selection_rate", {"race": level})
        assert measured.value == pytest.approx(rate, rel=1e-9)
        assert measured.reason.startswith("The group is known by probabilities alone")
    ratio = value(result, "bias.proxy_impact_ratio", *PAIR)
    assert ratio == pytest.approx(rates["b"] / rates["w"], rel=1e-9)
    assert any("no interval contains that bias" in note for note in result.notes)


@pytest.mark.parametrize("cluster", [None, "person"])
def test_a_gap_between_probable_groups_is_found_and_the_control_passes(cluster: str | None) -> None:
    for bias, judge in ((0.0, inside), (0.8, outside)):
        data = data_of(by_probability(bias=bias), proxy_groups=RACE, cluster=cluster)
        result = findings("bias", stored(**DECIDING), data)
        assert judge(found(result, "bias.proxy_impact_ratio", *PAIR), 0.8, 1.25)
        gap = found(result, "bias.proxy_selection_rate_difference", *PAIR)
        assert judge(gap, -0.1, 0.1)


def test_intervals_of_probable_groups_cover_what_is_true_of_the_members() -> None:
    """Where selection goes with the probability alone, the method has no bias."""
    hits = 0
    for seed in range(200):
        table = by_probability(1000, bias=0.4, seed=seed)
        p = table["p_b"]
        truth = (p * (0.5 - 0.4 * (p - 0.5))).sum() / p.sum()
        result = findings("bias", stored(**DECIDING), data_of(table, proxy_groups=RACE))
        drawn = found(result, "bias.proxy_selection_rate", {"race": "b"}).interval
        hits += drawn.low <= truth <= drawn.high
    assert 168 <= hits <= 192  # 90 % of 200: within 3 standard errors


def test_a_level_nobody_belongs_to_has_no_number() -> None:
    table = by_probability(500).assign(p_b=0.0, p_w=1.0)
    result = findings("bias", stored(**DECIDING), data_of(table, proxy_groups=RACE))
    none = found(result, "bias.proxy_selection_rate", {"race": "b"})
    assert (none.status, none.value) == (Status.UNDEFINED, None)
    table.loc[:9, ["p_b", "p_w"]] = [0.2, 0.8]
    result = findings("bias", stored(**DECIDING), data_of(table, proxy_groups=RACE))
    few = found(result, "bias.proxy_selection_rate", {"race": "b"})
    assert few.status is Status.TOO_FEW
    assert few.reason.startswith("Too few units belong to race=b, by their probabilities; ")


def of_six(n: int = 1000, members: int = 6) -> pd.DataFrame:
    """A few certain members, all selected, as are 95 % of the others."""
    rng = np.random.default_rng(3)
    member = np.arange(n) < members
    table = by_probability(n).assign(p_b=member.astype(float), p_w=1.0 - member)
    table["score"] = np.where(member | (rng.random(n) < 0.95), 1.0, 0.0)
    return table


@pytest.mark.parametrize("roles", [{}, {"weight": "weight"}, {"cluster": "person"}])
def test_six_members_are_no_certainty(roles: dict[str, str]) -> None:
    table = of_six().assign(person=np.arange(1000))
    result = findings("bias", stored(**DECIDING), data_of(table, proxy_groups=RACE, **roles))
    one = found(result, "bias.proxy_selection_rate", {"race": "b"})
    assert (one.value, one.rows <= 6, one.units <= 6) == (1.0, True, True)
    ratio = found(result, "bias.proxy_impact_ratio", *PAIR)
    if "cluster" in roles:
        assert (ratio.status, ratio.estimate) == (Status.TOO_FEW, None)
        return
    assert ratio.value == pytest.approx(1.05, abs=0.02)
    assert ratio.interval.low < 0.8
    assert ratio.rows <= 1000


@pytest.mark.parametrize("cluster", [None, "person"])
def test_intervals_of_few_probable_members_cover(cluster: str | None) -> None:
    """Whoever isn't selected is of tiny probability: that must not make the rate certain."""
    times, missed = 150, 0
    for seed in range(times):
        rng = np.random.default_rng(seed)
        p = np.where(rng.random(2000) < 0.008, 0.9, 0.001)
        table = pd.DataFrame(
            {
                "score": (rng.random(2000) < 0.95).astype(float),
                "y": rng.integers(0, 2, 2000),
                "p_b": p,
                "p_w": 1 - p,
                "person": np.arange(2000) // 2,
            }
        )
        data = data_of(table, proxy_groups=RACE, cluster=cluster)
        drawn = found(findings("bias", stored(**DECIDING), data), "bias.proxy_impact_ratio", *PAIR)
        if drawn.interval is not None:
            missed += not drawn.interval.low <= 1 <= drawn.interval.high
    assert missed / times <= 0.15  # of a nominal 10 %


@pytest.mark.parametrize("weight", [1e-3, 1000.0])
def test_the_floor_is_of_people_not_of_weight(weight: float) -> None:
    table = of_six(members=3).assign(weight=weight)
    data = data_of(table, proxy_groups=RACE, weight="weight")
    result = findings("bias", stored(**DECIDING), data)
    few_members = found(result, "bias.proxy_selection_rate", {"race": "b"})
    assert few_members.status is Status.TOO_FEW
    assert few_members.reason.startswith("Too few units belong to race=b, by their")
    many = found(result, "bias.proxy_selection_rate", {"race": "w"})
    assert many.status is Status.MEASURED


def test_the_rest_does_not_tell_about_a_few() -> None:
    table = by_probability(1000)
    table["p_c"] = np.where(np.arange(1000) < 3, 1.0, 0.0)
    table.loc[:2, ["p_b", "p_w"]] = 0.0
    race = {"race": {"columns": {"b": "p_b", "w": "p_w", "c": "p_c"}, "reference": "w"}}
    result = findings("bias", stored(**DECIDING), data_of(table, proxy_groups=race))
    rest = found(result, "bias.proxy_impact_ratio", {"race": "b"}, REST)
    assert rest.status is Status.TOO_FEW
    assert rest.reason.startswith("All others hold race=c, who are fewer than 5")
    assert found(result, "bias.proxy_impact_ratio", *PAIR).status is Status.MEASURED
