"""Occlusion: what the output loses where a patch is covered (Zeiler and Fergus, ECCV 2014)."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from auditkit.explain.method import Family, Maps, Method, Settings
from auditkit.explain.methods.asking import CHUNK, slices
from auditkit.explain.methods.attempting import attempted
from auditkit.explain.methods.completeness import finite
from auditkit.explain.target import NotExplainable, Target

Shape = tuple[int, ...]


def occlusion(target: Target, settings: Settings) -> Maps | NotExplainable:
    """A patch slides over each input by half its length, and is replaced by the baseline.

    Every number gets the mean loss of the patches that cover it, divided by the numbers in a patch:
    where patches do not overlap, the map of a patch adds up to the loss.

    Args:
        target: what is explained.
        settings: regions (about how many patches would lie side by side) and chunk are read.
    """
    windows = [patch(target, index, settings) for index in range(len(target.inputs))]

    def step(size: int) -> Maps:
        values, forwards = [], 0
        for index, (window, strides) in enumerate(windows):
            parts = [_of_input(part, index, window, strides, size) for part in slices(target, size)]
            values.append(torch.cat(parts) / math.prod(window))
            forwards += 1 + _positions(target.inputs[index].shape[1:], window, strides)
        return finite(tuple(values), forwards=forwards)

    return attempted("Occlusion", target, step, settings.chunk or CHUNK)


def _of_input(part: Target, index: int, window: Shape, strides: Shape, size: int) -> Tensor:
    """The map of one input, the others as they are: Captum miscounts patches of three or more."""
    from captum.attr import Occlusion

    def ask(tensor: Tensor, rows: Tensor) -> Tensor:
        tensors = [other[rows] for other in part.inputs]
        tensors[index] = tensor
        return part.value(tuple(tensors), rows)

    given, base = part.inputs[index], part.baseline[index]
    if given.ndim == 1:  # Captum's windows need an axis
        with torch.no_grad():
            return (ask(given, part.every) - ask(base, part.every)).cpu()
    found: Tensor = Occlusion(ask).attribute(
        given,
        sliding_window_shapes=window,
        strides=strides,
        baselines=base,
        additional_forward_args=(part.every,),
        perturbations_per_eval=max(1, size // part.units),
    )
    return found.detach().cpu()


def patch(target: Target, index: int, settings: Settings) -> tuple[Shape, Shape]:
    """Shape of the patch of an input, and by how much it moves along each axis.

    A token with its whole embedding; a column; of [steps, d] some steps of one column; of
    [channels, height, width] a rectangle of all channels; of sound a stretch.
    """
    shape = tuple(target.inputs[index].shape[1:])
    share = max(1, settings.regions // len(target.inputs))
    if target.tokens is not None:
        return (1, shape[1]), (1, shape[1])
    if not shape:
        return (), ()
    if len(shape) == 1 and target.medium != "audio":
        return (1,), (1,)
    window = _window(shape, share, target.medium)
    strides = tuple(
        length if length == whole else max(1, length // 2)
        for length, whole in zip(window, shape, strict=True)
    )
    return window, strides


def _window(shape: Shape, share: int, medium: str) -> Shape:
    if len(shape) == 2 and medium != "audio":
        return (math.ceil(shape[0] / max(1, share // shape[1])), 1)
    if len(shape) <= 2:
        return (*shape[:-1], math.ceil(shape[-1] / share))
    # Of more than two axes beside the channels the last two are cut.
    side = max(1, math.isqrt(share))
    return (*shape[:-2], math.ceil(shape[-2] / side), math.ceil(shape[-1] / side))


def _positions(shape: Shape, window: Shape, strides: Shape) -> int:
    pairs = zip(shape, window, strides, strict=True)
    return math.prod(math.ceil((whole - length) / by) + 1 for whole, length, by in pairs)


OCCLUSION = Method(
    name="occlusion",
    title="Occlusion",
    family=Family.PERTURBATION,
    source="Zeiler and Fergus, ECCV 2014, arXiv 1311.2901",
    attribute=occlusion,
    needs_gradient=False,
)
