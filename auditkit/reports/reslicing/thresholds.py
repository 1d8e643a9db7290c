"""What the rates of groups would be with another threshold, from units by cell of their score."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from auditkit.reports.reslicing.cells import Resliced
from auditkit.reports.reslicing.questions import Question
from auditkit.reports.reslicing.stored_tables import RANK_CELL, TARGET, StoredTable
from auditkit.statistics.score_grids import odds_edges, raw_edges

RATES = ("selection_rate", "true_positive_rate", "false_positive_rate")

_PROBABILISTIC = ("logits", "probabilities")
_TAIL = 0.005
"""Share of the units beyond either end of a scale that has none of its own."""


@dataclass(frozen=True)
class Scoring:
    """How the score of an output becomes a decision.

    Attributes:
        probabilistic: whether scores are probabilities.
        positive: the class decided from the threshold on; "" for a predicted number.
        selects_above: whether that is the favourable decision.
        favourable: what the favourable decision is called.
        declared: whether somebody declared what is favourable.
        threshold: the one in use; None if the decision has none.
    """

    probabilistic: bool
    positive: str
    selects_above: bool
    favourable: str
    declared: bool
    threshold: float | None

    @property
    def edges(self) -> np.ndarray:
        """The score at which each cell begins, float64 `[cells]`."""
        return odds_edges() if self.probabilistic else raw_edges()


def scoring_of(model: Mapping[str, Any], table: StoredTable) -> Scoring | None:
    """How the output of a table decides, from a record's description of the model.

    None where no threshold could decide: a head that is not described, or of several classes.
    """
    heads = [head for head in model.get("heads") or () if head.get("name") == table.head]
    if not heads or heads[0].get("task") == "multiclass":
        return None
    head, decision = heads[0], heads[0].get("decision") or {}
    classes = [str(name) for name in head.get("classes") or ()]
    binary = head.get("task") == "binary" and len(classes) == 2
    positive = classes[1] if binary else table.label
    favourable = decision.get("favourable")
    below = binary and favourable == classes[0]
    threshold = decision.get("threshold")
    if decision.get("rule") == "argmax":
        threshold = 0.5
    return Scoring(
        head.get("outputs") in _PROBABILISTIC,
        positive,
        not below,
        str(favourable) if below else positive or "selected",
        favourable in (positive, *classes) and favourable is not None,
        None if threshold is None else float(threshold),
    )


def score_range(table: StoredTable, scoring: Scoring) -> tuple[float, float]:
    """Between which scores a threshold may be tried."""
    if scoring.probabilistic:
        return 0.0, 1.0
    cells = _by_cell(table)
    shares = np.cumsum(cells) / max(int(cells.sum()), 1)
    ends = [int(np.searchsorted(shares, share)) for share in (_TAIL, 1 - _TAIL)]
    edges = scoring.edges
    low, high = float(edges[max(ends[0], 1)]), float(edges[min(ends[1] + 1, len(edges) - 1)])
    return low, high if high > low else low + 1.0


@dataclass(frozen=True)
class AtThreshold:
    """The rates of groups at one threshold.

    Attributes:
        rates: name of a rate → its cells.
        undecided: rows in the cell of scores that the threshold cuts; they count as below it.
    """

    rates: Mapping[str, Resliced]
    undecided: int


def at_threshold(
    table: StoredTable,
    scoring: Scoring,
    threshold: float,
    crossed: tuple[str, ...],
    *,
    clustered: bool,
) -> AtThreshold:
    """Selection rate, and where outcomes are known true and false positive rate, by group.

    Args:
        table: one of `score_tables`.
        scoring: how its output decides.
        threshold: from which score on a unit is decided as positive.
        crossed: the attributes whose levels make the cells.
        clustered: whether clusters, not rows, are the independent units.

    Raises:
        ValueError: too many cells.
    """
    first = int(np.searchsorted(scoring.edges, threshold))
    labelled = TARGET in table.axes
    axes = (*crossed, RANK_CELL, *((TARGET,) if labelled else ()))
    sides = table.cut(RANK_CELL, first).tally(axes, clustered=clustered)
    units = sides.each(partial(_decided, labelled=labelled, scoring=scoring))
    return AtThreshold(
        {
            name: Resliced.held(table, Question(name, crossed), units, clustered=clustered)
            for name in (RATES if labelled else RATES[:1])
        },
        _undecided(table, scoring, threshold, first),
    )


def _decided(state: np.ndarray, *, labelled: bool, scoring: Scoring) -> np.ndarray:
    """(…, below and above[, target]) as (…, selected, qualified, correct).

    Unknown outcomes count as no; only the selection rate may then be read.
    """
    decided = state if labelled else np.stack([state, np.zeros_like(state)], axis=-1)
    if not scoring.selects_above:
        decided = decided[..., ::-1, ::-1] if labelled else decided[..., ::-1, :]
    result = np.zeros((*decided.shape, 2), dtype=state.dtype)
    for selected in (0, 1):
        for qualified in (0, 1):
            right = int(selected == qualified)
            result[..., selected, qualified, right] = decided[..., selected, qualified]
    return result


def _undecided(table: StoredTable, scoring: Scoring, threshold: float, first: int) -> int:
    """Rows in the cell that the threshold cuts; none where it lies between two cells."""
    edges = scoring.edges
    if first == 0 or (first < len(edges) and edges[first] == threshold):
        return 0
    return int(_by_cell(table)[first - 1])


def _by_cell(table: StoredTable) -> np.ndarray:
    return np.asarray(table.tally((RANK_CELL,), clustered=False).rows.sum(axis=0))
