"""What the user declares of the inputs: refused where it contradicts itself."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from auditkit.errors import ConfigurationError, DataError
from auditkit.models import wrap
from auditkit.models.input_range import InputRange
from auditkit.models.medium import Inputs, Medium, declared_inputs


def test_what_is_declared_is_described() -> None:
    found = declared_inputs({"medium": "image", "range": [0, 1]})
    assert found.medium is Medium.IMAGE
    silent = {"neutral": None, "special": []}
    assert found.describe() == {"medium": "image", "range": [0.0, 1.0], **silent}
    assert declared_inputs(found) is found
    assert declared_inputs(None) == Inputs()
    model = wrap(nn.Linear(2, 1), task="binary", inputs={"range": (-1, 1)}, device="cpu")
    assert model.describe()["inputs"] == {"medium": None, "range": [-1.0, 1.0], **silent}
    tokens = declared_inputs({"medium": "text", "neutral": 103, "special": [0, 101]})
    assert tokens.describe()["neutral"] == 103
    assert tokens.describe()["special"] == [0, 101]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"medium": "smell"}, "expected one of image, table"),
        ({"ranges": (0, 1)}, "expected medium, and perhaps range"),
        ("image", "expected medium, and perhaps range"),
        ({"range": 1}, "expected its two ends"),
        ({"range": (0, 1, 2)}, "expected its two ends"),
        ({"range": (1, 0)}, "goes from 1.0 to 0.0"),
        ({"range": (0, 0)}, "goes from 0.0 to 0.0"),
        ({"range": (0, float("nan"))}, "expected a finite number"),
        ({"range": (0, "1")}, "expected a finite number"),
        ({"range": (False, True)}, "expected a finite number"),
        ({"range": ([0, 0], [1, 1, 1])}, "2 lower ends and 3 upper ones"),
        ({"range": ([0, 2], [1, 1])}, "goes from (0.0, 2.0) to (1.0, 1.0)"),
        ({"range": ([], [])}, "goes from () to ()"),
    ],
)
def test_contradictions_are_refused(given: Any, words: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        declared_inputs(given)
    assert words in refused.value.problem
    assert refused.value.mend


def test_ends_by_channel() -> None:
    images = torch.zeros(2, 3, 4, 5, dtype=torch.float16)
    low, high = InputRange((0, -1, -2), 3).bounds(images)
    assert low.flatten().tolist() == [0, -1, -2]
    assert (low.shape, high.shape) == ((1, 3, 1, 1), (1, 1, 1, 1))
    assert low.dtype == torch.float16
    with pytest.raises(ConfigurationError, match="3 channels"):
        InputRange((0, -1, -2), 3).bounds(torch.zeros(2, 1, 4, 5))


@pytest.mark.parametrize("wrong", [-0.5, 1.2, float("nan"), float("inf")])
def test_inputs_beyond_their_range_are_counted(wrong: float) -> None:
    inputs = torch.rand(4, 3)
    inputs[1, 2] = wrong
    with pytest.raises(DataError, match="1 of 12 numbers that the model is given lie outside"):
        InputRange(0, 1).refuse_outside(inputs)
    InputRange(0, 1).refuse_outside(torch.tensor([[0.0, 1.0005]]))
