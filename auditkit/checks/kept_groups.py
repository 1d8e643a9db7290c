"""Groups of rows that were kept one by one: who is in which, and what may be told of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Generic, Protocol, Self, TypeVar

import numpy as np
import pandas as pd

from auditkit.checks.estimation import telling
from auditkit.checks.groups import Groups, counted_groups, inside
from auditkit.evidence.basis import Sample
from auditkit.evidence.collected import SplitEvidence
from auditkit.evidence.row_estimates import KeptRows
from auditkit.evidence.subject import Subject
from auditkit.measurement import Slice
from auditkit.statistics.absence import MIN_KEPT


class GroupedRows(KeptRows, Protocol):
    """Rows whose groups are known, and of which some can be taken."""

    @property
    def groups(self) -> Mapping[str, np.ndarray]:
        """Group attribute → the level of each row, text of shape (n,)."""
        ...

    def part(self, chosen: np.ndarray) -> Self:
        """Some of the rows, by a mask or by their positions."""
        ...


Rows = TypeVar("Rows", bound=GroupedRows)


class KeptGroups(Generic[Rows]):
    """The groups of one attribute or intersection among rows that were kept one by one.

    Args:
        rows: that were kept, all or those with a label.
        subject: what is audited.
        evidence: of the split; holds `groups_need` of the attributes.
        attributes: of the groups.
        noun: what the rows are called, of which there are so many.

    Attributes:
        rows: all of them.
        places: the group of each row, as a number from 0 to `cells`, int64 of shape (n,).
        cells: how many groups there may be.
        groups: which there are, with samples that rest on the rows kept.
    """

    def __init__(
        self,
        rows: Rows,
        subject: Subject,
        evidence: SplitEvidence,
        attributes: tuple[str, ...],
        noun: str = "labelled row",
    ) -> None:  # the rows, and what is known of their groups
        levels = [pd.Index(evidence.levels[name]) for name in attributes]
        found = [
            index.get_indexer(pd.Index(rows.groups[name]))
            for name, index in zip(attributes, levels, strict=True)
        ]
        self.rows = rows
        self._shape = tuple(map(len, levels))
        self.cells = int(np.prod(self._shape))
        self.places = np.ravel_multi_index(tuple(found), self._shape)
        groups = counted_groups(subject, evidence, attributes).holding(self.counted())
        samples = {
            where: self._sample(sample, self._members(groups, where))
            for where, sample in groups.samples.items()
        }
        self.groups = replace(groups, samples=samples, noun=noun)

    def _sample(self, sample: Sample, members: np.ndarray) -> Sample:
        of_rows = self.rows.part(members).sample
        return replace(sample, rows=of_rows.rows, clusters=of_rows.clusters)

    def counted(self, chosen: np.ndarray | None = None) -> np.ndarray:
        """How many of the rows are in each group, by level of each attribute.

        Args:
            chosen: which of the rows, bool of shape (n,); all by default.
        """
        places = self.places if chosen is None else self.places[chosen]
        counts: np.ndarray = np.bincount(places, minlength=self.cells).reshape(self._shape)
        return counts

    def place(self, where: Slice) -> int:
        """The number of a group."""
        return int(np.ravel_multi_index(self.groups.cells[where], self._shape))

    def members(self, where: Slice) -> np.ndarray:
        """Which of the rows are of a group, bool of shape (n,)."""
        return self._members(self.groups, where)

    def _members(self, groups: Groups, where: Slice) -> np.ndarray:
        chosen: np.ndarray = self.places == np.ravel_multi_index(groups.cells[where], self._shape)
        return chosen

    def refuse_few(self, where: Slice, among: np.ndarray | None = None, what: str = "") -> None:
        """Refuse a number about fewer than five people, and one that would tell about these.

        Args:
            where: the group.
            among: which rows the number is a share of, bool of shape (n,); all by default.
            what: these rows in words, where they are not all.

        Raises:
            NoEstimateError: `too_few`.
        """
        self.groups.refuse_few(where)
        if among is None:
            return
        counted = self.counted(among)
        if 0 < counted[self.groups.cells[where]] < MIN_KEPT:
            raise telling(f"Too few units {what} are in {inside(where)}")
        self.groups.refuse_hidden(self.groups.withheld(counted), where)


__all__ = ["GroupedRows", "KeptGroups", "Rows"]
