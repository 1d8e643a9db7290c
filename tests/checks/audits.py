"""A check on a small table of stored outputs, the whole way: probe, plan, pass, measure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from auditkit.checks import Check, Findings
from auditkit.checks.registry import load_checks
from auditkit.data import Dataset, dataset
from auditkit.evidence import Evidence, LocalEngine, Options, Subject, make_plan
from auditkit.measurement import Interval, Measurement, Slice
from auditkit.models import stored_predictions
from auditkit.models.wrapped import WrappedModel
from auditkit.statistics import estimates
from auditkit.subjects import probe

CHECKS = {check.name: check for check in load_checks()[0]}


def collected(
    check: Check,
    model: WrappedModel,
    data: Dataset,
    *,
    batch_size: int = 4096,
    seed: int = 0,
    limit: int | None = None,
    **declared: Any,
) -> tuple[Subject, Evidence]:
    """The subject, and all that the check needs of it."""
    with model.opened():
        probed = probe(model, data, seed=seed, batch_size=batch_size, **declared)
        plan = make_plan(check.needs(probed.subject), probed.subject)
        options = Options(
            batch_size=batch_size, seed=seed, edges=probed.edges, limit=limit, quiet=True
        )
        return probed.subject, LocalEngine().run(plan, probed.subject, model, data, options)


def findings(name: str, model: WrappedModel, data: Dataset, **settings: Any) -> Findings:
    """What a check finds."""
    check = CHECKS[name]
    subject, evidence = collected(check, model, data, **settings)
    assert check.unmet(subject) == ""
    return check.measure(subject, evidence)


def found(
    measurements: Findings | Sequence[Measurement],
    metric: str,
    where: Mapping[str, str] | None = None,
    reference: Mapping[str, str] | Slice | None = None,
    **key: str,
) -> Measurement:
    """The one measurement with this key."""
    if isinstance(measurements, Findings):
        measurements = measurements.measurements
    against = Slice.of(reference) if isinstance(reference, Mapping) else reference
    chosen = [
        one
        for one in measurements
        if one.key.metric == metric
        and one.key.slice == Slice.of(where)
        and one.key.reference == against
        and all(getattr(one.key, name) == value for name, value in key.items())
    ]
    assert len(chosen) == 1, [str(one.key) for one in chosen]
    return chosen[0]


def value(*arguments: Any, **key: str) -> float:
    measured = found(*arguments, **key)
    assert measured.value is not None, measured.reason
    return measured.value


def interval(*arguments: Any, **key: str) -> Interval:
    measured = found(*arguments, **key)
    assert measured.interval is not None, measured.reason
    return measured.interval


def inside(measured: Measurement, low: float, high: float, alpha: float = 0.05) -> bool:
    """Whether a judge would pass the region [low, high]."""
    assert measured.estimate is not None, measured.reason
    bounds = estimates.bounds(measured.estimate, alpha)
    return low <= bounds[0] and bounds[1] <= high


def outside(measured: Measurement, low: float, high: float, alpha: float = 0.05) -> bool:
    """Whether a judge would fail the region [low, high]."""
    assert measured.estimate is not None, measured.reason
    bounds = estimates.bounds(measured.estimate, alpha)
    return bounds[1] < low or bounds[0] > high


def stored(columns: Sequence[str] | str = "score", **declared: Any) -> WrappedModel:
    return stored_predictions({"score": columns}, **declared)


BINARY = {"task": "binary", "outputs": "probabilities"}
DECIDING = {**BINARY, "decision": {"threshold": 0.5, "favourable": "1"}}


def data_of(frame: pd.DataFrame, training: pd.DataFrame | None = None, **roles: Any) -> Dataset:
    """The scores are all columns that begin with `score`, the label is `y` unless said."""
    features = tuple(name for name in frame if str(name).startswith(("score", "x")))
    return dataset(
        evaluation=frame, training=training, **{"label": "y", "features": features, **roles}
    )


def scored(n: int, seed: int = 0, **columns: Any) -> pd.DataFrame:
    """Calibrated probabilities and outcomes drawn from them."""
    rng = np.random.default_rng(seed)
    score = rng.beta(1.2, 1.2, n)
    return pd.DataFrame({"score": score, "y": (rng.random(n) < score).astype(int), **columns})
