"""Numbers of all rows and of groups of them, made in the same way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeAlias

import numpy as np

from auditkit.checks.answer_rows import AnswerRows
from auditkit.checks.estimation import estimated
from auditkit.checks.groundedness.numbers import key_of
from auditkit.checks.groundedness.sentence_rows import SentenceRows
from auditkit.checks.groups import Groups
from auditkit.checks.kept_groups import KeptGroups
from auditkit.evidence.collected import SplitEvidence
from auditkit.evidence.subject import Subject
from auditkit.measurement import Estimate, Measurement, Slice

Rows: TypeAlias = AnswerRows | SentenceRows


@dataclass(frozen=True, eq=False)
class Sliceable:
    """A number that can be had of any part of some rows.

    Attributes:
        name: of the metric, without its family.
        rows: all of them.
        noun: what they are called.
        estimate: from which of the rows, bool of shape (n,), to the number of these.
        reason: what must be known of it; "" for nothing.
        label: of the measurement.
        judged: whether a policy may judge by it.
    """

    name: str
    rows: Rows
    noun: str
    estimate: Callable[[np.ndarray], Estimate]
    reason: str = ""
    label: str = ""
    judged: bool = True

    def of_all(self) -> Measurement:
        """The number of all rows."""
        every = np.ones(len(self.rows), dtype=bool)
        made = partial(self.estimate, every)
        found = estimated(key_of(self.name, self.label), made, self.rows.sample, self.reason)
        return found if self.judged else replace(found, estimate=None)

    def of_groups(
        self, subject: Subject, split: SplitEvidence, attributes: tuple[str, ...]
    ) -> tuple[Groups, list[Measurement]]:
        """The number of each group of one attribute or intersection.

        Args:
            subject: what is audited.
            split: with the groups of all rows.
            attributes: of the groups.
        """
        kept: KeptGroups[Rows] = KeptGroups(self.rows, subject, split, attributes, self.noun)
        return kept.groups, list(self._within(kept))

    def _within(self, kept: KeptGroups[Rows]) -> Iterator[Measurement]:
        for where in kept.groups.samples:
            found = estimated(
                key_of(self.name, self.label, where),
                partial(self._of_group, kept, where),
                kept.groups.sample(where),
                self.reason,
            )
            yield found if self.judged else replace(found, estimate=None)

    def _of_group(self, kept: KeptGroups[Rows], where: Slice) -> Estimate:
        kept.refuse_few(where)
        return self.estimate(kept.members(where))


__all__ = ["Rows", "Sliceable"]
