"""Inputs as few numbers: which are read, and that a shift stays visible in them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from auditkit.evidence.facts import Facts
from auditkit.evidence.input_vectors import DIMENSIONS, input_vectors
from auditkit.evidence.sample import Sampled


def _sample(inputs: Any, n: int = 30) -> Sampled:
    keys = np.arange(n, dtype=np.uint64)
    facts = Facts({}, np.ones(n, dtype=bool), np.zeros(n, dtype=bool))
    return Sampled(inputs, np.arange(n), keys, None, n, facts)


def test_few_numbers_are_as_they_are() -> None:
    inputs = {"x": torch.randn(30, 3), "ids": torch.zeros(30, 5, dtype=torch.int64)}
    found = input_vectors(_sample(inputs))
    assert found is not None
    assert np.allclose(found, inputs["x"].numpy())


def test_many_are_projected_and_keep_a_shift() -> None:
    torch.manual_seed(0)
    images = torch.rand(30, 3, 50, 50)
    dark, bright = (input_vectors(_sample(one)) for one in (images, images + 0.3))
    assert dark is not None
    assert bright is not None
    assert dark.shape == (30, DIMENSIONS)
    moved = np.abs(bright.mean(axis=0) - dark.mean(axis=0))
    assert moved.max() > 3 * dark.std(axis=0).max()


def test_what_is_not_finite_is_zero() -> None:
    found = input_vectors(_sample(torch.full((30, 2), torch.inf)))
    assert found is not None
    assert (found == 0).all()


def test_codes_are_no_numbers() -> None:
    assert input_vectors(_sample(torch.zeros(30, 4, dtype=torch.int64))) is None
    assert input_vectors(_sample(torch.zeros(7, 4))) is None
    assert input_vectors(_sample(None)) is None
