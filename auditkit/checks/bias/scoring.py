"""Scoring rates: which share of a group scores above the median of everybody.

For systems that give a score and no decision, New York City's Local Law 144 compares these (6 RCNY
5-300). The median is that of the scores themselves, kept row by row as far as they fit. Of more
rows it is found in the cells in which all scores are counted, if the cell of the median holds next
to nobody; cells have relative widths, so that scores far from zero may share a few. Then the rates
are those of the rows that were kept, a random sample. Units that score the median count as not
above it, and the note on each number says how many they are.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from auditkit.checks.bias.rates import RateTable
from auditkit.checks.groups import Groups
from auditkit.checks.rate_kinds import SCORING_RATE
from auditkit.checks.reading import Reading, tally_need
from auditkit.evidence.hashing import BLOCKS
from auditkit.evidence.needs import BLOCK, RANK_CELL, WEIGHT, CountNeed, RowNeed, SumNeed, group
from auditkit.evidence.row_log import RowLog
from auditkit.evidence.subject import Subject, View
from auditkit.models.head import Task
from auditkit.statistics.tally import Tally

MOST_ROWS = 2_000_000
MOST_INSIDE = 0.005
"""Of more units in the cell of the median, who is above it must be read off the scores."""


def scores_people(view: View) -> bool:
    """Whether a view gives scores of which it is known which end is favourable."""
    if view.task is Task.REGRESSION:
        return True
    return view.classifies and view.task is Task.BINARY and view.favourable is not None


def scoring_need(subject: Subject, view: View, attributes: tuple[str, ...]) -> CountNeed | SumNeed:
    """Units by group and cell of the score."""
    return tally_need(subject, view.key, (*(group(name) for name in attributes), RANK_CELL))


def scoring_needs(subject: Subject) -> Iterator[RowNeed]:
    """The scores themselves, of every output that scores people."""
    if subject.columns.groups:
        yield from (_log_need(subject, v) for v in subject.main_views if scores_people(v))


def _log_need(subject: Subject, view: View) -> RowNeed:
    groups = tuple(group(one.name) for one in subject.columns.groups)
    weight = () if subject.columns.weight is None else (WEIGHT,)
    columns, whole = ((*groups, BLOCK), "cluster") if subject.clustered else (groups, "row")
    return RowNeed(view.key, columns, ("score", *weight), rows=MOST_ROWS, whole=whole)


def scoring_table(subject: Subject, view: View, groups: Groups, reading: Reading) -> RateTable:
    """Units by group and by whether they score above the median."""
    tally = reading.tally(scoring_need(subject, view, groups.attributes))
    if view.task is Task.BINARY and view.favourable == 0:
        tally = tally.each(lambda state: state[..., ::-1])
    median = _median_cell(tally.weights)
    inside = int(tally.rows[..., median].sum())
    log = reading.evidence.row_log(_log_need(subject, view))
    if len(log) and (not log.sampled or inside > MOST_INSIDE * int(tally.rows.sum())):
        states, note = _logged(subject, view, groups, log)
    else:
        states = tally.each(lambda state: _halves(state, median))
        note = _counted_out(inside, "in the cell of the median score")
    if view.task is Task.REGRESSION:
        note += " Higher numbers are taken as favourable."
    return RateTable(view.key, SCORING_RATE, groups, states, reading.clustered, note=note)


def _counted_out(units: int, where: str) -> str:
    unit, count = ("unit", "counts") if units == 1 else ("units", "count")
    return f"The {units:,} {unit} {where} {count} as not above it."


def _median_cell(weights: np.ndarray) -> int:
    cells = weights.reshape(-1, weights.shape[-1]).sum(axis=0)
    return int(np.searchsorted(np.cumsum(cells), cells.sum() / 2))


def _halves(state: np.ndarray, median: int) -> np.ndarray:
    """(…, cells) as (…, (at most the median, above it))."""
    above = state[..., median + 1 :].sum(axis=-1)
    return np.stack([state.sum(axis=-1) - above, above], axis=-1)


def _logged(subject: Subject, view: View, groups: Groups, log: RowLog) -> tuple[Tally, str]:
    """Units by block, group and half, of the rows that were kept; and what to say of them."""
    scores = log.values("score")
    if view.task is Task.BINARY and view.favourable == 0:
        scores = -scores
    weights = None if subject.columns.weight is None else log.values(WEIGHT)
    median = _median(scores, np.ones(len(log)) if weights is None else weights)
    levels = [pd.Index(groups.evidence.levels[name]) for name in groups.attributes]
    places = [
        one.get_indexer(pd.Index(log.labels(group(name))))
        for name, one in zip(groups.attributes, levels, strict=True)
    ]
    blocks = log.codes(BLOCK) if subject.clustered else np.zeros(len(log), dtype=np.int64)
    shape = (BLOCKS if subject.clustered else 1, *map(len, levels), 2)
    cells = np.ravel_multi_index((blocks, *places, (scores > median).astype(np.int64)), shape)

    def summed(each: np.ndarray | None = None) -> np.ndarray:
        return np.bincount(cells, each, minlength=int(np.prod(shape))).reshape(shape)

    note = _counted_out(int((scores == median).sum()), "at the median score")
    if log.sampled:
        note = f"{log.drawn} {note}"
    if weights is None:
        return Tally(summed()), note
    return Tally(summed(), summed(weights), summed(weights**2)), note


def _median(scores: np.ndarray, weights: np.ndarray) -> float:
    order = np.argsort(scores, kind="stable")
    reached = np.cumsum(weights[order])
    return float(scores[order][np.searchsorted(reached, reached[-1] / 2)])
