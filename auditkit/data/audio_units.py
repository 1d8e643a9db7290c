"""Sounds as waveforms: float32 between −1 and 1, all at one rate and of one length."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from auditkit.data.contents import Contents
from auditkit.data.damage import each_unit
from auditkit.data.wav import read_wav
from auditkit.errors import ConfigurationError, DataError

SUFFIXES = (".wav", ".wave")
"""Which files of a folder are sounds."""

MIXES = ("mean", "first")
"""How several channels become one."""


class AudioDecoder:
    """Decodes WAV files to float32 [samples] between −1 and 1.

    Args:
        contents: where the bytes are.
        rate: samples a second that every file must have; None for that of the first.
        seconds: the length to which each is cut at its end, or filled up with silence; None leaves
            it.
        mix: `mean` or `first` of several channels; None refuses them.

    Raises:
        ConfigurationError: rate, seconds or mix mean nothing.
    """

    medium = "audio"
    uneven = (
        "Declare audio.seconds: longer sounds are cut at their end then, shorter ones filled up "
        "with silence."
    )

    def __init__(
        self,
        contents: Contents,
        *,
        rate: int | None = None,
        seconds: float | None = None,
        mix: str | None = None,
    ) -> None:
        for name, value in (("rate", rate), ("seconds", seconds)):
            if value is not None and not value > 0:
                raise ConfigurationError(
                    f"The {name} of the sounds is {value!r}; expected more than 0.",
                    mend="Give a positive number, or leave it out.",
                )
        if mix not in (None, *MIXES):
            raise ConfigurationError(
                f"The mix of the channels is {mix!r}; expected mean or first.",
                mend="Give one of these, or leave it out where sounds have one channel.",
            )
        self.columns: tuple[str, ...] = (contents.column,)
        self._contents = contents
        self._rate = rate
        self._declared = {"rate": rate, "seconds": seconds, "mix": mix}
        self._seconds = seconds
        self._mix = mix

    @property
    def rate(self) -> int | None:
        """Samples a second of all sounds; None where none is declared and none was read."""
        return self._rate

    def decode(self, frame: pd.DataFrame) -> list[Any]:
        """See `Decoder.decode`."""
        read = each_unit(frame[self._contents.column], self._read)
        return [
            self._waveform(one, frame, place) if isinstance(one, tuple) else one
            for place, one in enumerate(read)
        ]

    def name(self, frame: pd.DataFrame, place: int) -> str:
        """The file's path, else the row."""
        return self._contents.name(frame, place)

    def digest(self, frames: Iterator[pd.DataFrame]) -> str:
        """The digest of the files that rows name."""
        return self._contents.digest(frames)

    def describe(self) -> dict[str, Any]:
        """Column, rate, seconds and mix as declared."""
        return {**self._contents.describe(), **self._declared}

    def _read(self, cell: Any) -> tuple[int, np.ndarray]:
        return read_wav(self._contents.read(cell))

    def _waveform(
        self, read: tuple[int, np.ndarray], frame: pd.DataFrame, place: int
    ) -> np.ndarray:
        rate, samples = read
        if self._rate is None:
            self._rate = rate
        if rate != self._rate:
            raise DataError(
                f"{self.name(frame, place)!r} has {rate} samples a second, expected are "
                f"{self._rate}"
                f"{'' if self._declared['rate'] else ', as of the first sound'}.",
                mend="Resample the files to one rate, the one that the model was made for, and "
                "declare it as audio.rate.",
            )
        return self._cut(self._mixed(samples, frame, place))

    def _mixed(self, samples: np.ndarray, frame: pd.DataFrame, place: int) -> np.ndarray:
        channels = samples.shape[1]
        if channels > 1 and self._mix is None:
            raise DataError(
                f"{self.name(frame, place)!r} has {channels} channels, and the model is given one.",
                mend="Declare audio.mix: mean or first.",
            )
        if self._mix == "mean":
            mean: np.ndarray = samples.mean(axis=1, dtype=np.float64)
            return mean.astype(np.float32)
        return np.ascontiguousarray(samples[:, 0])

    def _cut(self, samples: np.ndarray) -> np.ndarray:
        if self._seconds is None or self._rate is None:
            return samples
        length = max(round(self._seconds * self._rate), 1)
        return np.pad(samples[:length], (0, max(length - len(samples), 0)))
