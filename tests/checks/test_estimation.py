"""Rates and means on independent rows and on clusters; what few clusters and groups may say."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint

from auditkit.checks.estimation import (
    NoEstimateError,
    Sample,
    both,
    by_blocks,
    drawn_ends,
    estimated,
    measured,
    too_few,
    undefined,
)
from auditkit.evidence import clusters
from auditkit.evidence.hashing import blocks
from auditkit.measurement import REST, Interval, MeasurementKey, Status
from auditkit.statistics import estimates
from auditkit.statistics.rates import Rate, rate_estimate
from tests.checks.audits import (
    BINARY,
    DECIDING,
    data_of,
    findings,
    found,
    interval,
    scored,
    stored,
)

KEY = MeasurementKey("performance.accuracy")


def repeated(table: pd.DataFrame, times: int) -> pd.DataFrame:
    """Every row so many times, as one cluster."""
    copies = table.loc[table.index.repeat(times)].reset_index(drop=True)
    return copies.assign(person=np.arange(len(copies)) // times)


def test_what_the_statistics_refuse_is_undefined() -> None:
    def refuse() -> estimates.Estimate:
        raise ValueError("an AUC needs two positives and two negatives, found 1 and 4")

    found = estimated(KEY, refuse, Sample(5))
    assert (found.status, found.value, found.interval) == (Status.UNDEFINED, None, None)
    assert found.reason == "An AUC needs two positives and two negatives, found 1 and 4."
    few = estimated(KEY, refuse, Sample(50, clusters=3))
    assert few.status is Status.TOO_FEW
    assert few.reason == "There are 3 clusters; an interval needs at least 10 independent units."


@pytest.mark.parametrize(
    ("error", "status"), [(undefined("It is not."), "undefined"), (too_few("Few."), "too_few")]
)
def test_reasons_are_kept(error: Exception, status: str) -> None:
    def refuse() -> estimates.Estimate:
        raise error

    found = estimated(KEY, refuse, Sample(5, share=0.1, sampled=True))
    assert (found.status, found.reason) == (status, str(error))
    assert (found.rows, found.share, found.sampled) == (5, 0.1, True)


@pytest.mark.parametrize(("clusters", "says"), [(1, "is 1 cluster"), (9, "are 9 clusters")])
def test_under_ten_clusters_there_is_no_interval(clusters: int, says: str) -> None:
    few = measured(KEY, estimates.proportion(5, 10), Sample(100, clusters), "More.")
    assert few.status is Status.TOO_FEW
    assert (few.value, few.interval, few.estimate) == (0.5, None, None)
    assert few.reason == (f"There {says}; an interval needs at least 10 independent units. More.")
    enough = measured(KEY, estimates.proportion(5, 10), Sample(100, 10))
    assert enough.status is Status.MEASURED
    assert (enough.units, enough.rows) == (10, 100)


def test_a_comparison_is_as_good_as_its_poorer_side() -> None:
    sample = both(Sample(100, 50), Sample(30, 8))
    assert (sample.rows, sample.units) == (130, 58)
    few = measured(KEY, estimates.proportion(5, 10), sample)
    assert few.status is Status.TOO_FEW
    assert few.reason.startswith("There are 8 clusters on one side of the comparison;")
    assert both(Sample(100), Sample(30, sampled=True)).sampled


def test_a_count_is_certain_however_few_clusters_there_are() -> None:
    count = measured(KEY, estimates.exact(3), Sample(100, 3), "A count.")
    assert (count.status, count.value, count.interval) == (Status.MEASURED, 3.0, None)


def test_infinite_ends_are_not_drawn() -> None:
    assert drawn_ends(None) == {"low": None, "high": None}
    assert drawn_ends(Interval(0.1, math.inf, 0.9, "x")) == {"low": 0.1, "high": None}


def test_rates_of_independent_rows_are_wilsons() -> None:
    rate = Rate(np.array([30.0]), np.array([40.0]), clustered=False)
    low, high = estimates.bounds(rate_estimate(rate), 0.025)
    assert (low, high) == pytest.approx(proportion_confint(30, 40, method="wilson"), rel=1e-12)
    assert (rate.hits, rate.n) == (30, 40)


def test_copies_of_a_row_are_no_more_evidence() -> None:
    table = scored(600)
    single = findings("performance", stored(**DECIDING), data_of(table))
    tenfold = repeated(table, 10)
    naive = findings("performance", stored(**DECIDING), data_of(tenfold))
    clustered = findings("performance", stored(**DECIDING), data_of(tenfold, cluster="person"))
    for name in ("accuracy", "balanced_accuracy", "auc", "f1", "log_loss", "brier"):
        widths = [
            (lambda one: one.high - one.low)(interval(result, f"performance.{name}"))
            for result in (single, naive, clustered)
        ]
        assert widths[1] == pytest.approx(widths[0] / math.sqrt(10), rel=0.02)
        # As wide as that of the distinct rows, but for what 64 blocks know of it.
        assert widths[2] == pytest.approx(widths[0], rel=0.35)
        assert widths[2] > 2 * widths[1]
    assert found(clustered, "performance.accuracy").units == 600
    assert found(clustered, "performance.units").value == 600


def test_regression_with_clusters() -> None:
    rng = np.random.default_rng(0)
    table = repeated(pd.DataFrame({"score": rng.normal(size=400), "y": rng.normal(size=400)}), 5)
    naive, clustered = (
        findings("performance", stored(task="regression"), data_of(table, cluster=cluster))
        for cluster in (None, "person")
    )
    for name in ("mae", "rmse"):
        one, other = (found(result, f"performance.{name}") for result in (naive, clustered))
        assert one.value == pytest.approx(other.value, rel=1e-12)
        assert one.estimate.method == other.estimate.method
        widths = [m.interval.high - m.interval.low for m in (one, other)]
        assert widths[1] == pytest.approx(widths[0] * math.sqrt(5), rel=0.35)
    assert found(clustered, "performance.r2").units == 400


def test_groups_with_clusters() -> None:
    rng = np.random.default_rng(1)
    table = repeated(scored(800).assign(sex=rng.choice(["F", "M"], 800)), 6)
    naive, clustered = (
        findings("bias", stored(**DECIDING), data_of(table, groups=("sex",), cluster=cluster))
        for cluster in (None, "person")
    )
    pair = ({"sex": "F"}, {"sex": "M"})
    for name in ("impact_ratio", "selection_rate_difference", "true_positive_rate_difference"):
        one, other = (found(result, f"bias.{name}", *pair) for result in (naive, clustered))
        assert one.value == pytest.approx(other.value, rel=1e-9)
        widths = [m.interval.high - m.interval.low for m in (one, other)]
        assert widths[1] > 1.6 * widths[0]
        if "positive" in name:  # estimated from the blocks that hold a qualified row
            qualified = table[table["y"] == 1]["person"].nunique()
            assert other.units == pytest.approx(qualified, rel=0.3)
        else:
            assert other.units == 800
        assert other.rows == (table["y"].sum() if "positive" in name else 4800)
    rate = found(clustered, "bias.selection_rate", {"sex": "F"})
    assert rate.units == table[table["sex"] == "F"]["person"].nunique()


def test_clusters_that_span_groups_count_once_in_a_comparison() -> None:
    table = scored(400).assign(sex=["F", "M"] * 200, person=np.arange(400) // 4)
    result = findings("bias", stored(**DECIDING), data_of(table, groups=("sex",), cluster="person"))
    assert found(result, "bias.selection_rate", {"sex": "F"}).units == 100
    assert found(result, "bias.impact_ratio", {"sex": "F"}, {"sex": "M"}).units == 100
    assert found(result, "bias.impact_ratio", {"sex": "F"}, REST).units == 100


def test_very_many_clusters_are_estimated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "MOST_KEPT", 256)
    table = scored(5000).assign(person=np.arange(5000) // 2)
    result = findings("performance", stored(**DECIDING), data_of(table, cluster="person"))
    units = found(result, "performance.units")
    assert units.value == pytest.approx(2500, rel=0.25)
    assert units.value == units.units
    assert units.interval is not None
    assert units.reason.startswith("Very many clusters are not counted but estimated")


def test_a_group_in_few_clusters_has_no_interval() -> None:
    table = scored(400).assign(person=np.arange(400) % 100)
    table["town"] = np.where(table["person"] < 6, "small", np.where(table["person"] < 50, "a", "b"))
    result = findings(
        "bias", stored(**DECIDING), data_of(table, groups=("town",), cluster="person")
    )
    few = found(result, "bias.selection_rate", {"town": "small"})
    assert (few.status, few.units, few.interval) == (Status.TOO_FEW, 6, None)
    assert few.reason == "There are 6 clusters; an interval needs at least 10 independent units."
    compared = found(result, "bias.impact_ratio", {"town": "a"}, {"town": "small"})
    assert compared.status is Status.TOO_FEW
    assert "There are 6 clusters on one side of the comparison" in compared.reason
    assert found(result, "bias.impact_ratio", {"town": "a"}, {"town": "b"}).interval is not None


def test_errors_of_groups_within_clusters_are_paired() -> None:
    rng = np.random.default_rng(2)
    person = rng.normal(size=300) * 5
    rows = pd.DataFrame({"person": np.repeat(np.arange(300), 2), "sex": ["F", "M"] * 300})
    rows["score"] = 0.0
    rows["y"] = person[rows["person"]] ** 2 + (rows["sex"] == "F") * 1.0 + rng.normal(size=600)
    result = findings(
        "bias", stored(task="regression"), data_of(rows, groups=("sex",), cluster="person")
    )
    gap = found(result, "bias.error_difference", {"sex": "F"}, {"sex": "M"})
    # What a person adds to both groups cancels in the difference.
    assert gap.interval.high - gap.interval.low < 0.5
    assert gap.interval.low < 1.0 < gap.interval.high


def test_all_alike_in_clusters_is_no_certainty() -> None:
    table = repeated(scored(100).assign(score=0.9, y=1), 4)
    result = findings("performance", stored(**DECIDING), data_of(table, cluster="person"))
    accuracy = found(result, "performance.accuracy")
    assert accuracy.value == 1.0
    # As if each person had been seen once.
    once = estimates.interval(estimates.proportion(100, 100))
    assert accuracy.interval.low == pytest.approx(once.low, abs=0.01)


def test_calibration_and_drift_with_clusters() -> None:
    table = repeated(scored(1500), 4)
    naive, clustered = (
        findings("calibration", stored(**BINARY), data_of(table, cluster=cluster))
        for cluster in (None, "person")
    )
    for name, wider in (("squared_error", 1.3), ("confidence_gap", 1.6)):
        widths = [
            (lambda one: one.high - one.low)(interval(result, f"calibration.{name}"))
            for result in (naive, clustered)
        ]
        assert widths[1] > wider * widths[0]
    assert "take rows as independent" in clustered.figures[0].caption
    shifted = repeated(scored(1500, 1), 4)
    naive, clustered = (
        findings("drift", stored(**DECIDING), data_of(table, shifted, cluster=cluster))
        for cluster in (None, "person")
    )
    one, other = (
        found(result, "drift.total_variation", label="label") for result in (naive, clustered)
    )
    assert one.value == other.value
    assert other.interval.high > one.interval.high
    assert (one.units, other.units) == (12_000, 3000)


def by_block(ids: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Number and sum of values by block of clusters, as a pass counts them."""
    places = blocks(ids)
    numbers, totals = np.bincount(places, minlength=64), np.bincount(places, values, minlength=64)
    return np.stack([numbers, totals], axis=1).astype(float)


