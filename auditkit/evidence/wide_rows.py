"""Rows of many numbers, in pieces that stay in the processor's cache while they are worked on.

A batch of 1,000 classes in double precision takes 8 megabytes, which the C library hands back to
the system each time that it is let go: getting it anew takes longer than the arithmetic. Work on a
piece is also too little for torch to divide among threads, whose waiting for each other on busy
cores takes longer still.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

# torch divides work on so many numbers among threads.
_DIVIDED = 1 << 15


def double_pieces(wide: Tensor) -> Iterator[Tensor]:
    """Consecutive rows in double precision, in copies of a quarter of a megabyte or of one row.

    The copies may be changed in place; on anything but a CPU there is one.

    Args:
        wide: of shape (n, numbers).

    >>> [len(piece) for piece in double_pieces(torch.zeros(75, 1000))]
    [32, 32, 11]
    """
    rows = max(1, (_DIVIDED - 1) // max(1, wide.shape[1]))
    for piece in torch.split(wide, rows) if wide.device.type == "cpu" else (wide,):
        yield piece.to(torch.float64, copy=True)
