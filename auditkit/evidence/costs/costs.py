"""What one model costs, as it was counted and timed: plain data, or why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class NotCosted:
    """The reason why something was not counted or timed; a full sentence."""

    reason: str


@dataclass(frozen=True)
class Weights:
    """What the model is made of.

    Attributes:
        parameters: how many numbers were learnt, each counted once however often it is used.
        bytes: what parameters and buffers take in memory.
        serialised: what they take in a file of `torch.save`; None where writing them to count
            would take too long.
    """

    parameters: int
    bytes: int
    serialised: int | None


@dataclass(frozen=True)
class FlopCount:
    """The operations of one call, a multiplication and an addition being two.

    Attributes:
        total: of the whole call.
        units: how many units the call was about.
        operations: name of the operation → what was counted for it.
        unformulated: operations that ran and have no formula; with any, `total` is too low.
        lesser: how many numbers those operations returned that are not counted by convention
            (activations, norms, sums, pooling): each took a few operations.
        seconds: how long the counting took.
        note: on what it was counted; a full sentence.
        whole: whether all that the model computes was seen.
    """

    total: int
    units: int
    operations: Mapping[str, int]
    unformulated: tuple[str, ...]
    lesser: int
    seconds: float
    note: str
    whole: bool = True

    @property
    def complete(self) -> bool:
        """Whether nothing is missing that ought to be counted."""
        return self.whole and not self.unformulated

    @property
    def per_unit(self) -> float:
        """Of one unit of the call."""
        return self.total / self.units


@dataclass(frozen=True, eq=False)
class Timing:
    """Calls of one batch size.

    Attributes:
        batch: units of a call.
        seconds: how long each took, float64 of shape (calls,), in their order.
        warm_ups: calls before these.
        lacking: why none were timed; "" where some were.
    """

    batch: int
    seconds: np.ndarray = field(default_factory=lambda: np.empty(0))
    warm_ups: int = 0
    lacking: str = ""


@dataclass(frozen=True)
class Memory:
    """The most that was held at a time during a call, in bytes.

    Attributes:
        bytes: weights and inputs included.
        batch: units of the call.
    """

    bytes: int
    batch: int


@dataclass(frozen=True, eq=False)
class Energy:
    """What a meter read while the model was called.

    Attributes:
        joules: in each window, float64 of shape (windows,).
        units: that were predicted in each, int64 of shape (windows,).
        seconds: that all of them took.
        batch: units of a call.
        meter: which one, for people.
    """

    joules: np.ndarray
    units: np.ndarray
    seconds: float
    batch: int
    meter: str


@dataclass(frozen=True, eq=False)
class Costs:
    """What the model costs.

    Attributes:
        device: where it ran, for people: `Intel Xeon, 4 threads`.
        weights: what it is made of.
        flops: operations of a call.
        timings: by batch size, ascending.
        tensors: the most that the tensors of a call took at a time.
        peak: the most that the device's allocator gave out during the timed calls.
        energy: what a meter read.
    """

    device: str
    weights: Weights | NotCosted
    flops: FlopCount | NotCosted
    timings: tuple[Timing, ...]
    tensors: Memory | NotCosted
    peak: Memory | NotCosted
    energy: Energy | NotCosted
