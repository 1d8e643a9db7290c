"""How far attributions can be trusted: the error estimate and the completeness gap.

Attributions must add up to the difference of the outputs (completeness), but that they do says
little: errors of single features cancel in the sum. So the same integral is taken with n and with
2n steps, and the distance of the two is the estimate of the error.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

TOLERANCE = 0.05
# A difference of outputs smaller than this share of their usual spread is no scale for a gap.
_FLOOR = 0.01


@dataclass(frozen=True)
class Convergence:
    """What is known of the error of n units' attributions.

    Attributes:
        gap: [n] |sum of A₂ₙ − (f(x) − f(b))|, relative to |f(x) − f(b)| or, if that is larger, to
            1 % of the output's range (probabilities) or of its standard deviation over the units
            (others); NaN where all of these are zero.
        error: [n] ‖A₂ₙ − Aₙ‖ / ‖A₂ₙ‖ over all inputs; NaN where A₂ₙ is zero.
        converged: [n] bool: error and gap are at most `TOLERANCE` (the gap may be NaN), or there
            was nothing to attribute: no difference of outputs, and all attributions zero.
    """

    gap: Tensor
    error: Tensor
    converged: Tensor


def convergence(
    fine: tuple[Tensor, ...],
    coarse: tuple[Tensor, ...],
    output: Tensor,
    output_at_baseline: Tensor,
    *,
    is_probability: bool,
) -> Convergence:
    """Compare two attributions of the same units with each other and with the outputs.

    Args:
        fine: with 2n steps, a tensor [n, …] per input.
        coarse: with n steps.
        output: [n] f(x).
        output_at_baseline: [n] f(b).
        is_probability: whether the outputs range from 0 to 1.

    >>> one = torch.ones(1, 2)
    >>> float(convergence((one,), (1.5 * one,), torch.full((1,), 2.0), torch.zeros(1),
    ...     is_probability=False).error)
    0.5
    """
    output, at_baseline = output.double(), output_at_baseline.double()
    refined, first = _flat(fine), _flat(coarse)
    difference = output - at_baseline
    floor = _FLOOR * (1.0 if is_probability else _spread(output))
    gap = _ratio((refined.sum(dim=1) - difference).abs(), difference.abs().clamp_min(floor))
    error = _ratio((refined - first).norm(dim=1), refined.norm(dim=1))
    nothing = ((refined == 0) & (first == 0)).all(dim=1) & (difference == 0)
    near = (error <= TOLERANCE) & ((gap <= TOLERANCE) | gap.isnan())
    return Convergence(gap, error, near | nothing)


def _flat(tensors: tuple[Tensor, ...]) -> Tensor:
    """All numbers of each unit, [n, numbers]."""
    return torch.cat([tensor.double().reshape(tensor.shape[0], -1) for tensor in tensors], dim=1)


def _spread(output: Tensor) -> float:
    return float(output.std()) if len(output) > 1 else 0.0


def _ratio(numerator: Tensor, denominator: Tensor) -> Tensor:
    """NaN where the denominator is zero."""
    return torch.where(denominator > 0, numerator / denominator, torch.nan)
