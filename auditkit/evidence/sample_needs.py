"""Needs that are filled after the pass, from a random sample of units kept by it."""

from __future__ import annotations

from dataclasses import dataclass, field

from auditkit.explain.wishes import Wishes
from auditkit.variants.variant import PLAIN, Variant


@dataclass(frozen=True)
class AttributionNeed:
    """Attributions of one output on a sample drawn by a keyed hash of the row ids.

    Attributes:
        head: name of the model's output head.
        wishes: how many units, by which methods, and how these are tested.
        medium: what an input is, where that is known; see `auditkit.models.medium`.
    """

    head: str
    wishes: Wishes = field(default_factory=Wishes)
    medium: str = ""

    @property
    def sample(self) -> int:
        """Number of units."""
        return self.wishes.units


@dataclass(frozen=True)
class AnswerNeed:
    """What the model answers for a random sample of units when it is asked again.

    Attributes:
        head: name of the model's output head.
        variant: under which change of the inputs or of the model; `PLAIN` for none.
        sample: number of units at most; which, says a keyed hash of the row ids.
        layer: name of the module whose output is kept as an embedding; "" for none.
    """

    head: str
    variant: Variant = PLAIN
    sample: int = 1000
    layer: str = ""


TRAIN = "train"
"""The learner that is the user's own function; see `auditkit.evidence.retraining`."""


@dataclass(frozen=True)
class TrialNeed:
    """A learner taught on training units, and asked about the samples of both splits.

    It is a need of the training split; a sample of the evaluation split is drawn with it. Two needs
    of one draw are taught on nested units: the larger contains the smaller.

    Attributes:
        head: name of the model's output head.
        learner: `TRAIN`, or a name of `auditkit.learners.LEARNERS`.
        size: how many units of the training sample it is taught on, at most; 0 for all. Clusters
            are never cut.
        halvings: how often this number, or that of all labelled units where it is smaller, is
            halved: a ladder of sizes can be asked for before it is known how many units there are.
        draw: which of the random orders of these units, and seed of the learner.
        permuted: whether it is taught on permuted labels, of which there is nothing to learn but by
            heart.
        sample: number of units of each split at most.

    Raises:
        ValueError: a negative size, draw or number of halvings.
    """

    head: str
    learner: str
    size: int = 0
    draw: int = 0
    permuted: bool = False
    sample: int = 10_000
    halvings: int = 0

    def __post_init__(self) -> None:
        numbers = (self.size, self.draw, self.halvings)
        if min(numbers) < 0:
            raise ValueError(f"expected sizes, draws and halvings from 0, found {numbers}")


@dataclass(frozen=True)
class CostNeed:
    """What calls of the model take, on units of a random sample.

    Attributes:
        batch_sizes: units of a call, ascending.
        seconds: what timing may take in all.
        energy_seconds: for how long a meter is read beside the calls; 0 for not at all.
    """

    batch_sizes: tuple[int, ...] = (1, 8, 64)
    seconds: float = 1.0
    energy_seconds: float = 0.0

    @property
    def sample(self) -> int:
        """Number of units; a larger batch has some of them more than once."""
        return min(max(self.batch_sizes), 1024)
