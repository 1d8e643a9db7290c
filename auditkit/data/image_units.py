"""Images as arrays of float32 between 0 and 1, read by Pillow."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from auditkit.data.contents import Contents
from auditkit.data.damage import UnreadableError, each_unit
from auditkit.errors import ConfigurationError

if TYPE_CHECKING:
    from PIL.Image import Image

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm")
"""Which files of a folder are images."""

MODES = ("L", "RGB", "RGBA")
"""What images may be turned into: one, three or four channels."""

# Formats whose readers decode and nothing else; that of EPS would start Ghostscript.
_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM")
# Black and white and palettes in the mode that holds what they show.
_PLAIN = {"1": "L", "P": "RGB", "PA": "RGBA", "LA": "RGBA"}
# One channel of 16 bits, under the names that it has had.
_DEEP = ("I;16", "I;16L", "I;16B", "I;16N", "I")
_DEEPEST = 65_535
_MOST_PIXELS = 2**30 // 12  # of which a gigabyte is made, as Pillow has it


class ImageDecoder:
    """Decodes images to float32 [channels, height, width] between 0 and 1.

    The format is told by the bytes, not by the name. Of several frames the first is read; an
    orientation in the metadata is not applied; numbers of 16 bits are divided by 65535.

    Args:
        contents: where the bytes are.
        size: height and width to resize to, by Pillow's bilinear filter; None leaves them.
        mode: `L`, `RGB` or `RGBA`, which all are turned into; None leaves it.

    Raises:
        ConfigurationError: size or mode mean nothing, or Pillow is not installed.
    """

    medium = "image"
    uneven = (
        "Declare images.size: [height, width], to which all are resized, and images.mode: RGB or L "
        "where the number of channels differs."
    )

    def __init__(self, contents: Contents, *, size: Any = None, mode: str | None = None) -> None:
        if mode is not None and mode not in MODES:
            raise ConfigurationError(
                f"The mode of the images is {mode!r}; expected one of {', '.join(MODES)}.",
                mend="Give one of these, or leave it out.",
            )
        self.columns: tuple[str, ...] = (contents.column,)
        self._contents = contents
        self._size = None if size is None else _checked_size(size)
        self._mode = mode
        _pillow()

    def decode(self, frame: pd.DataFrame) -> list[Any]:
        """See `Decoder.decode`."""
        cells = frame[self._contents.column]
        titled = ((cell, self.name(frame, place)) for place, cell in enumerate(cells))
        with _strict():
            return each_unit(titled, self._image)

    def name(self, frame: pd.DataFrame, place: int) -> str:
        """The file's path, else the row."""
        return self._contents.name(frame, place)

    def digest(self, frames: Iterator[pd.DataFrame]) -> str:
        """The digest of the files that rows name."""
        return self._contents.digest(frames)

    def describe(self) -> dict[str, Any]:
        """Column, size and mode."""
        return {**self._contents.describe(), "size": self._size, "mode": self._mode}

    def _image(self, titled: tuple[Any, str]) -> np.ndarray:
        cell, title = titled
        image = _opened(self._contents.read(cell))
        if image.mode in _DEEP:
            values, top = self._resized(image.convert("F")), _DEEPEST
        else:
            values, top = self._resized(_with_mode(image, self._mode, title)), 255
        array = np.asarray(values, dtype=np.float32) / np.float32(top)
        if array.min() < 0 or array.max() > 1:
            raise UnreadableError(f"its numbers do not lie between 0 and {top}")
        if array.ndim == 3:
            return np.ascontiguousarray(array.transpose(2, 0, 1))
        grey = [array] if self._mode in (None, "L") else [array] * 3
        return np.stack([*grey, np.ones_like(array)] if self._mode == "RGBA" else grey)

    def _resized(self, image: Image) -> Image:
        if self._size is None:
            return image
        height, width = self._size
        return image.resize((width, height), _pillow().Resampling.BILINEAR)


def _opened(content: bytes) -> Image:
    """The image that bytes hold, decoded.

    Raises:
        UnreadableError: they hold none, or one that is damaged or absurdly large.
    """
    try:
        image: Image = _pillow().open(io.BytesIO(content), formats=_FORMATS)
        image.load()
    except Exception as error:  # of damaged bytes Pillow may raise anything
        raise UnreadableError(_said(error)) from error
    return image


def _with_mode(image: Image, mode: str | None, title: str) -> Image:
    """An image of 8 bits in the declared mode, else in the plain one that holds what it shows."""
    wanted = mode or _PLAIN.get(image.mode, image.mode)
    if wanted not in MODES or image.mode == "F":
        raise ConfigurationError(
            f"The image {title!r} has Pillow's mode {image.mode!r}, whose channels are not those "
            f"of {', '.join(MODES)}.",
            mend="Declare images.mode: RGB or L."
            if image.mode != "F"
            else "Write it with 8 or 16 bits: numbers without a fixed end have no place in 0 to 1.",
        )
    return image if image.mode == wanted else image.convert(wanted)


def _checked_size(size: Any) -> tuple[int, int]:
    sides = (size, size) if isinstance(size, int) else size
    whole = isinstance(sides, Sequence) and all(
        isinstance(side, int) and not isinstance(side, bool) and side > 0 for side in sides
    )
    if not whole or len(sides) != 2:
        raise ConfigurationError(
            f"The size of the images is {size!r}; expected height and width in pixels.",
            mend="Write for example size: [224, 224].",
        )
    return (int(sides[0]), int(sides[1]))


@contextmanager
def _strict() -> Iterator[None]:
    """A picture that is cut off, or of absurdly many pixels, is an error; other remarks are not.

    Training code often tells Pillow to fill up what was cut off, or to open whatever is huge; that
    holds again afterwards.
    """
    from PIL import ImageFile

    pillow = _pillow()
    lenient, most = ImageFile.LOAD_TRUNCATED_IMAGES, pillow.MAX_IMAGE_PIXELS
    try:
        ImageFile.LOAD_TRUNCATED_IMAGES = False
        pillow.MAX_IMAGE_PIXELS = _MOST_PIXELS if most is None else most
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"PIL\.")
            warnings.simplefilter("error", pillow.DecompressionBombWarning)
            yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = lenient
        pillow.MAX_IMAGE_PIXELS = most


def _said(error: Exception) -> str:
    text = (str(error).strip().splitlines() or [""])[0]
    if type(error).__name__ == "UnidentifiedImageError":
        return f"it is no image of a known format ({', '.join(_FORMATS)})"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _pillow() -> Any:
    try:
        from PIL import Image
    except ImportError as error:
        raise ConfigurationError(
            "Images are read by Pillow, which is not installed.",
            mend="Install auditkit-torch[images].",
        ) from error
    return Image
