"""Regressions that predict quantiles: what their declaration may say, and what they must return."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from auditkit.assembly import build_model
from auditkit.configuration import ModelSection, read_configuration
from auditkit.configured_code import Code
from auditkit.errors import ConfigurationError, ModelError
from auditkit.evidence.subject import views_of
from auditkit.models import stored_predictions, wrap
from auditkit.models.declaration import make_heads
from auditkit.models.head import Head, Task
from auditkit.models.outputs import normalise, violations
from auditkit.models.quantile_levels import nearest_to_median, symmetric_pairs

LEVELS = (0.05, 0.5, 0.95)
QUANTILES = Head("", Task.REGRESSION, quantiles=LEVELS)


def test_levels_are_part_of_the_declaration() -> None:
    head = Head("", "regression", quantiles=[0.1, 0.9])  # type: ignore[arg-type]
    assert head.quantiles == (0.1, 0.9)
    assert head.describe()["quantiles"] == [0.1, 0.9]
    assert head.numbers == 2
    assert Head("", Task.REGRESSION).quantiles == ()
    assert Head("", Task.REGRESSION).numbers == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"quantiles": "0.5"}, "has quantiles='0.5'; expected a list of levels"),
        ({"quantiles": 0.5}, "has quantiles=0.5; expected a list of levels"),
        ({"quantiles": (0.0, 0.5)}, "the quantile level 0.0; expected numbers between 0 and 1"),
        ({"quantiles": (5, 95)}, "the quantile level 5; expected numbers between 0 and 1"),
        ({"quantiles": (float("nan"),)}, "the quantile level nan"),
        ({"quantiles": ("low",)}, "the quantile level 'low'"),
        ({"quantiles": (True,)}, "the quantile level True"),
        ({"quantiles": (0.5, 0.1)}, "the quantile level 0.5 before 0.1; expected levels that rise"),
        ({"quantiles": (0.5, 0.5)}, "the quantile level 0.5 before 0.5"),
        (
            {"quantiles": LEVELS, "classes": ("low", "middle", "high")},
            "has quantiles and the numbers 'low', 'middle', 'high'; quantiles are of one number",
        ),
        ({"task": "binary", "quantiles": (0.5,)}, "which only 'regression' predicts"),
    ],
)
def test_contradictions_are_refused(arguments, said) -> None:
    with pytest.raises(ConfigurationError) as refused:
        Head("", **{"task": "regression", **arguments})
    assert said in refused.value.problem
    assert refused.value.mend.endswith(".")


def test_the_central_column_is_the_nearest_to_the_median() -> None:
    assert QUANTILES.central == 1
    assert Head("", Task.REGRESSION, quantiles=(0.9,)).central == 0
    # As far as decimals go, .1 and .9 are equally near.
    assert nearest_to_median((0.1, 0.9)) == nearest_to_median((0.3, 0.7)) == 0
    with pytest.raises(ValueError, match="has no quantiles"):
        _ = Head("", Task.REGRESSION).central


@given(st.sets(st.integers(1, 49), min_size=1, max_size=12), st.booleans())
def test_pairs_are_found_however_the_levels_were_computed(percents: set[int], odd: bool) -> None:
    lower = sorted(percents)
    levels = [p / 100 for p in lower] + [0.5] * odd + [1 - p / 100 for p in reversed(lower)]
    pairs = symmetric_pairs(levels)
    assert len(pairs) == len(lower)
    assert [low for low, _ in pairs] == list(range(len(lower)))  # the widest first
    assert all(levels[low] + levels[high] == pytest.approx(1) for low, high in pairs)


def test_levels_without_a_counterpart_make_no_pair() -> None:
    assert symmetric_pairs((0.1, 0.5, 0.8)) == ()
    assert symmetric_pairs((0.5,)) == ()


@pytest.mark.parametrize(
    ("levels", "shape", "arranged"),
    [(LEVELS, (4, 3), (4, 3)), ((0.9,), (4, 1), (4, 1)), ((0.9,), (4,), (4, 1))],
)
def test_a_column_for_each_level(levels, shape, arranged) -> None:
    head = Head("", Task.REGRESSION, quantiles=levels)
    assert normalise(torch.zeros(shape), (head,), 4)[""].shape == arranged


@pytest.mark.parametrize("shape", [(4,), (4, 1), (4, 2), (3, 4), (4, 3, 1)])
def test_other_shapes_are_refused(shape) -> None:
    with pytest.raises(ModelError, match=r"regression head with 3 quantiles expects \[4, 3\]") as e:
        normalise(torch.zeros(shape), (QUANTILES,), 4)
    assert "Correct task or quantiles" in e.value.mend


def test_crossing_quantiles_contradict_nothing_and_nan_does() -> None:
    raw = torch.tensor([[1.0, 0.0, 2.0], [0.0, torch.nan, 1.0], [0.0, 1.0, torch.inf]])
    assert {name: mask.tolist() for name, mask in violations(raw, QUANTILES).items()} == {
        "not finite": [False, True, True]
    }


def test_one_view_stands_for_the_number() -> None:
    (view,) = views_of(QUANTILES)
    assert view.task is Task.REGRESSION
    assert view.index is None
    assert view.classes == ()


def test_wrap_and_stored_predictions_take_levels() -> None:
    model = wrap(nn.Linear(2, 3), task="regression", quantiles=LEVELS, device="cpu")
    assert model.heads[0].quantiles == LEVELS
    assert model.predict(torch.zeros(4, 2))[""].shape == (4, 3)
    assert model.describe()["heads"][0]["quantiles"] == list(LEVELS)
    frame = pd.DataFrame({"low": [0.0, 1.0], "high": [2.0, 3.0]})
    stored = stored_predictions({"price": ("low", "high")}, task="regression", quantiles=(0.1, 0.9))
    np.testing.assert_array_equal(stored.predict(frame)[""].numpy(), frame.to_numpy())
    alone = stored_predictions({"price": "high"}, task="regression", quantiles=[0.9])
    assert alone.predict(frame)[""].shape == (2, 1)


def test_heads_are_declared_and_renamed_with_their_levels() -> None:
    heads = {"cost": {"task": "regression", "quantiles": [0.1, 0.9]}, "age": QUANTILES}
    cost, age = make_heads(None, heads, {})
    assert cost.quantiles == (0.1, 0.9)
    assert (age.name, age.quantiles) == ("age", LEVELS)


AUDIT = {
    "name": "prices",
    "model": {
        "predictions": {"price": ["low", "middle", "high"]},
        "task": "regression",
        "quantiles": [0.05, 0.5, 0.95],
    },
    "data": {"evaluation": {"table": "prices.csv"}, "label": "y"},
}


def test_audit_yaml_declares_levels(tmp_path) -> None:
    path = tmp_path / "audit.yaml"
    path.write_text(yaml.safe_dump(AUDIT))
    model, _ = build_model(read_configuration(path).model, Code(tmp_path, allowed=False))
    assert model.heads[0].quantiles == LEVELS
    sections = {"cost": {"task": "regression", "quantiles": [0.9]}, "age": {"task": "regression"}}
    several = ModelSection(predictions={"cost": "c", "age": "a"}, heads=sections)
    heads = build_model(several, Code(tmp_path, allowed=False))[0].heads
    assert [head.quantiles for head in heads] == [(0.9,), ()]


def test_a_level_that_is_no_number_is_named(tmp_path) -> None:
    path = tmp_path / "audit.yaml"
    wrong = {**AUDIT, "model": {**AUDIT["model"], "quantiles": [0.05, "median"]}}
    path.write_text(yaml.safe_dump(wrong))
    with pytest.raises(ConfigurationError, match="quantiles"):
        read_configuration(path)
