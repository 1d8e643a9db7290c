"""What one threshold for all does to each group: how much is answered, and how often wrongly."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Generic, Protocol

import numpy as np

from auditkit.checks.estimation import NoEstimateError, concealed, estimated, undefined
from auditkit.checks.groups import inside
from auditkit.checks.kept_groups import KeptGroups, Rows
from auditkit.evidence.basis import Sample
from auditkit.evidence.row_estimates import share_of
from auditkit.measurement import Estimate, Measurement, MeasurementKey, Slice
from auditkit.statistics.abstention import Threshold

_WORDS = "that are answered"


class Choosing(Protocol):
    """Whatever has a threshold, or none."""

    @property
    def usable(self) -> bool:
        """Whether there is a threshold, and something to measure it on."""
        ...

    def found(self) -> Threshold:
        """The threshold.

        Raises:
            NoEstimateError, ValueError: there is none.
        """
        ...


@dataclass(frozen=True, eq=False)
class AnsweredGroups(Generic[Rows]):
    """Groups among held-out rows, and which rows are answered.

    Attributes:
        groups: among the held-out rows, n of them.
        chosen: has the threshold, which is that of all rows together.
        answered: which rows are answered, bool of shape (n,); asked only where there is a
            threshold.
        wrong: which rows are wrong, bool of shape (n,).
        noun: what the rows are called.
    """

    groups: KeptGroups[Rows]
    chosen: Choosing
    answered: Callable[[], np.ndarray]
    wrong: np.ndarray
    noun: str

    def measured(
        self, coverage: Callable[[Slice], MeasurementKey], error: Callable[[Slice], MeasurementKey],
        basis: str,
    ) -> Iterator[Measurement]:  # fmt: skip
        """Both numbers of each group.

        Args:
            coverage, error: the keys of a group's.
            basis: what must be known of all of them.
        """
        for where in self.groups.groups.samples:
            whole = self.groups.groups.sample(where)
            yield estimated(coverage(where), partial(self._coverage, where), whole, basis)
            given = self._given_sample(where)
            yield estimated(error(where), partial(self._error, where), given, basis)

    def _given_sample(self, where: Slice) -> Sample:
        """What the error among a group's answers rests on; where that is not told, not how many."""
        sample = self.groups.groups.sample(where)
        if not self.chosen.usable:
            return sample
        answered = self.answered()
        given = self.groups.rows.part(self.groups.members(where) & answered).sample
        sample = replace(sample, rows=given.rows, clusters=given.clusters)
        hidden = self.groups.groups.withheld(self.groups.counted(answered))
        return concealed(sample) if where in hidden else sample

    def _coverage(self, where: Slice) -> Estimate:
        self.groups.refuse_few(where)
        self._refuse_without_threshold()
        members = self.groups.members(where)
        return share_of(self.answered()[members], self.groups.rows.part(members))

    def _error(self, where: Slice) -> Estimate:
        self.groups.refuse_few(where)
        self._refuse_without_threshold()
        given = self.groups.members(where) & self.answered()
        if not given.any():
            raise undefined(f"None of the held-out {self.noun} of {inside(where)} is answered.")
        self.groups.refuse_few(where, self.answered(), _WORDS)
        return share_of(self.wrong[given], self.groups.rows.part(given))

    def _refuse_without_threshold(self) -> None:
        try:
            self.chosen.found()
        except NoEstimateError as none:
            reason = f"There is no threshold for all {self.noun} together; their coverage says why."
            raise NoEstimateError(none.status, reason) from none


__all__ = ["AnsweredGroups", "Choosing"]
