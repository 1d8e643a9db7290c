"""The cube: merging, weights, forms, intervals, resamples, and what it refuses."""

from __future__ import annotations

import subprocess
import sys
from functools import reduce
from operator import add
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from auditkit.data.columns import MISSING
from auditkit.errors import DataError
from auditkit.fairness import CountCube, count_cube, counting, device, making, user_metric_frame
from auditkit.fairness.columns import Column
from auditkit.fairness.metrics import METRICS, auc_slack
from auditkit.statistics import estimates
from auditkit.statistics.auc import delong
from auditkit.statistics.sparse_counts import SparseCounts

ROWS = st.lists(
    st.tuples(
        st.integers(0, 1), st.integers(0, 1), st.sampled_from("abc"), st.sampled_from([1, 2, 30]),
        st.floats(0, 1), st.sampled_from([0.5, 1.0, 2.25]),
    ),
    min_size=1,
    max_size=30,
)  # fmt: skip


def made(rows, **more) -> CountCube:
    y_true, y_pred, town, job, score, weight = zip(*rows, strict=True)
    given_ = {
        "sensitive_features": {"town": list(town)},
        "control_features": {"job": list(job)},
        "scores": list(score),
        "sample_weight": list(weight),
    } | more
    return count_cube(list(y_true), list(y_pred), **given_)


def same(one: CountCube, other: CountCube) -> None:
    assert one.counts == other.counts
    assert one.kinds == other.kinds
    for mine, theirs in ((one.weights, other.weights), (one.scores, other.scores)):
        if mine is None or theirs is None:
            assert mine is theirs
            continue
        (name,) = mine.names
        for part, expected in zip(mine.of(name), theirs.of(name), strict=True):
            np.testing.assert_allclose(part, expected, rtol=1e-12, atol=1e-12)


@settings(max_examples=25)
@given(st.lists(ROWS, min_size=2, max_size=4), st.randoms())
def test_parts_add_up_in_every_order(parts, random) -> None:
    whole = made([row for part in parts for row in part])
    cubes = [made(part) for part in parts]
    random.shuffle(cubes)
    merged = reduce(add, cubes)
    same(merged, whole)
    names = ["count", "accuracy", "selection_rate"]
    left, right = (cube.by_group(names) for cube in (merged, whole))
    pd.testing.assert_frame_equal(left, right, rtol=1e-12)


def test_what_does_not_fit_does_not_add_up() -> None:
    cube = count_cube([0, 1], [1, 1], sensitive_features=[1, 2])
    with pytest.raises(ValueError, match="whole values in one cube and text values in the other"):
        cube + count_cube([0, 1], [1, 1], sensitive_features=["a", "b"])
    with pytest.raises(ValueError, match="different axes"):
        cube + count_cube([0, 1], [1, 1], sensitive_features={"sex": [1, 2]})
    with pytest.raises(ValueError, match="one cube has weights, and the other has none"):
        cube + count_cube([0, 1], [1, 1], sensitive_features=[1, 2], sample_weight=[1, 2])
    with pytest.raises(ValueError, match="different favourable classes: '' and '0'"):
        cube + cube.favouring(0)
    with pytest.raises(TypeError):
        cube + 1


@settings(max_examples=25)
@given(ROWS, st.booleans())
def test_every_kind_of_column_counts_alike(rows, sparse: bool) -> None:
    plain = made(rows)
    y_true, y_pred, town, job, score, weight = zip(*rows, strict=True)
    with pytest.MonkeyPatch.context() as patched:
        if sparse:
            patched.setattr(counting, "DENSE_CELLS", 10)
        other = count_cube(
            pd.Series(y_true, dtype="Int64"),
            torch.tensor(y_pred).bool(),
            sensitive_features=pd.DataFrame({"town": pd.Categorical(town, list("xcba"))}),
            control_features={"job": torch.tensor(job).double().numpy().astype(int)},
            scores=torch.tensor(score, dtype=torch.float64),
            sample_weight=np.array(weight),
        )
    same(other, plain)


