"""The check of costs: known numbers, absences, and what a judge makes of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from auditkit.checks import Findings
from auditkit.checks.cost.check import CHECK
from auditkit.checks.registry import catalogue
from auditkit.data import Dataset, dataset
from auditkit.errors import PolicyError
from auditkit.evidence import Evidence, Subject
from auditkit.evidence.cost_wishes import CostWishes
from auditkit.evidence.costs.costs import (
    Costs,
    Energy,
    FlopCount,
    Memory,
    NotCosted,
    Timing,
    Weights,
)
from auditkit.measurement import Measurement, Status
from auditkit.models import wrap
from auditkit.policy import Policy, check_metrics, judge
from auditkit.policy.words import size
from tests.checks.audits import (
    DECIDING,
    collected,
    data_of,
    found,
    inside,
    outside,
    scored,
    stored,
    value,
)
from tests.checks.audits import interval as interval_of
from tests.policy.cases import BOUND, changed, policy

PRICED = CostWishes(
    batch_sizes=(1, 10),
    price_per_hour=3.6,
    currency="EUR",
    power_watts=50,
    grid_grams_per_kwh=360,
    grid_source="a table",
)
MEASURED = FlopCount(800, 10, {"mm": 800}, (), 30, 0.0, "Counted on a copy without numbers.")


def _rows(n: int = 40) -> Dataset:
    rng = np.random.default_rng(0)
    x = torch.from_numpy(rng.normal(size=(n, 4)).astype(np.float32))
    y = torch.from_numpy(rng.integers(0, 2, n))
    return dataset(evaluation=torch.utils.data.TensorDataset(x, y))


def _asked(metric: str) -> Policy:
    """A policy that wants no more than a limit that is far away."""
    return policy(changed(BOUND, metric=f"cost.{metric}", at_least=None, at_most=1e9, by=None))


def _timing(batch: int, milliseconds: float, calls: int = 500) -> Timing:
    noise = np.random.default_rng(batch).normal(size=calls)
    return Timing(batch, milliseconds / 1000 * np.exp(0.02 * noise), warm_ups=5)


COSTS = Costs(
    device="a processor, 4 threads",
    weights=Weights(parameters=100, bytes=400, serialised=1900),
    flops=MEASURED,
    timings=(_timing(1, 10.0), _timing(10, 20.0)),
    tensors=Memory(5000, 10),
    peak=Memory(9000, 10),
    energy=Energy(
        np.random.default_rng(0).normal(2.0, 0.02, 20), np.full(20, 100), 10.0, 10, "a meter"
    ),
)


def _findings(costs: Costs = COSTS, wishes: CostWishes = PRICED, **more: object) -> Findings:
    """What the check makes of given costs."""
    model = wrap(nn.Linear(4, 1), task="binary", outputs="logits", device="cpu")
    subject, evidence = collected(CHECK, model, _rows(), cost=replace(wishes, seconds=0.01))
    subject = replace(subject, cost=wishes, **more)  # type: ignore[arg-type]
    (need,) = [asked.need for asked in CHECK.needs(subject)]
    split = replace(evidence["evaluation"], costs={need: costs})  # type: ignore[dict-item]
    return CHECK.measure(subject, Evidence({"evaluation": split}))


@pytest.fixture(scope="module")
def known() -> Findings:
    return _findings()


def test_counted_numbers_are_exact(known: Findings) -> None:
    exact = {"flops": 80, "parameters": 100, "weight_bytes": 400, "tensor_bytes": 5000}
    for name, number in {**exact, "peak_bytes": 9000, "file_bytes": 1900}.items():
        one = found(known, f"cost.{name}")
        assert one.value == number
        assert one.interval is None
        assert inside(one, number, number)


def test_the_file_that_the_model_came_from_is_its_size() -> None:
    one = found(_findings(file_bytes=12_345), "cost.file_bytes")
    assert one.value == 12_345
    assert "came from" in one.reason


def test_latency_is_by_batch_size_with_its_interval(known: Findings) -> None:
    for label, milliseconds in (("batch of 1", 10.0), ("batch of 10", 20.0)):
        spread = {"p50": 1.0, "p95": np.exp(0.02 * 1.645), "p99": np.exp(0.02 * 2.326)}
        for name, factor in spread.items():
            one = found(known, f"cost.latency_{name}", label=label)
            assert one.value == pytest.approx(milliseconds * factor, rel=0.01)
            assert one.units == 500
            assert interval_of(known, f"cost.latency_{name}", label=label).low < one.value
            assert "on a processor, 4 threads" in one.reason


def test_a_judge_tells_a_fast_model_from_a_slow_one(known: Findings) -> None:
    one = found(known, "cost.latency_p95", label="batch of 1")
    assert inside(one, 0, 12, alpha=0.025)
    assert outside(one, 0, 9, alpha=0.025)
    fast = _findings(replace(COSTS, timings=(_timing(1, 3.0),)))
    assert inside(found(fast, "cost.latency_p95", label="batch of 1"), 0, 9, alpha=0.025)


def test_throughput_price_and_energy_follow_from_the_mean(known: Findings) -> None:
    label = "batch of 10"  # 2 ms for each unit
    assert value(known, "cost.throughput", label=label) == pytest.approx(500, rel=0.01)
    # 3.6 an hour is .001 a second; 1,000 predictions take 2 s.
    assert value(known, "cost.price", label=label) == pytest.approx(0.002, rel=0.01)
    assert value(known, "cost.modelled_energy", label=label) == pytest.approx(100, rel=0.01)
    # 360 g for 3.6 MJ.
    modelled = value(known, "cost.modelled_emissions", label=label)
    assert modelled == pytest.approx(100 * 1e-4, rel=0.01)
    assert value(known, "cost.metered_energy", label=label) == pytest.approx(20, rel=0.01)
    metered = value(known, "cost.metered_emissions", label=label)
    assert metered == pytest.approx(20 * 1e-4, rel=0.01)
    assert "In EUR, at 3.6 EUR an hour." in found(known, "cost.price", label=label).reason
    assert "(a table)" in found(known, "cost.metered_emissions", label=label).reason


def test_modelled_numbers_are_never_judged(known: Findings) -> None:
    metrics = catalogue([CHECK])
    for name in ("modelled_energy", "modelled_emissions"):
        one = found(known, f"cost.{name}", label="batch of 1")
        assert one.estimate is None
        assert one.interval is not None
        asked = _asked(name)
        with pytest.raises(PolicyError, match="shown"):
            check_metrics(asked, metrics)
        verdicts = judge(asked, known.measurements).verdicts
        assert {verdict.status.value for verdict in verdicts} <= {"inconclusive", "missing"}


def test_a_count_that_leaves_something_out_never_passes() -> None:
    partial = replace(MEASURED, unformulated=("aten._fft_r2c", "my::kernel"))
    one = found(_findings(replace(COSTS, flops=partial)), "cost.flops")
    assert one.value == 80
    assert one.estimate is None
    assert "It is at least this." in one.reason
    assert "aten._fft_r2c, my::kernel" in one.reason
    asked = _asked("flops")
    assert judge(asked, [one]).verdicts[0].status.value != "pass"


def test_what_nobody_declared_is_told_once() -> None:
    plain = _findings(wishes=CostWishes(batch_sizes=(1, 10)))
    for name in ("price", "modelled_energy", "modelled_emissions", "metered_emissions"):
        one = found(plain, f"cost.{name}")
        assert one.status is Status.NOT_APPLICABLE
        assert "declare" in one.reason


def test_absences_are_values() -> None:
    none = NotCosted("It broke.")
    untimed = (Timing(1, lacking="Too slow."), _timing(10, 20.0, calls=3))
    empty = _findings(Costs("a processor", none, none, untimed, none, none, none))
    statuses = {
        "flops": Status.UNDEFINED,
        "parameters": Status.UNDEFINED,
        "file_bytes": Status.UNDEFINED,
        "tensor_bytes": Status.UNDEFINED,
        "peak_bytes": Status.NOT_APPLICABLE,
        "metered_energy": Status.NOT_APPLICABLE,
    }
    for name, status in statuses.items():
        one = found(empty, f"cost.{name}")
        assert (one.status, one.value) == (status, None)
    slow = found(empty, "cost.latency_p50", label="batch of 1")
    assert (slow.status, slow.reason) == (Status.UNDEFINED, "Too slow.")
    few = found(empty, "cost.throughput", label="batch of 10")
    assert few.status is Status.TOO_FEW
    assert "only 3 calls were timed" in few.reason
    assert not empty.figures


def test_calls_that_hang_together_bound_nothing() -> None:
    drifting = Timing(1, np.linspace(0.01, 0.02, 40))
    one = found(_findings(replace(COSTS, timings=(drifting,))), "cost.latency_p50")
    assert one.value is not None
    assert one.estimate is None
    assert "cost.seconds" in one.reason


def test_slow_calls_that_come_together_leave_a_percentile_unbounded_and_say_so() -> None:
    rng = np.random.default_rng(0)
    seconds = 0.01 * np.exp(0.01 * rng.normal(size=500))
    seconds[100:126] *= 3
    for calls, mend in ((500, "a machine that does nothing else"), (499, "more in cost.seconds")):
        costs = replace(COSTS, timings=(Timing(1, seconds[:calls], 5),))
        one = found(_findings(costs), "cost.latency_p95", label="batch of 1")
        assert one.interval is not None
        assert one.interval.high == np.inf
        assert "Nothing bounds it from above" in one.reason
        assert mend in one.reason


def test_what_is_counted_are_calls(known: Findings) -> None:
    assert size(found(known, "cost.latency_p95", label="batch of 1")) == "500 calls"
    assert size(found(known, "cost.parameters")) == "1 call"


def test_the_table_names_the_device_and_the_batch_whose_memory_it_tells(known: Findings) -> None:
    (table,) = (figure for figure in known.figures if figure.kind == "cost_table")
    assert COSTS.device in table.caption
    of = {row["what"]: row["of"] for row in table.data["costs"]}
    assert of["Memory of the tensors of a call"] == "batch of 10"
    assert of["Parameters"] == ""


def test_a_network_is_measured_whole() -> None:
    class Checked(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.out = nn.Linear(4, 1)

        def forward(self, rows: Tensor) -> Tensor:
            one: Tensor = self.out(rows)
            return one

    model = wrap(Checked(), task="binary", outputs="logits", device="cpu")
    subject, evidence = collected(CHECK, model, _rows(), batch_size=64)
    measured = CHECK.measure(subject, evidence)
    assert value(measured, "cost.flops") == 8
    assert value(measured, "cost.parameters") == 5
    assert value(measured, "cost.latency_p50", label="batch of 64") > 0
    assert [figure.kind for figure in measured.figures] == ["latency", "cost_table"]
    assert measured.figures[1].data["operations"] == [{"operation": "addmm", "FLOPs of a unit": 8}]


def test_stored_predictions_cost_nothing_that_could_be_measured() -> None:
    model, data = stored(**DECIDING), data_of(scored(50))
    from auditkit.subjects import probe

    with model.opened():
        subject: Subject = probe(model, data, seed=0, batch_size=64).subject
    assert "stored predictions" in CHECK.unmet(subject)


def test_a_process_that_does_not_judge_has_reasons_alone() -> None:
    model = wrap(nn.Linear(4, 1), task="binary", outputs="logits", device="cpu")
    subject, evidence = collected(CHECK, model, _rows())
    elsewhere = replace(evidence["evaluation"], costs={})
    one: Measurement
    for one in CHECK.measure(subject, Evidence({"evaluation": elsewhere})).measurements:
        assert one.status is Status.NOT_APPLICABLE
