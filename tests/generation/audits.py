"""A subject and evidence of generated answers, as a pass would have collected them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from auditkit.checks.groups import groups_need
from auditkit.data.columns import Columns, Group
from auditkit.evidence.aims import Aims
from auditkit.evidence.clusters import Clusters
from auditkit.evidence.collected import Evidence, SplitEvidence
from auditkit.evidence.hashing import hashes
from auditkit.evidence.subject import Subject
from auditkit.generation.generations import Generations
from auditkit.generation.settings import GenerationSettings
from auditkit.statistics.axes import Axis
from auditkit.statistics.counts import Counts


def audited(
    generations: Generations,
    *groups: str,
    aims: Aims | None = None,
    intersections: tuple[tuple[str, ...], ...] = (),
    **settings: Any,
) -> tuple[Subject, Evidence]:
    """An audit of these answers: what was declared, and what was collected.

    Args:
        generations: of the evaluation split.
        groups: declared attributes.
        aims: of the user.
        intersections: declared ones.
        settings: of `GenerationSettings`.
    """
    generations = _hashed(generations)
    clusters = generations.clusters
    columns = Columns(
        label=None,
        groups=tuple(Group(name, name) for name in groups),
        intersections=intersections,
        cluster=None if clusters is None else "entity",
    )
    subject = Subject(
        (), ("evaluation",), columns, aims=aims or Aims(), generation=GenerationSettings(**settings)
    )
    levels = {name: tuple(sorted(set(generations.groups(name)))) for name in groups}
    codes = {
        name: np.searchsorted(np.array(found), generations.groups(name).astype(str))
        for name, found in levels.items()
    }
    counts = {groups_need(names): _counted(names, levels, codes) for names in subject.slicings}
    of_clusters = None
    if clusters is not None:
        stacked = (
            np.stack([codes[name] for name in groups], 1)
            if groups
            else np.zeros((len(clusters), 0), np.int64)
        )
        of_clusters = Clusters.of(levels, stacked, clusters)
    split = SplitEvidence(
        len(generations), counts, {}, levels, of_clusters, generations=generations
    )
    return subject, Evidence({"evaluation": split})


def _hashed(generations: Generations) -> Generations:
    """Clusters as a pass hashes them."""
    found = generations.clusters
    if found is None:
        return generations
    rows = tuple(
        replace(row, question=replace(row.question, cluster=int(cluster)))
        for row, cluster in zip(generations.rows, hashes(found), strict=True)
    )
    return replace(generations, rows=rows)


def _counted(
    names: tuple[str, ...], levels: dict[str, tuple[str, ...]], codes: dict[str, np.ndarray]
) -> Counts:
    axes = [Axis(f"group:{name}", levels[name], open=True) for name in names]
    shape = tuple(len(levels[name]) for name in names)
    flat = np.ravel_multi_index(tuple(codes[name] for name in names), shape)
    values = np.bincount(flat, minlength=int(np.prod(shape))).reshape(shape)
    return Counts(axes, values.astype(np.int64))


def independent(generations: Generations) -> Generations:
    """The same answers, no two of which are of one cluster."""
    return replace(
        generations,
        rows=tuple(
            replace(row, question=replace(row.question, cluster=None)) for row in generations.rows
        ),
    )
