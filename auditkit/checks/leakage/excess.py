"""Are there more copies between the splits than chance makes?

In a table of few columns many rows are alike, and none of them leaked. How many to expect, the
training rows themselves say: if both splits are drawn alike, an evaluation row has a copy among
them as often as one of their own has another. A table that held rows twice before it was split has
no excess, though its copies leaked; an excess says that rows were taken from one split into the
other.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from auditkit.checks.estimation import absent, both, estimated
from auditkit.checks.leakage.copies import Copies
from auditkit.checks.leakage.metrics import EXCESS, key_of
from auditkit.checks.leakage.sides import Side
from auditkit.evidence.row_estimates import rate_of
from auditkit.measurement import Estimate, Measurement, Status
from auditkit.statistics import estimates
from auditkit.statistics.absence import MIN_KEPT, too_few
from auditkit.statistics.rates import difference_estimate


def excess(copies: Copies) -> Measurement:
    """The share of evaluation rows with an exact copy in training, beyond what training has."""
    evaluation, training = copies.sides.evaluation, copies.sides.training
    if training is None or copies.lack:
        sample = evaluation.rows.sample
        return absent(key_of(EXCESS), Status.NOT_APPLICABLE, copies.lack, sample)
    mine, theirs = (copies.groups[side.split] for side in (evaluation, training))
    counts = np.bincount(theirs, minlength=int(mine.max(initial=-1)) + 1)
    copied, repeated = counts[mine] > 0, counts[theirs] > 1
    said = (
        f"Of {len(mine):,} evaluation rows {int(copied.sum()):,} have an exact copy among the "
        f"training rows, and of {len(theirs):,} training rows {int(repeated.sum()):,} have another."
    )
    drawn = (said, evaluation.rows.drawn, training.rows.drawn)
    return estimated(
        key_of(EXCESS),
        partial(_difference, (evaluation, mine, copied), (training, theirs, repeated)),
        both(evaluation.rows.sample, training.rows.sample),
        " ".join(part for part in drawn if part),
    )


_Flagged = tuple[Side, np.ndarray, np.ndarray]


def _difference(one: _Flagged, other: _Flagged) -> Estimate:
    """Newcombe's interval, on as many rows as copies of one content are worth."""
    if min(len(one[2]), len(other[2])) < MIN_KEPT:
        raise too_few(f"Shares of copies are compared where each split has {MIN_KEPT} rows.")
    if one[0].rows.clusters is not None:
        return difference_estimate(*(rate_of(flags, side.rows) for side, _, flags in (one, other)))
    counts: list[float] = []
    for _, contents, flags in (one, other):
        alike = _alike(contents[flags])
        counts += [float(flags.sum()) / alike, len(flags) / alike]
    return estimates.proportion_difference(*counts)


def _alike(contents: np.ndarray) -> float:
    """How many rows of one content there are on average; they are copies together, or none is.

    >>> _alike(np.array([4, 4, 7, 7]))
    2.0
    """
    sizes = np.unique(contents, return_counts=True)[1]
    return float((sizes**2).sum() / sizes.sum()) if len(sizes) else 1.0
