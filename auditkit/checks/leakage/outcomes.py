"""How good the model is without the leaked rows, and copies whose labels contradict each other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from auditkit.checks.estimation import by_blocks, estimated, telling
from auditkit.checks.leakage.census import Rows
from auditkit.checks.leakage.metrics import of_evaluation
from auditkit.evidence.collected import Evidence
from auditkit.evidence.hashing import BLOCKS
from auditkit.evidence.needs import PREDICTION, TARGET, RowNeed
from auditkit.evidence.row_estimates import mean_of, rate_of, share_of
from auditkit.evidence.subject import View
from auditkit.measurement import Estimate, Measurement
from auditkit.models.head import Task
from auditkit.statistics import estimates
from auditkit.statistics.absence import MIN_KEPT, undefined
from auditkit.statistics.clustered_means import clustered_gap
from auditkit.statistics.rates import difference_estimate

_MOST = 500_000
_VALUES = {"log_loss": "log_loss", "mae": "absolute_error"}


def scores_of(view: View) -> tuple[str, ...]:
    """The scores that a view has; names of `leakage_metrics.SCORES`."""
    if view.task is Task.REGRESSION:
        return ("mae",)
    decided = ("accuracy",) if view.classifies and view.decides else ()
    return (*decided, "log_loss") if view.classifies and view.probabilistic else decided


def judged(view: View) -> bool:
    """Whether the outcomes of a view are classes or numbers."""
    return view.classifies or view.task is Task.REGRESSION


def outcome_need(view: View) -> RowNeed:
    """What is kept of each labelled row: few numbers, so that nearly all rows may be kept."""
    if view.task is Task.REGRESSION:
        return RowNeed(view.key, values=("target_value", "absolute_error"), rows=_MOST)
    scores = scores_of(view)
    return RowNeed(
        view.key,
        columns=(TARGET, PREDICTION) if "accuracy" in scores else (TARGET,),
        values=("log_loss",) if "log_loss" in scores else (),
        rows=_MOST,
    )


@dataclass(frozen=True, eq=False)
class Outcomes:
    """Outcomes of the labelled rows of a split, and how well the model did on each.

    Attributes:
        view: the output.
        keys: keyed hash of each row's id, uint64 of shape (n,).
        target: true classes as codes, or numbers, of shape (n,).
        scores: name of a score → its value for each row, float64 of shape (n,).
        rows: what numbers about them rest on.
    """

    view: View
    keys: np.ndarray
    target: np.ndarray
    scores: dict[str, np.ndarray]
    rows: Rows

    def __len__(self) -> int:
        return len(self.keys)

    def all_rows(self, name: str) -> Measurement:
        """A score of all of the rows, to be drawn beside those of some."""
        none = np.zeros(len(self), dtype=np.bool_)
        every = _Parted(name, self.scores[name], none, self.rows, self.keys)
        key = of_evaluation(name, self.view)
        return estimated(key, every.clean, self.rows.sample, self.rows.drawn)


def outcomes_of(evidence: Evidence, view: View, split: str) -> Outcomes:
    """What the pass has kept for `outcome_need`; perhaps of no row."""
    log = evidence[split].row_log(outcome_need(view))
    number = view.task is Task.REGRESSION
    target = log.values("target_value") if number else log.codes(TARGET)
    scores = {
        name: (log.codes(PREDICTION) == target).astype(np.float64)
        if name == "accuracy"
        else log.values(_VALUES[name])
        for name in scores_of(view)
    }
    rows = Rows(len(log), log.clusters, log.drawn, evidence[split].sampled)
    return Outcomes(view, log.rows, target, scores, rows)


def without_leaked(
    outcomes: Outcomes, leaked: np.ndarray, known: np.ndarray, what: str
) -> Iterator[Measurement]:
    """Every score of the clean rows, and what the leaked ones add to it.

    Args:
        outcomes: of the evaluation rows.
        leaked: which of them leaked, bool of shape (n,).
        known: which of them were looked at, bool of shape (n,); the others are left out.
        what: `COPIES` or `SHARED`.
    """
    rows, drawn = outcomes.rows.part(known), outcomes.rows.drawn
    for name, every in outcomes.scores.items():
        split = _Parted(name, every[known], leaked[known], rows, outcomes.keys[known])
        clean = rows.part(~split.leaked)
        for number, estimate, sample in (
            (f"clean_{name}", split.clean, clean.sample),
            (f"{name}_inflation", split.inflation, rows.sample),
            (f"{name}_gap", split.gap, rows.sample),
        ):
            key = of_evaluation(number, outcomes.view, what)
            said = f"Of {len(rows):,} rows {int(split.leaked.sum()):,} leaked."
            yield estimated(key, estimate, sample, f"{said} {drawn}".strip())


@dataclass(frozen=True, eq=False)
class _Parted:
    """One score of leaked and of clean rows."""

    name: str
    values: np.ndarray
    leaked: np.ndarray
    rows: Rows
    keys: np.ndarray

    @property
    def _sign(self) -> float:
        return 1.0 if self.name == "accuracy" else -1.0

    def _refuse_few(self) -> None:
        """A difference of two numbers tells of the rows that they do not have in common."""
        leaked = int(self.leaked.sum())
        if 0 < leaked < MIN_KEPT:
            raise telling("Too few rows leaked")
        if len(self.rows) - leaked < MIN_KEPT:
            raise telling("Too few rows are clean")

    def clean(self) -> Estimate:
        """The score of the clean rows."""
        self._refuse_few()
        return self._mean(~self.leaked)

    def _mean(self, chosen: np.ndarray) -> Estimate:
        rows, values = self.rows.part(chosen), self.values[chosen]
        return share_of(values > 0, rows) if self.name == "accuracy" else mean_of(values, rows)

    def inflation(self) -> Estimate:
        """How much better all rows look than the clean ones.

        Both are of the clean rows, too: blocks are left out of both at once.
        """
        if not self.leaked.any():
            return estimates.exact(0.0)  # nothing is left out
        self._refuse_few()
        blocks = self.rows.blocks
        # Where rows are independent, any equal parts of them do.
        places = (self.keys % np.uint64(BLOCKS)).astype(np.int64) if blocks is None else blocks
        state = np.stack(
            [
                np.bincount(places, each * part, minlength=BLOCKS)
                for part in (self.leaked, ~self.leaked)
                for each in (np.ones(len(places)), self.values)
            ],
            axis=1,
        )
        return by_blocks(partial(_added, sign=self._sign), state)

    def gap(self) -> Estimate:
        """How much better leaked rows are than clean ones."""
        if not self.leaked.any():
            raise undefined("No row leaked, so there is nothing to compare.")
        self._refuse_few()
        sides = [self.leaked, ~self.leaked]
        if self.name == "accuracy":
            rates = [rate_of(self.values[side] > 0, self.rows.part(side)) for side in sides]
            return difference_estimate(*rates)
        better = sides[::-1]  # of a loss, the lower is the better
        if self.rows.blocks is None:
            return estimates.independent_difference(*(self._mean(side) for side in better))
        units, totals = (
            np.stack([np.bincount(self.rows.blocks, one * side, BLOCKS) for side in better], axis=1)
            for one in (np.ones(len(self.rows)), self.values)
        )
        return clustered_gap(units, totals)


def _added(total: np.ndarray, sign: float) -> float:
    """All minus clean; NaN without clean rows."""
    leaked, of_leaked, clean, of_clean = (float(one) for one in total)
    if clean <= 0:
        return float("nan")
    return sign * ((of_leaked + of_clean) / (leaked + clean) - of_clean / clean)