@settings(max_examples=25)
@given(ROWS)
def test_counting_on_a_device_is_the_same(rows) -> None:
    y_true, y_pred, town, job, _, weight = zip(*rows, strict=True)
    columns = [
        device.coded_tensor(Column("y", "target", classes=True), torch.tensor(y_true)),
        device.coded_tensor(Column("p", "prediction", classes=True), torch.tensor(y_pred).float()),
        Column("t", "group:town", classes=False).coded(np.array(town, dtype=object)),
        device.coded_tensor(Column("j", "group:job", classes=False), torch.tensor(job)),
    ]
    flat = counting.Flat(columns, len(rows))
    cpu = torch.device("cpu")
    on_host = counting.Flat(
        [
            column if isinstance(column.values, np.ndarray)
            else type(column)(column.name, column.labels, column.kind, column.values.numpy(),
                              column.offset)
            for column in columns
        ],
        len(rows),
    )  # fmt: skip
    assert device.counted_on(flat, cpu) == counting.counted(on_host)
    found = device.summed_on(flat, "weight", torch.tensor(weight), cpu).of("weight")
    expected = counting.summed(on_host, "weight", np.array(weight)).of("weight")
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


def test_columns_on_a_device_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = count_cube([0, 1, 1], [1, 1, 0], sensitive_features=[1, 1, 2], scores=[0.1, 0.7, 1.0])
    monkeypatch.setattr(making, "on_device", lambda _: torch.device("cpu"))
    monkeypatch.setattr(making, "row_of", lambda values, _: torch.from_numpy(np.array(values)))
    same(
        count_cube([0, 1, 1], [1, 1, 0], sensitive_features=[1, 1, 2], scores=[0.1, 0.7, 1.0]),
        plain,
    )


def test_many_cells_are_kept_sparsely() -> None:
    rng = np.random.default_rng(0)
    n = 3000
    cube = count_cube(
        rng.integers(0, 2, n), rng.integers(0, 2, n), scores=rng.random(n),
        sensitive_features={"town": rng.integers(0, 50, n), "job": rng.integers(0, 10, n)},
    )  # fmt: skip
    assert isinstance(cube.counts, SparseCounts)
    assert cube.by_group("count").sum() == n == (cube + cube).rows / 2


def test_a_missing_level_is_a_group() -> None:
    cube = count_cube(
        [1, 0, 1], [1, 0, 0], sensitive_features=pd.Series([2.0, None, 1.0], name="age_band")
    )
    assert cube.by_group("count").index.tolist() == [1.0, 2.0, MISSING]
    mixed = count_cube([1, 0, 1], [1, 0, 0], sensitive_features=["b", None, "a"])
    assert mixed.by_group("count").index.tolist() == ["a", "b", MISSING]


def test_several_classes_one_at_a_time() -> None:
    truth, predicted = list("aabbcc"), list("abbbca")
    cube = count_cube(truth, predicted, sensitive_features=[0, 0, 0, 1, 1, 1])
    assert cube.by_group().columns.tolist() == ["count", "accuracy"]
    with pytest.raises(DataError) as caught:
        cube.by_group("selection_rate")
    assert str(caught.value) == (
        "The metric 'selection_rate' needs a favourable class; the classes are a, b, c. Pass "
        "pos_label."
    )
    for label in "abc":
        of_one = cube.favouring(label).by_group("selection_rate")
        assert of_one[0] == np.mean([one == label for one in predicted[:3]])
    with pytest.raises(DataError, match="pos_label is 'd', but the classes are a, b, c"):
        cube.favouring("d")


def scored(n: int = 4000):
    rng = np.random.default_rng(1)
    group = rng.integers(0, 3, n)
    score = rng.beta(2 + group, 3, n)
    return (rng.random(n) < score).astype(int), score, group


def test_auc_and_calibration_are_those_of_the_rows() -> None:
    truth, score, group = scored()
    cube = count_cube(truth, score >= 0.5, sensitive_features=group, scores=score)
    slack = auc_slack(cube.tables)
    for level, auc in cube.by_group("auc").items():
        rows = group == level
        exact = delong(score[rows & (truth == 1)], score[rows & (truth == 0)]).value
        assert abs(auc - exact) <= slack[level] < 1e-3
        gap = cube.by_group("calibration_gap")[level]
        assert gap == pytest.approx(score[rows].mean() - truth[rows].mean(), abs=1e-12)
        found = cube.by_group("squared_calibration_error")[level]
        bins = equal_mass(score[rows])
        assert found == pytest.approx(literal_squared_error(score[rows], truth[rows], bins))
    intervals = cube.intervals("auc")
    assert (intervals["low"] < intervals["value"]).all()
    assert intervals.loc[0, "method"] == "delong"
    against = cube.intervals("auc", reference=2, comparison="difference")
    assert against.loc[2, "reason"] == "This is the reference group."
    assert against.loc[0, "low"] < against.loc[0, "value"] < against.loc[0, "high"]


