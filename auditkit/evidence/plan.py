"""The plan: the union of all that checks ask for, each thing collected once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from auditkit.evidence.fingerprint_needs import FingerprintNeed
from auditkit.evidence.generation_needs import (
    CompletionNeed,
    GenerationNeed,
    GroundingNeed,
    HighlightNeed,
    LikelihoodNeed,
    PlantedSoundNeed,
)
from auditkit.evidence.needs import (
    BLOCK,
    ClassBinsNeed,
    Column,
    CountNeed,
    Need,
    ReviewNeed,
    RowNeed,
    SliceNeed,
    SplitNeed,
    SumNeed,
    serves,
)
from auditkit.evidence.sample_needs import AnswerNeed, AttributionNeed, CostNeed, TrialNeed
from auditkit.evidence.subject import Labels, Subject

_N = TypeVar(
    "_N",
    AnswerNeed,
    CountNeed,
    SumNeed,
    AttributionNeed,
    RowNeed,
    SliceNeed,
    ClassBinsNeed,
    ReviewNeed,
    TrialNeed,
    FingerprintNeed,
    CostNeed,
    GenerationNeed,
    LikelihoodNeed,
    PlantedSoundNeed,
    CompletionNeed,
    HighlightNeed,
    GroundingNeed,
)
_C = TypeVar("_C", CountNeed, SumNeed)


TRIED = ("training", "evaluation")
"""The splits that a learner is taught on and asked about."""


@dataclass(frozen=True)
class SplitPlan:
    """Everything to be collected in the one pass over a split.

    Attributes:
        drawn: how many units are drawn at least, for what is asked of several splits together.
        generation: what is heard while prompts are answered; None where nothing is generated.
        highlights: of which answers it is asked what they rest on.
        grounding: of how many rows claims are planted.
    """

    counts: tuple[CountNeed, ...]
    sums: tuple[SumNeed, ...]
    attributions: tuple[AttributionNeed, ...]
    rows: tuple[RowNeed, ...] = ()
    slices: tuple[SliceNeed, ...] = ()
    answers: tuple[AnswerNeed, ...] = ()
    class_bins: tuple[ClassBinsNeed, ...] = ()
    reviews: tuple[ReviewNeed, ...] = ()
    drawn: int = 0
    fingerprints: tuple[FingerprintNeed, ...] = ()
    costs: tuple[CostNeed, ...] = ()
    generation: GenerationNeed | None = None
    highlights: tuple[HighlightNeed, ...] = ()
    grounding: tuple[GroundingNeed, ...] = ()

    @property
    def sampled(self) -> int:
        """How many units are drawn for what is too dear for all of them; 0 for none."""
        sizes = [need.sample for need in self.attributions]
        sizes += [need.sample for need in self.costs]
        return max([self.drawn, *sizes, *(need.sample for need in self.answers)])


@dataclass(frozen=True)
class Plan:
    """What one audit collects.

    Attributes:
        splits: what is read of each split.
        trials: what learners are taught and asked once all splits are read.
        likelihoods, completions: texts that a generative model is asked about, of no split.
        sounds: sounds that a speech recogniser is asked about, of no split.
    """

    splits: Mapping[str, SplitPlan]
    trials: tuple[TrialNeed, ...] = ()
    likelihoods: tuple[LikelihoodNeed, ...] = ()
    completions: tuple[CompletionNeed, ...] = ()
    sounds: tuple[PlantedSoundNeed, ...] = ()


def make_plan(needs: Iterable[SplitNeed], subject: Subject) -> Plan:
    """The union of the needs, without what another need already contains.

    Where a cluster is declared, every count and sum gets the axis `block`, since no interval can
    be had without it.
    """
    by_split: dict[str, list[Need]] = {}
    for asked in needs:
        by_split.setdefault(asked.split, []).append(asked.need)
    every = [need for wanted in by_split.values() for need in wanted]
    trials = tuple(dict.fromkeys(_only(every, TrialNeed)))
    drawn = max((need.sample for need in trials), default=0)
    if trials:
        by_split = {**{split: [] for split in TRIED}, **by_split}
    return Plan(
        {
            split: _split_plan(wanted, subject, drawn if split in TRIED else 0)
            for split, wanted in by_split.items()
        },
        trials,
        tuple(dict.fromkeys(_only(every, LikelihoodNeed))),
        tuple(dict.fromkeys(_only(every, CompletionNeed))),
        tuple(dict.fromkeys(_only(every, PlantedSoundNeed))),
    )


def _split_plan(needs: list[Need], subject: Subject, drawn: int) -> SplitPlan:
    extra = (BLOCK,) if subject.clustered else ()
    apart = subject.labels is not Labels.ALL
    counts = [CountNeed(need.view, _axes(need.axes, extra)) for need in _only(needs, CountNeed)]
    sums = [
        SumNeed(need.view, need.value, _axes(need.axes, extra)) for need in _only(needs, SumNeed)
    ]
    return SplitPlan(
        counts=tuple(_without_contained(counts, apart=apart)),
        sums=tuple(_without_contained(sums, apart=apart)),
        attributions=tuple(dict.fromkeys(_only(needs, AttributionNeed))),
        rows=tuple(dict.fromkeys(_only(needs, RowNeed))),
        slices=tuple(dict.fromkeys(_only(needs, SliceNeed))),
        answers=tuple(dict.fromkeys(_only(needs, AnswerNeed))),
        class_bins=tuple(dict.fromkeys(_only(needs, ClassBinsNeed))),
        reviews=tuple(dict.fromkeys(_only(needs, ReviewNeed))),
        drawn=drawn,
        fingerprints=tuple(dict.fromkeys(_only(needs, FingerprintNeed))),
        costs=tuple(dict.fromkeys(_only(needs, CostNeed))),
        generation=_generation(_only(needs, GenerationNeed)),
        highlights=tuple(dict.fromkeys(_only(needs, HighlightNeed))),
        grounding=tuple(dict.fromkeys(_only(needs, GroundingNeed))),
    )


def _generation(needs: Sequence[GenerationNeed]) -> GenerationNeed | None:
    """One need that holds them all: prompts are answered once."""
    if not needs:
        return None
    return GenerationNeed(frozenset().union(*(need.parts for need in needs)))


def _only(needs: Iterable[Need], kind: type[_N]) -> list[_N]:
    return [need for need in needs if isinstance(need, kind)]


def _axes(axes: tuple[Column, ...], extra: tuple[Column, ...]) -> tuple[Column, ...]:
    return tuple(sorted({*axes, *extra}))


def _without_contained(needs: list[_C], *, apart: bool) -> list[_C]:
    kept: list[_C] = []
    # The largest first, so that whatever contains a need has been kept before it.
    for need in sorted(dict.fromkeys(needs), key=lambda need: -len(need.axes)):
        if not any(serves(larger, need, apart=apart) for larger in kept):
            kept.append(need)
    return kept
