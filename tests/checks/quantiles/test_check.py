"""Promises of predicted quantiles: planted faults that must be found, and clean controls."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm
from sklearn.metrics import mean_pinball_loss

from auditkit.checks import Findings
from auditkit.checks.groups import Groups
from auditkit.checks.quantiles.check import CHECK
from auditkit.measurement import Measurement, Status
from auditkit.models import stored_predictions
from tests.checks.audits import collected, data_of, found, inside, interval, outside, stored, value

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
WIDE, HALF = {"label": "90 %"}, {"label": "50 %"}
N = 3000


def prices(
    n: int = N, seed: int = 1, levels: tuple[float, ...] = LEVELS, **wrong: Any
) -> pd.DataFrame:
    """Numbers with the quantiles that they have.

    Args:
        wrong: `narrow`: by which factor the predicted spread is too small; `high`: by how much the
            quantiles are too high; `women`: by which factor the true spread of women is larger.
    """
    rng = np.random.default_rng(seed)
    x, sex = rng.normal(size=n), rng.choice(["F", "M"], n)
    spread = np.exp(0.3 * x)
    noise = spread * rng.normal(size=n) * np.where(sex == "F", wrong.get("women", 1.0), 1.0)
    ends = x[:, None] + wrong.get("narrow", 1.0) * spread[:, None] * norm.ppf(levels)
    columns = {f"score{i}": column + wrong.get("high", 0.0) for i, column in enumerate(ends.T)}
    return pd.DataFrame(
        {"x": x, "y": x + noise, "sex": sex, **columns}
        | {"person": rng.integers(0, max(n // 5, 1), n), "weight": rng.uniform(0.5, 2, n)}
    )


def findings(frame: pd.DataFrame, levels: tuple[float, ...] = LEVELS, **roles: Any) -> Findings:
    columns = [f"score{i}" for i in range(len(levels))]
    model = stored(columns, task="regression", quantiles=levels)
    subject, evidence = collected(CHECK, model, data_of(frame, **roles))
    assert CHECK.unmet(subject) == ""
    return CHECK.measure(subject, evidence)


GAPS = (
    *(("quantiles.below_gap", {"label": str(level)}) for level in LEVELS),
    *(("quantiles.coverage_gap", label) for label in (WIDE, HALF)),
)


@pytest.mark.parametrize("roles", [{}, {"cluster": "person"}, {"weight": "weight"}])
def test_a_clean_control_passes(roles: dict[str, str]) -> None:
    clean = findings(prices(), groups=("sex",), **roles)
    for metric, label in GAPS:
        assert inside(found(clean, metric, **label), -0.05, 0.05)
    assert inside(found(clean, "quantiles.pit_error"), -1, 0.0025)
    assert inside(found(clean, "quantiles.crossing"), 0, 0.02)
    for sex in "FM":
        where = {"sex": sex}
        assert inside(found(clean, "quantiles.interval_coverage", where, **WIDE), 0.85, 0.95)
    assert clean.notes == ()


def test_intervals_that_are_too_narrow_are_found() -> None:
    narrow = findings(prices(narrow=0.8))
    assert outside(found(narrow, "quantiles.coverage_gap", **WIDE), -0.05, 0.05)
    assert outside(found(narrow, "quantiles.interval_coverage", **WIDE), 0.87, 1)
    assert outside(found(narrow, "quantiles.coverage_gap", **HALF), -0.05, 0.05)
    assert outside(found(narrow, "quantiles.pit_error"), -1, 0.0025)
    # The middle is right.
    assert inside(found(narrow, "quantiles.below_gap", label="0.5"), -0.05, 0.05)
    clean = findings(prices())
    assert value(narrow, "quantiles.sharpness", **WIDE) == pytest.approx(
        0.8 * value(clean, "quantiles.sharpness", **WIDE)
    )
    assert value(narrow, "quantiles.pinball", label="") > value(
        clean, "quantiles.pinball", label=""
    )


def test_quantiles_that_are_too_high_are_found() -> None:
    high = findings(prices(high=0.4))
    assert found(high, "quantiles.below_gap", label="0.5").value > 0
    assert outside(found(high, "quantiles.below_gap", label="0.5"), -0.05, 0.05)
    assert outside(found(high, "quantiles.pit_error"), -1, 0.0025)


def test_a_group_that_is_covered_less_is_found() -> None:
    uneven = findings(prices(women=1.5), groups=("sex",))
    women, men = (
        found(uneven, "quantiles.coverage_gap", {"sex": sex}, **WIDE) for sex in ("F", "M")
    )
    assert outside(women, -0.05, 0.05)
    assert inside(men, -0.05, 0.05)
    # Of other intervals nothing is said by group.
    assert {m.key.label for m in uneven.measurements if m.key.slice.conditions} == {"90 %"}


def test_numbers_are_the_literal_ones() -> None:
    frame = prices(400, narrow=0.9)
    numbers, y = findings(frame), frame["y"].to_numpy()
    quantiles = frame[[f"score{i}" for i in range(5)]].to_numpy()
    losses = []
    for level, column in zip(LEVELS, quantiles.T, strict=True):
        label = {"label": str(level)}
        share = (y <= column).mean()
        assert value(numbers, "quantiles.below_gap", **label) == pytest.approx(share - level)
        losses.append(mean_pinball_loss(y, column, alpha=level))
        assert value(numbers, "quantiles.pinball", **label) == pytest.approx(losses[-1])
    assert value(numbers, "quantiles.pinball", label="") == pytest.approx(np.mean(losses))
    held = ((quantiles[:, 0] <= y) & (y <= quantiles[:, 4])).mean()
    assert value(numbers, "quantiles.interval_coverage", **WIDE) == pytest.approx(held)
    widths = quantiles[:, 4] - quantiles[:, 0]
    assert value(numbers, "quantiles.sharpness", **WIDE) == pytest.approx(widths.mean())
    mean = interval(numbers, "quantiles.sharpness", **WIDE)
    assert mean.high - mean.low == pytest.approx(
        2 * 1.6486 * widths.std(ddof=1) / 20, rel=1e-3
    )  # Student's, of 399 degrees of freedom


def test_weights_count() -> None:
    """Women, who are covered less, stand for ten times as many."""
    frame = prices(women=1.5)
    frame["weight"] = np.where(frame["sex"] == "F", 10.0, 1.0)
    held = frame["y"].between(frame["score0"], frame["score4"])
    weighted = findings(frame, weight="weight")
    coverage = value(weighted, "quantiles.interval_coverage", **WIDE)
    assert coverage == pytest.approx(np.average(held, weights=frame["weight"]))
    widths = frame["score4"] - frame["score0"]
    sharpness = value(weighted, "quantiles.sharpness", **WIDE)
    assert sharpness == pytest.approx(np.average(widths, weights=frame["weight"]))
    plain = findings(frame)
    assert value(weighted, "quantiles.pit_error") > value(plain, "quantiles.pit_error")
    (figure,) = weighted.figures
    assert figure.caption.endswith("It counts rows, and not what they weigh.")


def test_clusters_widen_the_intervals() -> None:
    frame = prices(500, seed=3)
    copies = pd.concat([frame.assign(person=range(500))] * 4, ignore_index=True)
    alike, taken_apart = findings(copies, cluster="person"), findings(copies)
    for metric, label in (*GAPS, ("quantiles.pit_error", {})):
        one, other = (interval(numbers, metric, **label) for numbers in (alike, taken_apart))
        assert one.high - one.low > 1.5 * (other.high - other.low), metric
    assert found(alike, "quantiles.crossing").units == 500
    assert "those of one cluster are not" in alike.figures[0].caption


def test_crossing_is_measured_and_no_error() -> None:
    frame = prices(400)
    frame["score1"] = frame["score1"].where(frame.index % 4 > 0, frame["score2"] + 0.1)
    numbers = findings(frame)
    assert value(numbers, "quantiles.crossing") == 0.25
    swapped = prices(400).rename(columns={"score0": "score4", "score4": "score0"})
    nothing = findings(swapped)
    assert value(nothing, "quantiles.interval_coverage", **WIDE) == 0
    assert value(nothing, "quantiles.sharpness", **WIDE) < 0


def test_a_target_on_its_quantile_is_at_or_below_it() -> None:
    """It rains on no day, and none is predicted."""
    dry = pd.DataFrame({"score0": np.zeros(200), "score1": np.zeros(200), "y": np.zeros(200)})
    numbers = findings(dry, (0.1, 0.9))
    assert value(numbers, "quantiles.below_gap", label="0.1") == pytest.approx(0.9)
    assert value(numbers, "quantiles.below_gap", label="0.9") == pytest.approx(0.1)
    assert value(numbers, "quantiles.interval_coverage", label="80 %") == 1
    assert value(numbers, "quantiles.pinball", label="") == 0
    assert value(numbers, "quantiles.crossing") == 0
    bars = numbers.figures[0].data["bars"]
    assert [bar["n"] for bar in bars] == [200, 0, 0]


def reason_of(numbers: Findings, metric: str, status: Status, **label: str) -> str:
    one = found(numbers, metric, **label)
    assert (one.status, one.value) == (status, None)
    return one.reason


def test_two_rows_have_shares_and_no_error_of_the_whole() -> None:
    numbers = findings(prices(2))
    assert found(numbers, "quantiles.below_gap", label="0.5").status is Status.MEASURED
    assert "at least 100 units" in reason_of(numbers, "quantiles.pit_error", Status.TOO_FEW)
    assert found(numbers, "quantiles.pinball", label="").interval is not None
    alone = findings(prices(1))
    for metric in ("quantiles.pinball", "quantiles.sharpness"):
        label = WIDE if metric.endswith("sharpness") else {"label": ""}
        assert "at least two units" in reason_of(alone, metric, Status.TOO_FEW, **label)


def test_few_clusters_have_no_intervals() -> None:
    frame = prices().assign(person=lambda table: np.arange(len(table)) % 4)
    for one in findings(frame, cluster="person", groups=("sex",)).measurements:
        assert one.status is Status.TOO_FEW, str(one.key)
        assert one.interval is None
        assert "There are 4 clusters" in one.reason


def test_numbers_about_fewer_than_five_are_withheld() -> None:
    frame = prices(300).assign(sex=["X"] * 3 + ["F", "M"] * 148 + ["F"])
    numbers = findings(frame, groups=("sex",))
    for metric in ("quantiles.interval_coverage", "quantiles.coverage_gap"):
        few = found(numbers, metric, {"sex": "X"}, **WIDE)
        assert (few.status, few.value, few.rows) == (Status.TOO_FEW, None, 0)
        assert "since they could tell about a person" in few.reason
    assert found(numbers, "quantiles.interval_coverage", {"sex": "M"}, **WIDE).rows == 148


def test_without_labels_only_widths_and_crossings_are_measured() -> None:
    numbers = findings(prices(300), label=None, groups=("sex",))
    measured = {m.key.metric for m in numbers.measurements if m.status is Status.MEASURED}
    assert measured == {"quantiles.sharpness", "quantiles.crossing"}
    assert {m.key.metric for m in numbers.measurements} == {metric.id for metric in CHECK.metrics}
    said = reason_of(numbers, "quantiles.pit_error", Status.NOT_APPLICABLE)
    assert said.startswith("No label is declared")
    assert numbers.figures == ()


def test_where_some_outcomes_are_unknown_the_known_ones_count() -> None:
    frame = prices(900)
    frame["y"] = frame["y"].where(frame.index % 3 > 0)
    numbers = findings(frame, labelled="two thirds", groups=("sex",))
    known = frame.dropna(subset="y")
    held = known["y"].between(known["score0"], known["score4"])
    coverage = found(numbers, "quantiles.interval_coverage", **WIDE)
    assert (coverage.rows, coverage.value) == (600, pytest.approx(held.mean()))
    women = found(numbers, "quantiles.interval_coverage", {"sex": "F"}, **WIDE)
    assert women.value == pytest.approx(held[known["sex"] == "F"].mean())
    assert women.rows == (known["sex"] == "F").sum()
    sharpness = found(numbers, "quantiles.sharpness", **WIDE)
    assert sharpness.rows == 900
    assert sharpness.value == pytest.approx((frame["score4"] - frame["score0"]).mean())


def test_what_rows_are_called_changes_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """All women are within the interval: only how many clusters they are says how sure that is."""
    frame = prices(600).assign(person=lambda table: np.arange(600) % 30)
    frame.loc[frame["sex"] == "F", "y"] = frame["score2"]
    frame["y"] = frame["y"].where(frame["person"] < 20)
    roles: dict[str, Any] = {"cluster": "person", "labelled": "some", "groups": ("sex",)}
    before = findings(frame, **roles).measurements
    holding = Groups.holding
    monkeypatch.setattr(
        Groups, "holding", lambda groups, rows: replace(holding(groups, rows), noun="answer")
    )
    assert findings(frame, **roles).measurements == before


def test_rows_that_are_alike_are_no_more_units_for_the_error() -> None:
    """400 rows of 20 people, all rows of one alike: as good as some twenty."""
    frame = prices(20, seed=3)
    copies = pd.concat([frame.assign(person=range(20))] * 20, ignore_index=True)
    said = reason_of(findings(copies, cluster="person"), "quantiles.pit_error", Status.TOO_FEW)
    assert "independent ones; the error needs at least 100, so that 5 are expected" in said
    assert found(findings(copies), "quantiles.pit_error").status is Status.MEASURED


def test_a_single_quantile_makes_one_promise() -> None:
    numbers = findings(prices(400, levels=(0.9,)), (0.9,))
    assert inside(found(numbers, "quantiles.below_gap", label="0.9"), -0.1, 0.1)
    said = reason_of(numbers, "quantiles.crossing", Status.NOT_APPLICABLE)
    assert said == "A single quantile is declared, which crosses no other."
    for metric in ("quantiles.interval_coverage", "quantiles.coverage_gap", "quantiles.sharpness"):
        assert "no interval is promised" in reason_of(numbers, metric, Status.NOT_APPLICABLE)
    assert numbers.notes == (
        "No median is predicted: in errors of the predicted number, such as the mean absolute "
        "error, the quantile at 0.9 stands for it.",
    )


def unmet(model: Any, data: Any) -> str:
    subject, _ = collected(CHECK, model, data)
    return CHECK.unmet(subject)


def test_what_declares_no_quantiles_is_told_how() -> None:
    frame = prices(50)
    plain = stored("score2", task="regression")
    assert unmet(plain, data_of(frame)) == (
        "No output is declared to be quantiles; declare model.quantiles for a regression that "
        "predicts them."
    )
    single = stored("score2", task="regression", quantiles=(0.5,))
    assert unmet(single, data_of(frame, label=None)).startswith("No label is declared")


def test_each_head_has_its_own_promises() -> None:
    heads = {
        "price": {"task": "regression", "quantiles": (0.25, 0.75)},
        "size": {"task": "regression"},
    }
    model = stored_predictions({"price": ("score1", "score3"), "size": "score2"}, heads=heads)
    data = data_of(prices().assign(area=1.0), label={"price": "y", "size": "area"})
    subject, evidence = collected(CHECK, model, data)
    numbers = CHECK.measure(subject, evidence)
    assert {one.key.head for one in numbers.measurements} == {"price"}
    gap = found(numbers, "quantiles.coverage_gap", label="50 %", head="price")
    assert inside(gap, -0.05, 0.05)
    assert numbers.notes[0].startswith("No median of price is predicted")
    assert numbers.figures[0].title == "Predicted quantiles of price: where the targets fall"


def covers(one: Measurement, truth: float) -> tuple[bool, bool]:
    assert one.interval is not None
    return one.interval.low > truth, one.interval.high < truth


def test_intervals_cover() -> None:
    """Wilson's and Student's, on the numbers that they are used for."""
    truth = 2 * norm.cdf(norm.ppf(0.95) * 0.9) - 1
    missed: list[tuple[bool, bool]] = []
    for seed in range(60):
        numbers = findings(prices(150, seed=seed, narrow=0.9))
        missed.append(covers(found(numbers, "quantiles.coverage_gap", **WIDE), truth - 0.9))
    assert np.mean(missed, axis=0).max() <= 0.12