def equal_mass(score) -> np.ndarray:
    """15 bins of about equally many units; the units of one cell of the score stay together."""
    cells = (score * 1920).astype(int)
    middle = [(cells < one).sum() + (cells == one).sum() / 2 for one in cells]
    return (np.array(middle) * 15 / len(score)).astype(int)


def literal_squared_error(score, truth, bins) -> float:
    total = counted = 0.0
    for one in set(bins.tolist()):
        rows = bins == one
        n, share = rows.sum(), truth[rows].mean()
        if n > 1:
            gap = (share - score[rows].mean()) ** 2
            total += n * (gap - share * (1 - share) / (n - 1))
            counted += n
    return total / counted


def test_intervals_are_those_of_the_statistics() -> None:
    truth, score, group = scored()
    cube = count_cube(truth, score >= 0.5, sensitive_features={"group": group})
    hits, n = [(score[group == g] >= 0.5).sum() for g in (0, 1)], np.bincount(group)
    found = cube.intervals("selection_rate", reference=1, alpha=0.025)
    expected = estimates.proportion_ratio(hits[0], n[0], hits[1], n[1])
    assert (found.loc[0, "low"], found.loc[0, "high"]) == estimates.bounds(expected, 0.025)
    gap = cube.intervals("selection_rate", reference=1, comparison="difference")
    assert gap.loc[0, "method"] == "newcombe"
    alone = cube.intervals("selection_rate").loc[0, ["low", "high"]]
    assert tuple(alone) == estimates.bounds(estimates.proportion(hits[0], n[0]), 0.05)


def test_weights_widen_by_their_effective_size() -> None:
    truth, score, group = scored()
    weight = np.where(np.arange(len(group)) % 2, 1.0, 3.0)
    plain, weighted = (
        count_cube(truth, score >= 0.5, sensitive_features=group, sample_weight=given_)
        for given_ in (np.full(len(group), 7.0), weight)
    )
    unweighted = count_cube(truth, score >= 0.5, sensitive_features=group)
    columns = ["value", "low", "high"]
    pd.testing.assert_frame_equal(
        plain.intervals("accuracy")[columns], unweighted.intervals("accuracy")[columns]
    )
    width = [c.intervals("accuracy").eval("high - low") for c in (weighted, plain)]
    np.testing.assert_allclose(width[0] / width[1], np.sqrt(1.25), rtol=0.02)
    with pytest.raises(DataError, match="Weighted units cannot be resampled"):
        weighted.replicates()


def test_resamples_vary_as_rows_do() -> None:
    truth, score, group = scored(600)
    cube = count_cube(truth, score >= 0.5, sensitive_features=group, scores=score)
    found = cube.replicates(["selection_rate", "auc", "calibration_gap"], number=2000, seed=3)
    rng = np.random.default_rng(4)
    rows = [resample(rng, truth, score, group) for _ in range(400)]
    spread, expected = found.groups[:, 0].std(axis=0), np.std(rows, axis=0)
    np.testing.assert_allclose(spread, expected, rtol=0.15)
    np.testing.assert_allclose(
        found.groups.mean(axis=0), cube.by_group(list(found.metrics)), atol=0.01
    )
    low, high = found.difference(0.05, 0.95)
    assert (low <= high).all()
    again = cube.replicates(["selection_rate", "auc", "calibration_gap"], number=2000, seed=3)
    assert np.array_equal(found.groups, again.groups)


def resample(rng, truth, score, group) -> tuple[float, float, float]:
    drawn = rng.integers(0, len(truth), len(truth))
    rows = drawn[group[drawn] == 0]
    t, s = truth[rows], score[rows]
    return (s >= 0.5).mean(), delong(s[t == 1], s[t == 0]).value, s.mean() - t.mean()


def test_an_undefined_replicate_is_left_out_of_its_quantiles() -> None:
    cube = count_cube([1, 0, 0, 0, 0], [1, 0, 1, 0, 1], sensitive_features=list("aabbb"))
    found = cube.replicates("true_positive_rate", number=50)
    (median,) = found.by_group(0.5)
    assert median.loc["a", "true_positive_rate"] == 1.0
    assert np.isnan(median.loc["b", "true_positive_rate"])


