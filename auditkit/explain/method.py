"""What an attribution method is, and what it makes of a target."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from torch import Tensor

from auditkit.explain.target import NotExplainable, Target


class Family(StrEnum):
    """How a method looks at a model. Methods of one family agree for that reason alone."""

    GRADIENT = "gradient"
    PATH = "path"
    PROPAGATION = "propagation"
    PERTURBATION = "perturbation"
    ACTIVATION = "activation"


@dataclass(frozen=True, eq=False)
class Maps:
    """What one method says of n units, on the CPU.

    Attributes:
        values: one tensor [n, …] for each input of the target, as the inputs in shape (embeddings
            of tokens as well: what a token counts is the sum over its embedding).
        shown: bool [n]: of which units the map may be shown. The others are wrong by more than the
            method's own limit.
        withheld: why those may not be, a full sentence; "" where all may.
        error: [n] relative error of the map as the method itself estimates it, NaN where it has
            none; None of a method that estimates none.
        gap: [n] how far the map is from adding up to the difference of the outputs, relative to it;
            None of a method whose maps do not add up to that.
        gradients: of the model, taken for a unit on average.
        forwards: likewise, beside those that the gradients need.
        notes: sentences that a reader of the maps must know.
    """

    values: tuple[Tensor, ...]
    shown: Tensor
    withheld: str = ""
    error: Tensor | None = None
    gap: Tensor | None = None
    gradients: float = 0.0
    forwards: float = 0.0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Settings:
    """How methods are run.

    Attributes:
        seed: of all that is drawn.
        tolerance: of the path integral, see `auditkit.explain.path`.
        samples: how many random points a method that averages over some takes.
        regions: into how many regions an input is cut at most where whole regions are removed.
        layer: the one that layer methods look at, as PyTorch names it; "" for the method's own
            choice.
        chunk: rows that the model is asked about at once; None for as many as fit.
    """

    seed: int = 0
    tolerance: float = 0.02
    samples: int = 16
    regions: int = 64
    layer: str = ""
    chunk: int | None = None


@dataclass(frozen=True)
class Method:
    """One way to attribute an output to inputs.

    Attributes:
        name: `integrated_gradients` …
        title: for people.
        family: how it looks at the model.
        source: the paper.
        attribute: target and settings in, maps out, or the reason why there are none; within
            `targeting`. The target's tensors are left as they are.
        times_input: whether the map is a product with the input (or its distance from the
            baseline), and shows the input as well as the model.
        needs_gradient: whether it needs one; the others work on any model.
        warning: what a reader of any of its maps must know; "" if there is nothing.
        options: what else was fixed.
    """

    name: str
    title: str
    family: Family
    source: str
    attribute: Callable[[Target, Settings], Maps | NotExplainable]
    times_input: bool = False
    needs_gradient: bool = True
    warning: str = ""
    options: Mapping[str, float] = field(default_factory=dict)

    @property
    def is_plain(self) -> bool:
        """Whether the map is a gradient alone, whose numbers don't add up to anything."""
        return self.family is Family.GRADIENT and not self.times_input

    def __call__(self, target: Target, settings: Settings) -> Maps | NotExplainable:
        """The maps of a target, or why there are none."""
        if self.needs_gradient and target.obstacle:
            return NotExplainable(target.obstacle)
        return self.attribute(target, settings)
