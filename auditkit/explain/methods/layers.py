"""Which units inside a network the output comes from: attributions to a layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from auditkit.explain.chunks import fitting
from auditkit.explain.convergence import completeness_gap, flat
from auditkit.explain.method import Settings
from auditkit.explain.methods.asking import asker, marked, slices
from auditkit.explain.methods.attempting import attempted
from auditkit.explain.methods.completeness import LIMIT, changed
from auditkit.explain.methods.hooking import INPUT, hookless
from auditkit.explain.target import NotExplainable, Target
from auditkit.models.layers import find_layer

STEPS = 32
"""Nodes of the path integral."""

Kind = Literal["integrated", "product"]
_TITLES = {"integrated": "Layer integrated gradients", "product": "Layer gradient × activation"}


@dataclass(frozen=True, eq=False)
class LayerMaps:
    """What the numbers of one layer count for n units, on the CPU.

    Attributes:
        layer: its name; `input of …` for what goes into it.
        values: [n, …] as the layer in shape.
        shown: bool [n]: of which units the map may be shown.
        withheld: why the others may not be, a full sentence; "" where all may.
        gap: [n] how far the map is from adding up to the change of the output from the baseline,
            relative to it; None of `product`, which does not add up to that.
        gradients: of the model, taken for a unit.
    """

    layer: str
    values: Tensor
    shown: Tensor
    withheld: str
    gap: Tensor | None
    gradients: float


def layer_attribution(
    target: Target, settings: Settings, kind: Kind = "integrated"
) -> LayerMaps | NotExplainable:
    """Attribution of the output to a layer.

    Args:
        target: what is explained.
        settings: layer and chunk are read; without a layer it is the input of the last one, where
            that is linear.
        kind: `integrated` for integrated gradients along the path that the layer takes between
            its values at the baseline and at the input (Dhamdhere, Sundararajan and Yan 2019), with
            maps that miss the change of the output by more than 5 % withheld; `product` for
            gradient × activation.

    Raises:
        ConfigurationError: the settings name a layer that there is not.

    Example:
        >>> from torch import nn
        >>> from auditkit.explain.target import targeting
        >>> from auditkit.models import wrap
        >>> network = nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 1))
        >>> model = wrap(network, task="regression")
        >>> with targeting(model, torch.rand(4, 3), model.heads[0]) as target:
        ...     found = layer_attribution(target, Settings(layer="1"))
        >>> found.values.shape
        torch.Size([4, 5])
    """
    if reason := target.obstacle or hookless(target):
        return NotExplainable(reason)
    name, reason = find_layer(target.module, settings.layer or None)
    if reason:
        return NotExplainable(reason)

    def step(size: int) -> LayerMaps | NotExplainable:
        rows = max(1, size // STEPS) if kind == "integrated" else size
        found = [_of_part(part, name, kind) for part in slices(target, rows)]
        parts = [one for one in found if isinstance(one, Tensor)]
        if len(parts) < len(found):
            return NotExplainable(f"The layer {name!r} gives no single tensor.")
        values = torch.cat(parts)
        if len(values) != target.units:
            return NotExplainable(f"The first axis of the layer {name!r} is not that of the units.")
        return _maps(target, name, values, kind, size)

    return attempted(_TITLES[kind], target, step, settings.chunk or fitting(target))


def _of_part(part: Target, name: str, kind: Kind) -> Tensor | None:
    from captum.attr import LayerGradientXActivation, LayerIntegratedGradients

    assert part.module is not None
    layer = part.module.get_submodule(name.removeprefix(INPUT))
    options = {
        "additional_forward_args": (part.every,),
        "attribute_to_layer_input": name.startswith(INPUT),
    }
    if kind == "integrated":
        found = LayerIntegratedGradients(asker(part), layer).attribute(
            part.inputs, baselines=part.baseline, n_steps=STEPS, **options
        )
    else:
        found = LayerGradientXActivation(asker(part), layer).attribute(
            marked(part.inputs), **options
        )
    if isinstance(found, tuple) and len(found) == 1:
        found = found[0]
    return found.detach().cpu() if isinstance(found, Tensor) else None


def _maps(target: Target, name: str, values: Tensor, kind: Kind, size: int) -> LayerMaps:
    finite = flat((values,)).isfinite().all(dim=1)
    if kind == "product":
        said = "" if bool(finite.all()) else "The map has numbers that are not finite."
        return LayerMaps(name, values, finite, said, None, 1.0)
    change = changed(target, target.baseline, size)
    gap = completeness_gap(flat((values,)), change, target.scale)
    shown = finite & ((gap <= LIMIT) | gap.isnan())
    said = (
        ""
        if bool(shown.all())
        else f"The maps of {int((~shown).sum())} of {len(shown)} units don't add up to the change "
        f"of the output: they miss more than {LIMIT:.0%} of it."
    )
    return LayerMaps(name, values, shown, said, gap, STEPS)