def test_an_interval_is_about_the_value_by_group() -> None:
    truth, score, group = scored(900)
    weight = np.random.default_rng(2).uniform(0.5, 2, len(truth))
    for weights in (None, weight):
        cube = count_cube(
            truth, score >= 0.5, sensitive_features=group, scores=score, sample_weight=weights
        )
        table = cube.by_group()
        for metric in table.columns.drop("count"):
            found = cube.intervals(metric)
            if metric == "auc" and weights is not None:
                assert found["reason"].str.contains("no interval of an AUC of weighted").all()
                continue
            np.testing.assert_allclose(found["value"], table[metric], rtol=0, atol=1e-12)


def test_too_few_units_have_no_calibration_error_in_either_frame() -> None:
    truth, score, _ = scored(60)
    group = np.repeat(["a", "b"], [29, 31])
    cube = count_cube(truth, score >= 0.5, sensitive_features=group, scores=score)
    name = "squared_calibration_error"
    assert cube.by_group(name).isna().tolist() == cube.intervals(name)["value"].isna().tolist()
    assert cube.by_group(name).isna().tolist() == [True, False]
    assert cube.reasons(name)["a"].startswith("There are fewer than 30 units")


@pytest.mark.parametrize("declared", [None, 1, 0])
def test_scores_stay_those_of_the_class_that_they_were_given_for(declared: int | None) -> None:
    truth, score, group = scored()
    of_class = 1 - score if declared == 0 else score
    given_ = {"sensitive_features": group, "scores": of_class, "pos_label": declared}
    cube = count_cube(truth, score >= 0.5, **given_)
    mirrored = count_cube(truth, score >= 0.5, **{**given_, "scores": score, "pos_label": 1})
    other = count_cube(truth, score >= 0.5, **{**given_, "scores": 1 - score, "pos_label": 0})
    for label, expected in ((1, mirrored), (0, other)):
        names = ["auc", "calibration_gap", "selection_rate"]
        found = cube.favouring(label).by_group(names)
        pd.testing.assert_frame_equal(found, expected.by_group(names), atol=1e-4, rtol=0)
        back = cube.favouring(1 - label).favouring(label).by_group(names)
        pd.testing.assert_frame_equal(found, back, atol=1e-4, rtol=0)
        assert (found["auc"] > 0.6).all()
        error = "squared_calibration_error"
        assert cube.favouring(label).overall(error) == pytest.approx(mirrored.overall(error), 0.1)


def test_the_weights_and_all_alike_scores_are_mirrored_too() -> None:
    given_ = {"sensitive_features": list("aabb"), "sample_weight": [1.0, 2.0, 1.0, 3.0]}
    cube = count_cube([1, 0, 1, 0], [1, 0, 1, 1], scores=[0.9, 0.1, 0.3, 0.3], **given_)
    assert cube.by_group("auc").tolist() == [1.0, 0.5]
    flipped = cube.favouring(0)
    assert flipped.by_group("auc").tolist() == [1.0, 0.5]
    assert (cube + cube).favouring(0).by_group("auc").tolist() == [1.0, 0.5]
    with pytest.raises(ValueError, match="different favourable classes"):
        cube + flipped


@pytest.mark.parametrize(
    ("declared", "words"),
    [("b", "those counted are of 'b'"), (None, "of which class those counted are, is not said")],
)
def test_scores_of_one_of_several_classes_are_not_those_of_another(declared, words) -> None:
    given_ = {"sensitive_features": [0] * 6, "scores": [0.1, 0.9, 0.3, 0.4, 0.5, 0.6]}
    cube = count_cube(list("aabbcc"), list("abbbca"), pos_label=declared, **given_)
    other = cube.favouring("a")
    assert "auc" not in other.by_group()
    assert other.by_group("selection_rate")[0] == pytest.approx(2 / 6)
    with pytest.raises(DataError, match=f"'auc' needs scores of 'a'; {words}"):
        other.by_group("auc")
    if declared:
        assert "auc" in cube.favouring("b").by_group()


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda cube: cube.intervals("accuracy", alpha=2), "alpha is 2; expected"),
        (lambda cube: cube.intervals("accuracy", alpha=float("nan")), "alpha is nan; expected"),
        (lambda cube: cube.replicates(number=0), "number is 0; expected at least 1."),
        (lambda cube: cube.replicates(seed=-1), "seed is -1; expected at least 0."),
        (lambda cube: cube.replicates(number=5).by_group(1.5), "There is no quantile 1.5."),
    ],
)
def test_calls_that_no_cube_can_answer_are_refused(call, text: str) -> None:
    cube = count_cube([1, 0], [1, 1], sensitive_features=["f", "m"])
    with pytest.raises(DataError) as caught:
        call(cube)
    assert caught.value.mend
    assert str(caught.value).startswith(text)


