"""Nuisances of images: a patch, the light, a border, a ground. Put in, and taken out.

Whatever is changed is changed for each image by itself, on its device, and stays within the
declared range. To take out what lies over the whole image (the light, a channel, the ground) brings
each image to what is usual in the sample, so that nothing is left to tell images apart by.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from torch import Tensor

from auditkit.models.input_range import InputRange
from auditkit.variants.images import blurred, refuse_other_than_images
from auditkit.variants.nuisances import light, regions
from auditkit.variants.nuisances.nuisance import APPLIED, Nuisance
from auditkit.variants.nuisances.scale import Case, Scale

_MILD_BLUR = (0.005, 0.4)  # of the shorter side, and at least so many pixels: level 1 of the blur


def usual_of_images(images: Tensor, nuisance: Nuisance) -> Tensor | None:
    """What of each image would be brought to the sample's mean, float of shape (n, k).

    None where a nuisance is taken out of an image by what is in that image.
    """
    measure = _MEASURES.get(nuisance.kind)
    return None if measure is None else measure(_working(images), nuisance)


def intervened_images(
    images: Tensor,
    nuisance: Nuisance,
    direction: str,
    input_range: InputRange | None = None,
    usual: Tensor | None = None,
) -> Tensor:
    """Images with a nuisance put in or taken out.

    What is done stands in `regions` and `light`; a blur is a Gaussian of so many pixels (by default
    as level 1 of the corruption `blur`), and cannot be taken out.

    Args:
        images: floating-point, [n, channels, height, width]; they are left as they are.
        nuisance: of images.
        direction: `applied` or `removed`.
        input_range: between which ends the numbers lie; None where that is not declared.
        usual: the mean of `usual_of_images` over the sample, shape (k,), where that has a value.

    Returns:
        As `images` in shape, dtype and device. Half precision is worked on in float32.

    Raises:
        DataError: these are no images.
        ConfigurationError: the nuisance does not fit them.
        ValueError: it is none of images, or is not to be removed.

    Example:
        >>> import torch
        >>> mark = Nuisance.of({"kind": "patch", "rows": [0, 1], "columns": [0, 1], "value": 1})
        >>> intervened_images(torch.zeros(1, 1, 2, 2), mark, "applied").tolist()
        [[[[1.0, 0.0], [0.0, 0.0]]]]
    """
    act = (_APPLY if direction == APPLIED else _REMOVE).get(nuisance.kind)
    if act is None:
        raise ValueError(f"{nuisance.kind} cannot be {direction} in images")
    refuse_other_than_images(images)
    working = _working(images)
    scale = Scale.of(working, nuisance, input_range)
    changed = act(Case(working, nuisance, scale, usual))
    return scale.within(changed).to(images.dtype)


def _working(images: Tensor) -> Tensor:
    return images.float() if images.dtype.itemsize < 4 else images


def _blurred(case: Case) -> Tensor:
    share, least = _MILD_BLUR
    deviation = case.nuisance["deviation"] or max(share * min(case.inputs.shape[-2:]), least)
    return blurred(case.inputs, deviation)


_Act = Callable[[Case], Tensor]

_MEASURES: Mapping[str, Callable[[Tensor, Nuisance], Tensor]] = {
    "brightness": light.brightness,
    "contrast": light.contrast,
    "channel": light.channel_levels,
    "background": light.tone,
}
_APPLY: Mapping[str, _Act] = {
    "patch": regions.patched,
    "border": regions.bordered,
    "brightness": light.brightened,
    "contrast": light.contrasted,
    "channel": light.channel_moved,
    "background": light.toned,
    "blur": _blurred,
}
_REMOVE: Mapping[str, _Act] = {
    "patch": regions.unpatched,
    "border": regions.unbordered,
    "brightness": light.usually_bright,
    "contrast": light.usually_contrasted,
    "channel": light.usual_channel,
    "background": light.usually_toned,
}
