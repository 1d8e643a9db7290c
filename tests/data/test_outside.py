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
