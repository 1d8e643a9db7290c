"""The rows of both splits by what they hold, as the check of leakage sees them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from auditkit.checks.check import EVALUATION, TRAINING
from auditkit.checks.leakage.census import Rows
from auditkit.evidence.collected import Evidence, SplitEvidence
from auditkit.evidence.contents.reading import ANSWERS_ALONE, NOTHING
from auditkit.evidence.fingerprint_needs import FingerprintNeed
from auditkit.evidence.fingerprints import Fingerprints
from auditkit.evidence.needs import RowNeed, SplitNeed
from auditkit.evidence.subject import Subject

NEED = FingerprintNeed()
BY_CLUSTER = RowNeed(None, rows=500_000)
"""Which cluster each row is of: known of rows, too, whose content is not."""

NO_TRAINING = (
    "No training data are given, so whether evaluation rows were seen in training is not known; "
    "declare data.training to measure it."
)


def splits_of(subject: Subject) -> tuple[str, ...]:
    """The splits whose rows are looked at."""
    return tuple(split for split in (EVALUATION, TRAINING) if split in subject.splits)


def side_needs(subject: Subject) -> Iterator[SplitNeed]:
    """The rows of each split by what they hold, and by their clusters."""
    for split in splits_of(subject):
        yield SplitNeed(split, NEED)
        if subject.clustered:
            yield SplitNeed(split, BY_CLUSTER)


@dataclass(frozen=True, eq=False)
class Side:
    """The rows of one split.

    Attributes:
        split: its name.
        prints: what they hold, in the order of their keys.
        evidence: of the split.
    """

    split: str
    prints: Fingerprints
    evidence: SplitEvidence

    @classmethod
    def of(cls, evidence: Evidence, split: str) -> Side:
        """The rows of a split, as the pass has kept them."""
        of_split = evidence[split]
        return cls(split, of_split.fingerprints[NEED], of_split)

    @cached_property
    def rows(self) -> Rows:
        """The same as rows that numbers are about."""
        return Rows.of(self.prints, limited=self.evidence.sampled)

    @property
    def unread(self) -> str:
        """Why nothing is known of what the rows hold; "" if it is."""
        return self.prints.lacking if self.prints.lacking in (NOTHING, ANSWERS_ALONE) else ""

    @cached_property
    def by_cluster(self) -> tuple[np.ndarray, Rows] | None:
        """Keyed hashes of rows whose cluster is known, and these rows; None without clusters."""
        log = self.evidence.row_logs.get(BY_CLUSTER)
        if log is None:
            return None
        return log.rows, Rows(len(log), log.clusters, log.drawn, self.evidence.sampled)

    @property
    def all_clusters(self) -> tuple[np.ndarray, float] | None:
        """Hashes of the clusters of the split, and of what share of its rows; None without any.

        A pass knows up to some thousands of clusters whichever rows it has kept.
        """
        known, of_rows = self.evidence.clusters, self.by_cluster
        if known is not None and known.exact:
            return np.unique(known.keys), 1.0
        if of_rows is None or of_rows[1].clusters is None:
            return None
        log = self.evidence.row_logs[BY_CLUSTER]
        return of_rows[1].clusters, len(log) / max(log.rows_seen, 1) if log.sampled else 1.0


@dataclass(frozen=True, eq=False)
class Sides:
    """Both splits.

    Attributes:
        evaluation: the rows that scores are reported of.
        training: the rows that the model was trained on; None where there are none.
    """

    evaluation: Side
    training: Side | None

    @classmethod
    def of(cls, subject: Subject, evidence: Evidence) -> Sides:
        """The splits that there are."""
        training = Side.of(evidence, TRAINING) if TRAINING in subject.splits else None
        return cls(Side.of(evidence, EVALUATION), training)

    @property
    def lack(self) -> str:
        """Why the splits cannot be compared; "" where there are two."""
        return NO_TRAINING if self.training is None else ""

    @property
    def each(self) -> tuple[Side, ...]:
        """The splits that there are."""
        return (self.evaluation,) if self.training is None else (self.evaluation, self.training)

    @cached_property
    def cluster_shared(self) -> np.ndarray | None:
        """Whether the cluster of each row of `evaluation.by_cluster` has training rows, bool.

        None where no cluster is declared, or there are no training rows.
        """
        if self.training is None or self.evaluation.by_cluster is None:
            return None
        mine, theirs = self.evaluation.by_cluster[1].clusters, self.training.all_clusters
        return None if mine is None or theirs is None else np.isin(mine, theirs[0])
