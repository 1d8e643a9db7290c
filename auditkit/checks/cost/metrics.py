"""The metrics of the cost of a model: what is counted, timed, metered and modelled."""

from __future__ import annotations

from auditkit.measurement import Direction, Metric

THOUSAND = "for 1,000 predictions"

QUANTILES = {"latency_p50": 0.5, "latency_p95": 0.95, "latency_p99": 0.99}
"""Name of a metric of latency → the share of calls that take no longer."""

_FEWER = Direction.LOWER
_TORCH = "torch.utils.flop_counter, and formulas of recurrent layers and attention"


def _latency(name: str, share: float) -> Metric:
    return Metric(
        id=f"cost.{name}",
        title=f"Latency, {round(share * 100)}th percentile",
        definition=(
            f"Milliseconds that {round(share * 100)} % of the calls on prepared inputs of one "
            "batch size do not exceed, warm, the device waited for."
        ),
        unit="milliseconds",
        direction=_FEWER,
        low=0.0,
        source="order statistics, David and Nagaraja 2003, 7.1",
    )


METRICS = (
    Metric(
        id="cost.flops",
        title="Operations of a prediction",
        definition="Floating-point operations of a call, divided by its units: those of "
        "convolutions, matrix products, attention and recurrent layers, a multiplication and an "
        "addition being two.",
        unit="FLOPs",
        direction=_FEWER,
        low=0.0,
        source=_TORCH,
    ),
    Metric(
        id="cost.parameters",
        title="Parameters",
        definition="Numbers that were learnt, each counted once.",
        unit="parameters",
        direction=_FEWER,
        low=0.0,
    ),
    Metric(
        id="cost.weight_bytes",
        title="Memory of the weights",
        definition="Bytes of parameters and buffers in memory.",
        unit="bytes",
        direction=_FEWER,
        low=0.0,
    ),
    Metric(
        id="cost.file_bytes",
        title="Size on disk",
        definition="Bytes of the file that the model came from, else of its weights as torch "
        "would save them.",
        unit="bytes",
        direction=_FEWER,
        low=0.0,
    ),
    *(_latency(name, share) for name, share in QUANTILES.items()),
    Metric(
        id="cost.throughput",
        title="Throughput",
        definition="Units predicted in a second: those of a call by the mean time of the calls of "
        "one batch size, warm.",
        unit="predictions a second",
        direction=Direction.HIGHER,
        low=0.0,
    ),
    Metric(
        id="cost.price",
        title="Price of 1,000 predictions",
        definition="The declared price of an hour of the machine, times the hours that 1,000 "
        "predictions take at the measured throughput of one batch size.",
        unit="of the declared currency",
        direction=_FEWER,
        low=0.0,
    ),
    Metric(
        id="cost.tensor_bytes",
        title="Memory of the tensors of a call",
        definition="The most bytes that weights, inputs and the results of operations take at a "
        "time during one call; what an operation takes for itself is not in it.",
        unit="bytes",
        direction=_FEWER,
        low=0.0,
    ),
    Metric(
        id="cost.peak_bytes",
        title="Peak memory of the device",
        definition="The most bytes that the allocator of the device had given out during the "
        "timed calls, weights included.",
        unit="bytes",
        direction=_FEWER,
        low=0.0,
        source="torch.cuda.max_memory_allocated",
    ),
    Metric(
        id="cost.metered_energy",
        title="Energy of 1,000, metered",
        definition="Joules that a meter of the device read while the model was called, "
        f"{THOUSAND}; what it draws when idle is in it.",
        unit="joules",
        direction=_FEWER,
        low=0.0,
        source="NVML total energy consumption; Linux powercap (RAPL)",
    ),
    Metric(
        id="cost.modelled_energy",
        title="Energy of 1,000, modelled",
        definition=f"The declared power of the machine times the mean time of a call, {THOUSAND}.",
        unit="joules",
        direction=_FEWER,
        low=0.0,
        gateable=False,
    ),
    Metric(
        id="cost.metered_emissions",
        title="Emissions of 1,000, metered",
        definition=f"Metered energy times the declared factor of the grid, {THOUSAND}.",
        unit="grams CO2 equivalent",
        direction=_FEWER,
        low=0.0,
    ),
    Metric(
        id="cost.modelled_emissions",
        title="Emissions of 1,000, modelled",
        definition=f"Modelled energy times the declared factor of the grid, {THOUSAND}.",
        unit="grams CO2 equivalent",
        direction=_FEWER,
        low=0.0,
        gateable=False,
    ),
)
