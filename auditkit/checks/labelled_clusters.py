"""How many clusters the labelled rows are of, where some rows have no label.

A pass counts the clusters of all rows, and not those of the labelled ones; but which of the 64
blocks of clusters have a labelled row is in every count that rests on labels.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from auditkit.checks.estimation import Sample
from auditkit.checks.groups import Groups
from auditkit.evidence.clusters import Clusters
from auditkit.evidence.collected import SplitEvidence
from auditkit.evidence.hashing import BLOCKS, blocks_of
from auditkit.evidence.needs import BLOCK, CountNeed, rests_on_labels
from auditkit.measurement import Slice
from auditkit.statistics.occupancy import clusters_among


def clusters_with_rows(
    evidence: SplitEvidence, held: np.ndarray, where: Slice | None = None
) -> int | None:
    """About how many clusters some rows are of; None where no cluster is declared.

    It is exact where each block has one cluster, and where the rows are in all blocks that have
    any; else the likeliest number, rounded (`clusters_among`). Of 20 to 2,000 clusters, 8 with a
    label are taken for 10 in under 1 % of simulations, and 12 for fewer than 10 in about 1 %.

    Args:
        evidence: of the split.
        held: bool `[64]`, the blocks in which the rows are.
        where: the group that all of these rows are of; all rows by default.
    """
    if evidence.clusters is None:
        return None
    group = where or Slice()
    most = evidence.clusters.number(group)
    kept = np.unique(evidence.clusters.keys[_inside(evidence.clusters, group)])
    members: np.ndarray = np.bincount(blocks_of(kept), minlength=BLOCKS)
    # Of very many clusters a sample is kept, which is spread over the blocks as all of them are.
    scaled = members * (most / max(len(kept), 1))
    return min(round(clusters_among(scaled, held)), most)


def labelled_blocks(evidence: SplitEvidence) -> np.ndarray | None:
    """Whether each block has a labelled row, bool `[64]`; None where no count tells."""
    counts = [need for need in evidence.counts if _tells(need)]
    if counts:
        least = min(counts, key=lambda need: len(need.axes))
        found: np.ndarray = evidence.counts[least].marginal(str(BLOCK)).values
        return found > 0
    sums = [need for need in evidence.sums if BLOCK in need.axes and rests_on_labels(need)]
    if not sums:
        return None
    first = min(sums, key=lambda need: len(need.axes))
    numbers, *_ = evidence.sums[first].marginal(str(BLOCK)).of(first.value)
    return np.asarray(numbers > 0)


def groups_of_labelled(groups: Groups, numbers: np.ndarray) -> Groups:
    """Groups with samples that rest on their labelled rows, and on the clusters that have some.

    Args:
        groups: of all rows.
        numbers: of labelled rows, by block and by level of each attribute.
    """
    held = groups.holding(numbers.sum(axis=0))

    def labelled(where: Slice, sample: Sample) -> Sample:
        if sample.clusters is None:
            return sample
        blocks = held.part(numbers, where) > 0
        clusters = clusters_with_rows(groups.evidence, blocks, where) or 0
        return replace(sample, clusters=min(clusters, sample.rows))

    samples = {where: labelled(where, sample) for where, sample in held.samples.items()}
    return replace(held, samples=samples)


def _tells(need: CountNeed) -> bool:
    return BLOCK in need.axes and rests_on_labels(need)


def _inside(clusters: Clusters, where: Slice) -> np.ndarray:
    """Which pairs of groups and cluster are of a group, bool of shape (pairs,)."""
    chosen = np.ones(len(clusters.keys), dtype=bool)
    for attribute, level in where.conditions:
        column, known = list(clusters.levels).index(attribute), clusters.levels[attribute]
        chosen &= clusters.codes[:, column] == (known.index(level) if level in known else -1)
    return chosen
