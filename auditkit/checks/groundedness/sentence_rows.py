"""Sentences as the rows of a number: whose they are, and which of them depend on each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from auditkit.evidence.basis import Sample
from auditkit.evidence.hashing import blocks_of
from auditkit.generation.generations import Generations
from auditkit.generation.grounding.claims import Claim, claims_of


@dataclass(frozen=True, eq=False)
class SentenceRows:
    """The sentences of some answers.

    It is what `auditkit.evidence.row_estimates` calls kept rows. The independent unit is the
    declared cluster, else the answer: sentences of one answer stand or fall together.

    Attributes:
        claims: n sentences.
        units: the unit of each, uint64 of shape (n,).
        apart: whether each sentence is a unit of its own.
        groups: group attribute → the level of each sentence, text of shape (n,).
        sampled: whether only part of the split was read.
    """

    claims: tuple[Claim, ...]
    units: np.ndarray
    apart: bool
    groups: Mapping[str, np.ndarray]
    sampled: bool = False

    @classmethod
    def of(
        cls, claims: Sequence[Claim], generations: Generations, names: Sequence[str]
    ) -> SentenceRows:
        """The sentences with the groups of their rows.

        Args:
            claims: taken from the rows of `generations`.
            generations: of the split.
            names: of the declared groups.
        """
        places = np.array([one.row for one in claims], dtype=np.int64)
        units = np.array([one.unit for one in claims], dtype=np.uint64)
        apart = generations.clusters is None and len(np.unique(units)) == len(units)
        levels = {name: generations.groups(name)[places] for name in names}
        return cls(tuple(claims), units, apart, levels, generations.sampled)

    def __len__(self) -> int:
        return len(self.claims)

    @property
    def clusters(self) -> np.ndarray | None:
        """The unit of each sentence, uint64; None where each is one by itself."""
        return None if self.apart else self.units

    @property
    def blocks(self) -> np.ndarray | None:
        """The block of units that each sentence lies in, int64; None where each is a unit."""
        return None if self.apart else blocks_of(self.units)

    @property
    def sample(self) -> Sample:
        """What a number about all of the sentences rests on."""
        return Sample.kept(len(self), self.clusters, sampled=self.sampled)

    def part(self, chosen: np.ndarray) -> SentenceRows:
        """Some of the sentences, by a mask or by their positions."""
        places = np.arange(len(self))[chosen]
        return SentenceRows(
            tuple(self.claims[place] for place in places),
            self.units[places],
            self.apart,
            {name: levels[places] for name, levels in self.groups.items()},
            self.sampled,
        )


def answer_sentences(generations: Generations, names: Sequence[str]) -> SentenceRows:
    """The sentences of all answers that were given a context."""
    return SentenceRows.of(claims_of(generations), generations, names)


@dataclass(frozen=True, eq=False)
class Labelled:
    """The sentences of answers of which people said which sentences are supported.

    Attributes:
        rows: n sentences.
        places: of each, its place among all sentences of answers, int64 of shape (n,).
        supported: what people found, bool of shape (n,).
        unmatched: answers with another number of labels than of sentences, which are left out.
    """

    rows: SentenceRows
    places: np.ndarray
    supported: np.ndarray
    unmatched: int

    @property
    def reason(self) -> str:
        """Which answers are left out, a full sentence; "" if none are."""
        if not self.unmatched:
            return ""
        return (
            f"{self.unmatched:,} answers with another number of labels than of sentences are left "
            "out."
        )


def labelled_sentences(generations: Generations, rows: SentenceRows) -> Labelled:
    """Those of the sentences that have a label; a label for each sentence of an answer, or none.

    Args:
        generations: of the split.
        rows: the sentences of its answers.
    """
    of_row: dict[int, list[int]] = {}
    for place, claim in enumerate(rows.claims):
        of_row.setdefault(claim.row, []).append(place)
    chosen: list[int] = []
    supported: list[bool] = []
    unmatched = 0
    for row, evidence in enumerate(generations.rows):
        labels, places = evidence.question.supported, of_row.get(row, [])
        if len(labels) == len(places):
            chosen += places
            supported += labels
        else:
            unmatched += bool(labels)
    at = np.array(chosen, dtype=np.int64)
    return Labelled(rows.part(at), at, np.array(supported, dtype=bool), unmatched)


__all__ = ["Labelled", "SentenceRows", "answer_sentences", "labelled_sentences"]
