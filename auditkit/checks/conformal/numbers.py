"""The numbers of conformal sets about all held-out units: coverage, sizes, and a check of both."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from auditkit.checks.check import EVALUATION, Findings
from auditkit.checks.conformal.halves import Trial
from auditkit.checks.estimation import absent, estimated
from auditkit.evidence.basis import Sample
from auditkit.evidence.row_estimates import mean_of, share_of
from auditkit.evidence.subject import View
from auditkit.measurement import Estimate, Measurement, MeasurementKey, Status
from auditkit.models.head import Task
from auditkit.statistics import estimates
from auditkit.statistics.conformal_coverage import p_value

_ROUNDED = (
    "The threshold is rounded up to three digits, so that it is not how far off one unit was; the "
    "intervals hold no less often."
)
_OF_SETS = ("coverage", "set_size", "empty_share", "singleton_share", "consistency")
_OF_INTERVALS = ("coverage", "interval_width", "consistency")


def _names(view: View) -> tuple[str, ...]:
    return _OF_INTERVALS if view.task is Task.REGRESSION else _OF_SETS


def absent_numbers(view: View, reason: str, sample: Sample) -> Findings:
    """What is said of a view that has no rows or no probabilities to make sets of."""
    keys = [
        MeasurementKey(
            f"conformal.{name}", split=EVALUATION, head=view.key.head, label=view.key.label
        )
        for name in _names(view)
    ]
    return Findings(tuple(absent(key, Status.NOT_APPLICABLE, reason, sample) for key in keys))


def numbers_of(trial: Trial) -> Iterator[Measurement]:
    """The numbers of one method about all held-out units."""
    halves, method = trial.halves, trial.method
    names = _names(halves.view)
    if halves.lack:
        for name in names:
            key = halves.key(name, method)
            yield absent(key, Status.TOO_FEW, halves.lack, halves.sample)
        return
    for name in names[:-1]:
        key = halves.key(name, method)
        yield estimated(key, partial(_estimate, name, trial), halves.sample, _reason(name, trial))
    yield _consistency(trial)


def _reason(name: str, trial: Trial) -> str:
    told = [trial.halves.basis()]
    if name == "interval_width":
        told.insert(0, _ROUNDED)
        if trial.method.constant:
            told.insert(0, "All intervals have this width, that of the threshold.")
    return " ".join(told)


def _estimate(name: str, trial: Trial) -> Estimate:
    rows = trial.halves.held_out.rows
    if name == "interval_width" and trial.method.constant:
        return estimates.exact(trial.extents[0])
    if name in ("set_size", "interval_width"):
        return mean_of(trial.extents, rows)
    return share_of(_hits(name, trial), rows)


def _hits(name: str, trial: Trial) -> np.ndarray:
    if name == "coverage":
        return trial.covered
    hits: np.ndarray = trial.extents == (0 if name == "empty_share" else 1)
    return hits


def _consistency(trial: Trial) -> Measurement:
    halves = trial.halves
    key, sample = halves.key("consistency", trial.method), halves.sample
    if sample.clusters is not None:
        reason = (
            "The law of the number of covered units is that of independent ones; these come in "
            "clusters."
        )
        return absent(key, Status.NOT_APPLICABLE, reason, sample)
    covered = int(trial.covered.sum())
    return Measurement(
        key,
        Status.MEASURED,
        value=p_value(covered, sample.rows, len(trial.calibrated), halves.coverage),
        units=sample.units,
        rows=sample.rows,
        sampled=sample.sampled,
        reason=(
            "It is a p-value, which has no interval. It checks that sets are computed as they "
            "should be and that the halves are exchangeable, not whether the model is good "
            f"enough, and is not judged. {_wider(trial)}{halves.held_out.rows.drawn}"
        ).strip(),
    )


def _wider(trial: Trial) -> str:
    if trial.halves.view.task is not Task.REGRESSION:
        return ""
    return "Of intervals whose threshold is rounded up it is, if anything, too large. "
