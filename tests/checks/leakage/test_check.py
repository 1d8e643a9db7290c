"""The check of leakage: planted leaks of every kind are found, and a clean split passes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from auditkit.checks import Findings
from auditkit.checks.leakage.check import CHECK
from auditkit.data import Dataset, dataset
from auditkit.evidence import Evidence, LocalEngine, Options, Subject, make_plan
from auditkit.evidence.aims import Aims
from auditkit.measurement import Figure, Measurement, Status
from auditkit.models import wrap
from auditkit.models.wrapped import WrappedModel
from auditkit.statistics import estimates
from auditkit.subjects import probe
from tests.checks.audits import DECIDING, found, inside, outside, stored, value

FEATURES = (*(f"x{place}" for place in range(6)), "town", "job")
DECLARED: dict[str, Any] = DECIDING
MODEL = stored(**DECLARED)


def collected(
    model: WrappedModel, data: Dataset, *, review: int = 0, **settings: Any
) -> tuple[Subject, Evidence]:
    with model.opened():
        probed = probe(model, data, seed=0, batch_size=512, aims=Aims(review=review))
        plan = make_plan(CHECK.needs(probed.subject), probed.subject)
        options = Options(batch_size=512, edges=probed.edges, quiet=True, **settings)
        return probed.subject, LocalEngine().run(plan, probed.subject, model, data, options)


def findings(model: WrappedModel, data: Dataset, **settings: Any) -> Findings:
    subject, evidence = collected(model, data, **settings)
    assert CHECK.unmet(subject) == ""
    return CHECK.measure(subject, evidence)


def people(n: int, seed: int) -> pd.DataFrame:
    """A score that is right about three of four times; nobody is in two of these tables."""
    rng = np.random.default_rng(seed)
    numbers = {f"x{place}": rng.normal(size=n) for place in range(6)}
    score = rng.random(n)
    return pd.DataFrame(
        {
            "score": score,
            "y": (rng.random(n) < score).astype(int),
            **numbers,
            "town": rng.choice(list("abcdefgh"), n),
            "job": rng.choice(["clerk", "nurse", "smith", "cook"], n),
            "person": seed * 10_000 + rng.integers(0, n // 3, n),
            "day": rng.integers(0, 100, n) + 100 * (1 - seed % 2),
            "id": [f"{seed}-{place}" for place in range(n)],
        }
    )


def copied(frame: pd.DataFrame, source: pd.DataFrame, rows: slice, *columns: str) -> pd.DataFrame:
    """The table with these rows' features taken from the other one."""
    result, names = frame.copy(), list(columns or FEATURES)
    result.loc[result.index[rows], names] = source.loc[source.index[rows], names].to_numpy()
    return result.astype(dict.fromkeys([f"x{place}" for place in range(6)], float))


TRAINING = people(1500, 1)
CLEAN = people(1000, 2)


def data_of(
    evaluation: pd.DataFrame, training: pd.DataFrame | None = TRAINING, **roles: Any
) -> Dataset:
    return dataset(
        evaluation=evaluation,
        training=training,
        **{"label": "y", "features": ("score", *FEATURES), "row_id": "id", **roles},
    )


def figure_of(result: Findings, kind: str) -> Figure:
    return next(figure for figure in result.figures if figure.kind == kind)


def by_split(result: Findings, metric: str, split: str) -> Measurement:
    return found(result, f"leakage.{metric}", split=split)


