from __future__ import annotations

import io
import sys
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFile

from auditkit.data import dataset, images
from auditkit.data.contents import Contents
from auditkit.data.damage import Damaged
from auditkit.data.image_units import ImageDecoder
from auditkit.errors import ConfigurationError, DataError
from tests.data.media_files import noise, png


def decoded(content: Any, **options: Any) -> Any:
    decoder = ImageDecoder(Contents("png", None), **options)
    return decoder.decode(pd.DataFrame({"png": pd.Series([content], dtype=object)}))[0]


def reason(content: Any) -> str:
    found = decoded(content)
    assert isinstance(found, Damaged)
    return found.reason


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "PPM", "WEBP"])
def test_formats_without_loss_give_their_pixels(kind: str) -> None:
    array = noise(1)
    file = io.BytesIO()
    Image.fromarray(array).save(file, kind, **({"lossless": True} if kind == "WEBP" else {}))
    np.testing.assert_array_equal(
        decoded(file.getvalue()), array.transpose(2, 0, 1) / np.float32(255)
    )


@pytest.mark.parametrize(
    ("mode", "shape"),
    [("1", (1, 4, 6)), ("L", (1, 4, 6)), ("P", (3, 4, 6)), ("RGB", (3, 4, 6)), ("RGBA", (4, 4, 6)),
     ("LA", (4, 4, 6))],
)  # fmt: skip
def test_modes_have_the_channels_that_they_show(mode: str, shape: tuple[int, ...]) -> None:
    file = io.BytesIO()
    Image.fromarray(noise(2)).convert(mode).save(file, "PNG")
    assert decoded(file.getvalue()).shape == shape


@pytest.mark.parametrize(("mode", "channels"), [("L", 1), ("RGB", 3), ("RGBA", 4)])
def test_a_declared_mode_holds_for_all(mode: str, channels: int) -> None:
    for array in (noise(3), noise(3)[..., 0]):
        found = decoded(png(array), mode=mode)
        oracle = np.asarray(Image.fromarray(array).convert(mode)).reshape(4, 6, channels)
        np.testing.assert_allclose(found, oracle.transpose(2, 0, 1) / 255, atol=1e-6)


@pytest.mark.parametrize(("mode", "channels"), [(None, 1), ("L", 1), ("RGB", 3), ("RGBA", 4)])
def test_sixteen_bits_keep_what_they_hold(mode: str | None, channels: int) -> None:
    array = np.array([[0, 1, 32_768], [65_535, 256, 7]], dtype=np.uint16)
    found = decoded(png(array), mode=mode)
    assert found.shape == (channels, 2, 3)
    np.testing.assert_allclose(found[0], array / 65_535, atol=1e-7)


def test_resizing_is_that_of_pillow() -> None:
    array = noise(4, (9, 5, 3))
    oracle = Image.fromarray(array).resize((7, 3), Image.Resampling.BILINEAR)
    expected = np.asarray(oracle).transpose(2, 0, 1) / np.float32(255)
    np.testing.assert_array_equal(decoded(png(array), size=[3, 7]), expected)


def test_the_bytes_tell_the_format_whatever_the_name(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(png(noise(1)))
    source = dataset(images(tmp_path))["evaluation"]
    (batch,) = source.batches(source.fragments()[0], 2)
    np.testing.assert_array_equal(batch.inputs[0] * 255, noise(1).transpose(2, 0, 1))


def _bomb(width: int, height: int) -> bytes:
    """A PNG of so many pixels, of which there are none."""

    def chunk(name: bytes, data: bytes) -> bytes:
        body = name + data
        return len(data).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")

    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, 0, 0, 0, 0])
    data = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + data


@pytest.mark.parametrize("side", [10_000, 50_000], ids=["warning", "error"])
def test_decompression_bombs_are_damaged(side: int) -> None:
    assert "exceeds limit of" in reason(_bomb(side, side))


POSTSCRIPT = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it is empty"),
        (b"\x00" * 99, "it is no image of a known format"),
        (POSTSCRIPT, "it is no image of a known format"),
        (png(noise(1, (60, 60, 3)), "JPEG")[:700], "truncated"),
        (png(noise(1))[:60], ""),
        (None, "it holds no bytes"),
        (float("nan"), "it holds no bytes"),
        ({"bytes": None, "path": None}, "it holds no bytes"),
    ],
)
def test_damaged_images(content: Any, said: str) -> None:
    assert said in reason(content)


@given(st.binary(max_size=200), st.sampled_from(["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"]),
       st.integers(0, 120))  # fmt: skip
