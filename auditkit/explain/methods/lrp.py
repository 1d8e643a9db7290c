"""Layer-wise relevance propagation with the epsilon rule (Bach et al. 2015).

What a layer's bias adds takes its part of the relevance, so that in most networks the map adds up
to less than the output: it is compared with the change from an input of zeros, like every other
method's, and withheld where it misses. With ReLU and the epsilon rule the map is input × gradient.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from auditkit.explain.chunks import fitting
from auditkit.explain.method import Family, Maps, Method, Settings
from auditkit.explain.methods.asking import Asked, joined, marked, slices, sum_gradient
from auditkit.explain.methods.attempting import attempted
from auditkit.explain.methods.bending import is_ruled, repeated, without_rule
from auditkit.explain.methods.completeness import changed, guarded
from auditkit.explain.methods.hooking import hookless
from auditkit.explain.methods.operations import operations
from auditkit.explain.target import NotExplainable, Target

KNOWN = (
    "AdaptiveAvgPool2d",
    "AvgPool2d",
    "BatchNorm2d",
    "Conv2d",
    "Dropout",
    "Linear",
    "MaxPool1d",
    "MaxPool2d",
    "MaxPool3d",
    "ReLU",
    "Tanh",
)
"""Layers of torch for which Captum has a rule."""

ALIKE = (
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool3d",
    "AvgPool1d",
    "AvgPool3d",
    "BatchNorm1d",
    "BatchNorm3d",
    "Conv1d",
    "Conv3d",
)
"""Layers that Captum refuses though its epsilon rule holds for them: they are as linear."""

THROUGH = (
    "AlphaDropout",
    "Dropout1d",
    "Dropout2d",
    "Dropout3d",
    "Flatten",
    "Identity",
    "Unflatten",
)
"""Layers that Captum refuses, and that change nothing but a shape in a model that is used."""

EVERY = KNOWN + ALIKE + THROUGH

_STATELESS = ("Dropout", "ReLU", "Tanh")
_TRANSPARENT = frozenset(
    (
        "accumulategrad",
        "alias",
        "asstrided",
        "cat",
        "clone",
        "expand",
        "gather",
        "index",
        "narrow",
        "permute",
        "relu",
        "reshapealias",
        "select",
        "slice",
        "split",
        "squeeze",
        "t",
        "tocopy",
        "transpose",
        "unbind",
        "unsqueeze",
        "view",
    )
)
"""Operations through which relevance passes as a gradient does."""


def lrp(target: Target, settings: Settings) -> Maps | NotExplainable:
    """Relevance of the inputs, against an input of zeros.

    A map that misses the change of the output by more than 5 % of it is withheld.

    Args:
        target: what is explained.
        settings: chunk is read.
    """
    from captum.attr import LRP

    def step(size: int) -> Maps | NotExplainable:
        if reason := _unruled(target):
            return NotExplainable(reason)
        parts = []
        for part in slices(target, size):
            asked = Asked(part)
            _give_rules(asked)
            method = LRP(asked)
            method.gradient_func = sum_gradient
            rows = (part.every,)
            parts.append(method.attribute(marked(part.inputs), additional_forward_args=rows))
        zeros = tuple(torch.zeros_like(tensor) for tensor in target.inputs)
        change = changed(target, zeros, size)
        return guarded("LRP", target, joined(parts), change, asked=(1, 3))

    return attempted("LRP", target, step, settings.chunk or fitting(target))


def _give_rules(asked: nn.Module) -> None:
    """Captum's rule on layers that it has none for; it takes all rules away itself."""
    from captum.attr._utils.lrp_rules import EpsilonRule

    for part in asked.modules():
        if is_ruled(part, ALIKE):
            part.rule = EpsilonRule()
        elif is_ruled(part, THROUGH):
            # Relevance passes as the gradient does. The epsilon rule would be wrong on a layer that
            # returns the tensor it was given: it hooks both ends, and they are one.
            part.rule = EpsilonRule()
            for hook in ("forward_hook", "forward_hook_weights", "forward_pre_hook_activations"):
                setattr(part.rule, hook, _nothing)


def _nothing(*arguments: Any) -> None:
    del arguments


def _unruled(target: Target) -> str:
    """Why there is no rule for what the model computes; "" if nothing speaks against."""
    if reason := hookless(target):
        return reason
    assert target.module is not None
    leaves = [part for part in target.module.modules() if next(part.children(), None) is None]
    strange = {type(part).__name__ for part in leaves if not is_ruled(part, EVERY)}
    if strange:
        return f"LRP has no rule for layers of the kind {', '.join(sorted(strange)[:4])}."
    stateful = tuple(kind for kind in KNOWN + ALIKE if kind not in _STATELESS)
    if reason := repeated(operations(target, lambda part: is_ruled(part, stateful)), "LRP"):
        return reason
    found = operations(target, lambda part: is_ruled(part, EVERY))
    opaque = sorted(name for name in found.outside if not _passes(name))
    return without_rule("LRP", opaque) if opaque else ""


def _passes(name: str) -> bool:
    return name in _TRANSPARENT or name.startswith("maxpool")


LRP = Method(
    name="lrp",
    title="LRP (epsilon rule)",
    family=Family.PROPAGATION,
    source="Bach et al. 2015, doi 10.1371/journal.pone.0130140",
    attribute=lrp,
    times_input=True,
    warning="With ReLU and the epsilon rule this is input × gradient under another name.",
)
