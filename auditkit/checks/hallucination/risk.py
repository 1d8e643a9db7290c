"""The calibrated risk of an answer: a score turned into the probability that it is wrong.

The curve is fitted on one half of the answers and judged on the other, which it has not seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from auditkit.checks.answer_rows import AnswerRows
from auditkit.checks.estimation import estimated, too_few
from auditkit.checks.hallucination.judged import CONTROLS, Judged
from auditkit.checks.hallucination.keys import NOT_JUDGED, key_of, not_applicable
from auditkit.checks.hallucination.ranking import auroc, rejection_ratio
from auditkit.checks.plain_errors import plain_error
from auditkit.evidence.hashing import BLOCKS
from auditkit.generation.scores.score import NotScored, Values
from auditkit.measurement import Estimate, Measurement
from auditkit.statistics import calibration
from auditkit.statistics.isotonic import Isotonic, fit_isotonic
from auditkit.statistics.platt import Platt, fit_platt

Curve = Isotonic | Platt
_FITTED: Mapping[str, Callable[[np.ndarray, np.ndarray], Curve]] = {
    "isotonic": fit_isotonic,
    "platt": fit_platt,
}
"""As `auditkit.generation.settings.CALIBRATORS` calls them."""

States = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True, eq=False)
class Risk:
    """The calibrated risk of the answers that it was not fitted on.

    Attributes:
        values: probability of being wrong, float64 of shape (n,).
        rows: whose: right and wrong answers of the held-out half.
        seed: of all that is drawn.
    """

    values: np.ndarray
    rows: AnswerRows
    seed: int

    def states(self) -> States:
        """Right answers, wrong ones and sums of risks, each `[blocks, cells]`, by cell of the risk.

        Without clusters there is one block.
        """
        cells = calibration.CELLS
        place = np.minimum((self.values * cells).astype(np.int64), cells - 1)
        blocks = self.rows.blocks
        rows = 1 if blocks is None else BLOCKS
        index = place if blocks is None else blocks * cells + place

        def counted(weights: np.ndarray) -> np.ndarray:
            return np.bincount(index, weights, minlength=rows * cells).reshape(rows, cells)

        wrong = self.rows.wrong
        return (
            counted(~wrong).astype(np.int64),
            counted(wrong).astype(np.int64),
            counted(self.values),
        )

    def totals(self) -> States:
        """The same over all blocks, each `[cells]`."""
        right, wrong, risks = (part.sum(axis=0) for part in self.states())
        return right, wrong, risks

    def squared_error(self) -> Estimate:
        """The debiased squared calibration error."""
        if self.rows.clusters is None:
            return calibration.squared_error(*self.totals(), seed=self.seed)
        return calibration.clustered_squared_error(*self.states())


def risk_of(found: Judged, values: Values, seed: int) -> Risk:
    """The calibrated risk that a score gives the held-out answers.

    Raises:
        NoEstimateError: `too_few` answers to fit it on, or to judge it by.
    """
    for part, what in ((found.fitted_on, "fit it on"), (found.compared, "judge it by")):
        n = int(part.sum())
        if n < calibration.FEWEST:
            raise too_few(
                f"A calibrated risk takes at least {calibration.FEWEST} answers to {what}, two for "
                f"each bin, and there are {n}."
            )
    fit = _FITTED[found.material.settings.calibrator]
    curve = fit(values[found.fitted_on], found.rows.wrong[found.fitted_on])
    return Risk(curve.apply(values[found.compared]), found.compared_rows, seed)


def of_scores(found: Judged, decides: str, seed: int) -> Iterator[Measurement]:
    """How well each score tells wrong answers apart, and how well its calibrated risk fits.

    The controls are compared like scores; their risk is of no use to anybody.

    Args:
        found: the answers to all prompts.
        decides: the score that a threshold is found for; of this one more is shown.
        seed: of all that is drawn.
    """
    for name, values in found.scores.items():
        keys = {metric: key_of(metric, score=name) for metric in _numbers(name, decides)}
        if isinstance(values, NotScored) or not found.judged.any():
            reason = values.reason if isinstance(values, NotScored) else NOT_JUDGED
            yield from (not_applicable(key, reason, found.rows) for key in keys.values())
            continue
        rows, sample = found.compared_rows, found.compared_rows.sample
        for metric, made in _RANKINGS.items():
            yield estimated(keys[metric], partial(made, values[found.compared], rows), sample)
        if "calibration_error" in keys:
            made = partial(_squared_error, found, values, seed)
            yield estimated(keys["calibration_error"], made, sample)
        if "ece" in keys:
            yield plain_error(keys["ece"], partial(_ece, found, values, seed), sample)


_RANKINGS = {"auroc": auroc, "prr": rejection_ratio}


def _numbers(name: str, decides: str) -> tuple[str, ...]:
    if name in CONTROLS:
        return tuple(_RANKINGS)
    return (*_RANKINGS, "calibration_error", *(("ece",) if name == decides else ()))


def _squared_error(found: Judged, values: Values, seed: int) -> Estimate:
    return risk_of(found, values, seed).squared_error()


def _ece(found: Judged, values: Values, seed: int) -> calibration.ExpectedCalibrationError:
    if lack := found.compared_rows.sample.lack:
        raise too_few(lack)
    return calibration.expected_calibration_error(*risk_of(found, values, seed).totals())


__all__ = ["Risk", "of_scores", "risk_of"]
