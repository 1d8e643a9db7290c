"""The split of another kind: inputs alone, whatever else its rows and items hold."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from auditkit.data import dataset
from auditkit.errors import DataError


def frame(n: int = 6) -> pd.DataFrame:
    return pd.DataFrame(
        {"x": np.arange(n) / n, "y": np.arange(n) % 2, "sex": ["F", "M"] * (n // 2)}
    )


def batches(data, split: str = "outside"):
    source = data[split]
    source.check()
    return [batch for part in source.fragments() for batch in source.batches(part, 4)]


def test_a_table_needs_nothing_but_the_features() -> None:
    outside = pd.DataFrame({"x": [7.0, 8.0], "colour": ["red", "blue"]})
    data = dataset(evaluation=frame(), outside=outside, label="y", features=("x",), groups=("sex",))
    (batch,) = batches(data)
    assert list(batch.inputs.columns) == ["x"]
    assert batch.targets is None
    assert batch.groups == {}
    assert data.digest() != dataset(evaluation=frame(), label="y", features=("x",)).digest()


def test_classes_of_torch_items_are_not_read() -> None:
    known = torch.utils.data.TensorDataset(torch.rand(6, 2), torch.arange(6) % 2)
    strange = torch.utils.data.TensorDataset(torch.rand(5, 2), torch.full((5,), 99))
    data = dataset(evaluation=known, outside=strange)
    found = batches(data)
    assert [len(batch) for batch in found] == [4, 1]
    assert all(batch.targets is None for batch in found)
    assert batches(data, "evaluation")[0].targets is not None


def test_a_missing_feature_is_named() -> None:
    data = dataset(
        evaluation=frame(), outside=pd.DataFrame({"z": [1.0]}), label="y", features=("x",)
    )
    with pytest.raises(DataError, match=r"outside data\) has no column 'x'"):
        batches(data)


def test_features_that_are_not_declared_are_those_of_the_evaluation_data() -> None:
    """In their order, whatever else the other table holds."""
    known = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0], "y": [0, 1]})
    strange = pd.DataFrame({"y": [9], "b": [8.0], "id": ["q"], "a": [7.0]})
    (batch,) = batches(dataset(evaluation=known, outside=strange, label="y"))
    assert batch.inputs.to_dict("list") == {"a": [7.0], "b": [8.0]}
