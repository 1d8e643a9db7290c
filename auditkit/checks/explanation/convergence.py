"""Whether the path integral of integrated gradients has converged."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from auditkit.checks.estimation import absent, estimated
from auditkit.checks.explanation.explained_units import ExplainedUnits
from auditkit.explain import Explanation, Maps, NotExplainable
from auditkit.measurement import Measurement, Status

NUMBERS = ("converged_share", "error_estimate", "completeness_gap")


def convergence(units: ExplainedUnits, found: Explanation) -> Iterator[Measurement]:
    """The three numbers of an explanation, or why it has none."""
    maps = found.maps.get("integrated_gradients")
    if not isinstance(maps, Maps) or maps.error is None or maps.gap is None:
        yield from unmeasured(units, _reason(maps), NUMBERS)
        return
    drawn = f"A random sample of {units.sample.rows} rows, drawn by a keyed hash of their ids."
    converged = maps.shown.numpy()
    key = units.key("converged_share")
    yield estimated(key, partial(units.share, converged), units.sample, drawn)
    for name, values in (("error_estimate", maps.error), ("completeness_gap", maps.gap)):
        numbers = values.double().numpy()
        lacking = int((~np.isfinite(numbers)).sum())
        without = f" {lacking} of them have none: there is nothing to attribute." * bool(lacking)
        said = f"{drawn}{without}"
        yield units.averaged(units.key(name), numbers, said)


def unmeasured(
    units: ExplainedUnits,
    reason: str,
    numbers: tuple[str, ...],
    status: Status = Status.NOT_APPLICABLE,
) -> Iterator[Measurement]:
    """Why some numbers are not there."""
    for name in numbers:
        yield absent(units.key(name), status, reason, units.sample)


def _reason(maps: Maps | NotExplainable | None) -> str:
    if isinstance(maps, NotExplainable):
        return maps.reason
    return "Integrated gradients were not asked for."
