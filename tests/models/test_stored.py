"""Stored predictions: columns in place of a model."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import torch

from auditkit.errors import ConfigurationError, DataError
from auditkit.models import stored_predictions
from auditkit.models.outputs import probabilities, violations

FRAME = pd.DataFrame(
    {
        "p": [0.2, 0.9, None],
        "n": pd.array([1, 2, None], dtype="Int64"),
        "a": [0.1, 0.2, 0.3],
        "b": [0.9, 0.8, 0.7],
        "word": ["x", "y", "z"],
    }
)


def test_one_column_under_any_name() -> None:
    model = stored_predictions({"score": "p"}, task="binary", outputs="probabilities")
    with model.opened():
        raw = model.forward(model.prepare(FRAME))[""]
    np.testing.assert_array_equal(raw, [0.2, 0.9, np.nan])
    assert violations(raw, model.heads[0])["not finite"].tolist() == [False, False, True]


def test_columns_of_several_classes_and_heads() -> None:
    model = stored_predictions(
        {"kind": ["a", "b"], "age": "n"},
        heads={
            "kind": {"task": "multiclass", "outputs": "probabilities", "classes": ["x", "y"]},
            "age": {"task": "regression"},
        },
    )
    found = model.predict(FRAME)
    assert probabilities(found["kind"], model.heads[0]).shape == (3, 2)
    np.testing.assert_array_equal(found["age"], [1, 2, np.nan])


def test_the_model_is_not_here() -> None:
    model = stored_predictions({"score": "p"}, task="binary", name="scores of March")
    capabilities = model.capabilities
    assert [capabilities.present, capabilities.differentiable, capabilities.copyable] == 3 * [False]
    assert capabilities.reasons["present"] == (
        "The model is not here: its stored predictions are audited."
    )
    assert model.digest().startswith("columns:")
    assert model.digest() != stored_predictions({"score": "a"}, task="binary").digest()
    plain = model.describe()
    assert json.loads(json.dumps(plain)) == plain
    assert plain["columns"] == {"": ["p"]}
    assert model.device == torch.device("cpu")


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ("q", "The column 'q' of stored predictions is not among the 5 columns read"),
        ("word", "The column 'word' of stored predictions holds"),
    ],
)
def test_a_column_that_cannot_be_read_is_named(column, said) -> None:
    with pytest.raises(DataError, match=said):
        stored_predictions({"score": column}, task="binary").predict(FRAME)


def test_the_data_must_be_a_table() -> None:
    with pytest.raises(DataError, match="the data are Tensor"):
        stored_predictions({"score": "p"}, task="binary").predict(torch.zeros(3))


def test_columns_and_heads_must_match() -> None:
    with pytest.raises(ConfigurationError, match=r"given for \['a', 'b'\]; the heads are \[''\]"):
        stored_predictions({"a": "a", "b": "b"}, task="binary")
    with pytest.raises(ConfigurationError, match=r"the heads are \['age'\]"):
        stored_predictions({"score": "p"}, heads={"age": {"task": "regression"}})
