"""SmoothGrad: the gradient, averaged over noise around the input (Smilkov et al. 2017)."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from auditkit.explain.chunks import fitting
from auditkit.explain.method import Family, Maps, Method, Settings
from auditkit.explain.methods.asking import asker, joined, marked, slices, sum_gradient
from auditkit.explain.methods.attempting import attempted
from auditkit.explain.methods.completeness import finite, moving
from auditkit.explain.methods.drawing import drawing
from auditkit.explain.target import NotExplainable, Target, Tensors

NOISE = 0.15
"""Standard deviation of the noise as a share of the spread of a unit's input."""


def smooth_grad(target: Target, settings: Settings) -> Maps | NotExplainable:
    """The mean gradient at `settings.samples` noisy copies of each unit, with its sign.

    The noise is `NOISE` of the distance between the least and the greatest number of a unit's
    input and baseline. Special tokens get none, and have no gradient. Where fewer rows fit at once
    than there are samples, other numbers are drawn.

    Args:
        target: what is explained.
        settings: seed, samples and chunk are read.
    """
    from captum.attr import NoiseTunnel, Saliency

    def step(size: int) -> Maps:
        parts = []
        for unit in slices(target, 1):
            method = Saliency(tokens_held(unit))
            method.gradient_func = sum_gradient
            with drawing(unit, settings.seed):
                parts.append(
                    NoiseTunnel(method).attribute(
                        marked(unit.inputs),
                        nt_type="smoothgrad",
                        nt_samples=settings.samples,
                        nt_samples_batch_size=min(size, settings.samples),
                        stdevs=tuple(NOISE * one for one in spreads(unit)),
                        additional_forward_args=(unit.every,),
                        abs=False,
                    )
                )
        return moving(finite(joined(parts), gradients=settings.samples))

    return attempted("SmoothGrad", target, step, settings.chunk or fitting(target))


def spreads(unit: Target) -> tuple[float, ...]:
    """For each input of one unit, how far the numbers in it and in its baseline lie apart."""
    pairs = zip(unit.inputs, unit.baseline, strict=True)
    both = [torch.cat([one.flatten(), base.flatten()]) for one, base in pairs]
    apart = [float(numbers.max() - numbers.min()) for numbers in both]
    # What is not finite has no map anyway; noise of that size would be an error.
    return tuple(one if math.isfinite(one) else 0.0 for one in apart)


def tokens_held(unit: Target) -> Callable[..., Tensor]:
    """What Captum calls, with the embeddings of special tokens as they are, whatever it gives."""
    ask = asker(unit)
    if unit.tokens is None:
        return ask
    fixed = (unit.inputs[0] == unit.baseline[0]).all(dim=-1, keepdim=True)

    def ask_held(*arguments: Tensor) -> Tensor:
        *tensors, rows = arguments
        held: Tensors = (torch.where(fixed[rows], unit.inputs[0][rows], tensors[0]),)
        return ask(*held, rows)

    return ask_held


SMOOTH_GRAD = Method(
    name="smooth_grad",
    title="SmoothGrad",
    family=Family.GRADIENT,
    source="Smilkov et al. 2017, arXiv 1706.03825",
    attribute=smooth_grad,
    options={"noise": NOISE},
)
