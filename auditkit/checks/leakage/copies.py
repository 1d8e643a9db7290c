"""Rows that hold what other rows hold, exactly or nearly: between the splits, and within each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from auditkit.checks.check import BETWEEN
from auditkit.checks.estimation import absent, estimated
from auditkit.checks.leakage.census import Rows, counted, reach, share
from auditkit.checks.leakage.metrics import EXACT, NEAR, NEARLY_REPEATED, REPEATED, key_of
from auditkit.checks.leakage.sides import Side, Sides
from auditkit.evidence.fingerprints import Fingerprints
from auditkit.measurement import Measurement, MeasurementKey, Metric, Status
from auditkit.statistics.contents import Contents
from auditkit.statistics.nearness import Background, background
from auditkit.statistics.neighbours import Pairs, across, within


@dataclass(frozen=True, eq=False)
class Copies:
    """The copies among the rows of both splits.

    Attributes:
        sides: the rows.
    """

    sides: Sides

    @property
    def lack(self) -> str:
        """Why the splits cannot be compared by what rows hold; "" if they can."""
        return self.sides.lack or next((side.unread for side in self.sides.each if side.unread), "")

    @cached_property
    def contents(self) -> dict[str, Contents]:
        """Split → what its rows hold; without vectors where those of the two cannot be compared."""
        prints = {side.split: side.prints for side in self.sides.each if not side.unread}
        comparable = len({one.vectors.shape[1] for one in prints.values() if len(one)}) <= 1
        return {
            split: Contents(one.content, one.vectors if comparable else one.vectors[:, :0])
            for split, one in prints.items()
        }

    @cached_property
    def usual(self) -> dict[str, Background]:
        """Split → how near its rows lie to each other that are no copies."""
        return {split: background(contents) for split, contents in self.contents.items()}

    @cached_property
    def between(self) -> Pairs | None:
        """Evaluation rows and what they are copies of; None where that cannot be said."""
        if self.sides.training is None or self.lack:
            return None
        mine, theirs = (self.contents[side.split] for side in self.sides.each)
        return across(mine, theirs, self.usual[self.sides.training.split])

    @cached_property
    def inside(self) -> dict[str, Pairs]:
        """Split → its rows that are copies of an earlier one of it."""
        return {split: within(each, self.usual[split]) for split, each in self.contents.items()}

    @cached_property
    def leaked(self) -> np.ndarray | None:
        """Which evaluation rows are a copy, exact or near, of a training row, bool of shape (n,).

        None where the splits cannot be compared.
        """
        pairs = self.between
        return None if pairs is None else _flags(self.sides.evaluation.rows, pairs.first)

    @cached_property
    def looked_at(self) -> np.ndarray:
        """Of which evaluation rows it is known whether they are copies, bool of shape (n,)."""
        pairs, size = self.between, len(self.sides.evaluation.prints)
        searched = size if pairs is None or pairs.lacking else pairs.searched
        known: np.ndarray = np.arange(size) < searched
        return known

    @cached_property
    def groups(self) -> dict[str, np.ndarray]:
        """Split → a code of what each row holds, the same in both splits, int64 of shape (n,)."""
        prints = [side.prints.content for side in self.sides.each]
        joined = np.concatenate(prints)
        order = np.lexsort((joined[:, 1], joined[:, 0]))
        new = np.ones(len(order), dtype=np.int64)
        new[1:] = (joined[order[1:]] != joined[order[:-1]]).any(axis=1)
        codes = np.empty(len(order), dtype=np.int64)
        codes[order] = np.cumsum(new) - 1
        parts = np.split(codes, np.cumsum([len(one) for one in prints])[:-1])
        return {side.split: part for side, part in zip(self.sides.each, parts, strict=True)}


def _flags(rows: Rows, places: np.ndarray) -> np.ndarray:
    found = np.zeros(len(rows), dtype=np.bool_)
    found[places] = True
    return found


def copy_shares(copies: Copies) -> Iterator[Measurement]:
    """The share of copies between the splits and within each, exact and near."""
    sides = copies.sides
    evaluation, pairs = sides.evaluation, copies.between
    if pairs is None or sides.training is None:
        for metric in (EXACT, NEAR):
            yield absent(key_of(metric), Status.NOT_APPLICABLE, copies.lack, evaluation.rows.sample)
    else:
        others = sides.training.prints
        yield from _shares(pairs, evaluation.rows, (EXACT, NEAR), BETWEEN, others)
    for side in sides.each:
        yield from _within(copies, side)


def _within(copies: Copies, side: Side) -> Iterator[Measurement]:
    metrics = (REPEATED, NEARLY_REPEATED)
    if side.unread:
        for metric in metrics:
            key = key_of(metric, side.split)
            yield absent(key, Status.NOT_APPLICABLE, side.unread, side.rows.sample)
        return
    yield from _shares(copies.inside[side.split], side.rows, metrics, side.split, side.prints)


def _shares(
    pairs: Pairs, rows: Rows, metrics: tuple[Metric, Metric], split: str, others: Fingerprints
) -> Iterator[Measurement]:
    """The share of exact and that of near copies.

    Args:
        pairs: the copies.
        rows: among which they are.
        metrics: of exact and of near copies.
        split: of the keys.
        others: what they were compared with.
    """
    exact, near = (key_of(metric, split) for metric in metrics)
    met = reach(others)
    sampled = others.drawn if split == BETWEEN else ""
    # Within a split, rows that were not searched are no rows that others were compared with.
    cut = 1.0 if split == BETWEEN or not len(rows) else pairs.searched / len(rows)
    flags = _flags(rows, pairs.first[pairs.exact])
    said = counted(flags, rows, f"are exact copies of {_whose(split)}", sampled)
    yield estimated(exact, partial(share, flags, rows, met), rows.sample, said)
    if pairs.lacking:
        yield absent(near, Status.NOT_APPLICABLE, pairs.lacking, rows.sample)
    else:
        yield _near(near, pairs, rows, met * min(cut, 1.0), sampled)


def _whose(split: str) -> str:
    return "training rows" if split == BETWEEN else "an earlier row of the split"


def _near(key: MeasurementKey, pairs: Pairs, rows: Rows, met: float, sampled: str) -> Measurement:
    searched = _searched(pairs, rows)
    flags = _flags(rows, pairs.first[~pairs.exact])[: len(searched)]
    said = counted(flags, searched, f"are near copies of {_whose(key.split)}", sampled)
    return estimated(key, partial(share, flags, searched, met), searched.sample, said)


def _searched(pairs: Pairs, rows: Rows) -> Rows:
    """The rows of which near copies were looked for; the first ones, by a hash of their ids."""
    size = min(pairs.searched, len(rows))
    if size == len(rows):
        return rows
    drawn = (
        f"Near copies were looked for among a random sample of {size:,} of {len(rows):,} rows, "
        "drawn by a keyed hash of their ids, so that the search stays within some seconds."
    )
    clusters = None if rows.clusters is None else rows.clusters[:size]
    return Rows(size, clusters, drawn, rows.limited)
