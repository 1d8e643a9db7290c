"""Copies by row id, for whoever clears them out: only where the user asks for rows.

Row ids may name people, so that no record keeps them unless `aims.review` says how many.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from auditkit.checks.check import Findings
from auditkit.checks.leakage.copies import Copies
from auditkit.checks.leakage.sides import Side
from auditkit.measurement import Figure
from auditkit.statistics.neighbours import Pairs

_AGREE = {True: "the same", False: "different"}


def listed(copies: Copies, labels: Mapping[str, np.ndarray], most: int) -> Findings:
    """The pairs of copies as a figure; a note where none is asked for.

    Args:
        copies: all of them.
        labels: split → the label of each of its rows, NaN where it is not known; {} without labels.
        most: pairs that are listed.
    """
    found = sum(len(pairs) for _, _, pairs in _each(copies))
    if not found:
        return Findings()
    if most <= 0:
        ask = "aims: {review: 50} lists them by row id, and only then are row ids kept."
        return Findings(notes=(f"{found:,} rows are copies of others. {ask}",))
    rows = [row for row, _ in zip(_rows(copies, labels), range(most), strict=False)]
    return Findings(figures=(_figure(rows, found),))


def _each(copies: Copies) -> Iterator[tuple[Side, Side, Pairs]]:
    """The side that holds the copies, the one that holds what they are copies of, and the pairs."""
    sides = copies.sides
    if sides.training is not None and copies.between is not None:
        yield sides.evaluation, sides.training, copies.between
    for side in sides.each:
        if side.split in copies.inside:
            yield side, side, copies.inside[side.split]


def _rows(copies: Copies, labels: Mapping[str, np.ndarray]) -> Iterator[dict[str, Any]]:
    """Pairs, those between the splits first; of each kind the exact ones, then the nearest."""
    for mine, theirs, pairs in _each(copies):
        for place in np.lexsort((pairs.first, -pairs.similarity, ~pairs.exact)):
            one, other = int(pairs.first[place]), int(pairs.second[place])
            yield {
                "row": str(mine.prints.row_ids[one]),
                "of": mine.split,
                "copies": str(theirs.prints.row_ids[other]),
                "of the": theirs.split,
                "kind": "exact" if pairs.exact[place] else "near",
                "similarity": float(pairs.similarity[place]),
                "labels": _labels(labels, (mine.split, one), (theirs.split, other)),
            }


def _labels(labels: Mapping[str, np.ndarray], one: tuple[str, int], other: tuple[str, int]) -> str:
    if not labels:
        return "not known"
    first, second = (float(labels[split][place]) for split, place in (one, other))
    return _AGREE[first == second] if np.isfinite([first, second]).all() else "not known"


def _figure(rows: list[dict[str, Any]], found: int) -> Figure:
    shown = f"{len(rows):,} of {found:,} rows" if len(rows) < found else f"{found:,} rows"
    return Figure(
        kind="copied_pairs",
        title="Rows that are copies of others",
        caption=(
            f"{shown} that hold exactly or nearly what another row holds. Copies of training rows "
            "belong out of the evaluation data; where labels differ, read both before changing "
            "any."
        ),
        check="leakage",
        data={"n": len(rows), "rows": rows},
    )
