"""Scoring rates: which share of a group scores above the median of everybody.

For systems that give a score and no decision, New York City's Local Law 144 compares these (6 RCNY
5-300). The median is found in the cells in which scores are counted; units in its own cell count as
not above it, and the note on each number says how many they are.
"""

from __future__ import annotations

import numpy as np

from auditkit.checks.bias_rates import RateTable
from auditkit.checks.groups import Groups
from auditkit.checks.rate_kinds import SCORING_RATE
from auditkit.checks.reading import Reading, tally_need
from auditkit.evidence.needs import RANK_CELL, CountNeed, SumNeed, group
from auditkit.evidence.subject import Subject, View
from auditkit.models.head import Task


def scores_people(view: View) -> bool:
    """Whether a view gives scores of which it is known which end is favourable."""
    if view.task is Task.REGRESSION:
        return True
    return view.classifies and view.task is Task.BINARY and view.favourable is not None


def scoring_need(subject: Subject, view: View, attributes: tuple[str, ...]) -> CountNeed | SumNeed:
    """Units by group and cell of the score."""
    return tally_need(subject, view.key, (*(group(name) for name in attributes), RANK_CELL))


def scoring_table(subject: Subject, view: View, groups: Groups, reading: Reading) -> RateTable:
    """Units by group and by whether they score above the median."""
    tally = reading.tally(scoring_need(subject, view, groups.attributes))
    if view.task is Task.BINARY and view.favourable == 0:
        tally = tally.each(lambda state: state[..., ::-1])
    median = _median_cell(tally.weights)
    inside = int(tally.rows[..., median].sum())
    unit, count = ("unit", "counts") if inside == 1 else ("units", "count")
    note = f"The {inside:,} {unit} in the cell of the median score {count} as not above it."
    if view.task is Task.REGRESSION:
        note += " Higher numbers are taken as favourable."
    states = tally.each(lambda state: _halves(state, median))
    return RateTable(view.key, SCORING_RATE, groups, states, reading.clustered, note=note)


def _median_cell(weights: np.ndarray) -> int:
    cells = weights.reshape(-1, weights.shape[-1]).sum(axis=0)
    return int(np.searchsorted(np.cumsum(cells), cells.sum() / 2))


def _halves(state: np.ndarray, median: int) -> np.ndarray:
    """(…, cells) as (…, (at most the median, above it))."""
    above = state[..., median + 1 :].sum(axis=-1)
    return np.stack([state.sum(axis=-1) - above, above], axis=-1)
