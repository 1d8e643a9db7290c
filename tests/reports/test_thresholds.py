"""Another threshold, from units by cell of the score: against the rows decided anew."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from auditkit.reports.reslicing import (
    Question,
    Resliced,
    Scoring,
    StoredTable,
    at_threshold,
    decision_tables,
    score_range,
    score_tables,
    scoring_of,
)
from tests.checks.audits import BINARY, DECIDING, stored
from tests.reports.counted import audited, people

BY = ("group:sex",)


def described(decision: dict[str, Any], outputs: str = "probabilities") -> dict[str, Any]:
    head = {"name": "", "task": "binary", "outputs": outputs, "classes": ["0", "1"]}
    return {"heads": [{**head, "decision": {"rule": "threshold", **decision}}]}


def opened(
    rows: pd.DataFrame, decision: dict[str, Any], **roles: Any
) -> tuple[StoredTable, Scoring]:
    outputs = roles.pop("outputs", "probabilities")
    model = stored(**{**BINARY, "outputs": outputs, "decision": decision})
    (table,) = score_tables(audited(rows, model, controls=(), **roles)[1])
    scoring = scoring_of(described(decision, outputs), table)
    assert scoring is not None
    return table, scoring


def expected(part: pd.DataFrame, chosen: pd.Series, good: int, rate: str) -> tuple[int, int]:
    """Successes and trials."""
    among = {"selection_rate": part.index == part.index, "true_positive_rate": part["y"] == good,
             "false_positive_rate": part["y"] != good}[rate]  # fmt: skip
    return int(chosen[part.index][among].sum()), int(np.sum(among))


@pytest.mark.parametrize("favourable", ["1", "0"])
@pytest.mark.parametrize("threshold", [0.05, 0.31, 0.5, 0.77, 0.99])
def test_rates_are_those_of_the_rows_decided_anew(threshold: float, favourable: str) -> None:
    rows = people(5000)
    table, scoring = opened(rows, {"threshold": 0.5, "favourable": favourable})
    found = at_threshold(table, scoring, threshold, BY, clustered=False)
    above = rows["score"] >= threshold
    chosen = above if favourable == "1" else ~above
    assert list(found.rates) == ["selection_rate", "true_positive_rate", "false_positive_rate"]
    for rate, sliced in found.rates.items():
        for cell in sliced.cells():
            part = rows[rows["sex"] == cell.levels[0]]
            hits, trials = expected(part, chosen, int(favourable), rate)
            assert cell.n == trials
            assert cell.value is not None
            assert abs(cell.value * trials - hits) <= found.undecided + 1e-6
    assert found.undecided < 20  # of 5,000: the cells are narrow
    if threshold == 0.5:
        assert found.undecided == 0


def test_at_the_threshold_in_use_it_is_what_was_decided() -> None:
    rows = people(3000)
    states = audited(rows, controls=(), cluster="person")[1]
    (scores,), (decisions,) = score_tables(states), decision_tables(states)
    scoring = scoring_of(described({"threshold": 0.5, "favourable": "1"}), scores)
    assert scoring is not None
    found = at_threshold(scores, scoring, 0.5, BY, clustered=True)
    for rate, sliced in found.rates.items():
        told = Resliced.of(decisions, Question(rate, BY), clustered=True)
        assert sliced.cells() == told.cells()


def test_weighted_scores_know_no_outcomes() -> None:
    rows = people(2000)
    table, scoring = opened(rows, DECIDING["decision"], weight="weight")
    found = at_threshold(table, scoring, 0.5, BY, clustered=False)
    assert list(found.rates) == ["selection_rate"]
    for cell in found.rates["selection_rate"].cells():
        part = rows[rows["sex"] == cell.levels[0]]
        weight = part["weight"]
        share = (weight * part["chosen"]).sum() / weight.sum()
        assert cell.value == pytest.approx(share, rel=1e-12)


def test_raw_scores_have_a_range_of_their_own() -> None:
    rows = people(3000)
    rows["score"] = 40 * rows["score"] - 10
    table, scoring = opened(rows, {"threshold": 5.0, "favourable": "1"}, outputs="values")
    assert not scoring.probabilistic
    low, high = score_range(table, scoring)
    ends = rows["score"].quantile([0.005, 0.995])
    assert low == pytest.approx(ends.iloc[0], abs=0.4)
    assert high == pytest.approx(ends.iloc[1], abs=0.8)
    found = at_threshold(table, scoring, 5.0, BY, clustered=False)
    assert found.undecided == 0
    for cell in found.rates["selection_rate"].cells():
        part = rows[rows["sex"] == cell.levels[0]]
        assert cell.value == pytest.approx((part["score"] >= 5).mean(), rel=1e-12)


def test_few_are_withheld_at_any_threshold() -> None:
    table, scoring = opened(people(900, rare=3), DECIDING["decision"])
    found = at_threshold(table, scoring, 0.4, ("group:race",), clustered=False)
    cells = {cell.levels[0]: cell.n for cell in found.rates["selection_rate"].cells()}
    assert cells["d"] is None
    assert cells["c"] is None
    assert cells["a"] is not None


class TestScoring:
    table = StoredTable("s", "evaluation", "", "", None)  # type: ignore[arg-type]

    def test_an_unknown_head_and_several_classes_have_no_threshold(self) -> None:
        assert scoring_of({}, self.table) is None
        assert scoring_of({"heads": [{"name": "other", "task": "binary"}]}, self.table) is None
        assert scoring_of({"heads": [{"name": "", "task": "multiclass"}]}, self.table) is None

    def test_the_highest_of_two_is_a_threshold_of_a_half(self) -> None:
        model = described({"rule": "argmax", "threshold": None, "favourable": "0"})
        scoring = scoring_of(model, self.table)
        assert scoring is not None
        assert (scoring.threshold, scoring.selects_above, scoring.favourable) == (0.5, False, "0")

    def test_nothing_declared(self) -> None:
        head = {"name": "", "task": "binary", "outputs": "logits", "classes": ["no", "yes"]}
        scoring = scoring_of({"heads": [{**head, "decision": None}]}, self.table)
        assert scoring is not None
        assert (scoring.favourable, scoring.declared, scoring.threshold) == ("yes", False, None)
