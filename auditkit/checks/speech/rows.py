"""Transcripts row by row, with their errors: what the check of speech rests on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from auditkit.checks.speech.repetition import compression_ratio, loops
from auditkit.checks.speech.words import word_errors, words_of
from auditkit.evidence.basis import Sample
from auditkit.evidence.collected import SplitEvidence
from auditkit.evidence.hashing import blocks_of
from auditkit.evidence.subject import Subject
from auditkit.generation.evidence import GenerationEvidence


@dataclass(frozen=True, eq=False)
class SpokenRows:
    """Sounds that were transcribed. It is what `auditkit.evidence.row_estimates` calls kept rows.

    Attributes:
        errors: words inserted, left out or replaced, int64 of shape (n,).
        words: words that were said, int64 of shape (n,); 0 where nobody says what was said.
        compression: bytes over compressed bytes, float64 of shape (n,); NaN of an empty transcript.
        looped: whether the transcript repeats itself as nobody speaks, bool of shape (n,).
        clusters: the cluster of each row, uint64; None where rows are independent.
        groups: group attribute → the level of each row, text of shape (n,).
        sampled: whether only part of the split was read.
    """

    errors: np.ndarray
    words: np.ndarray
    compression: np.ndarray
    looped: np.ndarray
    clusters: np.ndarray | None
    groups: Mapping[str, np.ndarray]
    sampled: bool = False

    def __len__(self) -> int:
        return len(self.errors)

    @property
    def blocks(self) -> np.ndarray | None:
        """The block of clusters that each row lies in, int64; None where rows are independent."""
        return None if self.clusters is None else blocks_of(self.clusters)

    @property
    def sample(self) -> Sample:
        """What a number about all of the rows rests on."""
        return Sample.kept(len(self), self.clusters, sampled=self.sampled)

    @property
    def referenced(self) -> np.ndarray:
        """Of which it is known what was said, bool of shape (n,)."""
        found: np.ndarray = self.words > 0
        return found

    def part(self, chosen: np.ndarray) -> SpokenRows:
        """Some of the rows, by a mask or by their positions."""
        return replace(
            self,
            errors=self.errors[chosen],
            words=self.words[chosen],
            compression=self.compression[chosen],
            looped=self.looped[chosen],
            clusters=None if self.clusters is None else self.clusters[chosen],
            groups={name: levels[chosen] for name, levels in self.groups.items()},
        )


def spoken_rows(subject: Subject, evidence: SplitEvidence) -> SpokenRows | str:
    """The transcripts of a split, or the reason why there are none.

    Case and punctuation count where the settings of correctness say `exact`.
    """
    generations, settings = evidence.generations, subject.generation
    if generations is None or settings is None or not len(generations):
        return "Nothing was transcribed."
    exact = settings.correctness.kind == "exact"
    counted = [_errors(row, exact=exact) for row in generations.rows]
    texts = [row.greedy.text for row in generations.rows]
    ratios = [compression_ratio(text.strip()) for text in texts]
    return SpokenRows(
        errors=np.array([errors for errors, _ in counted], dtype=np.int64),
        words=np.array([words for _, words in counted], dtype=np.int64),
        compression=np.array([np.nan if one is None else one for one in ratios]),
        looped=np.array([_looped(row) for row in generations.rows], dtype=bool),
        clusters=generations.clusters,
        groups={one.name: generations.groups(one.name) for one in subject.columns.groups},
        sampled=evidence.sampled,
    )


def _errors(row: GenerationEvidence, *, exact: bool) -> tuple[int, int]:
    references = tuple(
        one for one in row.question.references if words_of(one, exact=exact)
    )  # one without words says nothing of a rate of words
    if not references:
        return 0, 0
    return word_errors(references, row.greedy.text, exact=exact)


def _looped(row: GenerationEvidence) -> bool:
    """Whether it loops where what was said does not."""
    said = any(loops(words_of(one)) for one in row.question.references)
    return not said and loops(words_of(row.greedy.text))


__all__ = ["SpokenRows", "spoken_rows"]