@pytest.mark.parametrize("weight", [1e20, 1e-20, np.inf])
@pytest.mark.parametrize("kind", [list, torch.tensor])
def test_weights_whose_squares_do_not_add_up_are_refused(weight: float, kind) -> None:
    problem = refused(sample_weight=kind([1.0, 0.0, weight]))
    assert problem.startswith("sample_weight")
    assert f"{weight:g}" in problem


def refused(**changed) -> str:
    given_ = {"y_true": [1, 0, 1], "y_pred": [1, 0, 0], "sensitive_features": list("aab")} | changed
    with pytest.raises(DataError) as caught:
        count_cube(given_.pop("y_true"), given_.pop("y_pred"), **given_)
    assert caught.value.mend
    return caught.value.problem


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"y_true": [], "y_pred": []}, "y_true has no rows."),
        ({"y_pred": [1, 0]}, "y_pred has 2 rows, y_true has 3."),
        (
            {"sensitive_features": {"sex": ["a"]}},
            "Sensitive feature 'sex' has 1 rows, y_true has 3.",
        ),
        ({"y_true": [1, None, 0]}, "y_true has 1 missing values."),
        ({"y_pred": [1.0, np.nan, 0]}, "y_pred has 1 missing values."),
        (
            {"y_pred": [0.2, 0.7, 0.1]},
            "y_pred is continuous (it holds 0.2); expected classes.",
        ),
        ({"y_pred": list("abc")}, "y_true holds numbers and y_pred text; expected the same classes "
         "in both."),
        ({"sensitive_features": pd.DataFrame([[1, 2]] * 3, columns=["a", "a"])},
         "Two features are named 'a'."),
        ({"y_pred": np.eye(3)}, "y_pred has the shape (3, 3); expected one column."),
        ({"scores": [0.2, 1.2, 0]}, "scores run from 0 to 1.2; expected probabilities of the "
         "favourable class."),
        ({"scores": [0.2, np.nan, 0]}, "scores has missing values."),
        ({"scores": list("abc")}, "scores holds values that are no numbers."),
        ({"sample_weight": [1, -1, 2]}, "sample_weight runs from -1 to 2; expected finite weights "
         "of at least 0."),
        ({"sensitive_features": [1.0, np.inf, 2.0]}, "Sensitive feature 'sensitive_feature_0' "
         "holds 1 infinite values."),
        ({"sensitive_features": None}, "sensitive_features names no column."),
        ({"sensitive_features": pd.DataFrame({0: [1, 2, 3]})}, "The feature 0 is named by a int; "
         "expected text."),
        ({"sensitive_features": {"sex": list("aab")}, "control_features": {"sex": [1, 2, 3]}},
         "'sex' is a sensitive and a control feature."),
    ],
)  # fmt: skip
def test_hostile_input_is_refused(changed, problem: str) -> None:
    assert refused(**changed) == problem


@pytest.mark.parametrize("kind", [float, int, torch.tensor])
def test_a_measurement_is_no_group(kind) -> None:
    values = np.arange(51) / (1 if kind is int else 3)
    values = torch.tensor(values) if kind is torch.tensor else values.astype(kind)
    assert refused(y_true=[1] * 51, y_pred=[1] * 51, sensitive_features=values) == (
        "Sensitive feature 'sensitive_feature_0' is numeric and has more than 50 distinct values: "
        "a measurement, not groups."
    )
    wide = np.arange(50) * 1000
    cube = count_cube([1] * 50, [1] * 50, sensitive_features=wide)
    assert cube.by_group("count").index.tolist() == wide.tolist()


def test_unknown_names_are_refused() -> None:
    cube = count_cube([1, 0], [1, 1], sensitive_features={"sex": ["f", "m"]})
    for call, text in (
        (lambda: cube.by_group("tpr"), "There is no metric 'tpr'. Name some of count, selection_r"),
        (lambda: cube.by_group("auc"), "The metric 'auc' needs scores. Pass scores="),
        (lambda: cube.difference(method="x"), "There is no method 'x'. Use 'between_groups' or "),
        (lambda: cube.intervals("count"), "A count has no interval."),
        (lambda: cube.intervals("accuracy", comparison="x"), "There is no comparison 'x'."),
        (
            lambda: cube.intervals("accuracy", reference="d"),
            "There is no group 'd'; the groups are sex (f, m).",
        ),
    ):
        with pytest.raises(DataError) as caught:
            call()
        assert str(caught.value).startswith(text)


