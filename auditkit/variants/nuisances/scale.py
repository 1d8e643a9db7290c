"""What the amounts of a nuisance mean: numbers that the model is given, or shares of a range."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from auditkit.errors import ConfigurationError
from auditkit.models.input_range import InputRange
from auditkit.variants.nuisances.nuisance import Nuisance


@dataclass(frozen=True)
class Scale:
    """The scale of some inputs whose second axis is the channels.

    Attributes:
        low, high: the declared ends, as tensors that broadcast with the inputs; None where there
            are none.
        of_range: whether amounts are shares of the range between them.
    """

    low: Tensor | None
    high: Tensor | None
    of_range: bool

    @classmethod
    def of(cls, inputs: Tensor, nuisance: Nuisance, input_range: InputRange | None) -> Scale:
        """The scale of inputs of shape (n, channels, …).

        Raises:
            ConfigurationError: amounts are shares of a range that is not declared, or the range has
                another number of channels than the inputs.
        """
        if input_range is not None:
            return cls(*input_range.bounds(inputs), of_range=nuisance.of_range)
        if nuisance.of_range:
            raise ConfigurationError(
                f"The nuisance {nuisance} is a share of a range that is not declared.",
                mend="Declare model.inputs.range, or give numbers that the model is given.",
            )
        return cls(None, None, of_range=False)

    def value(self, inputs: Tensor, given: float | tuple[float, ...]) -> Tensor:
        """A number on the scale of the inputs, for all channels or for each; it broadcasts.

        Raises:
            ConfigurationError: it is given for another number of channels.
        """
        step = self.step(inputs, given)
        return step if self.low is None or not self.of_range else self.low + step

    def step(self, inputs: Tensor, given: float | tuple[float, ...]) -> Tensor:
        """A difference on the scale of the inputs; see `value`."""
        numbers = torch.tensor(given, dtype=inputs.dtype, device=inputs.device)
        if numbers.numel() not in (1, inputs.shape[1]):
            raise ConfigurationError(
                f"A nuisance gives {numbers.numel()} numbers, and the inputs have "
                f"{inputs.shape[1]} channels.",
                mend="Give one number for all channels, or one for each.",
            )
        numbers = numbers.reshape(1, -1, *[1] * (inputs.ndim - 2))
        if self.low is None or self.high is None or not self.of_range:
            return numbers
        return numbers * (self.high - self.low)

    def within(self, inputs: Tensor) -> Tensor:
        """The inputs, no further out than the declared ends."""
        if self.low is None or self.high is None:
            return inputs
        return inputs.clamp(self.low, self.high)


@dataclass(frozen=True)
class Case:
    """Inputs, and what is to be done to them.

    Attributes:
        inputs: floating-point, (n, channels, …); they are left as they are.
        nuisance: what is put in or taken out.
        scale: of the inputs.
        usual: what is usual in the sample, shape (k,); None where it does not matter.
    """

    inputs: Tensor
    nuisance: Nuisance
    scale: Scale
    usual: Tensor | None = None

    def value(self, setting: str) -> Tensor:
        """A setting as a number on the scale of the inputs."""
        return self.scale.value(self.inputs, self.nuisance[setting])

    def step(self, setting: str) -> Tensor:
        """A setting as a difference on the scale of the inputs."""
        return self.scale.step(self.inputs, self.nuisance[setting])

    @property
    def aim(self) -> Tensor:
        """What is usual in the sample, as a tensor beside the inputs.

        Raises:
            ValueError: it is not given.
        """
        if self.usual is None:
            raise ValueError(f"what is usual of {self.nuisance.kind} in the sample is not given")
        return self.usual.to(self.inputs)


def ratio(aim: Tensor, own: Tensor) -> Tensor:
    """By what deviations are multiplied to become `aim`; those of zero stay what they are."""
    return torch.where(own > 0, aim / own.clamp(min=torch.finfo(own.dtype).tiny), 1.0)


def deviation(inputs: Tensor, dim: tuple[int, ...]) -> Tensor:
    """The standard deviation over some axes, which are kept; 0 where all numbers are one.

    Of equal numbers the mean is rounded, and the distance from it would pass for contrast.
    """
    own = inputs.std(dim=dim, keepdim=True, correction=0)
    return own.masked_fill(inputs.amax(dim, keepdim=True) == inputs.amin(dim, keepdim=True), 0.0)
