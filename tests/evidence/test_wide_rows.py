"""Pieces of wide rows: all rows once, in copies."""

from __future__ import annotations

import pytest
import torch

from auditkit.evidence.wide_rows import double_pieces


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [(0, 3), (5, 0), (100, 1000), (3, 40_000)])
def test_pieces_are_all_rows_and_may_be_changed(dtype: torch.dtype, shape: tuple[int, int]) -> None:
    wide = torch.rand(shape, dtype=dtype)
    before = wide.clone()
    pieces = list(double_pieces(wide))
    assert torch.equal(torch.cat(pieces), before.double())
    for piece in pieces:
        assert piece.numel() < 1 << 15 or len(piece) == 1
        piece.zero_()
    assert torch.equal(wide, before)
