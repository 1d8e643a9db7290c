"""Rows of a further table that a generative model is asked about, as estimates know them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from auditkit.evidence.asked import Completions, Likelihoods, NotAsked
from auditkit.evidence.basis import Sample
from auditkit.evidence.collected import Evidence
from auditkit.evidence.generation_needs import AskedNeed
from auditkit.evidence.hashing import blocks_of, hashes
from auditkit.evidence.subject import Subject
from auditkit.generation import probe_cells
from auditkit.models.generators.answer import Answer

Table = Mapping[str, tuple[Any, ...]]
NO_GENERATOR = "The model gives numbers or classes, not texts."


@dataclass(frozen=True, eq=False)
class ProbeRows:
    """How many rows there are, and which belong together.

    It is what `auditkit.evidence.row_estimates` calls kept rows.

    Attributes:
        count: number of rows.
        clusters: hash of each row's cluster, uint64 of shape (count,); None where rows are
            independent.
    """

    count: int
    clusters: np.ndarray | None = None

    @classmethod
    def of(cls, table: Table) -> ProbeRows:
        """The rows of a table.

        Their clusters are those of its column `cluster`; without it rows of the same `pair` belong
        together, where some have one.
        """
        count = len(next(iter(table.values())))
        named = np.array(column(table, "cluster" if "cluster" in table else "pair"), dtype=object)
        if "cluster" not in table and ("pair" not in table or len(set(named.tolist())) == count):
            return cls(count)
        return cls(count, hashes(named))

    def __len__(self) -> int:
        return self.count

    @property
    def blocks(self) -> np.ndarray | None:
        """The block of clusters that each row lies in, int64; None where rows are independent."""
        return None if self.clusters is None else blocks_of(self.clusters)

    @property
    def sample(self) -> Sample:
        """What a number about all of the rows rests on."""
        return Sample.kept(self.count, self.clusters, sampled=False)

    def part(self, chosen: np.ndarray) -> ProbeRows:
        """Some of the rows, by a mask or by their positions."""
        clusters = None if self.clusters is None else self.clusters[chosen]
        return ProbeRows(len(np.arange(self.count)[chosen]), clusters)


def probe_of(subject: Subject, called: str) -> Table | None:
    """A further table of the audit; None where it is not given."""
    return None if subject.generation is None else subject.generation.probes.get(called)


def column(table: Table, called: str, instead: str = "") -> tuple[str, ...]:
    """A column of names; the same name in each row where the table lacks it."""
    if called not in table:
        return (instead,) * len(next(iter(table.values())))
    return tuple(probe_cells.name(cell) for cell in table[called])


def lack_of(evidence: Evidence, need: AskedNeed) -> str:
    """Why the model said nothing of what it was asked; "" if it did."""
    found = evidence.asked[need]
    return found.reason if isinstance(found, NotAsked) else ""


def totals_of(evidence: Evidence, need: AskedNeed) -> np.ndarray:
    """The log-probability of each continuation, nats, float64 of shape (n,).

    NaN where it is none: the model gave no number, or the tokenizer makes no token of the text, so
    that nothing was said of it.
    """
    return np.array([float(one.sum(dtype=np.float64)) if len(one) else np.nan
                     for one in token_log_probs(evidence, need)])  # fmt: skip


def token_log_probs(evidence: Evidence, need: AskedNeed) -> Sequence[np.ndarray]:
    """The log-probability of each token of each continuation, nats."""
    found = evidence.asked[need]
    assert isinstance(found, Likelihoods)  # see lack_of
    return found.log_probs


def completions_of(evidence: Evidence, need: AskedNeed) -> Sequence[Answer]:
    """How the model went on from each prompt."""
    found = evidence.asked[need]
    assert isinstance(found, Completions)  # see lack_of
    return found.answers


__all__ = [
    "NO_GENERATOR",
    "ProbeRows",
    "Table",
    "column",
    "completions_of",
    "lack_of",
    "probe_of",
    "token_log_probs",
    "totals_of",
]
