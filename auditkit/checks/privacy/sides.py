"""Members of the training data, others, and what an attack gave of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from auditkit.evidence.basis import Sample
from auditkit.evidence.outcome_rows import OutcomeRows
from auditkit.measurement import Estimate
from auditkit.statistics.cautious_auc import cautious_auc
from auditkit.statistics.crossed_auc import crossed_auc
from auditkit.statistics.sides import Sides


@dataclass(frozen=True, eq=False)
class Known:
    """Members, on which the model was trained, and others, on which it was not.

    Attributes:
        members: labelled rows of the training split.
        others: labelled rows of the evaluation split.
    """

    members: OutcomeRows
    others: OutcomeRows

    @property
    def rows(self) -> tuple[OutcomeRows, OutcomeRows]:
        """Members and others."""
        return self.members, self.others

    def __len__(self) -> int:
        return len(self.members) + len(self.others)

    @cached_property
    def is_member(self) -> np.ndarray:
        """Of the members and then of the others, bool of shape (n,)."""
        return np.arange(len(self)) < len(self.members)

    @cached_property
    def held_out(self) -> np.ndarray:
        """The half of each, bool of shape (n,); a cluster is in one half, on both sides too."""
        return np.concatenate([one.held_out for one in self.rows])

    @cached_property
    def target(self) -> np.ndarray:
        """True classes, or numbers, of shape (n,)."""
        return np.concatenate([one.target for one in self.rows])

    @cached_property
    def units(self) -> np.ndarray | None:
        """The cluster of each as a number, int64 of shape (n,); None where rows are independent."""
        of_members, of_others = (one.clusters for one in self.rows)
        if of_members is None or of_others is None:
            return None
        clusters = np.concatenate([of_members, of_others])
        return np.unique(clusters, return_inverse=True)[1].astype(np.int64)

    @property
    def sample(self) -> Sample:
        """What a comparison of both rests on: the side that has fewer."""
        one, other = (side.sample for side in self.rows)
        clusters = None
        if one.clusters is not None and other.clusters is not None:
            clusters = min(one.clusters, other.clusters)
        return Sample(min(one.rows, other.rows), clusters, sampled=one.sampled or other.sampled)

    @property
    def fewest(self) -> int:
        """Independent units on the side that has fewer."""
        return self.sample.units

    @property
    def drawn(self) -> str:
        """Sentences on which rows these are; "" if they are all."""
        found = (("members", self.members.drawn), ("non-members", self.others.drawn))
        return " ".join(f"Of the {name}: {one[:1].lower()}{one[1:]}" for name, one in found if one)

    def part(self, chosen: np.ndarray) -> Known:
        """Some of them, by a mask of shape (n,)."""
        split = len(self.members)
        return Known(self.members.part(chosen[:split]), self.others.part(chosen[split:]))

    def beginning(self, most: int) -> Known:
        """The first of each side, so many at most; they were drawn at random."""
        return Known(*(one.part(np.arange(min(most, len(one)))) for one in self.rows))


@dataclass(frozen=True, eq=False)
class Scored:
    """What an attack gave.

    Attributes:
        known: whom it was asked about.
        scores: higher where it takes a unit for a member, float64 of shape (n,).
        crossed: whether each half was scored by what had been fitted on the other half, so that
            scores are comparable within a half alone.
    """

    known: Known
    scores: np.ndarray
    crossed: bool = False

    def part(self, chosen: np.ndarray) -> Scored:
        """Some of the units, by a mask of shape (n,)."""
        return replace(self, known=self.known.part(chosen), scores=self.scores[chosen])

    @property
    def sides(self) -> Sides:
        """The scores of members and of others, as statistics read them."""
        member, units = self.known.is_member, self.known.units
        return Sides(
            self.scores[member],
            self.scores[~member],
            None if units is None else (units[member], units[~member]),
        )

    @property
    def halves(self) -> Iterator[Scored]:
        """Both halves; all units where the scores are on one scale."""
        if not self.crossed:
            yield self
            return
        for half in (False, True):
            yield self.part(self.known.held_out == half)

    def auc(self) -> Estimate:
        """The probability that a member scores above a non-member, ties counted half.

        Raises:
            ValueError: fewer than two scores on a side, or one that is not finite.
        """
        if self.crossed:
            return crossed_auc([half.sides for half in self.halves])
        return cautious_auc(self.sides)
