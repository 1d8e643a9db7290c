"""Outcomes that are known of some rows alone, or of none: what each number is then counted from."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import log_loss, roc_auc_score

from auditkit.checks import Findings
from auditkit.data import Columns, Dataset, Group, dataset
from auditkit.evidence import Evidence, Subject
from auditkit.evidence.merging import from_bytes, merge, to_bytes
from auditkit.evidence.needs import (
    QUALIFIED,
    RANK_CELL,
    SELECTED,
    TARGET,
    WEIGHT,
    CountNeed,
    SliceNeed,
    SumNeed,
    feature,
    group,
    labelled,
    rests_on_labels,
    weighted,
)
from auditkit.evidence.subject import Labels
from auditkit.measurement import REST, Measurement, Status
from auditkit.models import wrap
from auditkit.models.wrapped import WrappedModel
from auditkit.recording import states_of
from auditkit.reports.reslicing import decision_tables, score_tables
from auditkit.subjects import probe
from tests.checks.audits import CHECKS, DECIDING, data_of, findings, found, stored
from tests.evidence.passes import collect, plan_of, subject_of

FEATURES = ("score", "other")
OF = "accepted applicants"


def applicants(n: int = 900, seed: int = 3) -> pd.DataFrame:
    """The lender knows what became of those whom it accepted, and they are not like the others."""
    rng = np.random.default_rng(seed)
    sex = rng.choice(["F", "M"], n)
    score = np.clip(rng.normal(np.where(sex == "M", 0.55, 0.4), 0.2), 0.01, 0.99)
    accepted = rng.random(n) < np.where(sex == "M", 0.7, 0.3)
    repaid = (rng.random(n) < np.where(accepted, 0.2 + 0.7 * score, 0.1)).astype(float)
    return pd.DataFrame(
        {
            "score": score,
            "other": rng.random(n),
            "sex": sex,
            "pay": rng.choice(["low", "high"], n),
            "repaid": np.where(accepted, repaid, np.nan),
            "person": rng.integers(0, 200, n),
            "weight": rng.uniform(0.5, 3, n),
        }
    )


def audit(check: str, frame: pd.DataFrame, **roles: object) -> Findings:
    roles = {"label": "repaid", "labelled": OF, "groups": ("sex",), **roles}
    return findings(check, stored(**DECIDING), data_of(frame, features=FEATURES, **roles))


def test_selection_is_of_everybody_and_errors_are_of_the_labelled() -> None:
    frame = applicants()
    everybody = frame[frame["sex"] == "F"]
    known = everybody[everybody["repaid"].notna()]
    selects, repaid = known["score"] >= 0.5, known["repaid"] == 1
    expected = {
        "selection_rate": ((everybody["score"] >= 0.5).mean(), len(everybody)),
        "true_positive_rate": (selects[repaid].mean(), repaid.sum()),
        "false_positive_rate": (selects[~repaid].mean(), (~repaid).sum()),
        "positive_predictive_value": (repaid[selects].mean(), selects.sum()),
        "base_rate": (repaid.mean(), len(known)),
        "accuracy": ((selects == repaid).mean(), len(known)),
        "auc": (roc_auc_score(repaid, known["score"]), len(known)),
        "log_loss": (log_loss(repaid, known["score"]), len(known)),
        "calibration_gap": (known["score"].mean() - repaid.mean(), len(known)),
    }
    result = audit("bias", frame)
    for name, (value, n) in expected.items():
        one = found(result, f"bias.{name}", {"sex": "F"})
        tolerance = 2e-3 if name == "auc" else 1e-9
        assert one.value == pytest.approx(value, abs=tolerance), name
        assert one.rows == n, name
    rates = (frame["score"] >= 0.5).groupby(frame["sex"]).mean()
    ratio = found(result, "bias.impact_ratio", {"sex": "F"}, {"sex": "M"})
    assert ratio.value == pytest.approx(rates["F"] / rates["M"])
    assert ratio.rows == len(frame)


def test_alike_units_are_compared_over_everybody_too() -> None:
    frame = applicants()
    result = audit("bias", frame, controls=("pay",))
    strata = frame.assign(yes=frame["score"] >= 0.5).groupby(["pay", "sex"])["yes"]
    hits, units = strata.sum().unstack(), strata.count().unstack()
    total = units.sum(axis=1)
    expected = (hits["F"] * units["M"] / total).sum() / (hits["M"] * units["F"] / total).sum()
    one = found(result, "bias.conditional_selection_rate_ratio", {"sex": "F"}, REST)
    assert one.value == pytest.approx(expected)


def test_losses_of_weighted_rows_are_of_the_labelled() -> None:
    frame = applicants()
    known = frame[(frame["sex"] == "F") & frame["repaid"].notna()]
    one = found(audit("bias", frame, weight="weight"), "bias.log_loss", {"sex": "F"})
    loss = log_loss(known["repaid"], known["score"], sample_weight=known["weight"])
    assert one.value == pytest.approx(loss)
    assert one.rows == len(known)


def test_performance_and_calibration_are_of_the_labelled() -> None:
    frame = applicants()
    known = frame.dropna(subset="repaid")
    performance = audit("performance", frame)
    expected = {
        "accuracy": ((known["score"] >= 0.5) == known["repaid"]).mean(),
        "auc": roc_auc_score(known["repaid"], known["score"]),
        "log_loss": log_loss(known["repaid"], known["score"]),
    }
    for name, value in expected.items():
        one = found(performance, f"performance.{name}")
        assert one.value == pytest.approx(value, abs=2e-3 if name == "auc" else 1e-9)
        assert one.rows == len(known)
    assert found(performance, "performance.units").value == len(frame)
    gap = found(audit("calibration", frame), "calibration.confidence_gap")
    assert gap.value == pytest.approx((known["score"] - known["repaid"]).mean())
    assert gap.rows == len(known)


def test_everybody_selected_is_told() -> None:
    frame = applicants()
    told = "rows of those who were refused seem to be left out"
    assert not any(told in note for note in audit("bias", frame).notes)
    (note,) = [n for n in audit("bias", frame[frame["score"] >= 0.5]).notes if told in n]
    assert "everybody here has the favourable prediction" in note


NEEDS = (
    CountNeed(None, (group("sex"),)),
    CountNeed(KEY := subject_of(stored(**DECIDING)).views[0].key, (group("sex"), SELECTED)),
    CountNeed(KEY, (group("sex"), SELECTED, QUALIFIED)),
    SumNeed(KEY, "score", (group("sex"),)),
    SumNeed(KEY, labelled("score"), (group("sex"),)),
    SumNeed(KEY, "log_loss", ()),
    SliceNeed(KEY, (group("sex"),), ""),
)
SOME = {
    "labels": Labels.SOME,
    "slice_levels": {"group:sex": ("F", "M", "(missing)", "(other)")},
}


def parts(frame: pd.DataFrame) -> Iterator[pd.DataFrame]:
    for start in range(0, len(frame), 250):
        yield frame.iloc[start : start + 250]


def test_a_count_of_all_rows_is_no_marginal_of_the_labelled() -> None:
    model = stored(**DECIDING)
    some, every = (plan_of(NEEDS, subject_of(model, labels=of)) for of in (Labels.SOME, Labels.ALL))
    assert len(some.counts) == 2
    assert len(every.counts) == 1
    assert every.counts[0].axes == (group("sex"), QUALIFIED, SELECTED)


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 1, 0, 2)])
def test_parts_add_up_in_any_order(order: tuple[int, ...]) -> None:
    model = stored(**DECIDING)
    frame = applicants().assign(id=range(900))
    columns = data_of(
        frame, features=FEATURES, label="repaid", labelled=OF, groups=("sex",)
    ).columns
    one = collect(frame, model, NEEDS, columns=columns, **SOME)
    plan = plan_of(NEEDS, subject_of(model, columns, **SOME))
    pieces = [collect(part, model, NEEDS, columns=columns, **SOME) for part in parts(frame)]
    pieces = [from_bytes(to_bytes(piece, plan), plan) for piece in pieces]
    merged = pieces[order[0]]
    for place in order[1:]:
        merged = merge(merged, pieces[place])
    known = frame.dropna(subset="repaid")
    assert merged.labelled == one.labelled == len(known) < merged.rows == len(frame)
    for need in NEEDS[:3]:
        assert merged.count(need).values.tolist() == one.count(need).values.tolist()
    for need in NEEDS[3:6]:
        for mine, theirs in zip(
            merged.sum(need).of(need.value), one.sum(need).of(need.value), strict=True
        ):
            np.testing.assert_allclose(mine, theirs, rtol=1e-12)
    assert merged.count(NEEDS[0]).total == len(frame)
    assert merged.count(NEEDS[2]).total == len(known)
    assert merged.sum(NEEDS[3]).of("score")[1].sum() == pytest.approx(frame["score"].sum())
    assert merged.sum(NEEDS[4]).of(labelled("score"))[1].sum() == pytest.approx(
        known["score"].sum()
    )
    (table,) = merged.slices[NEEDS[6]].tables.values()
    assert table[0].sum() == len(known)


def test_levels_met_in_rows_without_a_label_are_counted_too() -> None:
    """The first and the last batch know no outcome, and the last brings a level."""
    frame = pd.DataFrame(
        {
            "id": range(8),
            "sex": ["F", "F", "M", "F", "M", "F", "X", "X"],
            "score": [0.1, 0.9, 0.8, 0.2, 0.7, 0.6, 0.9, 0.1],
            "repaid": [np.nan, np.nan, 1, 0, 1, 0, np.nan, np.nan],
        }
    )
    columns = Columns(label="repaid", labelled=OF, groups=(Group("sex", "sex"),))
    settings = {**SOME, "slice_levels": {"group:sex": ("F", "M", "X", "(missing)", "(other)")}}
    needs = (*NEEDS, SumNeed(KEY, "brier", (group("sex"),)))
    one = collect(frame, stored(**DECIDING), needs, columns=columns, batches=(2, 4), **settings)
    assert one.count(NEEDS[0]).values.tolist() == [4, 2, 2]
    assert one.count(NEEDS[1]).values.tolist() == [[2, 2], [0, 2], [1, 1]]
    assert one.count(NEEDS[2]).values.sum(axis=(1, 2)).tolist() == [2, 2, 0]
    assert one.sum(needs[-1]).of("brier")[0].tolist() == [2, 2, 0]
    assert one.labelled == 4


def test_an_outcome_that_nobody_knows_is_no_number() -> None:
    result = audit("bias", applicants().assign(repaid=np.nan))
    assert found(result, "bias.selection_rate", {"sex": "F"}).status is Status.MEASURED
    accuracy = found(result, "bias.accuracy", {"sex": "F"})
    assert accuracy.status is Status.UNDEFINED
    assert accuracy.reason.startswith("There are no units with a known outcome in sex=F.")
    auc = found(result, "bias.auc", {"sex": "F"})
    assert auc.reason.startswith("sex=F has too few labelled rows; ")


def test_a_stored_run_is_sliced_by_whom_each_rate_is_of() -> None:
    columns = Columns(label="repaid", labelled=OF, groups=(Group("sex", "sex"),))
    frame, model = applicants().assign(id=range(900)), stored(**DECIDING)
    needs = (
        CountNeed(KEY, (group("sex"), SELECTED)),
        CountNeed(KEY, (group("sex"), SELECTED, QUALIFIED)),
        CountNeed(KEY, (group("sex"), RANK_CELL)),
        CountNeed(KEY, (group("sex"), RANK_CELL, TARGET)),
    )
    evidence = Evidence({"evaluation": collect(frame, model, needs, columns=columns, **SOME)})
    states = states_of(evidence)
    rates = {table.outcomes: table.rates for table in decision_tables(states)}
    assert rates["selected",] == ("selection_rate",)
    assert "selection_rate" not in rates["selected", "qualified"]
    assert "true_positive_rate" in rates["selected", "qualified"]
    (scores,) = score_tables(states)
    assert scores.counted.total == len(frame)


class Items(torch.utils.data.Dataset[object]):
    """Torch data whose targets are missing as a user would leave them out."""

    def __init__(self, frame: pd.DataFrame, missing: Callable[[], object]) -> None:
        self.frame, self.missing = frame, missing

    def __len__(self) -> int:
        return len(self.frame)

    def __getitem__(self, index: int) -> object:
        row = self.frame.iloc[index]
        target = self.missing() if np.isnan(row["repaid"]) else int(row["repaid"])
        return torch.tensor([row["score"]]), target, {"sex": row["sex"]}


def scoring() -> WrappedModel:
    return wrap(
        lambda inputs: inputs[:, 0], task="binary", outputs="probabilities",
        decision={"threshold": 0.5, "favourable": "1"},
    )  # fmt: skip


@pytest.mark.parametrize("missing", [lambda: None, lambda: float("nan")], ids=["None", "NaN"])
def test_torch_data_give_the_numbers_of_the_table(missing: Callable[[], object]) -> None:
    frame = applicants(300)
    data = dataset(evaluation=Items(frame, missing), groups=("sex",), labelled=OF)
    theirs = findings("bias", scoring(), data, batch_size=64)
    for metric in ("selection_rate", "true_positive_rate", "accuracy"):
        mine = found(audit("bias", frame), f"bias.{metric}", {"sex": "F"})
        one = found(theirs, f"bias.{metric}", {"sex": "F"})
        assert (one.value, one.rows) == (mine.value, mine.rows)


def unlabelled_measurements(check: str, **roles: object) -> dict[str, list[Measurement]]:
    frame = applicants().drop(columns="repaid")
    result = audit(check, frame, label=None, labelled=None, **roles)
    by_metric: dict[str, list[Measurement]] = {}
    for one in result.measurements:
        by_metric.setdefault(one.key.metric.partition(".")[2], []).append(one)
    return by_metric


def test_selection_needs_no_label() -> None:
    frame = applicants()
    result = unlabelled_measurements("bias", controls=("pay",))
    rates = {str(one.key.slice): one.value for one in result["selection_rate"]}
    expected = (frame["score"] >= 0.5).groupby(frame["sex"]).mean()
    assert list(rates.values()) == pytest.approx(expected.tolist())
    for name in ("impact_ratio", "scoring_rate", "conditional_selection_rate_ratio"):
        assert all(one.status is Status.MEASURED for one in result[name]), name
    for name in ("true_positive_rate", "accuracy", "equalised_odds_difference", "auc", "log_loss"):
        (one,) = result[name]
        assert one.status is Status.NOT_APPLICABLE
        assert one.reason.startswith("No label is declared, so ")


def test_no_label_is_the_reason_of_each_check_that_needs_one() -> None:
    performance = unlabelled_measurements("performance")
    assert performance["units"][0].value == 900
    assert {one.status for one in performance["accuracy"]} == {Status.NOT_APPLICABLE}
    frame = applicants().drop(columns="repaid")
    data: Dataset = data_of(frame, frame, label=None, features=FEATURES, groups=("sex",))
    subject: Subject
    for name in ("calibration", "overfitting", "slices"):
        with (model := stored(**DECIDING)).opened():
            subject = probe(model, data, seed=0, batch_size=64).subject
        assert CHECKS[name].unmet(subject).startswith("No label is declared, so ")
    drift = findings("drift", stored(**DECIDING), data)
    assert {one.key.label for one in drift.measurements} == {"score", "other", "sex", "score (2)"}


def test_a_value_times_the_weight_rests_on_labels_as_it_does_alone() -> None:
    assert rests_on_labels(SumNeed(KEY, weighted("brier")))
    assert rests_on_labels(CountNeed(KEY, (TARGET, feature("x"))))
    assert not rests_on_labels(SumNeed(KEY, WEIGHT, (SELECTED,)))
    assert not rests_on_labels(SumNeed(KEY, weighted("score")))