class TestCopies:
    def test_a_clean_split_has_none_and_passes_a_bound_of_nothing(self) -> None:
        result = findings(MODEL, data_of(CLEAN))
        for metric in ("exact_duplicates", "near_duplicates"):
            one = found(result, f"leakage.{metric}")
            assert one.value == 0
            assert inside(one, 0, 0)
            assert "Of 1,000 rows 0 are" in one.reason
        for split in ("evaluation", "training"):
            assert by_split(result, "repeated_rows", split).value == 0
            assert by_split(result, "nearly_repeated_rows", split).value == 0
        assert value(result, "leakage.accuracy_inflation") == 0
        assert result.notes == ()

    def test_planted_ones_are_all_found_and_nothing_else(self) -> None:
        leaked = copied(CLEAN, TRAINING, slice(0, 30))
        leaked = copied(leaked, TRAINING, slice(30, 60))
        leaked.loc[30:59, "town"] = "elsewhere"
        result = findings(MODEL, data_of(leaked))
        exact, near = (found(result, f"leakage.{kind}_duplicates") for kind in ("exact", "near"))
        assert exact.value == 0.03
        assert near.value == pytest.approx(0.03, abs=0.001)
        assert exact.estimate is not None
        assert exact.estimate.method == "exact"
        assert outside(exact, 0, 0.01)
        assert exact.rows == exact.units == 1000

    def test_within_each_split(self) -> None:
        twice = copied(CLEAN, CLEAN.iloc[::-1].reset_index(drop=True), slice(0, 50))
        result = findings(MODEL, data_of(twice))
        assert by_split(result, "repeated_rows", "evaluation").value == 0.05
        assert by_split(result, "repeated_rows", "training").value == 0
        assert found(result, "leakage.exact_duplicates").value == 0

    def test_images_of_a_torch_data_set(self) -> None:
        class Images(torch.utils.data.Dataset[Any]):
            def __init__(self, images: torch.Tensor) -> None:
                self.images = images

            def __len__(self) -> int:
                return len(self.images)

            def __getitem__(self, place: int) -> Any:
                return self.images[place], place % 2

        generator = torch.Generator().manual_seed(0)
        training = torch.rand(300, 1, 8, 8, generator=generator)
        evaluation = torch.rand(200, 1, 8, 8, generator=generator)
        evaluation[:10] = training[:10]
        evaluation[10:20] = training[10:20] + 0.005 * torch.randn(10, 1, 8, 8, generator=generator)
        torch.manual_seed(0)
        model = wrap(
            nn.Sequential(nn.Flatten(), nn.Linear(64, 1)), task="binary", outputs="logits",
            decision={"threshold": 0.5}, device="cpu",
        )  # fmt: skip
        data = dataset(evaluation=Images(evaluation), training=Images(training))
        result = findings(model, data)
        assert value(result, "leakage.exact_duplicates") == 0.05
        assert value(result, "leakage.near_duplicates") == pytest.approx(0.05, abs=0.005)
        lone = found(result, "leakage.lone_feature")
        assert lone.status is Status.NOT_APPLICABLE
        assert "no table" in lone.reason

    def test_stored_answers_without_features_are_no_content(self) -> None:
        data = data_of(CLEAN, features=("score",), cluster="person", time="day")
        result = findings(MODEL, data)
        for metric in ("exact_duplicates", "near_duplicates"):
            one = found(result, f"leakage.{metric}")
            assert one.status is Status.NOT_APPLICABLE
            assert "no feature" in one.reason
        assert value(result, "leakage.shared_clusters") == 0
        assert value(result, "leakage.clean_accuracy", label="shared clusters") > 0.6

    def test_without_training_data_the_evaluation_data_are_looked_at_alone(self) -> None:
        twice = copied(CLEAN, CLEAN.iloc[::-1].reset_index(drop=True), slice(0, 50))
        result = findings(MODEL, data_of(twice, None, cluster="person", time="day"))
        between = [one for one in result.measurements if "→" in one.key.split]
        assert {one.status for one in between} == {Status.NOT_APPLICABLE}
        assert all("declare data.training" in one.reason for one in between)
        assert by_split(result, "repeated_rows", "evaluation").value == 0.05
        assert value(result, "leakage.lone_feature", label="x0") < 0.6

    def test_a_sample_of_many_rows_has_an_interval(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from auditkit.evidence import fingerprinting

        monkeypatch.setattr(fingerprinting, "rows_at_most", lambda rows, width: 750)
        leaked = copied(CLEAN, TRAINING, slice(0, 300))
        one = found(findings(MODEL, data_of(leaked)), "leakage.exact_duplicates")
        assert one.interval is not None
        # Half of the training rows were kept, so that half of the copies were met.
        assert one.interval.low < 0.3 < one.interval.high
        assert one.value == pytest.approx(0.3, abs=0.08)
        assert outside(one, 0, 0.1)
        assert "A random sample of 750 of 1,000 rows" in one.reason
        assert "A random sample of 750 of 1,500 rows" in one.reason


class TestExcess:
    def test_rows_that_are_alike_by_chance_are_no_excess(self) -> None:
        narrow = [frame.assign(x0=frame["x0"].round()) for frame in (CLEAN, TRAINING)]
        result = findings(MODEL, data_of(*narrow, features=("score", "x0", "town", "job")))
        assert value(result, "leakage.exact_duplicates") > 0.5
        assert inside(found(result, "leakage.excess_duplicates"), -1, 0.05)

    def test_rows_that_were_taken_over_are(self) -> None:
        narrow, training = (frame.assign(x0=frame["x0"].round(2)) for frame in (CLEAN, TRAINING))
        features = ("x0", "town", "job")
        leaked = copied(narrow, training, slice(0, 100), *features)
        result = findings(MODEL, data_of(leaked, training, features=("score", *features)))
        one = found(result, "leakage.excess_duplicates")
        assert one.value == pytest.approx(0.1, abs=0.03)
        assert outside(one, -1, 0.05)
        clustered = data_of(leaked, training, features=("score", *features), cluster="person")
        again = found(findings(MODEL, clustered), "leakage.excess_duplicates")
        assert again.value == pytest.approx(one.value)
        assert outside(again, -1, 0.02)

    def test_the_interval_covers_where_nothing_leaked(self) -> None:
        from auditkit.checks.leakage.excess import _alike

        rng, missed = np.random.default_rng(0), np.zeros(2)
        for _ in range(400):
            training, evaluation = (rng.integers(0, 20_000, n) for n in (2000, 1000))
            counts = np.bincount(training, minlength=20_000)
            hits = [(evaluation, counts[evaluation] > 0), (training, counts[training] > 1)]
            parts: list[float] = []
            for rows, flags in hits:
                parts += [flags.sum() / _alike(rows[flags]), len(rows) / _alike(rows[flags])]
            low, high = estimates.bounds(estimates.proportion_difference(*parts), 0.05)
            missed += low > 0, high < 0
        # At a nominal 5 %, two standard errors of 400 repetitions aside.
        assert (missed / 400 <= 0.072).all(), missed / 400


class TestOutcomes:
    def test_scores_are_told_without_the_leaked_rows(self) -> None:
        leaked = copied(CLEAN, TRAINING, slice(0, 200))
        # The model is right about what it has seen.
        leaked.loc[:199, "score"] = np.where(leaked.loc[:199, "y"] == 1, 0.95, 0.05)
        result = findings(MODEL, data_of(leaked))
        right = ((leaked["score"] >= 0.5) == (leaked["y"] == 1)).to_numpy()
        clean = value(result, "leakage.clean_accuracy", label="copies")
        assert clean == pytest.approx(right[200:].mean())
        inflation = found(result, "leakage.accuracy_inflation", label="copies")
        assert inflation.value == pytest.approx(right.mean() - right[200:].mean())
        assert outside(inflation, -1, 0.01)
        gap = found(result, "leakage.accuracy_gap", label="copies")
        assert gap.value == pytest.approx(1 - right[200:].mean())
        assert value(result, "leakage.log_loss_inflation", label="copies") > 0.05
        assert value(result, "leakage.log_loss_gap", label="copies") > 0.3
        rows = figure_of(result, "gap").data["rows"]
        assert [row["split"] for row in rows] == ["all rows", "without copies"] * 2
        assert rows[0]["value"] == pytest.approx(right.mean())

    def test_of_clusters(self) -> None:
        shared = CLEAN.copy()
        shared.loc[:399, "person"] = TRAINING.loc[:399, "person"].to_numpy()
        shared.loc[:399, "score"] = np.where(shared.loc[:399, "y"] == 1, 0.95, 0.05)
        result = findings(MODEL, data_of(shared, cluster="person"))
        assert value(result, "leakage.shared_clusters") == 0.4
        inflation = found(result, "leakage.accuracy_inflation", label="shared clusters")
        assert inflation.value == pytest.approx(0.1, abs=0.04)
        assert outside(inflation, -1, 0.02)
        assert value(result, "leakage.accuracy_inflation", label="copies") == 0
        assert value(result, "leakage.log_loss_gap", label="shared clusters") > 0.3

    def test_few_leaked_rows_are_not_told_of(self) -> None:
        result = findings(MODEL, data_of(copied(CLEAN, TRAINING, slice(0, 3))))
        assert value(result, "leakage.exact_duplicates") == 0.003
        for number in ("clean_accuracy", "accuracy_inflation", "accuracy_gap"):
            one = found(result, f"leakage.{number}", label="copies")
            assert one.status is Status.TOO_FEW
            assert one.uncounted
        one = by_split(result, "contradicting_copies", "training→evaluation")
        assert one.status is Status.TOO_FEW

    def test_a_regression_has_its_error(self) -> None:
        rng = np.random.default_rng(0)
        training, evaluation = (
            frame.assign(price=frame["score"] + rng.normal(size=len(frame)))
            for frame in (TRAINING, CLEAN)
        )
        leaked = copied(evaluation, training, slice(0, 200))
        leaked.loc[:199, "price"] = leaked.loc[:199, "score"]
        model = stored("score", task="regression")
        result = findings(model, data_of(leaked, training, label="price"))
        error = (leaked["score"] - leaked["price"]).abs()
        assert value(result, "leakage.clean_mae") == pytest.approx(error[200:].mean())
        assert value(result, "leakage.mae_inflation") == pytest.approx(
            error[200:].mean() - error.mean()
        )
        assert value(result, "leakage.mae_gap") == pytest.approx(error[200:].mean())
        assert value(result, "leakage.contradicting_copies", split="training→evaluation") == 1

    def test_copies_with_other_labels(self) -> None:
        leaked = copied(CLEAN, TRAINING, slice(0, 40))
        leaked.loc[:39, "y"] = TRAINING.loc[:39, "y"].to_numpy()
        leaked.loc[:9, "y"] = 1 - leaked.loc[:9, "y"]
        result = findings(MODEL, data_of(leaked))
        one = by_split(result, "contradicting_copies", "training→evaluation")
        assert one.value == 0.25
        assert one.rows == 40
        assert by_split(result, "contradicting_copies", "training").status is Status.UNDEFINED

    def test_the_interval_of_what_leaked_rows_add_covers(self) -> None:
        """Rows leak at random, and are then answered better; each draw against its expectation."""
        from auditkit.checks.leakage.census import Rows
        from auditkit.checks.leakage.outcomes import _Parted

        rng, missed = np.random.default_rng(0), np.zeros(2)
        for _ in range(400):
            leaked = np.arange(300) < 45
            right = (rng.random(300) < np.where(leaked, 0.95, 0.7)).astype(float)
            keys = rng.integers(0, 2**63, 300).astype(np.uint64)
            part = _Parted("accuracy", right, leaked, Rows(300, None), keys)
            low, high = estimates.bounds(part.inflation(), 0.05)
            truth = 0.15 * (0.95 - 0.7)
            missed += low > truth, high < truth
        assert (missed / 400 <= 0.085).all(), missed


class TestTimes:
    def test_training_that_ends_before_is_clean(self) -> None:
        result = findings(MODEL, data_of(CLEAN, time="day"))
        for metric in ("future_training_rows", "rows_after_evaluation_began"):
            one = found(result, f"leakage.{metric}")
            assert one.value == 0
            assert inside(one, 0, 0)

    def test_a_random_split_has_half_of_its_pairs_from_the_future(self) -> None:
        result = findings(MODEL, data_of(CLEAN.assign(day=np.arange(1000) % 100), time="day"))
        assert value(result, "leakage.future_training_rows") == pytest.approx(0.5, abs=0.03)
        assert value(result, "leakage.rows_after_evaluation_began") > 0.9
        assert value(result, "leakage.rows_before_training_ended") > 0.9

    def test_one_odd_moment_moves_the_mean_little(self) -> None:
        odd = CLEAN.copy()
        odd.loc[0, "day"] = -5
        result = findings(MODEL, data_of(odd, time="day"))
        assert value(result, "leakage.future_training_rows") == 0.001
        assert value(result, "leakage.rows_after_evaluation_began") == 1

    def test_moments_may_be_dates(self) -> None:
        def dated(frame: pd.DataFrame) -> pd.DataFrame:
            return frame.assign(day=pd.Timestamp("2026-01-01") + pd.to_timedelta(frame["day"], "D"))

        result = findings(MODEL, data_of(dated(CLEAN), dated(TRAINING), time="day"))
        assert value(result, "leakage.future_training_rows") == 0

    def test_what_is_not_declared_is_said(self) -> None:
        result = findings(MODEL, data_of(CLEAN))
        assert "declare data.time" in found(result, "leakage.future_training_rows").reason
        assert "declare data.cluster" in found(result, "leakage.shared_clusters").reason


class TestFeatures:
    def test_the_label_in_disguise_is_found_and_honest_features_pass(self) -> None:
        rng = np.random.default_rng(0)
        table = people(3000, 4)
        strong = table["y"] + rng.normal(size=3000)
        disguised = np.where(rng.random(3000) < 0.001, 1 - table["y"], table["y"])
        table = table.assign(x_strong=strong, outcome_code=disguised)
        features = ("score", *FEATURES, "x_strong", "outcome_code")
        result = findings(MODEL, data_of(table, None, features=features))
        assert outside(found(result, "leakage.lone_feature", label="outcome_code"), 0, 0.99)
        for name in (*FEATURES, "x_strong"):
            assert inside(found(result, "leakage.lone_feature", label=name), 0, 0.99), name
        honest = value(result, "leakage.lone_feature", label="x_strong")
        assert honest == pytest.approx(0.76, abs=0.03)
        rows = figure_of(result, "ranking").data["rows"]
        assert [row["feature"] for row in rows[:2]] == ["outcome_code", "x_strong"]
        labels = {one.key.label for one in result.measurements}
        assert "score" not in labels  # what the model answers is no feature of its inputs

    def test_the_target_of_a_regression_in_disguise(self) -> None:
        rng = np.random.default_rng(0)
        table = people(3000, 4)
        table["price"] = np.exp(2 * rng.normal(size=3000))
        table["x_copy"] = table["price"] * 0.7
        table["x_near"] = np.log(table["price"]) + rng.normal(size=3000)
        model = stored("score", task="regression")
        features = ("score", *FEATURES, "x_copy", "x_near")
        result = findings(model, data_of(table, None, label="price", features=features))
        assert value(result, "leakage.lone_feature", label="x_copy") > 0.99
        assert inside(found(result, "leakage.lone_feature", label="x_near"), 0.8, 0.99)
        assert value(result, "leakage.lone_feature", label="x0") < 0.55

    def test_without_labels_nothing_is_said_of_features(self) -> None:
        result = findings(MODEL, data_of(CLEAN, label=None))
        one = found(result, "leakage.lone_feature")
        assert one.status is Status.NOT_APPLICABLE
        assert "No label is declared" in one.reason
        assert value(result, "leakage.exact_duplicates") == 0

    def test_three_rows_are_too_few(self) -> None:
        result = findings(MODEL, data_of(CLEAN[:3], TRAINING[:3]))
        measured = [one for one in result.measurements if one.status is Status.MEASURED]
        assert {one.key.metric.partition(".")[2] for one in measured} <= {
            "exact_duplicates", "repeated_rows", "accuracy_inflation", "log_loss_inflation",
        }  # fmt: skip
        lone = found(result, "leakage.lone_feature", label="x0")
        assert lone.status is Status.TOO_FEW


class TestPairs:
    def test_rows_are_named_only_where_that_is_asked_for(self) -> None:
        leaked = copied(CLEAN, TRAINING, slice(0, 30))
        silent = findings(MODEL, data_of(leaked))
        assert len(silent.notes) == 1
        assert "30 rows are copies of others. aims: {review: 50}" in silent.notes[0]
        assert "2-1" not in repr(silent.figures)
        asked = findings(MODEL, data_of(leaked), review=20)
        rows = figure_of(asked, "copied_pairs").data["rows"]
        assert len(rows) == 20
        assert all(
            row["row"].removeprefix("2-") == row["copies"].removeprefix("1-") for row in rows
        )
        assert {row["labels"] for row in rows} == {"the same", "different"}
        assert asked.notes == ()

    def test_near_ones_come_after_exact_ones_with_their_similarity(self) -> None:
        leaked = copied(CLEAN, TRAINING, slice(0, 10))
        leaked.loc[5:9, "job"] = "other"
        rows = figure_of(findings(MODEL, data_of(leaked), review=50), "copied_pairs").data["rows"]
        assert [row["kind"] for row in rows] == ["exact"] * 5 + ["near"] * 5
        assert all(0.5 < row["similarity"] < 1 for row in rows[5:])


def test_only_part_of_a_split_never_passes() -> None:
    result = findings(MODEL, data_of(CLEAN), limit=100)
    one = found(result, "leakage.exact_duplicates")
    assert one.sampled
    assert one.rows == 100
