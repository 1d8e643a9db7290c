"""Slices that nobody named: what is planted is found, and clean data are left alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from auditkit import audit
from auditkit.checks import Findings
from auditkit.checks.slices.check import (
    CHECK,
    CONFIRMED,
    MEAN_DIFFERENCE,
    MOST_CELLS,
    MOST_COMBINATIONS,
    RATE_DIFFERENCE,
    SEARCHED,
)
from auditkit.data import Dataset
from auditkit.evidence import Subject
from auditkit.evidence.hashing import folds
from auditkit.measurement import REST, Measurement, Slice, Status
from auditkit.models.wrapped import WrappedModel
from auditkit.policy.slices import Universe
from auditkit.statistics import estimates
from auditkit.subjects import probe
from tests.checks.audits import DECIDING, collected, data_of, findings, found, stored
from tests.checks.subjects import planted, planted_case

PLANTED = {"job": "smith", "site": "lake"}


def measured(frame: pd.DataFrame, **roles: Any) -> Findings:
    return findings("slices", *planted_case(frame, **roles))


def confirmed(of: Findings, metric: str = RATE_DIFFERENCE.id) -> list[Measurement]:
    return [m for m in of.measurements if m.key.metric == metric and m.status is Status.MEASURED]


def test_a_planted_slice_is_found_and_its_numbers_come_from_the_held_out_half() -> None:
    frame = planted()
    of = measured(frame)
    (one,) = confirmed(of)
    assert one.key.slice == Slice.of(PLANTED)
    assert one.key.reference == REST
    held_out = frame[folds(np.arange(len(frame))) == 1]
    inside = (held_out["job"] == "smith") & (held_out["site"] == "lake")
    wrong = (held_out["score"] >= 0.5) != held_out["y"]
    expected = estimates.proportion_difference(
        int(wrong[inside].sum()), int(inside.sum()), int(wrong[~inside].sum()), int((~inside).sum())
    )
    assert one.estimate == expected
    assert one.rows == one.units == inside.sum()
    assert one.share == pytest.approx(inside.mean())
    rates = [f"{100 * wrong[part].mean():.1f} %" for part in (inside, ~inside)]
    assert one.reason == (
        f"Of its {inside.sum()} held-out rows {rates[0]} are decided wrongly, of all others "
        f"{rates[1]}."
    )
    ends = " to ".join(f"{100 * end:.3g}" for end in (one.interval.low, one.interval.high))
    assert of.notes[0] == (
        "Share of wrong decisions of risk in slices that nobody named, against all others: "
        f"job=smith, site=lake ({rates[0]} against {rates[1]}, n = {inside.sum():,}, 90 % interval "
        f"of the difference {ends} points)."
    )
    number = found(of, CONFIRMED.id, head="risk")
    assert (number.value, number.estimate) == (1.0, estimates.exact(1.0))
    assert number.reason.startswith("Of ")
    assert "1 candidate came out of the searched half; 1 was confirmed" in number.reason


def test_large_errors_of_a_regression_are_found() -> None:
    frame = planted()
    (one,) = confirmed(measured(frame), MEAN_DIFFERENCE.id)
    assert one.key.slice == Slice.of(PLANTED)
    held_out = frame[folds(np.arange(len(frame))) == 1]
    inside = (held_out["job"] == "smith") & (held_out["site"] == "lake")
    error = (held_out["price"] - held_out["guess"]).abs()
    assert one.value == pytest.approx(error[inside].mean() - error[~inside].mean())
    low, high = estimates.bounds(one.estimate, 0.025)
    welch = stats.ttest_ind(error[inside], error[~inside], equal_var=False)
    assert (low, high) == pytest.approx(welch.confidence_interval(0.95), rel=0.05)


def test_models_without_decisions_are_searched_by_their_log_loss() -> None:
    frame = planted(wrong=0.9)
    model = stored(task="binary", outputs="probabilities")
    data = data_of(frame, features=("job", "site", "score"))
    (one,) = confirmed(findings("slices", model, data), MEAN_DIFFERENCE.id)
    assert one.key.slice == Slice.of(PLANTED)


def test_a_clean_model_has_no_confirmed_slice() -> None:
    of = measured(planted(wrong=0.1, spread=1.0))
    for head in ("risk", "cost"):
        assert found(of, CONFIRMED.id, head=head).value == 0
        searched = found(of, SEARCHED.id, head=head)
        assert searched.value > 50
        assert searched.reason == (
            "All combinations of up to 3 of 4 groups and features were searched (14), for slices "
            "of at least 50 rows of the searched half; deeper ones were not. It is a count, and "
            "has no interval."
        )
    none = found(of, RATE_DIFFERENCE.id, head="risk")
    assert none.status is Status.NOT_APPLICABLE
    assert none.reason == "No slice was confirmed, so that there is no difference to report."
    assert [figure.kind for figure in of.figures] == ["error_heat_map"] * 2


def test_clean_models_seldom_have_one() -> None:
    """No confirmed slice in at least 95 % of clean sets: 100 sets, two outputs each."""
    hits = 0
    for seed in range(100):
        of = measured(planted(600, seed, wrong=0.1, spread=1.0))
        hits += any(found(of, CONFIRMED.id, head=head).value for head in ("risk", "cost"))
    assert stats.binomtest(hits, 100, 0.05, alternative="greater").pvalue > 0.025


def test_rows_of_one_cluster_are_not_counted_as_many() -> None:
    """Each person errs on all of their rows or on none, and lives at one site with one job."""
    hits = dependent = 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        people = planted(100, seed, wrong=0.0)
        errs = np.repeat(rng.random(100) < 0.2, 40)
        frame = people.loc[people.index.repeat(40)].reset_index(drop=True)
        frame["y"] = ((frame["score"] >= 0.5) ^ errs).astype(int)
        frame["person"] = np.repeat(np.arange(100), 40)
        hits += found(measured(frame, cluster="person"), CONFIRMED.id, head="risk").value > 0
        dependent += found(measured(frame), CONFIRMED.id, head="risk").value > 0
    assert hits <= 3
    # Were the rows taken as independent, nearly every set would have one.
    assert dependent >= 25


def test_a_planted_slice_is_found_among_clusters() -> None:
    frame = planted(6000)
    (one,) = confirmed(measured(frame, cluster="person"))
    assert one.key.slice == Slice.of(PLANTED)
    assert one.units <= 16
    assert one.reason.endswith(
        "Its units are not the clusters, which are not counted, but the sets of clusters that it "
        "meets."
    )


def test_groups_stand_for_their_columns() -> None:
    frame = planted().assign(band=lambda d: d["age"])
    model, data = planted_case(frame)
    groups = {"job": "job", "age": {"column": "age", "cuts": (40,)}}
    data = data_of(
        frame, label={"risk": "y", "cost": "price"}, groups=groups,
        features=("job", "site", "age", "band", "score", "guess"),
    )  # fmt: skip
    subject, evidence = collected(CHECK, model, data)
    (need, _) = evidence["evaluation"].slices
    assert [str(axis) for axis in need.axes] == [
        "group:job", "group:age", "feature:site", "feature:band"
    ]  # fmt: skip
    (one,) = confirmed(CHECK.measure(subject, evidence))
    assert one.key.slice == Slice.of(PLANTED)


def test_a_feature_and_a_group_of_one_name_are_told_apart() -> None:
    frame = planted().assign(place=lambda d: d["site"])
    model, _ = planted_case(frame)
    data = data_of(
        frame, label={"risk": "y", "cost": "price"}, groups={"job": "sex"},
        features=("job", "place", "score", "guess"),
    )  # fmt: skip
    (one,) = confirmed(findings("slices", model, data))
    assert one.key.slice == Slice.of({"job (feature)": "smith", "place": "lake"})


def test_too_few_rows_and_too_few_clusters_say_so() -> None:
    few = found(measured(planted(150)), CONFIRMED.id, head="risk")
    assert few.status is Status.TOO_FEW
    assert few.reason == "A search needs at least 100 rows in each of its halves."
    clusters = planted(2400).assign(person=lambda d: d.index % 8)
    few = found(measured(clusters, cluster="person"), CONFIRMED.id, head="risk")
    assert few.status is Status.TOO_FEW
    assert few.reason.startswith("The clusters of the held-out half lie in ")


def test_what_cannot_be_searched_says_why() -> None:
    frame = planted()
    model = stored(task="binary", outputs="values")
    data = data_of(frame, features=("job", "score"))
    subject = _subject(model, data)
    assert CHECK.unmet(subject).startswith("Slices are searched for wrong decisions")
    subject = _subject(stored(**DECIDING), data_of(frame, features=("score",)))
    assert CHECK.unmet(subject) == "There are no groups and no table features to make slices of."


def _subject(model: WrappedModel, data: Dataset) -> Subject:
    with model.opened():
        return probe(model, data, seed=0, batch_size=64).subject


def test_stored_predictions_are_no_features_of_anybody() -> None:
    subject = _subject(*planted_case(planted(200)))
    assert sorted(subject.slice_levels) == [
        "feature:age", "feature:job", "feature:site", "group:sex"
    ]  # fmt: skip


@pytest.mark.parametrize(("count", "depth"), [(2, 2), (15, 3), (22, 3), (30, 2), (70, 1)])
def test_many_features_are_searched_less_deep(count: int, depth: int) -> None:
    rng = np.random.default_rng(0)
    frame = planted(300, wrong=0.1)[["score", "y"]]
    names = [f"x{place}" for place in range(count)]
    more = pd.DataFrame(rng.choice(["a", "b"], (300, count)), columns=names)
    model = stored(**DECIDING)
    data = data_of(pd.concat([frame, more], axis=1), features=(*names, "score"))
    subject, evidence = collected(CHECK, model, data)
    (need,) = evidence["evaluation"].slices
    assert need.depth == depth
    tables = evidence["evaluation"].slices[need].tables
    assert sum(table[0].size for table in tables.values()) <= MOST_CELLS
    of = CHECK.measure(subject, evidence)
    assert "were searched" in found(of, SEARCHED.id).reason
    if depth < min(count, 3):
        (note,) = of.notes
        assert note.startswith(f"Slices were searched to {depth} condition")
    else:
        assert of.notes == ()
    assert MOST_COMBINATIONS >= 22 + 231 + 1540


def test_features_of_many_levels_say_what_is_pooled() -> None:
    rng = np.random.default_rng(0)
    frame = planted(600, wrong=0.1, spread=1.0)
    frame = frame.assign(job=[f"job {i}" for i in rng.integers(0, 60, 600)])
    (note,) = measured(frame).notes
    assert note.startswith(
        "Slices were searched among the 20 most frequent levels of the first rows. Rows that have "
        "another level were looked at as one: "
    )
    assert note.endswith(" % by job.")


def test_cells_that_hold_lists_are_no_levels() -> None:
    frame = planted(300).assign(vector=lambda d: [[i, i] for i in range(len(d))])
    model = stored(**DECIDING)
    data = data_of(frame, features=("job", "vector", "score"))
    assert sorted(_subject(model, data).slice_levels) == ["feature:job"]


def test_no_figure_tells_about_fewer_than_five() -> None:
    frame = planted()
    # Four rows of a town of its own, and one hill less: a cell that could be told from the others.
    frame.loc[frame.index[:4], "site"] = "isle"
    of = measured(frame)
    heat_maps = [figure for figure in of.figures if figure.kind == "error_heat_map"]
    assert heat_maps
    for figure in of.figures:
        numbers = [row["n"] for row in figure.data["rows"] if row["n"] is not None]
        assert min(numbers) >= 5
        hidden = [row for row in figure.data["rows"] if row["n"] is None]
        assert len(hidden) != 1
        assert all(row["value"] is None and row["low"] is None for row in hidden)


def test_a_tree_is_drawn_where_errors_differ_and_holds_every_row() -> None:
    of = measured(planted())
    tree = next(figure for figure in of.figures if figure.kind == "error_tree")
    rows = {row["id"]: row for row in tree.data["rows"]}
    assert rows[0]["condition"] == "all"
    assert rows[0]["n"] == tree.data["n"] == int(folds(np.arange(2400)).sum())
    for row in rows.values():
        under = [one["n"] for one in rows.values() if one["parent"] == row["id"]]
        assert under == [] or (len(under) == 2 and sum(under) == row["n"])
        assert row["parent"] is None or row["parent"] < row["id"]
    named = {row["condition"] for row in rows.values()}
    assert {"job: smith", "site: lake"} <= named
    worst = max(rows.values(), key=lambda row: row["value"])
    assert rows[worst["parent"]]["condition"] in ("job: smith", "site: lake")


def test_slices_that_were_found_are_no_groups_of_a_policy() -> None:
    model, data = planted_case(planted())
    record = audit(model, data, quiet=True, checks=["slices", "bias", "performance"]).record
    universe = Universe.of(record.measurements, {"sex": None})
    assert universe.attributes == ("sex",)
    assert all(part.attributes == ("sex",) for part in universe.shares)
    verdicts = {v.requirement: v for v in record.judgement.verdicts if v.requirement == "slices"}
    assert verdicts["slices"].status.value == "fail"
    assert not verdicts["slices"].blocks


def test_names_of_rows_are_no_feature() -> None:
    frame = planted(600, wrong=0.1, spread=1.0)
    frame = frame.assign(candidate=[f"c{place}" for place in range(600)])
    of = measured(frame)
    assert not any("candidate" in note for note in of.notes)
    assert not any("candidate" in m.key.slice.attributes for m in of.measurements)
