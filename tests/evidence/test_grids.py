"""Cells of scores: ordered, within their edges, fine enough for an AUC."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from auditkit.evidence import grids
from auditkit.statistics.auc import binned_auc

NUMBERS = st.lists(st.floats(width=32, allow_nan=False), min_size=2, max_size=50)


@given(NUMBERS)
def test_raw_cells_keep_the_order(numbers: list[float]) -> None:
    scores = torch.tensor(sorted(numbers), dtype=torch.float32)
    cells = grids.raw_cell(scores)
    assert (cells.diff() >= 0).all()
    assert 0 <= int(cells.min()) <= int(cells.max()) < grids.RANK_CELLS


@given(NUMBERS)
def test_odds_cells_keep_the_order(numbers: list[float]) -> None:
    cells = grids.odds_cell(torch.tensor(sorted(numbers), dtype=torch.float64))
    assert (cells.diff() >= 0).all()
    assert 0 <= int(cells.min()) <= int(cells.max()) < grids.RANK_CELLS


@given(st.lists(st.floats(0, 1), min_size=1, max_size=50))
def test_score_cells_are_of_equal_width(shares: list[float]) -> None:
    cells = grids.score_cell(torch.tensor(shares, dtype=torch.float64)).numpy()
    expected = np.minimum(np.floor(np.array(shares) * grids.SCORE_CELLS), grids.SCORE_CELLS - 1)
    np.testing.assert_array_equal(cells, expected)


@given(st.lists(st.floats(-1e9, 1e9, width=32), min_size=1, max_size=50))
def test_raw_edges_bound_their_cells(numbers: list[float]) -> None:
    scores = np.array(numbers, dtype=np.float32)
    cells = grids.raw_cell(torch.from_numpy(scores)).numpy()
    edges = np.append(grids.raw_edges(), np.inf)
    assert (edges[cells] <= scores).all()
    assert (scores <= edges[cells + 1]).all()


def test_odds_edges_bound_their_cells() -> None:
    probabilities = np.array([0.0, 1e-9, 0.01, 0.3, 0.5, 0.7, 0.999, 1.0])
    cells = grids.odds_cell(torch.from_numpy(probabilities).logit()).numpy()
    edges = np.append(grids.odds_edges(), 1.0)
    assert (edges[cells] <= probabilities + 1e-12).all()
    assert (probabilities <= edges[cells + 1] + 1e-12).all()
    assert (np.diff(edges) >= 0).all()


def test_both_zeros_are_one_score() -> None:
    assert len(set(grids.raw_cell(torch.tensor([-0.0, 0.0])).tolist())) == 1


def test_half_precision_has_its_cells_too() -> None:
    scores = torch.tensor([-2.0, -0.5, 0.0, 0.25, 3.0])
    assert torch.equal(grids.raw_cell(scores.half()), grids.raw_cell(scores))


# A model of rare events, one of certainties, raw scores of any scale. Raw scores far from zero
# share few cells, and the slack says so.
@pytest.mark.parametrize(
    ("cell", "scale", "shift", "slack"),
    [
        (grids.odds_cell, 1.0, -9.0, 0.01),
        (grids.odds_cell, 1.0, 0.0, 0.002),
        (grids.odds_cell, 1.0, 9.0, 0.01),
        (grids.raw_cell, 1.0, 0.0, 0.003),
        (grids.raw_cell, 1e6, 0.0, 0.003),
        (grids.raw_cell, 1.0, -9.0, 0.02),
    ],
)
def test_cells_are_fine_enough_for_an_auc(cell, scale: float, shift: float, slack: float) -> None:
    rng = np.random.default_rng(0)
    outcome = rng.random(4000) < 0.3
    scores = (rng.normal(size=4000) + outcome + shift) * scale
    cells = cell(torch.from_numpy(scores)).numpy()
    counted = [np.bincount(cells[outcome == k], minlength=grids.RANK_CELLS) for k in (1, 0)]
    auc = binned_auc(*counted)
    assert abs(auc.value - roc_auc_score(outcome, scores)) <= auc.slack
    assert auc.slack < slack
