"""Everything that Fairlearn defines too is equal to it, to 1e-12, on random and on real data."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from fairlearn import metrics as fairlearn_metrics
from fairlearn.metrics import MetricFrame
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, precision_score

import auditkit
from auditkit.fairness import count_cube
from auditkit.statistics.group_rates import GROUP_RATES, successes_and_trials
from tests.fairness.tables import census


def base_rate(y_true, y_pred, sample_weight=None) -> float:
    return float(np.average(np.asarray(y_true) == 1, weights=sample_weight))


def precision(y_true, y_pred, sample_weight=None) -> float:
    return precision_score(y_true, y_pred, sample_weight=sample_weight, zero_division=np.nan)


THEIRS = {
    "selection_rate": fairlearn_metrics.selection_rate,
    "true_positive_rate": fairlearn_metrics.true_positive_rate,
    "false_positive_rate": fairlearn_metrics.false_positive_rate,
    "true_negative_rate": fairlearn_metrics.true_negative_rate,
    "false_negative_rate": fairlearn_metrics.false_negative_rate,
    "positive_predictive_value": precision,
    "accuracy": accuracy_score,
    "base_rate": base_rate,
    "count": fairlearn_metrics.count,
}
NAMES = list(THEIRS)
"""All of ours that Fairlearn or scikit-learn has."""


def metric_frame(y_true, y_pred, weights=None, **features) -> MetricFrame:
    weighted = {name: {"sample_weight": weights} for name in NAMES if name != "count"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return MetricFrame(
            metrics=THEIRS, y_true=y_true, y_pred=y_pred,
            sample_params=None if weights is None else weighted, **features,
        )  # fmt: skip


def assert_same(ours, theirs, *, but: set[str] = frozenset()) -> None:
    """Equal to 1e-12, index and columns included, but for some metrics."""
    names = [name for name in NAMES if name not in but]
    ours, theirs = ours[names], theirs[names].astype(float)
    check = pd.testing.assert_series_equal
    if isinstance(ours, pd.DataFrame):
        check = pd.testing.assert_frame_equal
    check(
        ours,
        theirs,
        check_dtype=False,
        check_index_type=False,
        check_names=True,
        rtol=0,
        atol=1e-12,
    )


def compare(cube, frame: MetricFrame) -> None:
    """All values; comparisons only of metrics that are defined for every group."""
    ours, theirs = cube.by_group(NAMES), frame.by_group
    nobody = cube.by_group("count").isna()
    undefined = ours.isna() & ~nobody.to_numpy()[:, None]
    assert theirs[nobody.to_numpy()].isna().all(axis=None)
    # Where a rate has no denominator Fairlearn says 0, and we say why there is none.
    rates = [name for name in NAMES if name != "positive_predictive_value"]
    assert (theirs[rates].where(undefined[rates]).fillna(0) == 0).all(axis=None)
    assert (cube.reasons(NAMES).to_numpy() != "")[ours.isna().to_numpy()].all()
    assert (cube.reasons(NAMES).to_numpy() == "")[~ours.isna().to_numpy()].all()
    assert_same(ours, theirs.mask(undefined))
    overall = cube.overall(NAMES)
    gaps = set(undefined.columns[undefined.any()])
    if isinstance(overall, pd.DataFrame):
        gaps |= set(overall.columns[overall.isna().any()])
    else:
        gaps |= set(overall.index[overall.isna()])
    assert_same(overall, frame.overall, but=gaps)
    for method in ("between_groups", "to_overall"):
        for kind in ("difference", "ratio"):
            found = getattr(cube, kind)(NAMES, method=method)
            expected = getattr(frame, kind)(method=method)
            if isinstance(found, pd.DataFrame):
                expected = expected[NAMES]
                expected.columns.name = None
            assert_same(found, expected, but=gaps)


LEVELS = st.sampled_from([("a", "b"), (0, 1, 2), (0.5, 2.0), (True, False), ("x", "Y", "z")])


@st.composite
def decisions(draw: st.DrawFn) -> dict:
    n = draw(st.integers(1, 60))
    labels = draw(st.sampled_from([(0, 1), (-1, 1), (0.0, 1.0)]))

    def column(levels) -> np.ndarray:
        return np.array([levels[at] for at in draw(st.lists(
            st.integers(0, len(levels) - 1), min_size=n, max_size=n))])  # fmt: skip

    def table(base: str, most: int, fewest: int) -> pd.DataFrame | None:
        number = draw(st.integers(fewest, most))
        return pd.DataFrame({f"{base}{at}": column(draw(LEVELS)) for at in range(number)})

    controls = table("control", 2, 0)
    weights = draw(st.booleans())
    return {
        "y_true": column(labels),
        "y_pred": column(labels),
        "sensitive_features": table("sensitive", 2, 1),
        "control_features": None if controls.empty else controls,
        "weights": np.array(column((0.5, 1.0, 3.25))) if weights else None,
    }


@settings(max_examples=20, deadline=None)
@given(decisions())
def test_random_decisions(given_) -> None:
    weights = given_.pop("weights")
    cube = count_cube(**given_, sample_weight=weights)
    if cube.favourable_label is None:
        pytest.fail("0/1 and -1/1 need no pos_label")
    if set(given_["y_true"]) <= {-1, 1} and set(given_["y_true"]) | set(given_["y_pred"]) == {-1}:
        return  # Fairlearn cannot tell which class is the other one
    compare(cube, metric_frame(**given_, weights=weights))


@pytest.mark.parametrize(
    ("sensitive", "control", "weighted"),
    [
        (["gender"], [], False),
        (["gender", "ethnicity"], [], False),
        (["gender", "ethnicity"], ["workclass"], False),
        (["ethnicity"], ["workclass", "gender"], True),
    ],
)
def test_real_decisions(sensitive, control, weighted: bool) -> None:
    # Fairlearn takes seconds on the whole table where the cells are many.
    table = census().iloc[:: 4 if control else 1]
    weights = table["hours-per-week"].to_numpy(float) if weighted else None
    given_ = {
        "y_true": table["y_true"],
        "y_pred": table["y_pred"],
        "sensitive_features": table[sensitive],
        "control_features": table[control] if control else None,
    }
    compare(count_cube(**given_, sample_weight=weights), metric_frame(**given_, weights=weights))


def test_the_named_gaps_of_fairlearn() -> None:
    table = census()
    given_ = {
        "y_true": table["y_true"],
        "y_pred": table["y_pred"],
        "sensitive_features": table[["gender", "ethnicity"]],
    }
    cube = auditkit.count_cube(**given_)
    for method in ("between_groups", "to_overall"):
        difference = cube.difference(method=method)
        ratio = cube.ratio(method=method)
        odds = ["true_positive_rate", "false_positive_rate"]
        ours = {
            "demographic_parity_difference": difference["selection_rate"],
            "demographic_parity_ratio": ratio["selection_rate"],
            "equal_opportunity_difference": difference["true_positive_rate"],
            "equal_opportunity_ratio": ratio["true_positive_rate"],
            "equalized_odds_difference": difference[odds].max(),
            "equalized_odds_ratio": ratio[odds].min(),
        }
        for name, value in ours.items():
            theirs = getattr(fairlearn_metrics, name)(**given_, method=method)
            assert value == pytest.approx(theirs, rel=0, abs=1e-12), name


def test_a_rate_without_a_denominator_is_the_one_difference() -> None:
    given_ = {
        "y_true": [1, 0, 0, 0],
        "y_pred": [1, 1, 0, 1],
        "sensitive_features": ["a", "a", "b", "b"],
    }
    cube, frame = count_cube(**given_), metric_frame(**given_)
    assert frame.by_group.loc["b", "true_positive_rate"] == 0
    assert frame.ratio()["true_positive_rate"] == 0
    assert np.isnan(cube.by_group("true_positive_rate")["b"])
    assert cube.reasons("true_positive_rate")["b"] == (
        "There are no units whose true outcome is favourable in this group."
    )
    assert cube.ratio("true_positive_rate") == 1.0
    assert cube.difference("selection_rate") == 0.5


def test_one_metric_is_a_series_and_its_comparison_a_number() -> None:
    given_ = {"y_true": [1, 0, 1, 0], "y_pred": [1, 0, 0, 1], "sensitive_features": list("aabb")}
    cube = count_cube(**given_)
    frame = MetricFrame(metrics=accuracy_score, **given_)
    assert cube.by_group("accuracy").to_dict() == frame.by_group.to_dict()
    assert cube.overall("accuracy") == frame.overall
    assert cube.difference("accuracy") == frame.difference()


@given(st.lists(st.integers(0, 9), min_size=8, max_size=8), st.sampled_from(list(GROUP_RATES)))
def test_rates_are_shares_of_rows(cells, name: str) -> None:
    units = np.array(cells).reshape(2, 2, 2)
    rate = GROUP_RATES[name]
    rows = [
        dict(zip(("selected", "qualified", "correct"), map(bool, place), strict=True))
        for place, number in np.ndenumerate(units)
        for _ in range(number)
    ]
    among = [row for row in rows if all(row[key] == held for key, held in rate.among.items())]
    hits = [row for row in among if all(row[key] == held for key, held in rate.event.items())]
    found = successes_and_trials(rate, units)
    assert [int(part) for part in found] == [len(hits), len(among)]
