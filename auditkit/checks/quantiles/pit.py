"""The histogram of where targets fall between predicted quantiles: its error and its figure."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from auditkit.checks.check import EVALUATION
from auditkit.checks.estimation import absent, estimated, too_few
from auditkit.checks.reading import Reading, tally_need
from auditkit.evidence.needs import BLOCK, PIT_CELL, CountNeed, SumNeed
from auditkit.evidence.subject import Subject, View
from auditkit.measurement import (
    Direction,
    Estimate,
    Figure,
    Measurement,
    MeasurementKey,
    Metric,
    Status,
)
from auditkit.statistics.clustered_pit import clustered_pit_error, effective_units
from auditkit.statistics.pit import expected_shares, pit_bars, pit_error
from auditkit.statistics.tally import Tally

PIT_ERROR = Metric(
    id="quantiles.pit_error",
    title="Error of the quantiles together",
    definition="Σ (s − p)² over the intervals between neighbouring quantiles, s the share of the "
    "targets that fall there and p the share promised, less what chance alone would add.",
    unit="squared share",
    direction=Direction.LOWER,
    high=2,
    source="PIT histogram, Gneiting, Balabdaoui and Raftery 2007; debiased as Bröcker 2012",
)
_EXPECTED = 5
"""Targets that each interval should hold: with fewer the error is too skewed for its interval
(Cochran, Biometrics 10, 1954). Of units in clusters or of unequal weight, as many as independent
ones would be worth."""


def pit_need(subject: Subject, view: View) -> CountNeed | SumNeed:
    """Units, or what they weigh, by interval between quantiles."""
    weighted = subject.columns.weight is not None
    # Of weighted rows only what blocks of them show tells how certain shares are.
    axes = (PIT_CELL, BLOCK) if weighted else (PIT_CELL,)
    return tally_need(subject, view.key, axes)


def _tally(view: View, reading: Reading) -> Tally:
    found = reading.tally(pit_need(reading.subject, view))
    return found.each(lambda state: state if state.ndim == 2 else state[None])


def of_histogram(view: View, reading: Reading) -> Measurement:
    """The PIT error of a view, or why there is none."""
    key = MeasurementKey(PIT_ERROR.id, split=EVALUATION, head=view.key.head)
    sample, fewest = reading.labelled_sample, _fewest(view)
    if sample.rows < fewest:
        reason = f"The error needs at least {fewest:,} units, so that {_WHY}."
        return absent(key, Status.TOO_FEW, reason, sample)
    return estimated(key, partial(_error, view, reading), sample)


_WHY = f"{_EXPECTED} are expected in each interval between quantiles"


def _fewest(view: View) -> int:
    """How many independent units the error needs."""
    rarest = float(expected_shares(view.head.quantiles).min())
    return math.ceil(round(_EXPECTED / rarest, 9))


def _error(view: View, reading: Reading) -> Estimate:
    """The error; refused where rows that are alike, or weigh little, are worth too few units."""
    tally, levels, fewest = _tally(view, reading), view.head.quantiles, _fewest(view)
    if not (reading.clustered or tally.weighed):
        return pit_error(tally.rows.sum(axis=0), levels)
    found = clustered_pit_error(tally.weights, levels)
    worth = effective_units(tally.weights, levels)
    # That there are too few clusters is the plainer reason.
    if worth < fewest and not reading.labelled_sample.lack:
        raise too_few(
            f"These units tell as much as about {worth:,.0f} independent ones; the error needs at "
            f"least {fewest:,}, so that {_WHY}."
        )
    return found


def pit_figures(view: View, reading: Reading) -> Iterator[Figure]:
    """The histogram as a picture; none where no target is known."""
    tally = _tally(view, reading)
    cells: np.ndarray = tally.rows.sum(axis=0)
    n = int(cells.sum())
    if not n:
        return
    of = f" of {view.key}" if str(view.key) else ""
    caveats = [
        (reading.clustered, " Bars and bands take rows as independent; those of one cluster are "
         "not, so they are too narrow."),
        (tally.weighed, " It counts rows, and not what they weigh."),
    ]  # fmt: skip
    yield Figure(
        kind="pit",
        title=f"Predicted quantiles{of}: where the targets fall",
        caption=_caption(n) + "".join(said for holds, said in caveats if holds),
        check="quantiles",
        data={"n": n, "bars": _bars(cells, view.head.quantiles)},
    )


def _caption(n: int) -> str:
    return (
        f"Each bar is as wide as the share of targets that two neighbouring quantiles promise "
        f"between them, and as high as the share found among {n:,} units over the share promised: "
        "where quantiles hold, all bars reach 1. The bands are where chance alone would put them. "
        "High outer bars say that the quantiles lie too close together, high bars on the left that "
        "they lie too high, on the right that they lie too low."
    )


def _bars(cells: np.ndarray, levels: tuple[float, ...]) -> list[dict[str, Any]]:
    return [
        {
            "low_level": bar.low_level,
            "high_level": bar.high_level,
            "observed": bar.observed,
            "low": bar.low,
            "high": bar.high,
            "n": bar.n,
            "expected": bar.expected,
            "band_low": bar.band_low,
            "band_high": bar.band_high,
        }
        for bar in pit_bars(cells, levels)
    ]
