"""Between which ends the numbers lie that a model is given: for all of them, or by channel."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from auditkit.errors import ConfigurationError, DataError

End = float | tuple[float, ...]
_SLACK = 1e-3


@dataclass(frozen=True)
class InputRange:
    """The declared ends of the inputs.

    Attributes:
        low, high: a number, or one for each channel (the second axis).

    Raises:
        ConfigurationError: an end is no finite number, they differ in length, or low is not below
            high.

    >>> InputRange(0, 1).bounds(torch.zeros(2, 3, 4, 4))[1].shape
    torch.Size([1, 1, 1, 1])
    """

    low: End
    high: End

    def __post_init__(self) -> None:
        for name in ("low", "high"):
            object.__setattr__(self, name, _end(getattr(self, name)))
        lows, highs = _listed(self.low), _listed(self.high)
        if len(lows) > 1 and len(highs) > 1 and len(lows) != len(highs):
            raise ConfigurationError(
                f"The range of the inputs has {len(lows)} lower ends and {len(highs)} upper ones.",
                mend="Give one of each for every channel, or one number for all.",
            )
        longest = max(len(lows), len(highs))
        pairs = zip(_spread(lows, longest), _spread(highs, longest), strict=True)
        if not lows or not highs or any(low >= high for low, high in pairs):
            raise ConfigurationError(
                f"The range of the inputs goes from {self.low} to {self.high}.",
                mend="Give the lowest number first.",
            )

    def bounds(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Both ends as tensors that broadcast with inputs of shape (n, channels, …).

        Raises:
            ConfigurationError: the inputs have another number of channels than the range.
        """
        return self._broadcast(self.low, inputs), self._broadcast(self.high, inputs)

    def _broadcast(self, end: End, inputs: Tensor) -> Tensor:
        values = torch.tensor(_listed(end), dtype=torch.float64).to(inputs)
        if len(values) > 1 and (inputs.ndim < 2 or inputs.shape[1] != len(values)):
            raise ConfigurationError(
                f"The range of the inputs has {len(values)} channels, and inputs have the shape "
                f"{tuple(inputs.shape)}.",
                mend="Give one end for each channel, the second axis, or one number for all.",
            )
        return values.reshape(1, -1, *[1] * max(inputs.ndim - 2, 0))

    def refuse_outside(self, inputs: Tensor) -> None:
        """Refuse inputs beyond the ends, by more than a thousandth of the span.

        Raises:
            DataError: some numbers lie outside, or are none; how many, and where they lie.
        """
        low, high = self.bounds(inputs)
        slack = _SLACK * (high - low)
        outside = ~((inputs >= low - slack) & (inputs <= high + slack))
        count = int(outside.sum())
        if count:
            raise DataError(
                f"{count:,} of {inputs.numel():,} numbers that the model is given lie outside the "
                f"declared range {self.low} to {self.high}; they run from "
                f"{float(inputs.min()):.4g} to {float(inputs.max()):.4g}.",
                mend="Declare the range of what the model is given after its preprocess.",
            )


def _end(given: object) -> End:
    values: Sequence[Any] = given if isinstance(given, list | tuple) else [given]
    if any(
        isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value)
        for value in values
    ):
        raise ConfigurationError(
            f"An end of the range of the inputs is {given!r}; expected a finite number, or one for "
            "each channel.",
            mend="Give for example (0, 1).",
        )
    numbers = tuple(float(value) for value in values)
    return numbers if isinstance(given, list | tuple) else numbers[0]


def _listed(end: End) -> list[float]:
    return list(end) if isinstance(end, tuple) else [end]


def _spread(ends: list[float], count: int) -> list[float]:
    """One number for all channels as one for each."""
    return ends * count if len(ends) == 1 else ends
