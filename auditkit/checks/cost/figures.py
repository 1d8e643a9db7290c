"""Pictures of the cost: latency by batch size, and all that was counted in one table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from auditkit.checks.cost.metrics import METRICS, QUANTILES
from auditkit.checks.cost.times import batch_label
from auditkit.checks.estimation import drawn_ends
from auditkit.evidence.costs.costs import Costs, FlopCount, Memory
from auditkit.measurement import Figure, Measurement, Status

_TITLES = {metric.id: metric.title for metric in METRICS}
_UNITS = {metric.id: metric.unit for metric in METRICS}
_LATENCIES = {f"cost.{name}": f"{round(share * 100)} %" for name, share in QUANTILES.items()}


def figures(measurements: Sequence[Measurement], costs: Costs, currency: str) -> tuple[Figure, ...]:
    """The figures that there is something to draw in."""
    return (*_latency(measurements, costs), *_table(measurements, costs, currency))


def _latency(measurements: Sequence[Measurement], costs: Costs) -> list[Figure]:
    rows: list[dict[str, Any]] = [
        {
            "batch": one.key.label,
            "share": _LATENCIES[one.key.metric],
            "value": one.value,
            **drawn_ends(one.interval),
            "n": one.units,
        }
        for one in measurements
        if one.key.metric in _LATENCIES and one.status is Status.MEASURED
    ]
    if not rows:
        return []
    return [
        Figure(
            kind="latency",
            title="How long a call takes",
            caption="The time that half, 95 % and 99 % of the calls do not exceed, for each batch "
            "size, with 90 % intervals. Inputs were prepared beforehand.",
            check="cost",
            data={"rows": rows, "device": costs.device},
        )
    ]


def _table(measurements: Sequence[Measurement], costs: Costs, currency: str) -> list[Figure]:
    units = {**_UNITS, "cost.price": currency}
    rows: list[dict[str, Any]] = [
        {
            "what": _TITLES[one.key.metric],
            "of": one.key.label or _call_of(one, costs),
            "value": one.value,
            **drawn_ends(one.interval),
            "unit": units[one.key.metric],
        }
        for one in measurements
        if one.value is not None and one.key.metric not in _LATENCIES
    ]
    if not rows:
        return []
    data: dict[str, Any] = {"device": costs.device, "costs": rows}
    if isinstance(costs.flops, FlopCount):
        data["operations"] = [
            {"operation": name, "FLOPs of a unit": count / costs.flops.units}
            for name, count in sorted(costs.flops.operations.items(), key=lambda item: -item[1])
        ]
        data["operations without a formula"] = list(costs.flops.unformulated) or ["none"]
    return [
        Figure(
            kind="cost_table",
            title="What the model costs",
            caption=f"On {costs.device}. Counted numbers have no interval; timed and metered "
            "ones have. What is modelled rests on declared numbers and is never judged.",
            check="cost",
            data=data,
        )
    ]


def _call_of(one: Measurement, costs: Costs) -> str:
    """The batch of the one call whose memory was counted; "" of what no call is behind."""
    memory = {"cost.tensor_bytes": costs.tensors, "cost.peak_bytes": costs.peak}
    found = memory.get(one.key.metric)
    return batch_label(found.batch) if isinstance(found, Memory) else ""
