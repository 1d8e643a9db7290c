"""GradientSHAP: expected gradients between an input and others like it.

Lundberg and Lee, NIPS 2017; Erion et al. 2021. It is the path integral from many baselines, drawn
at random in baseline and in place: with few samples it is noisy, and its gap says how much.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from auditkit.explain.chunks import fitting
from auditkit.explain.method import Family, Maps, Method, Settings
from auditkit.explain.methods.asking import joined, marked, slices, sum_gradient
from auditkit.explain.methods.attempting import attempted
from auditkit.explain.methods.completeness import (
    LIMIT,
    changed,
    completeness,
    finite,
    moving,
)
from auditkit.explain.methods.drawing import drawing
from auditkit.explain.methods.references import ALL_ALIKE, mean_changed
from auditkit.explain.methods.smooth_grad import tokens_held
from auditkit.explain.target import NotExplainable, Target, Tensors


def gradient_shap(target: Target, settings: Settings) -> Maps | NotExplainable:
    """The mean of gradient × distance at `settings.samples` random points on random paths.

    The paths begin at the target's references; at the unit's baseline where there are fewer than
    two.

    Args:
        target: what is explained.
        settings: seed, samples and chunk are read.
    """
    several = bool(target.references) and len(target.references[0]) > 1

    def step(size: int) -> Maps:
        parts = []
        for unit in slices(target, 1):
            begins = target.references if several else unit.baseline
            with drawing(unit, settings.seed):
                parts.append(_averaged(unit, begins, settings.samples, size))
        values = joined(parts)
        change = (
            mean_changed(target, target.references, size)
            if several
            else changed(target, target.baseline, size)
        )
        gap = completeness(target, values, change).gap
        forwards = 1 + (len(target.references[0]) if several else 1)
        found = finite(values, gap=gap, gradients=settings.samples, forwards=forwards)
        return moving(replace(found, notes=_noted(gap, settings.samples)))

    return attempted("GradientSHAP", target, step, settings.chunk or fitting(target))


def _noted(gap: Tensor, samples: int) -> tuple[str, ...]:
    known = gap[gap.isfinite()]
    if not len(known) or float(known.median()) <= LIMIT:
        return ()
    return (
        f"GradientSHAP drew {samples} points for each unit: half of its maps miss the change of "
        f"the output by more than {float(known.median()):.0%}.",
    )


def _averaged(unit: Target, begins: Tensors, samples: int, size: int) -> Tensors:
    """All samples of one unit, in blocks: Captum would take them all at once."""
    from captum.attr import GradientShap

    method = GradientShap(tokens_held(unit))
    method.gradient_func = sum_gradient
    total = tuple(torch.zeros_like(tensor) for tensor in unit.inputs)
    for block in torch.split(torch.arange(samples), size):
        found = method.attribute(
            marked(unit.inputs),
            baselines=begins,
            n_samples=len(block),
            stdevs=0.0,
            additional_forward_args=(unit.every,),
        )
        pairs = zip(total, found, strict=True)
        total = tuple(one + part.detach() * (len(block) / samples) for one, part in pairs)
    return total


GRADIENT_SHAP = Method(
    name="gradient_shap",
    title="GradientSHAP",
    family=Family.PATH,
    source="Lundberg and Lee, NIPS 2017, arXiv 1705.07874",
    attribute=gradient_shap,
    times_input=True,
    warning=ALL_ALIKE,
)
