"""Inputs cut into regions: sums, replacement, and every kind of input."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from auditkit.explain import targeting
from auditkit.explain.regions import cuts, grid, regions
from auditkit.models import wrap
from tests.explain.functions import Function, regression


def of(inputs, most=64, medium=None):
    declared = {} if medium is None else {"inputs": {"medium": medium}}
    model = wrap(Function(lambda *x: sum(one.flatten(1).sum(1) for one in x)), task="regression",
                 **declared)  # fmt: skip
    with targeting(model, inputs, model.heads[0]) as target:
        return regions(target, most), target


@pytest.mark.parametrize(
    ("shape", "most", "medium", "count"),
    [
        ((3, 7), 4, None, 7),
        ((3, 100), 8, "audio", 8),
        ((3, 1, 100), 8, "audio", 8),
        ((3, 6, 2), 64, None, 12),
        ((3, 50, 2), 8, None, 8),
        ((3, 2, 9, 9), 9, None, 9),
        ((3, 1, 4, 4), 64, None, 16),
        ((3, 1, 4, 4, 4), 8, None, 8),
    ],
)
def test_counts(shape, most, medium, count) -> None:
    found, target = of(torch.rand(shape), most, medium)
    assert found.count == count
    sums = found.sums(target.inputs)
    assert sums.shape == (3, count)
    torch.testing.assert_close(sums.sum(1), target.inputs[0].double().flatten(1).sum(1))


def test_several_inputs_share_the_regions() -> None:
    found, target = of((torch.rand(2, 1, 8, 8), torch.rand(2, 3)), 32)
    assert found.count == 16 + 3
    sums = found.sums(target.inputs)
    torch.testing.assert_close(sums[:, 16:], target.inputs[1].double())


@given(st.integers(1, 60), st.integers(1, 70))
def test_parts_are_nearly_equal(length, parts) -> None:
    found = cuts(length, parts)
    sizes = torch.bincount(found)
    assert len(sizes) == min(length, parts)
    assert sizes.max() - sizes.min() <= 1
    assert (found.diff() >= 0).all()


def test_a_grid_of_an_image_that_is_no_square() -> None:
    assert grid(2, 6, 4).tolist() == [[0, 0, 0, 1, 1, 1], [2, 2, 2, 3, 3, 3]]


def test_regions_are_replaced() -> None:
    found, target = of(torch.rand(2, 3, 4, 4), 4)
    removed = torch.tensor([[True, False, False, False], [False, False, False, True]])
    (changed,) = found.replaced(target.inputs, target.baseline, removed)
    assert not changed[0, :, :2, :2].any()
    assert torch.equal(changed[0, :, 2:], target.inputs[0][0, :, 2:])
    assert not changed[1, :, 2:, 2:].any()
    assert torch.equal(changed[1, :, :2], target.inputs[0][1, :, :2])


def test_a_single_number_is_one_region() -> None:
    model = regression(lambda x: x * 2)
    with targeting(model, torch.rand(3), model.heads[0]) as target:
        found = regions(target)
    assert found.count == 1
    torch.testing.assert_close(found.sums(target.inputs)[:, 0], target.inputs[0].double())


def test_tokens_are_regions() -> None:
    class Words(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.words, self.score = nn.Embedding(9, 4, padding_idx=0), nn.Linear(4, 1)

        def forward(self, ids):
            return self.score(self.words(ids).mean(1))

    model = wrap(Words(), task="regression")
    with targeting(model, torch.randint(1, 9, (3, 100)), model.heads[0]) as target:
        found = regions(target, 8)
    assert found.count == 100
