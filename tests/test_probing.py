"""What the first batch shows to be wrong before a long pass, and what identifies an audit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn
from torch.utils.data import TensorDataset

import auditkit
from auditkit.data import Dataset, dataset
from auditkit.errors import AuditkitError, ConfigurationError, DataError
from auditkit.models import wrap
from auditkit.models.wrapped import WrappedModel


def images(n: int = 40) -> TensorDataset:
    generator = torch.Generator().manual_seed(0)
    return TensorDataset(torch.rand(n, 2, 4, 4, generator=generator), torch.arange(n) % 2)


def reader(**declared: Any) -> WrappedModel:
    torch.manual_seed(0)
    return wrap(
        nn.Sequential(nn.Flatten(), nn.Linear(32, 2)), task="multiclass", outputs="logits",
        classes=("a", "b"), device="cpu", **declared,
    )  # fmt: skip


def run(model: WrappedModel, data: Dataset, **options: Any) -> auditkit.Run:
    return auditkit.audit(model, data, policy=None, quiet=True, **options)


@pytest.mark.parametrize(
    ("inputs", "kind", "words"),
    [
        ({"range": (0, 0.5)}, DataError, "lie outside the declared range 0.0 to 0.5"),
        ({"range": ([0, 0, 0], 1)}, ConfigurationError, "has 3 channels"),
    ],
)
def test_a_range_that_the_inputs_contradict_is_refused(
    inputs: dict[str, Any], kind: type[AuditkitError], words: str
) -> None:
    with pytest.raises(kind) as refused:
        run(reader(inputs=inputs), dataset(evaluation=images()))
    assert words in refused.value.problem
    assert refused.value.mend


def test_a_table_is_no_image() -> None:
    model = wrap(nn.Linear(3, 1), task="binary", inputs={"medium": "image"}, device="cpu")
    data = dataset(evaluation=TensorDataset(torch.rand(9, 3), torch.arange(9) % 2))
    with pytest.raises(ConfigurationError, match="declared as images"):
        run(model, data)


def test_members_are_a_list() -> None:
    with pytest.raises(ConfigurationError, match="members is a Sequential; expected a list"):
        reader(members=nn.Sequential(nn.Linear(2, 2)))


class _Scaled(nn.Module):
    def __init__(self, factor: float) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.factor, self.inner = factor, nn.Linear(32, 2)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.factor * self.inner(images.flatten(1))


def test_another_ensemble_is_another_audit(tmp_path: Any) -> None:
    """Two members of equal parameters that answer differently."""
    frame = pd.DataFrame(
        np.random.default_rng(0).normal(size=(60, 32)), columns=map(str, range(32))
    )
    data = dataset(evaluation=frame.assign(y=["a", "b"] * 30), label="y")
    runs = [
        run(reader(members=[_Scaled(factor)]), data, store=tmp_path, checks=["confidence"])
        for factor in (1.0, -5.0, 1.0)
    ]
    assert [one.stored for one in runs] == [False, False, True]


def test_a_member_that_is_a_callable_leaves_doubt(tmp_path: Any) -> None:
    frame = pd.DataFrame({"x": np.linspace(-1, 1, 40), "y": ["a", "b"] * 20})
    torch.manual_seed(0)
    model = wrap(
        nn.Linear(1, 2), task="multiclass", outputs="logits", classes=("a", "b"), device="cpu",
        members=[lambda rows: torch.zeros(len(rows), 2)],
    )  # fmt: skip
    data = dataset(evaluation=frame, label="y")
    first, again = (run(model, data, store=tmp_path, checks=["performance"]) for _ in range(2))
    assert not again.stored
    assert any("a member of the ensemble is a callable" in note for note in first.record.notes)


def test_an_outside_split_leaves_custom_metrics_alone() -> None:
    def error(output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return (output.argmax(dim=1) != target).float()

    model = wrap(
        nn.Sequential(nn.Flatten(), nn.Linear(32, 2)), task="custom", unit_metrics=error,
        device="cpu",
    )  # fmt: skip
    data = dataset(evaluation=images(), outside=images(10))
    table = run(model, data, checks=["performance"]).measurements.set_index("metric")
    assert table.loc["performance.unit_metric", "status"] == "measured"


def test_an_outside_split_does_not_make_data_new(tmp_path: Any) -> None:
    frame = pd.DataFrame({"x": np.linspace(-1, 1, 60), "y": [0, 1] * 30})
    model = wrap(nn.Linear(1, 1), task="binary", outputs="logits", device="cpu")
    seen = dataset(evaluation=frame, label="y", features=("x",))
    beside = dataset(evaluation=frame, outside=frame[["x"]], label="y", features=("x",))
    run(model, seen, store=tmp_path, checks=["performance"])
    later = auditkit.audit(
        model, beside, policy="baseline", store=tmp_path, checks=["performance"], quiet=True
    )
    assert later.record.judgement.exploratory
