"""Answers row by row, with what became of them: what the checks of generated text rest on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from auditkit.evidence.basis import Sample
from auditkit.evidence.collected import Evidence
from auditkit.evidence.hashing import blocks_of
from auditkit.evidence.subject import Subject
from auditkit.generation.correctness.outcome import Outcome
from auditkit.generation.generations import Generations


@dataclass(frozen=True, eq=False)
class AnswerRows:
    """Prompts with their answers and what became of these.

    It is what `auditkit.evidence.row_estimates` calls kept rows.

    Attributes:
        generations: n prompts with their answers.
        outcomes: what became of each greedy answer, codes of `Outcome`, int8 of shape (n,).
        groups: group attribute → the level of each row, text of shape (n,).
        sampled: whether only part of the split was read.
    """

    generations: Generations
    outcomes: np.ndarray
    groups: Mapping[str, np.ndarray]
    sampled: bool = False

    def __len__(self) -> int:
        return len(self.generations)

    @property
    def clusters(self) -> np.ndarray | None:
        """The cluster of each row, uint64; None where rows are independent."""
        return self.generations.clusters

    @property
    def blocks(self) -> np.ndarray | None:
        """The block of clusters that each row lies in, int64; None where rows are independent."""
        return None if self.clusters is None else blocks_of(self.clusters)

    @property
    def keys(self) -> np.ndarray:
        """Keyed hash of each row's id, uint64."""
        return self.generations.keys

    @property
    def held_out(self) -> np.ndarray:
        """The half that nothing is fitted on, bool; clusters are never cut."""
        return self.generations.held_out

    @property
    def sample(self) -> Sample:
        """What a number about all of the rows rests on."""
        return Sample.kept(len(self), self.clusters, sampled=self.sampled)

    @property
    def wrong(self) -> np.ndarray:
        """Which answers are wrong, bool; refusals and what nobody judged are not."""
        found: np.ndarray = self.outcomes == Outcome.WRONG
        return found

    @property
    def answered(self) -> np.ndarray:
        """Which were answered and judged: right or wrong, bool."""
        found: np.ndarray = (self.outcomes == Outcome.WRONG) | (self.outcomes == Outcome.RIGHT)
        return found

    def part(self, chosen: np.ndarray) -> AnswerRows:
        """Some of the rows, by a mask or by their positions."""
        return replace(
            self,
            generations=self.generations.part(chosen),
            outcomes=self.outcomes[chosen],
            groups={name: levels[chosen] for name, levels in self.groups.items()},
        )


def answer_rows(subject: Subject, evidence: Evidence, split: str) -> AnswerRows | str:
    """The answers of a split, or the reason why there are none.

    Args:
        subject: what is audited.
        evidence: with the generations of the split.
        split: whose rows.
    """
    from auditkit.generation.correctness.judging import outcomes_of

    of_split = evidence[split]
    generations, settings = of_split.generations, subject.generation
    if generations is None or settings is None or not len(generations):
        return "Nothing was generated."
    names = [declared.name for declared in subject.columns.groups]
    return AnswerRows(
        replace(generations, sampled=of_split.sampled),
        outcomes_of(generations, settings),
        {name: generations.groups(name) for name in names},
        of_split.sampled,
    )


__all__ = ["AnswerRows", "answer_rows"]
