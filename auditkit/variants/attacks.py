"""Inputs changed by as little as is declared to count as the same, so that the model errs.

Sources: Goodfellow, Shlens and Szegedy, ICLR 2015 (FGSM); Madry et al., ICLR 2018 (PGD). A step is
Captum's FGSM. Captum's PGD is not used: its random start depends on the batch, and it takes
gradients below 1e-6 for zero, which makes sure models look robust.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from auditkit.errors import AuditkitError
from auditkit.models.gradients import differentiating
from auditkit.models.input_range import InputRange
from auditkit.variants.draws import uniform_draws
from auditkit.variants.variant import Variant
from auditkit.variants.victim import Victim, no_backward, no_gradient

PGD_STEPS = 10
_STEP_SHARE = 2.5  # the path of all steps in radii, so that it can cross the ball and turn


@dataclass(frozen=True)
class Attacked:
    """What an attack found.

    Attributes:
        inputs: as the inputs in shape, dtype and device.
        stuck: bool [n]: of these units no step had a gradient to follow, all of it being zero or
            NaN. A right answer to them says nothing on robustness.
    """

    inputs: Tensor
    stuck: Tensor


@dataclass(frozen=True)
class UnitScale:
    """Inputs as shares of their declared range, where a radius is one number for all channels.

    Attributes:
        inputs: as the model is given them.
        shares: the same in [0, 1], detached, of at least single precision.
        low, high: ends of the range, broadcastable.
    """

    inputs: Tensor
    shares: Tensor
    low: Tensor
    high: Tensor

    @classmethod
    def of(cls, inputs: Tensor, input_range: InputRange) -> UnitScale:
        """Scale inputs.

        Raises:
            DataError: some numbers lie outside the range or are none.
            ConfigurationError: the range has another number of channels.
        """
        # A copy: tensors that were made in inference mode take no gradient.
        given = inputs.detach().clone()
        input_range.refuse_outside(given)
        working = given.float() if given.dtype.itemsize < 4 else given
        low, high = input_range.bounds(working)
        return cls(given, ((working - low) / (high - low)).clamp(0, 1), low, high)

    def back(self, shares: Tensor) -> Tensor:
        """From shares to what the model is given; differentiable."""
        return (self.low + shares * (self.high - self.low)).to(self.inputs.dtype)

    def found(self, shares: Tensor, stuck: Tensor) -> Attacked:
        """The end of an attack; numbers that did not move stay what they are to the last bit."""
        moved = torch.where(shares == self.shares, self.inputs, self.back(shares))
        inside = torch.minimum(torch.maximum(moved, self.low), self.high)
        return Attacked(inside.to(self.inputs.dtype), stuck)


def attacked(
    victim: Victim,
    inputs: Tensor,
    target: Tensor,
    variant: Variant,
    input_range: InputRange,
    seed: int,
    keys: np.ndarray,
) -> Attacked:
    """Inputs moved within an L-infinity ball to where the true class is less likely.

    `fgsm` is one step to the edge of the ball along the sign of the gradient of the cross-entropy
    with the true class. `pgd` starts at a random point of the ball and takes ten steps of a quarter
    of the radius, each put back into ball and range; its last point is the result. Units don't
    influence each other. What is asked of the model is forgotten: parameters get no gradients.

    Args:
        victim: whose forward is followed; call it within `model.opened()`, in eval mode.
        inputs: floating-point, [n, …], with the channels as second axis; they are left as they are.
        target: true classes, whole numbers [n].
        variant: `attack("fgsm", …)` or `attack("pgd", …)`; its level is the radius as a share of
            the input range, of each channel's own where they differ.
        input_range: between which ends the inputs lie, and stay.
        seed: of the random starts.
        keys: whole numbers, shape (n,); a unit's start depends on seed and key alone.

    Returns:
        The inputs found, and of which units no gradient could be followed. Ball and range hold up
        to the rounding of the dtype.

    Raises:
        DataError: inputs or true classes are not of that kind, or inputs lie outside their range.
        ConfigurationError: the range has another number of channels.
        ModelError: no gradient reaches the inputs, or the backward pass failed.
        ValueError: there is no such attack, or not one key for each unit.
    """
    if variant.name not in _STARTS:
        raise ValueError(f"there is no attack {variant} by gradient steps")
    with differentiating():
        truth = victim.true_classes(inputs, target)
        scale = UnitScale.of(inputs, input_range)
        if len(inputs) == 0:
            return scale.found(scale.shares, torch.zeros_like(truth, dtype=torch.bool))
        start, steps, size = _STARTS[variant.name](scale.shares, variant.level, seed, keys)
        return _stepped(victim, scale, truth, (start, variant.level, steps, size))


def without_gradient(
    victim: Victim, inputs: Tensor, target: Tensor, input_range: InputRange
) -> Tensor:
    """bool [n]: units at whose plain inputs there is no gradient to follow.

    Args and errors as of `attacked`.
    """
    with differentiating():
        truth = victim.true_classes(inputs, target)
        scale = UnitScale.of(inputs, input_range)
        if len(inputs) == 0:
            return torch.zeros_like(truth, dtype=torch.bool)
        moved = _step(_stepper(victim, scale), scale.shares, truth, 1.0)
        return _unmoved(moved, scale.shares)


_Start = tuple[Tensor, int, float]


def _single(shares: Tensor, radius: float, seed: int, keys: np.ndarray) -> _Start:
    del seed, keys
    return shares, 1, radius


def _projected(shares: Tensor, radius: float, seed: int, keys: np.ndarray) -> _Start:
    start = (shares + radius * uniform_draws(shares, seed, keys)).clamp(0, 1)
    return start, PGD_STEPS, radius * _STEP_SHARE / PGD_STEPS


_STARTS = {"fgsm": _single, "pgd": _projected}


def _stepped(
    victim: Victim, scale: UnitScale, truth: Tensor, path: tuple[Tensor, float, int, float]
) -> Attacked:
    here, radius, steps, size = path
    lowest, highest = (scale.shares - radius).clamp(min=0), (scale.shares + radius).clamp(max=1)
    stuck = torch.ones_like(truth, dtype=torch.bool)
    stepper = _stepper(victim, scale)
    for _ in range(steps):
        moved = _step(stepper, here, truth, size)
        stuck &= _unmoved(moved, here)
        here = torch.minimum(torch.maximum(moved, lowest), highest)
    return scale.found(here, stuck)


def _stepper(victim: Victim, scale: UnitScale) -> Any:
    from captum.robust import FGSM  # here: it loads matplotlib

    # Without bounds, so that a unit that did not move is one without a gradient.
    stepper = FGSM(
        lambda shares: victim.differentiable(scale.back(shares)), loss_func=victim.odds_against
    )
    # Captum would take for zero what is below 1e-6: the sign of a small gradient counts as well.
    stepper.zero_thresh = 0.0
    return stepper


def _step(stepper: Any, here: Tensor, truth: Tensor, size: float) -> Tensor:
    """Captum asks for inputs that require gradients, and leaves its mark on them: on a copy."""
    try:
        moved: Tensor = stepper.perturb(here.detach().clone().requires_grad_(), size, truth)
    except AuditkitError:
        raise
    except Exception as error:  # a backward pass may be the user's code, and raise anything
        if "not have been used in the graph" in str(error):
            raise no_gradient() from error
        raise no_backward(error) from error
    return moved.detach()


def _unmoved(moved: Tensor, before: Tensor) -> Tensor:
    return (moved == before).flatten(1).all(dim=1)
