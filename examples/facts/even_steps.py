"""An optimiser that moves a matrix by equal steps in all directions.

Gradients of small models point in a few directions, those of what is already half learnt. Made
orthogonal, they let a matrix learn to tell many words apart at the same pace.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

_MOMENTUM = 0.95
_TOWARDS_ONE = (3.4445, -4.7750, 2.0315)
"""Coefficients of Jordan et al.: five rounds bring each singular value to between .7 and 1.2."""


class EvenSteps(Optimizer):
    """Muon (Jordan et al. 2024), for matrices alone.

    Args:
        parameters: matrices.
        rate: how far one step goes in every direction.
        decay: share of the rate by which weights shrink at each step.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], rate: float, decay: float) -> None:
        super().__init__(parameters, {"lr": rate, "decay": decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """One step; no closure can be given."""
        assert closure is None
        for group in self.param_groups:
            for one in group["params"]:
                if one.grad is not None:
                    self._move(one, one.grad, group)

    def _move(self, one: Tensor, gradient: Tensor, group: dict[str, Any]) -> None:
        state = self.state[one]
        mean = state.setdefault("mean", torch.zeros_like(one)).mul_(_MOMENTUM).add_(gradient)
        rows, columns = one.shape
        one.mul_(1 - group["lr"] * group["decay"])
        size = group["lr"] * max(1.0, rows / columns) ** 0.5
        one.sub_(orthogonal(gradient + _MOMENTUM * mean), alpha=size)


def orthogonal(matrix: Tensor) -> Tensor:
    """The matrix with all singular values near 1, by five rounds of Newton and Schulz."""
    wide = matrix.mT if matrix.shape[0] > matrix.shape[1] else matrix
    found: Tensor = wide / (wide.norm() + 1e-9)
    first, third, fifth = _TOWARDS_ONE
    for _ in range(5):
        square = found @ found.mT
        found = first * found + (third * square + fifth * square @ square) @ found
    return found.mT if wide is not matrix else found
