"""Corrupted and shifted images, against literal twins."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import ndimage

from auditkit.errors import ConfigurationError, DataError
from auditkit.models.input_range import InputRange
from auditkit.variants.images import corrupted_images, shifted_images
from auditkit.variants.variant import IMAGE_CORRUPTIONS, Variant

UNIT = InputRange(0, 1)
SHAPES = [(3, 3, 32, 32), (2, 1, 28, 28), (2, 3, 6, 6), (2, 2, 5, 41), (1, 4, 2, 2)]
each_corruption = pytest.mark.parametrize("variant", IMAGE_CORRUPTIONS, ids=str)
each_shape = pytest.mark.parametrize("shape", SHAPES, ids=str)


def pictures(*shape: int, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    drawn = torch.rand(*shape, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    return drawn.to(dtype)


def keys(count: int) -> np.ndarray:
    return np.arange(100, 100 + count, dtype=np.uint64)


def changed(images: torch.Tensor, variant: Variant, within: InputRange = UNIT) -> torch.Tensor:
    return corrupted_images(images, variant, within, 9, keys(len(images)))


def pixelated(plane: np.ndarray, share: float) -> np.ndarray:
    """Each output pixel: the mean of the source pixels that its cell touches, then the nearest."""
    (height, width), result = plane.shape, np.empty_like(plane)
    rows, columns = (max(1, round(share * side)) for side in plane.shape)
    for y in range(height):
        for x in range(width):
            i, j = int((y + 0.5) * rows / height), int((x + 0.5) * columns / width)
            cell = plane[
                i * height // rows : math.ceil((i + 1) * height / rows),
                j * width // columns : math.ceil((j + 1) * width / columns),
            ]
            result[y, x] = cell.mean()
    return result


def blurred(plane: np.ndarray, level: int) -> np.ndarray:
    share, least = {1: (0.005, 0.4), 2: (0.01, 0.6), 3: (0.02, 0.9)}[level]
    deviation = max(share * min(plane.shape), least)
    for axis in (0, 1):
        radius = min(max(1, round(3 * deviation)), plane.shape[axis] - 1)
        plane = ndimage.gaussian_filter1d(plane, deviation, axis, mode="mirror", radius=radius)
    return plane


@each_shape
@pytest.mark.parametrize("level", [1, 2, 3])
def test_blur_is_scipy_s(shape, level: int) -> None:
    images = pictures(*shape)
    twin = np.stack([[blurred(plane, level) for plane in image] for image in images.numpy()])
    np.testing.assert_allclose(changed(images, Variant("blur", level)), twin, atol=1e-12)


@each_shape
@pytest.mark.parametrize(("level", "share"), [(1, 0.7), (2, 0.5), (3, 0.35)])
def test_pixelate_is_its_literal_twin(shape, level: int, share: float) -> None:
    images = pictures(*shape)
    twin = np.stack([[pixelated(plane, share) for plane in image] for image in images.numpy()])
    np.testing.assert_allclose(changed(images, Variant("pixelate", level)), twin, atol=1e-12)


@pytest.mark.parametrize(("level", "factor"), [(1, 0.75), (2, 0.5), (3, 0.3)])
def test_contrast_is_around_each_image_s_mean(level: int, factor: float) -> None:
    images = pictures(3, 3, 8, 9)
    twin = np.stack([image.mean() + factor * (image - image.mean()) for image in images.numpy()])
    np.testing.assert_allclose(changed(images, Variant("contrast", level)), twin, atol=1e-12)


@pytest.mark.parametrize(("level", "added"), [(1, 0.1), (2, 0.2), (3, 0.3)])
def test_brightness_is_added_and_clipped(level: int, added: float) -> None:
    images = pictures(2, 3, 8, 9)
    twin = np.minimum(images.numpy() + added, 1)
    np.testing.assert_allclose(changed(images, Variant("brightness", level)), twin, atol=1e-12)
    assert (twin == 1).any()


@pytest.mark.parametrize(("level", "deviation"), [(1, 0.04), (2, 0.08), (3, 0.16)])
def test_noise_has_its_deviation(level: int, deviation: float) -> None:
    grey = torch.full((50, 1, 20, 20), 0.5, dtype=torch.float64)
    moved = changed(grey, Variant("noise", level)) - grey
    assert float(moved.std()) == pytest.approx(deviation, rel=0.02)
    assert abs(float(moved.mean())) < 0.01 * deviation + 1e-3


def test_noise_of_all_levels_is_one_draw() -> None:
    grey = torch.full((2, 1, 8, 8), 0.5, dtype=torch.float64)
    one, two = (changed(grey, Variant("noise", level)) - grey for level in (1, 2))
    torch.testing.assert_close(two, 2 * one, atol=1e-9, rtol=0)


@each_corruption
@each_shape
def test_range_shape_and_original_are_kept(variant: Variant, shape) -> None:
    images = pictures(*shape)
    before = images.clone()
    after = changed(images, variant)
    assert torch.equal(images, before)
    assert after.shape == images.shape
    assert after.dtype is images.dtype
    assert float(after.min()) >= 0
    assert float(after.max()) <= 1
    assert torch.equal(after, changed(images, variant))


@each_corruption
def test_every_image_changes_by_itself(variant: Variant) -> None:
    images = pictures(5, 3, 16, 16)
    whole = changed(images, variant)
    for place in range(5):
        alone = corrupted_images(images[[place]], variant, UNIT, 9, keys(5)[[place]])
        torch.testing.assert_close(alone[0], whole[place], atol=1e-14, rtol=0)
        assert not torch.equal(alone[0], images[place])


@each_corruption
def test_strength_is_a_share_of_each_channel_s_range(variant: Variant) -> None:
    images = pictures(2, 3, 12, 12)
    mean = torch.tensor([0.485, 0.456, 0.406], dtype=torch.float64).reshape(1, 3, 1, 1)
    deviation = torch.tensor([0.229, 0.224, 0.225], dtype=torch.float64).reshape(1, 3, 1, 1)
    low, high = (tuple(((end - mean) / deviation).flatten().tolist()) for end in (0, 1))
    normalised = changed((images - mean) / deviation, variant, InputRange(low, high))
    plain = changed(images, variant)
    torch.testing.assert_close(normalised, (plain - mean) / deviation, atol=1e-9, rtol=0)


@pytest.mark.parametrize("name", ["noise", "blur", "brightness", "contrast", "pixelate"])
def test_a_higher_level_is_further_away(name: str) -> None:
    y, x = torch.meshgrid(torch.arange(32.0), torch.arange(32.0), indexing="ij")
    image = (0.5 + 0.4 * torch.sin(x / 2) * torch.cos(y / 3)).reshape(1, 1, 32, 32)
    far = [(changed(image, Variant(name, level)) - image).abs().mean() for level in (1, 2, 3)]
    assert 0.001 < far[0] < far[1] < far[2] < 0.35


@each_corruption
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_single_and_half_precision(variant: Variant, dtype: torch.dtype) -> None:
    images = pictures(2, 3, 9, 9, dtype=dtype)
    after = changed(images, variant)
    assert after.dtype is dtype
    exact = changed(images.double(), variant)
    error = {torch.float16: 1e-3, torch.bfloat16: 5e-3, torch.float32: 1e-6}[dtype]
    torch.testing.assert_close(after.double(), exact, atol=error, rtol=0)


def test_no_images_are_no_error() -> None:
    assert changed(pictures(0, 3, 4, 4), Variant("noise", 1)).shape == (0, 3, 4, 4)


@each_corruption
def test_numbers_that_are_none_are_refused(variant: Variant) -> None:
    images = pictures(2, 1, 4, 4)
    images[1, 0, 2, 2] = torch.nan
    with pytest.raises(DataError, match=r"1 of 32 numbers .* outside the declared range"):
        changed(images, variant)


def test_numbers_outside_their_range_are_refused() -> None:
    with pytest.raises(DataError, match=r"Declare the range of what the model is given"):
        changed(255 * pictures(2, 3, 4, 4), Variant("noise", 1))


def test_another_number_of_channels_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="2 channels"):
        changed(pictures(2, 3, 4, 4), Variant("noise", 1), InputRange((0, 0), (1, 1)))


@pytest.mark.parametrize(
    ("images", "said"),
    [
        (torch.zeros(4, 28, 28), r"images are \[units, channels, height, width\].*Declare the"),
        (torch.zeros(4, 0, 28, 28), "images are"),
        (torch.zeros(4, 3, 1, 1), r"less than two pixels.*Declare another medium"),
        (torch.zeros(4, 3, 1, 9), "less than two pixels"),
        (torch.zeros(4, 3, 8, 8, dtype=torch.uint8), "uint8 .* Let preprocess return floating"),
    ],
    ids=["no channel axis", "no channel", "one pixel", "a line", "bytes"],
)
def test_what_are_no_images(images: torch.Tensor, said: str) -> None:
    with pytest.raises(DataError, match=said):
        changed(images, Variant("blur", 1))


@pytest.mark.parametrize("variant", [Variant("fog", 1), Variant("noise", 4), Variant("plain")])
def test_an_unknown_corruption(variant: Variant) -> None:
    with pytest.raises(ValueError, match=f"no corruption of images {variant}"):
        changed(pictures(1, 1, 4, 4), variant)


@pytest.mark.parametrize("shape", [(2, 3, 28, 28), (1, 1, 6, 9), (2, 1, 100, 224)], ids=str)
def test_shifts_are_cut_from_an_image_with_wider_edges(shape) -> None:
    images = pictures(*shape)
    height, width = shape[2:]
    down, right = max(1, round(0.03 * height)), max(1, round(0.03 * width))
    spread = ((0, 0), (0, 0), (down, down), (right, right))
    wider = np.pad(images.numpy(), spread, mode="edge")
    windows = {
        wider[..., down * y : down * y + height, right * x : right * x + width].tobytes()
        for y in range(3)
        for x in range(3)
    }
    shifts = list(shifted_images(images, 8))
    assert {shift.numpy().tobytes() for shift in shifts} == windows - {images.numpy().tobytes()}
    assert all(shift.shape == images.shape for shift in shifts)


def test_fewer_shifts_are_the_first_ones() -> None:
    images = pictures(1, 1, 5, 5)
    first = list(shifted_images(images, 4))
    assert len(first) == 4
    assert all(map(torch.equal, first, shifted_images(images)))


def test_shifts_take_any_dtype() -> None:
    for dtype in (torch.uint8, torch.float16):
        assert next(shifted_images(torch.ones(1, 1, 4, 4, dtype=dtype))).dtype is dtype


@pytest.mark.parametrize("repeats", [0, 9])
def test_there_are_eight_directions(repeats: int) -> None:
    with pytest.raises(ValueError, match="expected 1 to 8 shifts"):
        shifted_images(pictures(1, 1, 4, 4), repeats)


def test_what_cannot_be_shifted() -> None:
    with pytest.raises(DataError, match="less than two pixels"):
        shifted_images(torch.zeros(1, 3, 1, 1))


@pytest.mark.gpu
def test_a_gpu_gives_the_same_images() -> None:
    images = pictures(3, 3, 32, 32, dtype=torch.float32)
    for variant in IMAGE_CORRUPTIONS:
        on_gpu = changed(images.cuda(), variant)
        assert on_gpu.is_cuda
        torch.testing.assert_close(on_gpu.cpu(), changed(images, variant), atol=1e-5, rtol=0)
