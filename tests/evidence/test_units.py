"""What is read off outputs, against NumPy, SciPy and scikit-learn, for every kind of head."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.special import expit, log_softmax, logit, softmax
from sklearn.metrics import brier_score_loss, confusion_matrix, log_loss

from auditkit.data import Columns
from auditkit.errors import ConfigurationError
from auditkit.evidence import CountNeed, SumNeed, ViewKey
from auditkit.evidence.grids import RANK_CELLS, SCORE_CELLS, odds_cell, raw_cell
from auditkit.evidence.needs import (
    CORRECT,
    PREDICTION,
    QUALIFIED,
    RANK_CELL,
    SCORE_CELL,
    SELECTED,
    TARGET,
)
from auditkit.evidence.subject import MAX_ONE_VS_REST, views_of
from auditkit.models.head import Head, Task
from tests.evidence.passes import collect, of_columns, sums, values

N = 300
WHOLE = ViewKey("")


def frame(scores: np.ndarray, target: np.ndarray) -> pd.DataFrame:
    scores = scores if scores.ndim == 2 else scores[:, None]
    columns = {f"s{i}": column for i, column in enumerate(scores.T)}
    targets = {"y": target} if target.ndim == 1 else {f"y{i}": c for i, c in enumerate(target.T)}
    return pd.DataFrame({"id": np.arange(len(scores)), **columns, **targets})


def model_of(table: pd.DataFrame, **declared):
    return of_columns([name for name in table if name.startswith("s")], **declared)


def score_cells(probability: np.ndarray) -> np.ndarray:
    return np.minimum((probability * SCORE_CELLS).astype(int), SCORE_CELLS - 1)


def histogram(cells: np.ndarray, size: int) -> np.ndarray:
    return np.bincount(cells, minlength=size)


@pytest.fixture
def truth() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 2, N)


def binary_scores(kind: str) -> tuple[np.ndarray, np.ndarray, str]:
    """Outputs, the probability of the positive class that they mean, and how they are declared."""
    raw = np.random.default_rng(2).normal(size=(N, 2)) * 3
    return {
        "one logit": (raw[:, 0], expit(raw[:, 0]), "logits"),
        "two logits": (raw, softmax(raw, axis=1)[:, 1], "logits"),
        "one probability": (expit(raw[:, 0]), expit(raw[:, 0]), "probabilities"),
        "two probabilities": (softmax(raw, axis=1), softmax(raw, axis=1)[:, 1], "probabilities"),
    }[kind]


BINARY_KINDS = ["one logit", "two logits", "one probability", "two probabilities"]


@pytest.mark.parametrize("kind", BINARY_KINDS)
@pytest.mark.parametrize("threshold", [0.5, 0.2])
def test_binary_heads(kind: str, threshold: float, truth: np.ndarray) -> None:
    raw, probability, outputs = binary_scores(kind)
    table = frame(raw, truth)
    decision = {"threshold": threshold, "favourable": "0"}
    model = model_of(table, task="binary", outputs=outputs, decision=decision)
    confusion = CountNeed(WHOLE, (PREDICTION, TARGET))
    chosen = CountNeed(WHOLE, (SELECTED, QUALIFIED, CORRECT))
    cells = CountNeed(WHOLE, (SCORE_CELL, TARGET))
    ranks = CountNeed(WHOLE, (RANK_CELL,))
    losses = [SumNeed(WHOLE, name) for name in ("log_loss", "brier", "score")]
    found = collect(table, model, [confusion, chosen, cells, ranks, *losses])

    predicted = (probability >= threshold).astype(int)
    np.testing.assert_array_equal(values(found, confusion), confusion_matrix(truth, predicted).T)
    expected = np.zeros((2, 2, 2), dtype=int)
    np.add.at(expected, (1 - predicted, 1 - truth, (predicted == truth).astype(int)), 1)
    np.testing.assert_array_equal(values(found, chosen), expected)
    for outcome in (0, 1):
        mine = histogram(score_cells(probability[truth == outcome]), SCORE_CELLS)
        np.testing.assert_array_equal(values(found, cells)[:, outcome], mine)
    odds = odds_cell(torch.from_numpy(logit(probability))).numpy()
    assert np.abs(np.cumsum(values(found, ranks) - histogram(odds, RANK_CELLS))).max() <= 2

    n, total, squares = sums(found, losses[0])
    each = np.array(
        [log_loss([y], [p], labels=[0, 1]) for y, p in zip(truth, probability, strict=True)]
    )
    assert n == N
    assert total == pytest.approx(each.sum(), rel=1e-12)
    assert squares == pytest.approx((each**2).sum(), rel=1e-12)
    assert sums(found, losses[1])[1] / N == pytest.approx(
        brier_score_loss(truth, probability), rel=1e-12
    )
    assert sums(found, losses[2])[1] == pytest.approx(probability.sum(), rel=1e-12)


@pytest.mark.parametrize("kind", ["two logits", "two probabilities"])
def test_argmax_gives_even_scores_to_the_first_class(kind: str) -> None:
    raw = np.array([[0.5, 0.5], [0.4, 0.6], [0.6, 0.4]])
    raw = np.log(raw) if kind == "two logits" else raw
    table = frame(raw, np.array([0, 1, 1]))
    outputs = "logits" if kind == "two logits" else "probabilities"
    model = model_of(table, task="binary", outputs=outputs, decision={"rule": "argmax"})
    need = CountNeed(WHOLE, (PREDICTION, TARGET))
    assert values(collect(table, model, [need]), need).tolist() == [[1, 1], [0, 1]]


def test_values_are_judged_on_their_own_scale(truth: np.ndarray) -> None:
    raw = np.random.default_rng(3).normal(size=N) * 100
    table = frame(raw, truth)
    model = model_of(table, task="binary", outputs="values", decision={"threshold": 30.0})
    confusion = CountNeed(WHOLE, (PREDICTION, TARGET))
    ranks = CountNeed(WHOLE, (RANK_CELL, TARGET))
    found = collect(table, model, [confusion, ranks])
    np.testing.assert_array_equal(values(found, confusion), confusion_matrix(truth, raw >= 30).T)
    mine = histogram(raw_cell(torch.from_numpy(raw[truth == 1])).numpy(), RANK_CELLS)
    np.testing.assert_array_equal(values(found, ranks)[:, 1], mine)


def test_confident_logits_keep_their_loss() -> None:
    # A float32 sigmoid of 20 is 1, whose complement has no logarithm.
    table = frame(np.array([20.0, -20.0, 60.0], dtype=np.float32), np.array([0, 1, 0]))
    table["s0"] = table["s0"].astype(np.float32)
    model = model_of(table, task="binary", outputs="logits")
    need = SumNeed(WHOLE, "log_loss")
    floor = -np.log(1e-12)
    assert sums(collect(table, model, [need]), need)[1] == pytest.approx(20 + 20 + floor, rel=1e-8)


@pytest.mark.parametrize("outputs", ["logits", "probabilities", None])
def test_multiclass_heads(outputs: str | None) -> None:
    rng = np.random.default_rng(4)
    raw, truth = rng.normal(size=(N, 4)) * 2, rng.integers(0, 4, N)
    raw = softmax(raw, axis=1) if outputs == "probabilities" else raw
    table = frame(raw, truth)
    names = ("a", "b", "c", "d")
    decision = {"rule": "argmax", "favourable": "c"}
    model = model_of(table, task="multiclass", outputs=outputs, classes=names, decision=decision)
    confusion = CountNeed(WHOLE, (PREDICTION, TARGET))
    chosen = CountNeed(WHOLE, (SELECTED, QUALIFIED, CORRECT))
    one = CountNeed(ViewKey("", "b"), (RANK_CELL, TARGET))
    needs = [confusion, chosen, one]
    if outputs:
        losses = [SumNeed(WHOLE, name) for name in ("log_loss", "brier", "score")]
        needs += [CountNeed(WHOLE, (SCORE_CELL, CORRECT)), *losses]
    found = collect(table, model, needs)

    predicted = raw.argmax(axis=1)
    np.testing.assert_array_equal(values(found, confusion), confusion_matrix(truth, predicted).T)
    expected = np.zeros((2, 2, 2), dtype=int)
    right = (predicted == truth).astype(int)
    np.add.at(expected, ((predicted == 2).astype(int), (truth == 2).astype(int), right), 1)
    np.testing.assert_array_equal(values(found, chosen), expected)
    shares = softmax(raw, axis=1) if outputs == "logits" else raw
    cell = (
        odds_cell(torch.from_numpy(logit(shares[:, 1])))
        if outputs
        else raw_cell(torch.from_numpy(raw[:, 1]))
    )
    mine = histogram(cell.numpy()[truth == 1], RANK_CELLS)
    assert np.abs(np.cumsum(values(found, one)[:, 1] - mine)).max() <= 1
    if outputs:
        top = shares.max(axis=1)
        cells = values(found, needs[3])
        for hit in (0, 1):
            counted = histogram(score_cells(top[right == hit]), SCORE_CELLS)
            np.testing.assert_array_equal(cells[:, hit], counted)
        assert sums(found, losses[0])[1] == pytest.approx(
            N * log_loss(truth, shares, labels=range(4)), rel=1e-12
        )
        brier = ((shares - np.eye(4)[truth]) ** 2).sum()
        assert sums(found, losses[1])[1] == pytest.approx(brier, rel=1e-12)
        assert sums(found, losses[2])[1] == pytest.approx(top.sum(), rel=1e-12)


def test_confident_multiclass_logits_keep_their_loss() -> None:
    raw = np.array([[25.0, 0.0, 0.0], [0.0, 0.0, 25.0]], dtype=np.float32)
    table = frame(raw, np.array([1, 2])).astype({f"s{i}": "float32" for i in range(3)})
    model = model_of(table, task="multiclass", outputs="logits", classes=("a", "b", "c"))
    need = SumNeed(WHOLE, "log_loss")
    expected = -log_softmax(raw.astype(float), axis=1)[[0, 1], [1, 2]].sum()
    assert sums(collect(table, model, [need]), need)[1] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("outputs", ["logits", "probabilities"])
def test_multilabel_heads(outputs: str) -> None:
    rng = np.random.default_rng(5)
    raw, truth = rng.normal(size=(N, 3)), rng.integers(0, 2, (N, 3))
    shares = expit(raw)
    table = frame(raw if outputs == "logits" else shares, truth)
    decision = {"threshold": 0.4, "favourable": "dog"}
    model = model_of(
        table, task="multilabel", outputs=outputs, classes=("cat", "dog", "owl"), decision=decision
    )
    columns = Columns(label=("y0", "y1", "y2"))
    confusions = [CountNeed(ViewKey("", n), (PREDICTION, TARGET)) for n in ("cat", "dog", "owl")]
    losses = [SumNeed(ViewKey("", n), "log_loss") for n in ("cat", "dog", "owl")]
    chosen = CountNeed(ViewKey("", "dog"), (SELECTED, QUALIFIED))
    found = collect(table, model, [*confusions, *losses, chosen], columns=columns)
    for index, (confusion, loss) in enumerate(zip(confusions, losses, strict=True)):
        predicted = shares[:, index] >= 0.4
        np.testing.assert_array_equal(
            values(found, confusion), confusion_matrix(truth[:, index], predicted).T
        )
        assert sums(found, loss)[1] == pytest.approx(
            N * log_loss(truth[:, index], shares[:, index]), rel=1e-12
        )
    np.testing.assert_array_equal(
        values(found, chosen), confusion_matrix(truth[:, 1], shares[:, 1] >= 0.4).T
    )


@pytest.mark.parametrize("numbers", [1, 2])
def test_regression_heads(numbers: int) -> None:
    rng = np.random.default_rng(6)
    raw, truth = rng.normal(size=(N, numbers)) * 10, rng.normal(size=(N, numbers))
    table = frame(raw, truth if numbers > 1 else truth[:, 0])
    names = ("x", "z")[:numbers] if numbers > 1 else ()
    model = model_of(table, task="regression", classes=names)
    columns = Columns(label=("y0", "y1") if numbers > 1 else "y")
    for index in range(numbers):
        view = ViewKey("", names[index] if names else "")
        names_of_values = ("error", "absolute_error", "squared_error", "target_value", "score")
        needs = [SumNeed(view, name) for name in names_of_values]
        error = raw[:, index] - truth[:, index]
        expected = [error, np.abs(error), error**2, truth[:, index], raw[:, index]]
        ranks = CountNeed(view, (RANK_CELL,))
        found = collect(table, model, [*needs, ranks], columns=columns)
        for need, each in zip(needs, expected, strict=True):
            _, total, squares = sums(found, need)
            assert total == pytest.approx(each.sum(), rel=1e-12, abs=1e-10)
            assert squares == pytest.approx((each**2).sum(), rel=1e-12)
        mine = histogram(raw_cell(torch.from_numpy(raw[:, index])).numpy(), RANK_CELLS)
        np.testing.assert_array_equal(values(found, ranks), mine)


def test_a_class_asked_for_without_a_decision_is_refused(truth: np.ndarray) -> None:
    table = frame(np.full(N, 0.5), truth)
    model = model_of(table, task="binary", outputs="probabilities")
    with pytest.raises(ConfigurationError, match=r"no decision is declared\. Declare decision"):
        collect(table, model, [CountNeed(WHOLE, (PREDICTION,))])
    model = model_of(table, task="binary", outputs="probabilities", decision={"threshold": 0.5})
    with pytest.raises(ConfigurationError, match=r"no favourable class is declared\. Declare"):
        collect(table, model, [CountNeed(WHOLE, (SELECTED,))])


def test_views() -> None:
    few = Head("h", Task.MULTICLASS, classes=tuple("abc"))
    many = Head("h", Task.MULTICLASS, classes=tuple(map(str, range(MAX_ONE_VS_REST + 1))))
    assert [view.one_vs_rest for view in views_of(few)] == [False, True, True, True]
    assert len(views_of(many)) == 1
    custom = Head("h", Task.CUSTOM, unit_metrics=lambda output, target: output)
    (view,) = views_of(custom, ("iou", "dice"))
    assert (view.values, view.classifies, view.favourable) == (("iou", "dice"), False, None)
    numbers = Head("h", Task.REGRESSION, classes=("x", "y"))
    assert [str(view.key) for view in views_of(numbers)] == ["h x", "h y"]