def test_every_metric_says_why_it_is_undefined() -> None:
    cube = count_cube([0, 0, 1, 1], [0, 0, 1, 1], sensitive_features=list("aabb"), scores=[0.1] * 4)
    values, reasons = cube.by_group(), cube.reasons()
    assert values.columns.tolist() == list(METRICS)
    assert ((reasons != "") == values.isna()).all(axis=None)
    assert reasons.loc["a", "auc"].startswith("All units of this group have outcomes of one kind")
    assert cube.intervals("auc").loc["a", "reason"].startswith("an AUC needs two positives")
    against = cube.intervals("true_positive_rate", reference="a")
    assert against.loc["b", "reason"] == (
        "There are no units whose true outcome is favourable in the reference."
    )
    assert cube.intervals("selection_rate", reference="a").loc["b", "reason"] == (
        "The rate of the reference is 0: a ratio cannot divide by it."
    )


def test_own_metrics_have_no_interval() -> None:
    found = user_metric_frame(
        {"error": lambda y, p: float(np.abs(np.asarray(y) - p).mean())},
        np.array([1.5, 2.0, 4.0]), np.array([1.0, 2.0, 3.0]), sensitive_features=list("aab"),
    )  # fmt: skip
    assert found.by_group["error"].tolist() == [0.25, 1.0]
    assert found.difference()["error"] == 0.75
    assert found.ratio(method="to_overall")["error"] == 0.5
    assert found.reason.startswith("no interval: ")
    assert not hasattr(found, "estimate")


def test_own_metrics_need_fairlearn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "fairlearn.metrics", None)
    with pytest.raises(Exception, match=r"Install auditkit-torch\[fairness\]"):
        user_metric_frame(max, [1], [1], sensitive_features=["a"])


def test_arrays_are_counted_without_torch_or_fairlearn() -> None:
    code = (
        "import sys, auditkit\n"
        "cube = auditkit.count_cube([1, 0], [1, 1], sensitive_features=[0, 1])\n"
        "cube.by_group(); cube.intervals('accuracy'); cube.replicates(number=9).ratio(.5)\n"
        "print({'torch', 'fairlearn', 'sklearn'} & set(sys.modules))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "set()"


def test_the_example_of_the_readme_runs() -> None:
    _, _, section = (
        (Path(__file__).parents[2] / "README.md").read_text().partition("### From arrays")
    )
    lines = [line[4:] for line in section.partition("###")[0].splitlines() if line[:4] == "    "]
    truth, score, group = scored(200)
    people = pd.DataFrame({"gender": np.where(group == 0, "male", "female"), "role": group % 2})
    people["ethnicity"] = np.where(score > 0.4, "white", "other")
    names = {"y_true": truth, "y_pred": (score > 0.5).astype(int), "people": people}
    names["tomorrow"] = count_cube(
        truth, names["y_pred"], sensitive_features=people[["gender", "ethnicity"]],
        control_features=people["role"],
    )  # fmt: skip
    exec("import auditkit\n" + "\n".join(lines), names)  # noqa: S102 - our own page
    assert names["cube"].rows == 200


def test_more_cells_than_can_be_read_or_coded_are_refused() -> None:
    n = 40
    names = [f"{at}" for at in range(n)]
    cube = count_cube([1] * n, [1] * n, sensitive_features=dict.fromkeys("abcde", names))
    assert isinstance(cube.counts, SparseCounts)
    assert cube.counts.marginal("group:a").total == n
    with pytest.raises(DataError, match=r"has 102,400,000 cells; at most 33,554,432 are written"):
        cube.by_group("count")
    assert refused(
        y_true=[1] * n, y_pred=[1] * n, sensitive_features=dict.fromkeys("abcdefghijkl", names)
    ).startswith("Counting by these columns takes")


def test_narrow_floats_are_read() -> None:
    half = torch.tensor([0.0, 1.0, 1.0], dtype=torch.bfloat16)
    cube = count_cube(half, half, sensitive_features=[1, 2, 2])
    assert cube.by_group("accuracy").tolist() == [1.0, 1.0]
