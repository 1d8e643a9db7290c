"""What of a model's cost is counted: operations, parameters, bytes. None of it varies by chance."""

from __future__ import annotations

from auditkit.checks.estimation import absent, measured
from auditkit.evidence.basis import Sample
from auditkit.evidence.costs.costs import Costs, FlopCount, Memory, NotCosted, Weights
from auditkit.evidence.subject import Subject
from auditkit.measurement import Measurement, MeasurementKey, Status
from auditkit.statistics.estimates import exact

ONE_CALL = Sample(1)
_SHOWN = 6


def counted(subject: Subject, costs: Costs) -> list[Measurement]:
    """Operations, parameters and bytes."""
    return [
        _operations(costs.flops),
        *_of_weights(subject, costs.weights),
        _memory("tensor_bytes", costs.tensors, "one call"),
        _peak(costs.peak),
    ]


def none_of(name: str, reason: str, label: str = "") -> Measurement:
    """A number that there is not, and why."""
    key = MeasurementKey(f"cost.{name}", label=label)
    return absent(key, Status.UNDEFINED, reason, ONE_CALL)


def undeclared(name: str, reason: str, label: str = "") -> Measurement:
    """A number that makes no sense here, for want of a meter or of what only the user knows."""
    key = MeasurementKey(f"cost.{name}", label=label)
    return absent(key, Status.NOT_APPLICABLE, reason, ONE_CALL)


def _counted(name: str, value: float, reason: str) -> Measurement:
    return measured(MeasurementKey(f"cost.{name}"), exact(value), ONE_CALL, reason)


def _operations(flops: FlopCount | NotCosted) -> Measurement:
    if isinstance(flops, NotCosted):
        return none_of("flops", flops.reason)
    lesser = (
        f"Not in it by convention: {flops.lesser / flops.units:,.0f} numbers for each unit that "
        "activations, norms, sums and copies returned, at a few operations each."
    )
    if flops.complete:
        return _counted("flops", flops.per_unit, f"{flops.note} {lesser}")
    return Measurement(
        key=MeasurementKey("cost.flops"),
        status=Status.MEASURED,
        value=flops.per_unit,
        units=1,
        rows=1,
        reason=f"It is at least this. {_missing(flops)}{flops.note} {lesser}",
    )


def _missing(flops: FlopCount) -> str:
    if not flops.unformulated:
        return ""
    more = len(flops.unformulated) - _SHOWN
    named = ", ".join(flops.unformulated[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
    return f"Operations that have no formula: {named}. "


def _of_weights(subject: Subject, weights: Weights | NotCosted) -> list[Measurement]:
    saved = None if isinstance(weights, NotCosted) else weights.serialised
    if subject.file_bytes is not None:
        file = _counted("file_bytes", subject.file_bytes, "Of the file that the model came from.")
    elif saved is not None:
        file = _counted("file_bytes", saved, "The model came from no file: as torch would save it.")
    else:
        file = none_of("file_bytes", "The model came from no file, and was not written to one.")
    if isinstance(weights, NotCosted):
        return [none_of(name, weights.reason) for name in ("parameters", "weight_bytes")] + [file]
    return [
        _counted("parameters", weights.parameters, "Counted, not estimated."),
        _counted("weight_bytes", weights.bytes, "Counted, not estimated."),
        file,
    ]


def _peak(memory: Memory | NotCosted) -> Measurement:
    if isinstance(memory, NotCosted):
        return undeclared("peak_bytes", memory.reason)
    return _memory("peak_bytes", memory, "the timed calls")


def _memory(name: str, memory: Memory | NotCosted, during: str) -> Measurement:
    if isinstance(memory, NotCosted):
        return none_of(name, memory.reason)
    return _counted(name, memory.bytes, f"During {during} on a batch of {memory.batch:,}.")