def test_intervals_of_clusters_cover_and_naive_ones_do_not() -> None:
    rng = np.random.default_rng(3)
    inside = {"rate": 0, "naive rate": 0, "mean": 0, "naive mean": 0}
    repetitions = 200
    for _ in range(repetitions):
        # 60 persons of 15 rows; how easy they are differs, with a mean of .7.
        ease = rng.beta(3.5, 1.5, 60)
        right = (rng.random((60, 15)) < ease[:, None]).astype(float)
        ids = np.repeat(rng.choice(10**6, 60, replace=False), 15)
        state = by_block(ids, right.ravel())
        found = {
            "rate": rate_estimate(Rate(state[:, 1], state[:, 0], clustered=True, clusters=60)),
            "naive rate": estimates.proportion(right.sum(), right.size),
            "mean": by_blocks(lambda total: float(total[1] / total[0]), state),
            "naive mean": estimates.mean(right.sum(), (right**2).sum(), right.size),
        }
        for name, estimate in found.items():
            one = estimates.interval(estimate)
            inside[name] += one.low <= 0.7 <= one.high
    # 90 % aimed at; 200 repetitions have a standard error of 2.1 points.
    for name in ("rate", "mean"):
        assert inside[name] / repetitions >= 0.84
        assert inside[f"naive {name}"] / repetitions <= 0.75


def test_the_jackknife_needs_two_blocks() -> None:
    with pytest.raises(ValueError, match="needs two blocks with units, found 1"):
        by_blocks(lambda total: float(total[0]), np.array([[3.0], [0.0]]))


@pytest.mark.parametrize(("largest", "decides"), [(200, True), (2000, False)])
def test_a_few_large_blocks_are_few_and_no_reason_for_silence(largest: int, decides: bool) -> None:
    trials = np.append([largest], np.full(19, 10))
    generator = np.random.default_rng(1)
    hits = generator.binomial(trials, generator.beta(2, 3, 20))
    rate = Rate(hits, trials, clustered=True, clusters=20)
    if not decides:
        with pytest.raises(NoEstimateError, match="needs at least 2"):
            rate_estimate(rate)
        return
    low, high = estimates.bounds(rate_estimate(rate), 0.025)
    naive = estimates.bounds(estimates.proportion(hits.sum(), trials.sum()), 0.025)
    assert high - low > 1.5 * (naive[1] - naive[0])
    assert 0 < low < high < 1
    # A method that knows no degrees of freedom would be too sure.
    with pytest.raises(NoEstimateError, match="needs at least 6"):
        rate.effective()
