"""Whether a model answers the same when it is asked the same: without that, nothing can be traced.

Dropout that is always on, noise added in a forward, or a state kept from call to call make two runs
of one method differ; statistics over the batch make a unit's answer, and its gradient, depend on
whoever lies beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from auditkit.models.borrowing import random_states_kept

if TYPE_CHECKING:
    from auditkit.explain.target import Target

# Of the outputs' spread: more than rounding in any dtype, less than anybody would call a change.
_SHARE = 0.01
# Dynamic quantisation rounds by the largest number in the batch: that much comes of company alone.
_SHARE_OF_QUANTISED = 0.1
_TRIED = 8


def unsteady(target: Target, outputs: Tensor) -> str:
    """Why the model's answers cannot be traced to its inputs, a full sentence; "" if they can.

    Args:
        target: of at least one unit.
        outputs: what its head returned for all units at once.
    """
    # With their own random numbers, since noise from a fixed generator is noise all the same.
    with torch.no_grad(), random_states_kept():
        again = target.everything()
        if _differ(outputs, again):
            return (
                "The model gives other answers when it is asked the same again: some noise or "
                "state in it is always on."
            )
        few = target.every[: max(1, min(_TRIED, target.units // 2))].flip(0)
        apart = target.everything(few)
        if _differ(outputs[few], apart, _share(target)):
            return (
                "What the model answers about a unit depends on the units beside it in the batch."
            )
    return ""


def _share(target: Target) -> float:
    parts = () if target.module is None else target.module.modules()
    quantised = any(".quantized.dynamic." in type(part).__module__ for part in parts)
    return _SHARE_OF_QUANTISED if quantised else _SHARE


def _differ(first: Tensor, second: Tensor, share: float = _SHARE) -> bool:
    a, b = first.double(), second.double()
    known = a.isfinite() & b.isfinite()
    if not bool(known.any()):
        return False
    scale = float(a[known].abs().max())
    return float((a - b)[known].abs().max()) > share * scale
