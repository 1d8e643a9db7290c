"""Nuisances of images, put in and taken out, against literal twins."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from auditkit.errors import ConfigurationError, DataError
from auditkit.models.input_range import InputRange
from auditkit.variants.nuisances import DIRECTIONS, Nuisance
from auditkit.variants.nuisances.images import intervened_images, usual_of_images

UNIT = InputRange(0, 1)
ALL: list[dict[str, Any]] = [
    {"kind": "patch", "rows": [1, 5], "columns": [2, 6], "value": 0.8},
    {"kind": "border", "width": 2, "value": 0.3},
    {"kind": "brightness", "by": 0.2},
    {"kind": "contrast", "factor": 0.4},
    {"kind": "channel", "channel": 1, "factor": 0.5, "by": 0.1},
    {"kind": "background", "tone": 0.9, "within": 0.25},
    {"kind": "blur", "deviation": 0.8},
]
each_kind = pytest.mark.parametrize("plain", ALL, ids=lambda one: one["kind"])


def pictures(n: int = 5, channels: int = 3, side: int = 12) -> torch.Tensor:
    generator = torch.Generator().manual_seed(7)
    return torch.rand(n, channels, side, side, generator=generator, dtype=torch.float64)


def done(
    plain: dict[str, Any], direction: str, images: torch.Tensor, within: InputRange | None = UNIT
) -> torch.Tensor:
    nuisance = Nuisance.of(plain)
    level = usual_of_images(images, nuisance)
    usual = None if level is None else level.mean(dim=0)
    return intervened_images(images, nuisance, direction, within, usual)


# Image by image, and pixel by pixel where it matters.


def patched(images: np.ndarray, removed: bool) -> np.ndarray:
    out = images.copy()
    around = [(y, x) for y in range(6) for x in range(1, 7) if not (1 <= y < 5 and 2 <= x < 6)]
    for image in out:
        for plane in image:
            plane[1:5, 2:6] = np.mean([plane[place] for place in around]) if removed else 0.8
    return out


def bordered(images: np.ndarray, removed: bool) -> np.ndarray:
    out, (height, width) = images.copy(), images.shape[2:]
    for y in range(height):
        for x in range(width):
            inner = (min(max(y, 2), height - 3), min(max(x, 2), width - 3))
            if inner != (y, x):
                out[:, :, y, x] = images[:, :, *inner] if removed else 0.3
    return out


def brightened(images: np.ndarray, removed: bool) -> np.ndarray:
    mean = images.mean(axis=(1, 2, 3), keepdims=True)
    return images + (mean.mean() - mean if removed else 0.2)


def contrasted(images: np.ndarray, removed: bool) -> np.ndarray:
    mean = images.mean(axis=(1, 2, 3), keepdims=True)
    spread = images.std(axis=(1, 2, 3), keepdims=True)
    return mean + (images - mean) * (spread.mean() / spread if removed else 0.4)


def channelled(images: np.ndarray, removed: bool) -> np.ndarray:
    out, one = images.copy(), images[:, 1]
    level, spread = one.mean(axis=(1, 2)), one.std(axis=(1, 2))
    for place, plane in enumerate(one):
        usual = level.mean() + (plane - level[place]) / spread[place] * spread.mean()
        out[place, 1] = usual if removed else 0.5 * plane + 0.1
    return out


def grounded(images: np.ndarray, removed: bool) -> np.ndarray:
    out = images.copy()
    edges = [[np.sort(np.r_[p[0], p[-1], p[:, 0], p[:, -1]]) for p in image] for image in images]
    tones = np.array(edges)[:, :, (4 * images.shape[2] - 1) // 2]
    for image, tone in zip(out, tones, strict=True):
        ground = (np.abs(image - tone[:, None, None]) <= 0.25).all(axis=0)
        for plane, own, aim in zip(image, tone, tones.mean(axis=0), strict=True):
            plane[ground] = plane[ground] + (aim - own) if removed else 0.9
    return out


def blurred(images: np.ndarray, removed: bool) -> np.ndarray:
    assert not removed
    for axis in (2, 3):
        images = ndimage.gaussian_filter1d(images, 0.8, axis, mode="mirror", radius=2)
    return images


TWINS = {
    "patch": patched,
    "border": bordered,
    "brightness": brightened,
    "contrast": contrasted,
    "channel": channelled,
    "background": grounded,
    "blur": blurred,
}


@each_kind
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_it_is_what_the_literal_twin_makes(plain: dict[str, Any], direction: str) -> None:
    if (plain["kind"], direction) == ("blur", "removed"):
        with pytest.raises(ValueError, match="blur cannot be removed in images"):
            done(plain, direction, pictures())
        return
    images = pictures()
    before = images.clone()
    found = done(plain, direction, images)
    assert torch.equal(images, before)
    twin = TWINS[plain["kind"]](images.numpy(), direction == "removed").clip(0, 1)
    np.testing.assert_allclose(found.numpy(), twin, atol=1e-12)


@each_kind
@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_it_stays_in_the_range_dtype_and_shape(
    plain: dict[str, Any], direction: str, dtype: torch.dtype
) -> None:
    if (plain["kind"], direction) == ("blur", "removed"):
        return
    limits = InputRange((-1, 0, 0), (0.2, 1, 2))
    images = (pictures() * torch.tensor([1.2, 1, 2])[:, None, None] - torch.tensor([1.0, 0, 0])[
        :, None, None
    ]).to(dtype)  # fmt: skip
    found = done(plain, direction, images, limits)
    assert found.dtype == dtype
    assert found.shape == images.shape
    limits.refuse_outside(found)


@each_kind
def test_an_image_changes_alike_in_every_batch(plain: dict[str, Any]) -> None:
    images, nuisance = pictures(), Nuisance.of(plain)
    for direction in DIRECTIONS:
        if direction == "removed" and nuisance.irremovable:
            continue
        level = usual_of_images(images, nuisance)
        usual = None if level is None else level.mean(dim=0)
        together = intervened_images(images, nuisance, direction, UNIT, usual)
        for place in range(len(images)):
            alone = intervened_images(images[[place]], nuisance, direction, UNIT, usual)
            # Sums of few images may differ from sums of many in the last bits.
            assert torch.allclose(alone[0], together[place], rtol=0, atol=1e-14)


@pytest.mark.parametrize("kind", ["patch", "border"])
def test_what_replaces_a_region_is_idempotent(kind: str) -> None:
    plain = next(one for one in ALL if one["kind"] == kind)
    once = done(plain, "applied", pictures())
    assert torch.equal(done(plain, "applied", once), once)


@settings(max_examples=25)
@given(st.floats(0.05, 0.3), st.sampled_from(["brightness", "contrast", "channel"]))
def test_what_was_put_in_tells_nothing_after_it_is_taken_out(size: float, kind: str) -> None:
    """Half of the images bear it: after removal both halves have the same level."""
    images = 0.4 + 0.1 * pictures()
    settings_of: dict[str, dict[str, Any]] = {
        "brightness": {"by": size},
        "contrast": {"factor": 1 + size},
        "channel": {"channel": 0, "by": size},
    }
    plain = {"kind": kind, **settings_of[kind]}
    images[::2] = done(plain, "applied", images[::2])
    found = usual_of_images(done(plain, "removed", images), Nuisance.of(plain))
    assert found is not None
    assert float((found - found.mean(dim=0)).abs().max()) < 1e-9


def test_amounts_may_be_shares_of_the_range() -> None:
    limits = InputRange((-2, 0, 0), (2, 1, 10))
    images = torch.zeros(1, 3, 4, 4)
    mark = {"kind": "patch", "rows": [0, 1], "columns": [0, 1], "value": 0.75, "of_range": True}
    assert done(mark, "applied", images, limits)[0, :, 0, 0].tolist() == [1.0, 0.75, 7.5]
    light = {"kind": "brightness", "by": 0.1, "of_range": True}
    assert done(light, "applied", images, limits)[0, :, 2, 2].tolist() == pytest.approx(
        [0.4, 0.1, 1.0]
    )
    with pytest.raises(ConfigurationError, match="a share of a range that is not declared"):
        done(light, "applied", images, None)


def test_shares_of_a_side_are_a_pixel_at_least() -> None:
    mark = {"kind": "patch", "rows": [0.99, 1.0], "columns": [0.0, 0.01], "value": 1}
    found = done(mark, "applied", torch.zeros(1, 1, 8, 8))
    assert found[0, 0, 7, 0] == 1
    assert float(found.sum()) == 1
    border = {"kind": "border", "width": 0.01, "value": 1}
    assert float(done(border, "applied", torch.zeros(1, 1, 8, 8)).sum()) == 28


@pytest.mark.parametrize("tone", [0.1, 0.3, 0.7])
@pytest.mark.parametrize("kind", ["contrast", "channel"])
def test_what_rounding_leaves_of_an_even_image_is_no_contrast(tone: float, kind: str) -> None:
    """The mean of 3,072 numbers 0.1 is no 0.1, and the rest was made as large as a contrast."""
    even = torch.full((1, 3, 32, 32), tone)
    plain = {"kind": kind, **({"factor": 0.5} if kind == "contrast" else {"channel": 1, "by": 0.1})}
    nuisance = Nuisance.of(plain)
    usual = torch.tensor([0.25]) if kind == "contrast" else torch.tensor([tone, 0.25])
    found = intervened_images(even, nuisance, "removed", usual=usual)
    torch.testing.assert_close(found, even)
    measured = usual_of_images(even, nuisance)
    assert measured is not None
    assert float(measured[0, -1]) == 0
    if kind == "contrast":
        assert torch.equal(intervened_images(even, nuisance, "applied"), even)


def test_an_even_image_has_no_contrast_to_bring_to_the_usual() -> None:
    images = pictures()
    images[0] = 0.5
    assert torch.equal(done({"kind": "contrast", "factor": 2}, "removed", images)[0], images[0])


@pytest.mark.parametrize(
    ("plain", "words"),
    [
        ({**ALL[0], "rows": [1, 13]}, "rows 1 to 13 and columns 2 to 6, and the images have 12 ×"),
        ({**ALL[0], "rows": [0, 12], "columns": [0, 12]}, "smaller than they are"),
        ({**ALL[0], "value": [1, 2]}, "gives 2 numbers, and the inputs have 3 channels"),
        ({**ALL[1], "width": 6}, "is 6 pixels wide"),
        ({**ALL[4], "channel": 3}, "is of channel 3, and the images have 3, counted from 0"),
    ],
)
def test_what_does_not_fit_the_images_is_refused(plain: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        done(plain, "applied", pictures())
    assert words in str(refused.value)


@pytest.mark.parametrize("images", [torch.zeros(3, 4), torch.zeros(1, 1, 4, 4, dtype=torch.uint8)])
def test_what_is_no_image_is_refused(images: torch.Tensor) -> None:
    with pytest.raises(DataError):
        intervened_images(images, Nuisance.of(ALL[0]), "applied")


def test_what_is_usual_must_be_given() -> None:
    with pytest.raises(ValueError, match="what is usual of brightness in the sample is not given"):
        intervened_images(pictures(), Nuisance.of(ALL[2]), "removed")


@pytest.mark.gpu
@each_kind
def test_a_gpu_gives_the_same_images(plain: dict[str, Any]) -> None:
    images = pictures().float()
    for direction in DIRECTIONS[: 1 if plain["kind"] == "blur" else 2]:
        on_gpu = done(plain, direction, images.cuda())
        assert on_gpu.is_cuda
        torch.testing.assert_close(on_gpu.cpu(), done(plain, direction, images), atol=1e-5, rtol=0)
