"""Pictures that were moved or compressed stay near; others, and strange ones, do not disturb."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter

from auditkit.evidence.contents.images import image_content, shows_images


def pictures(number: int, side: int = 40, seed: int = 0) -> np.ndarray:
    """Blots of several colours, float32 [n, 3, side, side] between 0 and 1."""
    rng = np.random.default_rng(seed)
    noise = gaussian_filter(rng.standard_normal((number, 3, side, side)), (0, 0, 2, 2))
    low, high = noise.min(axis=(1, 2, 3), keepdims=True), noise.max(axis=(1, 2, 3), keepdims=True)
    return np.asarray((noise - low) / (high - low), dtype=np.float32)


def compressed(values: np.ndarray) -> np.ndarray:
    found = []
    for one in values:
        stored = io.BytesIO()
        pixels = (one.transpose(1, 2, 0) * 255).round().astype(np.uint8)
        Image.fromarray(pixels).save(stored, "JPEG", quality=80)
        found.append(np.asarray(Image.open(stored), dtype=np.float32).transpose(2, 0, 1) / 255)
    return np.stack(found)


def moved(values: np.ndarray) -> np.ndarray:
    return np.pad(values, ((0, 0), (0, 0), (1, 0), (1, 0)), mode="edge")[..., :-1, :-1]


PICTURES = pictures(60)


@pytest.mark.parametrize("change", [compressed, moved])
def test_copies_are_nearer_than_anything_else(change: object) -> None:
    assert callable(change)
    original, copy = (image_content(v).vectors for v in (PICTURES, change(PICTURES)))
    cosines = copy @ original.T
    others = cosines - 2 * np.eye(60)
    assert cosines.diagonal().min() > others.max() + 0.02
    assert (cosines.argmax(axis=1) == np.arange(60)).all()


def test_channels_may_stand_first_or_last_or_be_left_out() -> None:
    first = image_content(PICTURES).vectors
    last = image_content(PICTURES.transpose(0, 2, 3, 1)).vectors
    np.testing.assert_allclose(first, last, atol=1e-5)
    grey = PICTURES[:, :1]
    flat, one = image_content(grey[:, 0]).vectors, image_content(grey).vectors
    np.testing.assert_array_equal(flat, one)
    opaque = np.concatenate([PICTURES, np.ones_like(grey)], axis=1)
    np.testing.assert_allclose(image_content(opaque).vectors, first, atol=1e-6)


def test_contrast_and_type_make_no_difference_to_the_vector() -> None:
    whole = (PICTURES * 255).round().astype(np.uint8)
    near = image_content(whole).vectors, image_content(0.5 * (whole / 255) - 1).vectors
    assert (near[0] * near[1]).sum(axis=1).min() > 0.9999


def test_colour_counts() -> None:
    red, blue = (PICTURES * np.array(by).reshape(1, 3, 1, 1) for by in ([1, 1, 0.2], [0.2, 1, 1]))
    cosines = (image_content(red).vectors * image_content(blue).vectors).sum(axis=1)
    assert cosines.max() < 0.97


def test_strange_pictures() -> None:
    strange = np.zeros((5, 1, 6, 9))
    strange[1] = 7.5
    strange[2] = np.nan
    strange[3, 0, 2, 2] = np.inf
    strange[4, 0, 2, 2] = -1
    found = image_content(strange)
    assert np.isfinite(found.vectors).all()
    assert not found.vectors[:4].any()
    assert found.vectors[4].any()
    assert len(np.unique(found.hashes[:, 0])) == 5
    assert (image_content(-strange).hashes[0] == found.hashes[0]).all()
    whole = image_content(1e37 * PICTURES).vectors
    np.testing.assert_allclose(whole, image_content(PICTURES).vectors, atol=1e-5)
    for shape in ((3, 1, 1, 1), (2, 1, 1, 300), (0, 3, 8, 8)):
        assert image_content(np.ones(shape)).vectors.shape[0] == shape[0]


@pytest.mark.parametrize(
    ("shape", "shows"),
    [((2, 3, 8, 8), True), ((2, 8, 8, 1), True), ((2, 8, 8), True), ((2, 9, 8, 8), False),
     ((2, 8), False), ((2, 3, 4, 8, 8), False)],
)  # fmt: skip
def test_shapes_of_pictures(shape: tuple[int, ...], shows: bool) -> None:
    assert shows_images(np.zeros(shape)) == shows