def test_no_bytes_break_the_decoder(tail: bytes, kind: str, kept: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = decoded(png(noise(3), kind)[:kept] + tail)
    assert isinstance(found, Damaged | np.ndarray)


def _cmyk() -> bytes:
    file = io.BytesIO()
    Image.fromarray(noise(1)).convert("CMYK").save(file, "JPEG")
    return file.getvalue()


def test_numbers_without_an_end_name_the_mend() -> None:
    file = io.BytesIO()
    Image.fromarray(np.ones((2, 2), dtype=np.float32)).save(file, "TIFF")
    with pytest.raises(ConfigurationError, match=r"mode 'F'.* Write it with 8 or 16 bits"):
        decoded(file.getvalue())
    with pytest.raises(ConfigurationError, match=r"Declare images\.mode: RGB or L"):
        decoded(_cmyk())
    assert decoded(_cmyk(), mode="RGB").shape == (3, 4, 6)


@pytest.mark.parametrize(
    ("options", "said"),
    [({"mode": "rgb"}, "expected one of L, RGB, RGBA"), ({"size": 0}, "expected height and width"),
     ({"size": (3, -1)}, "expected height and width"), ({"size": (3,)}, "expected height")],
)  # fmt: skip
def test_options_that_mean_nothing(options: Any, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        decoded(b"", **options)


def test_what_training_code_forgives_is_damage_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("PIL.ImageFile.LOAD_TRUNCATED_IMAGES", True)
    assert "truncated" in reason(png(noise(1, (60, 60, 3)), "JPEG")[:700])
    assert ImageFile.LOAD_TRUNCATED_IMAGES is True
    monkeypatch.setattr("PIL.Image.MAX_IMAGE_PIXELS", None)
    assert "exceeds limit of" in reason(_bomb(10_000, 10_000))
    assert Image.MAX_IMAGE_PIXELS is None


def test_an_image_without_a_mode_of_ours_is_named() -> None:
    with pytest.raises(ConfigurationError, match="The image 'row 0' has Pillow's mode 'CMYK'"):
        decoded(_cmyk())


def test_without_pillow_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ConfigurationError, match=r"Install auditkit-torch\[images\]"):
        decoded(b"")


@pytest.mark.parametrize("nested", [False, True], ids=["bytes", "as datasets writes them"])
def test_bytes_in_parquet_by_row_groups(
    tmp_path: Path, batches_of: Callable[..., Any], nested: bool
) -> None:
    contents = [png(noise(seed)) for seed in range(7)]
    contents[2] = b"broken"
    cells = [{"bytes": one, "path": f"{n}.png"} for n, one in enumerate(contents)]
    frame = pa.table({"image": cells if nested else contents, "y": [0, 1, 0, 1, 0, 1, 0],
                      "site": list("aababab")})  # fmt: skip
    pq.write_table(frame, tmp_path / "images.parquet", row_group_size=3)
    data = dataset(
        images(tmp_path / "images.parquet", column="image", damaged=0.2), label="y", groups=["site"]
    )
    data.check()
    source = data["evaluation"]
    assert [part.rows for part in source.fragments()] == [3, 3, 1]
    batches = batches_of(source, 2)
    assert [len(batch) for batch in batches] == [2, 2, 1, 1]
    inputs = np.concatenate([batch.inputs for batch in batches])
    rows = [0, 1, 3, 4, 5, 6]
    assert np.concatenate([batch.row_ids for batch in batches]).tolist() == rows
    expected = [noise(seed).transpose(2, 0, 1) / np.float32(255) for seed in rows]
    np.testing.assert_array_equal(inputs, np.stack(expected))
    assert f"'{'2.png' if nested else 'row 2'}' (it is no image" in data.notes[0]


@pytest.mark.parametrize("nested", [False, True], ids=["paths", "as datasets writes them"])
def test_the_files_that_a_table_names_are_in_the_digest(tmp_path: Path, nested: bool) -> None:
    (tmp_path / "0.png").write_bytes(png(noise(0)))
    cells = [{"bytes": None, "path": "0.png"}] if nested else ["0.png"]
    given_images = images({"image": cells, "y": [0]}, column="image", folder=tmp_path)
    before = dataset(given_images, label="y").digest()
    assert dataset(given_images, label="y").digest() == before
    (tmp_path / "0.png").write_bytes(png(noise(1)))
    assert dataset(given_images, label="y").digest() != before


def test_paths_in_a_table(tmp_path: Path, batches_of: Callable[..., Any]) -> None:
    (tmp_path / "photos").mkdir()
    for seed in range(3):
        (tmp_path / "photos" / f"{seed}.png").write_bytes(png(noise(seed)))
    paths = ["0.png", "2.png", "gone.png", "../secret.png", str(tmp_path / "photos/0.png"), None]
    table = {"path": paths, "y": [0, 1, 0, 1, 0, 1]}
    given_images = images(table, column="path", folder=tmp_path / "photos", damaged=0.7)
    data = dataset(given_images, label="y")
    data.check()
    (batch,) = batches_of(data["evaluation"])
    assert batch.targets.tolist() == [0, 1]
    outside = "it lies outside the folder, or has no path relative to it"
    for text in (
        "'gone.png' (there is no such file)",
        f"'../secret.png' ({outside})",
        f"'{paths[4]}' ({outside})",
        "'row 5' (no file is named)",
    ):
        assert text in data.notes[0]
    before = data.digest()
    (tmp_path / "photos" / "2.png").write_bytes(png(noise(9)))
    assert dataset(given_images, label="y").digest() != before


def test_paths_without_a_folder_and_columns_that_are_not_there() -> None:
    with pytest.raises(ConfigurationError, match="Declare folder: the one that the paths"):
        dataset(images({"path": ["a.png"]}, column="path")).check()
    with pytest.raises(DataError, match="has no column 'png', which holds the image data"):
        dataset(images({"pgn": [b"x"]}, column="png")).check()
