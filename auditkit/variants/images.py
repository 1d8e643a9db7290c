"""Images as a worse camera, light or frame would have given them.

The five corruptions are kinds of those of Hendrycks and Dietterich (ICLR 2019, ImageNet-C and
CIFAR-10-C), in an implementation of our own: on the device, for images of any size, and with
strengths that are shares of the declared input range. Scores are therefore not comparable with
those that are published for ImageNet-C.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from auditkit.errors import DataError
from auditkit.models.input_range import InputRange
from auditkit.variants.draws import normal_draws
from auditkit.variants.variant import LEVELS, Variant

# Strengths of the levels 1, 2, 3. Level 1 is what a user would hardly notice, level 3 what still
# leaves no doubt about the label. In the severities 1 to 5 of Hendrycks and Dietterich they are
# about 1, 2 to 3 and 4 of small images (CIFAR-10-C), and 1 to 3 of large ones (ImageNet-C).
_NOISE = (0.04, 0.08, 0.16)  # standard deviation, share of the range
_BRIGHTNESS = (0.1, 0.2, 0.3)  # added, share of the range
_CONTRAST = (0.75, 0.5, 0.3)  # factor of each distance from the image's mean
_PIXELATE = (0.7, 0.5, 0.35)  # share of the side that is left
_BLUR_SHARE = (0.005, 0.01, 0.02)  # standard deviation, share of the shorter side …
_BLUR_LEAST = (0.4, 0.6, 0.9)  # … and at least so many pixels: less changes nothing

_SHIFT = 0.03  # of the side; at least one pixel
_DIRECTIONS = ((0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (1, -1), (-1, 1), (-1, -1))


def corrupted_images(
    images: Tensor, variant: Variant, input_range: InputRange, seed: int, keys: np.ndarray
) -> Tensor:
    """Images with one corruption, within their range.

    Args:
        images: floating-point, [n, channels, height, width]; they are left as they are.
        variant: one of `auditkit.variants.variant.IMAGE_CORRUPTIONS`.
        input_range: between which ends the numbers lie.
        seed: of the noise.
        keys: whole numbers, shape (n,). An image's noise depends on seed and key alone: not on the
            batch, and not on the level, so that levels are compared on the same noise.

    Returns:
        As `images` in shape, dtype and device. Half precision is worked on in float32.

    Raises:
        DataError: these are no images, or some numbers lie outside their range or are none.
        ConfigurationError: the range has another number of channels.
        ValueError: there is no such corruption, or not one key for each image.

    Example:
        >>> from auditkit.variants.variant import Variant
        >>> grey = torch.full((1, 1, 2, 2), 0.5)
        >>> bright = Variant("brightness", 2)
        >>> corrupted_images(grey, bright, InputRange(0, 1), 0, np.array([7])).unique().tolist()
        [0.699999988079071]
    """
    corrupt = _CORRUPTIONS.get(variant.name)
    if corrupt is None or variant.level not in LEVELS:
        raise ValueError(f"there is no corruption of images {variant}")
    refuse_other_than_images(images)
    if len(images) == 0:
        return images.clone()
    input_range.refuse_outside(images)
    working = images.float() if images.dtype.itemsize < 4 else images
    low, high = input_range.bounds(working)
    # A number drawn is as large as the images: only the noise asks for it.
    drawn = normal_draws(working, seed, keys) if corrupt is _noisy else working
    changed = corrupt((working - low) / (high - low), LEVELS.index(variant.level), drawn)
    return (low + changed.clamp(0, 1) * (high - low)).clamp(low, high).to(images.dtype)


def shifted_images(images: Tensor, repeats: int = len(_DIRECTIONS)) -> Iterator[Tensor]:
    """Images moved by 3 % of their sides, at least a pixel, in up to eight directions.

    What comes into the frame repeats the edge.

    Args:
        images: [n, channels, height, width], of any dtype.
        repeats: how many of the directions, 1 to 8; along the axes first.

    Raises:
        DataError: these are no images.
        ValueError: there are not so many directions.

    Example:
        >>> images = torch.arange(4.0).reshape(1, 1, 2, 2)
        >>> next(shifted_images(images)).tolist()
        [[[[0.0, 0.0], [2.0, 2.0]]]]
    """
    if not 1 <= repeats <= len(_DIRECTIONS):
        raise ValueError(f"expected 1 to {len(_DIRECTIONS)} shifts, got {repeats}")
    refuse_other_than_images(images, floating=False)
    return (_shifted(images, *direction) for direction in _DIRECTIONS[:repeats])


def _shifted(images: Tensor, down: int, right: int) -> Tensor:
    return images[..., _moved(images, -2, down), :][..., _moved(images, -1, right)]


def _moved(images: Tensor, axis: int, direction: int) -> Tensor:
    """From which place each place of an axis is filled."""
    side = images.shape[axis]
    places = torch.arange(side, device=images.device)
    return (places - direction * max(1, round(_SHIFT * side))).clamp(0, side - 1)


def refuse_other_than_images(images: Tensor, *, floating: bool = True) -> None:
    """Refuse what is no batch of images.

    Raises:
        DataError: there are not four axes, a side has less than two pixels, or, unless `floating`
            is false, the numbers are no floating-point ones.
    """
    found = f"{str(images.dtype).removeprefix('torch.')} of shape {tuple(images.shape)}"
    if images.ndim != 4 or min(images.shape[1:], default=0) < 1:
        raise DataError(
            f"The inputs are {found}; images are [units, channels, height, width].",
            mend="Declare the medium 'image' only of inputs of this shape.",
        )
    if min(images.shape[2:]) < 2:
        raise DataError(
            f"The inputs are {found}; images of less than two pixels a side have nothing to blur "
            "or shift.",
            mend="Declare another medium.",
        )
    if floating and not images.is_floating_point():
        raise DataError(
            f"The inputs are {found}; only floating-point images are corrupted.",
            mend="Let preprocess return floating-point numbers, and declare their range.",
        )


# Each takes images in [0, 1] and the place of the level; `drawn` are normal numbers of their shape.


def _noisy(images: Tensor, place: int, drawn: Tensor) -> Tensor:
    return images + _NOISE[place] * drawn


def _brighter(images: Tensor, place: int, drawn: Tensor) -> Tensor:
    del drawn
    return images + _BRIGHTNESS[place]


def _flatter(images: Tensor, place: int, drawn: Tensor) -> Tensor:
    del drawn
    mean = images.mean(dim=(1, 2, 3), keepdim=True)
    return mean + _CONTRAST[place] * (images - mean)


def _pixelated(images: Tensor, place: int, drawn: Tensor) -> Tensor:
    del drawn
    height, width = images.shape[-2:]
    fewer = [max(1, round(_PIXELATE[place] * side)) for side in (height, width)]
    small = functional.interpolate(images, size=fewer, mode="area")
    return functional.interpolate(small, size=(height, width), mode="nearest-exact")


def _blurred(images: Tensor, place: int, drawn: Tensor) -> Tensor:
    del drawn
    return blurred(images, max(_BLUR_SHARE[place] * min(images.shape[-2:]), _BLUR_LEAST[place]))


def blurred(images: Tensor, deviation: float) -> Tensor:
    """Images under a Gaussian blur, each channel by itself; the edges mirror the image.

    Args:
        images: floating-point, [n, channels, height, width], at least two pixels a side.
        deviation: of the Gaussian in pixels, above 0.
    """
    for axis, side in zip((-2, -1), images.shape[-2:], strict=True):
        images = _smoothed(images, axis, _kernel(images, deviation, side))
    return images


def _kernel(images: Tensor, deviation: float, side: int) -> Tensor:
    """A Gaussian up to three deviations, or to the far edge of a small image; its sum is 1."""
    radius = min(max(1, round(3 * deviation)), side - 1)
    places = torch.arange(-radius, radius + 1, device=images.device, dtype=images.dtype)
    weights = torch.exp(-0.5 * (places / deviation) ** 2)
    return weights / weights.sum()


def _smoothed(images: Tensor, axis: int, kernel: Tensor) -> Tensor:
    """One axis of each channel by itself (depthwise); the edges mirror the image."""
    channels, radius = images.shape[1], len(kernel) // 2
    across = axis == -1
    padding = (radius, radius, 0, 0) if across else (0, 0, radius, radius)
    shape = (1, 1, 1, -1) if across else (1, 1, -1, 1)
    weights = kernel.reshape(shape).repeat(channels, 1, 1, 1)
    return functional.conv2d(
        functional.pad(images, padding, mode="reflect"), weights, groups=channels
    )


_CORRUPTIONS: dict[str, Callable[[Tensor, int, Tensor], Tensor]] = {
    "noise": _noisy,
    "blur": _blurred,
    "brightness": _brighter,
    "contrast": _flatter,
    "pixelate": _pixelated,
}
