"""DeepLIFT (Shrikumar, Greenside and Kundaje, ICML 2017), and its mean over references.

Captum's rules hold for a few layers. Where a model is bent by anything else, Captum returns a map
all the same; here that is a reason to give none. What the look at the model misses shows in the
map itself: it doesn't add up, and is withheld.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from auditkit.explain.chunks import fitting
from auditkit.explain.method import Family, Maps, Method, Settings
from auditkit.explain.methods.asking import Asked, joined, marked, slices, sum_gradient
from auditkit.explain.methods.attempting import attempted
from auditkit.explain.methods.bending import bent, is_ruled
from auditkit.explain.methods.completeness import changed, guarded
from auditkit.explain.methods.references import ALL_ALIKE, mean_changed, some
from auditkit.explain.target import NotExplainable, Target, Tensors


def deep_lift(target: Target, settings: Settings) -> Maps | NotExplainable:
    """Contributions from the baseline, by the rescale rule.

    A map that misses the change of the output by more than 5 % of it is withheld.

    Args:
        target: what is explained.
        settings: chunk is read.
    """
    from captum.attr import DeepLift

    def step(size: int) -> Maps | NotExplainable:
        if reason := bent(target, "DeepLIFT", has_rule):
            return NotExplainable(reason)
        parts = [
            _unmarked(DeepLift(Asked(part)), part, part.baseline)
            for part in slices(target, max(1, size // 2))
        ]
        change = changed(target, target.baseline, size)
        return guarded("DeepLIFT", target, joined(parts), change, asked=(2, 2))

    return attempted("DeepLIFT", target, step, settings.chunk or fitting(target))


def deep_lift_shap(target: Target, settings: Settings) -> Maps | NotExplainable:
    """The mean of DeepLIFT's contributions from several references (Lundberg and Lee, NIPS 2017).

    The references are those of the target, at most `settings.samples` of them.

    Args:
        target: what is explained.
        settings: samples and chunk are read.
    """
    references = some(target.references, settings.samples)
    count = len(references[0]) if references else 0
    if count < 2:
        return NotExplainable(
            "DeepLIFT SHAP compares with several other inputs, and there are fewer than two."
        )

    def step(size: int) -> Maps | NotExplainable:
        if reason := bent(target, "DeepLIFT SHAP", has_rule):
            return NotExplainable(reason)
        parts = [_averaged(unit, references, size) for unit in slices(target, 1)]
        change = mean_changed(target, references, size)
        asked = (2 * count, 1 + count)
        return guarded("DeepLIFT SHAP", target, joined(parts), change, asked=asked)

    return attempted("DeepLIFT SHAP", target, step, settings.chunk or fitting(target))


def _averaged(unit: Target, references: Tensors, size: int) -> Tensors:
    """The mean over references of one unit, in blocks: Captum would take them all at once.

    It takes at least two, and there are two rows for each.
    """
    from captum.attr import DeepLiftShap

    count = len(references[0])
    blocks = max(1, count // max(2, size // 2))
    total = tuple(torch.zeros_like(tensor) for tensor in unit.inputs)
    for places in torch.tensor_split(torch.arange(count, device=unit.device), blocks):
        block = tuple(tensor[places] for tensor in references)
        found = _unmarked(DeepLiftShap(Asked(unit)), unit, block)
        pairs = zip(total, found, strict=True)
        total = tuple(one + part.detach() * (len(places) / count) for one, part in pairs)
    return total


def has_rule(layer: nn.Module) -> bool:
    """Whether Captum's rule for a layer holds.

    Where the windows of a pooling overlap, a number that is the largest of several counts once.
    """
    if not is_ruled(layer, RULED):
        return False
    if isinstance(layer, nn.MaxPool1d | nn.MaxPool2d | nn.MaxPool3d):
        strides, lengths = torch.broadcast_tensors(  # type: ignore[no-untyped-call]
            torch.tensor(layer.stride), torch.tensor(layer.kernel_size)
        )
        return bool((strides >= lengths).all())
    return True


def _unmarked(method: Any, part: Target, baselines: Tensors) -> Tensors:
    """The contributions to the units of a part, as Captum computes them with a sum-gradient."""
    method.gradient_func = sum_gradient
    with _apart(part):
        found: Tensors = method.attribute(
            marked(part.inputs), baselines=baselines, additional_forward_args=(part.every,)
        )
    return found


@contextmanager
def _apart(part: Target) -> Iterator[None]:
    """Between two layers with a rule that follow each other lies a tensor of its own for each.

    Captum hooks both the output of the first and the input of the second. Where they are one
    tensor, as between a ReLU and the pooling after it, the first sees the gradient before the rule
    of the second has changed it, and its contributions are wrong.
    """

    def copied(layer: nn.Module, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
        del layer
        return tuple(one.clone() if isinstance(one, Tensor) else one for one in arguments)

    assert part.module is not None
    layers = [layer for layer in part.module.modules() if has_rule(layer)]
    handles = [layer.register_forward_pre_hook(copied) for layer in layers]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


RULED = (
    "ELU",
    "LeakyReLU",
    "MaxPool1d",
    "MaxPool2d",
    "MaxPool3d",
    "ReLU",
    "Sigmoid",
    "Softplus",
    "Tanh",
)
"""Layers of torch for which Captum has a rule that holds. That for `Softmax` mixes the units."""

DEEP_LIFT = Method(
    name="deep_lift",
    title="DeepLIFT",
    family=Family.PROPAGATION,
    source="Shrikumar, Greenside and Kundaje, ICML 2017, arXiv 1704.02685",
    attribute=deep_lift,
    times_input=True,
)

DEEP_LIFT_SHAP = Method(
    name="deep_lift_shap",
    title="DeepLIFT SHAP",
    family=Family.PROPAGATION,
    source="Lundberg and Lee, NIPS 2017, arXiv 1705.07874",
    attribute=deep_lift_shap,
    times_input=True,
    warning=ALL_ALIKE,
)
