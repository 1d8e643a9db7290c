"""What the comparison of groups cannot give, and that it says so: nothing vanishes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from auditkit.data import Group
from auditkit.measurement import Status
from tests.checks.audits import (
    BINARY,
    CHECKS,
    DECIDING,
    collected,
    data_of,
    findings,
    found,
    scored,
    stored,
    value,
)

SEX = (Group("sex", "sex", "M"),)
DECIDES = {**BINARY, "decision": {"threshold": 0.5}}
RACE = {"race": {"columns": {"b": "p_b", "w": "p_w"}, "reference": "w"}}


def people(n: int = 400, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    p = rng.random(n)
    return scored(
        n, seed, sex=rng.choice(["F", "M"], n), town=rng.choice(["a", "b"], n),
        before=rng.integers(0, 2, n), p_b=p, p_w=1 - p, search=rng.integers(0, 20, n),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("roles", "metric"),
    [
        ({"controls": ["town"]}, "bias.conditional_selection_rate_ratio"),
        ({"proxy_groups": RACE}, "bias.proxy_impact_ratio"),
    ],
)
def test_without_a_favourable_outcome_declared_roles_say_what_they_lack(
    roles: dict[str, object], metric: str
) -> None:
    result = findings("bias", stored(**DECIDES), data_of(people(), groups=SEX, **roles))
    unmet = found(result, metric)
    assert unmet.status is Status.NOT_APPLICABLE
    assert unmet.reason.startswith("No outcome is declared as favourable")
    assert not any("probabilities alone" in note for note in result.notes)


def test_probable_groups_alone_need_a_favourable_outcome() -> None:
    data = data_of(people(), proxy_groups=RACE)
    subject, _ = collected(CHECKS["performance"], stored(**DECIDES), data)
    assert CHECKS["bias"].unmet(subject).startswith("No outcome is declared as favourable")
    subject, _ = collected(CHECKS["performance"], stored(**DECIDING), data)
    assert CHECKS["bias"].unmet(subject) == ""


def test_many_classes_have_no_rates_of_each_and_say_so() -> None:
    rng = np.random.default_rng(1)
    names = [f"score{place}" for place in range(21)]
    table = pd.DataFrame(rng.random((300, 21)), columns=names)
    classes = tuple(f"c{place}" for place in range(21))
    table = table.assign(y=rng.choice(classes, 300), sex=rng.choice(["F", "M"], 300), search=1)
    model = stored(names, task="multiclass", outputs="logits", classes=classes)
    result = findings("bias", model, data_of(table, groups=SEX, query="search"))
    for metric in ("bias.class_recall", "bias.balanced_accuracy_difference"):
        assert found(result, metric).reason.startswith("Single classes are compared up to 20")
    assert found(result, "bias.exposure").reason.startswith("The output is no single score")


def test_previous_predictions_of_labels_say_why_they_are_not_compared() -> None:
    rng = np.random.default_rng(2)
    table = pd.DataFrame(rng.random((300, 2)), columns=["score0", "score1"])
    table = table.assign(cat=rng.integers(0, 2, 300), dog=rng.integers(0, 2, 300))
    table = table.assign(sex=rng.choice(["F", "M"], 300), before=0)
    model = stored(
        ["score0", "score1"], task="multilabel", outputs="probabilities", classes=("cat", "dog"),
        decision={"threshold": 0.5},
    )  # fmt: skip
    data = data_of(table, label=("cat", "dog"), groups=SEX, previous="before")
    unmet = found(findings("bias", model, data), "bias.flip_rate")
    assert unmet.status is Status.NOT_APPLICABLE
    assert unmet.reason.startswith("Previous predictions can be compared where")


def test_a_table_that_does_not_fit_stops_only_what_needs_it() -> None:
    rng = np.random.default_rng(3)
    table = people()
    names = [f"k{place}" for place in range(4)]
    for name in names:
        table[name] = rng.choice([f"l{level}" for level in range(40)], len(table))
    result = findings("bias", stored(**DECIDING), data_of(table, groups=SEX, controls=names))
    lost = found(result, "bias.conditional_selection_rate_ratio")
    assert lost.status is Status.FAILED
    assert "declare fewer controls" in lost.reason
    assert lost.reason in result.notes
    selected = (table["score"] >= 0.5)[table["sex"] == "F"].mean()
    assert value(result, "bias.auc", {"sex": "F"}) > 0
    assert selected > 0
    assert found(result, "bias.selection_rate", {"sex": "F"}).value == pytest.approx(selected)


def test_what_does_not_fit_names_its_output() -> None:
    rng = np.random.default_rng(4)
    table = pd.DataFrame(rng.random((400, 2)), columns=["score0", "score1"])
    table = table.assign(cat=rng.integers(0, 2, 400), dog=rng.integers(0, 2, 400))
    table["sex"] = rng.choice(["F", "M"], 400)
    names = [f"k{place}" for place in range(4)]
    for name in names:
        table[name] = rng.choice([f"l{level}" for level in range(40)], 400)
    model = stored(
        ["score0", "score1"], task="multilabel", outputs="probabilities", classes=("cat", "dog"),
        decision={"threshold": 0.5, "favourable": "dog"},
    )  # fmt: skip
    data = data_of(table, label=("cat", "dog"), groups=SEX, controls=names)
    result = findings("bias", model, data)
    lost = [one for one in result.measurements if one.status is Status.FAILED]
    assert {one.key.label for one in lost} == {"dog sex"}
    keys = [one.key for one in result.measurements]
    assert len(keys) == len(set(keys))
