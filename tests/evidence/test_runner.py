"""Custom heads with the user's unit metrics; heads of a model that answers with several parts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from auditkit.data import Batch, Columns
from auditkit.errors import DataError, ModelError
from auditkit.evidence import CountNeed, SumNeed, ViewKey, make_plan
from auditkit.evidence.collector import SplitCollector
from auditkit.evidence.needs import TARGET, SplitNeed
from auditkit.evidence.runner import BatchRunner
from tests.evidence.passes import answering, batch_of, subject_of, sums, values

COLUMNS = Columns(label=None)


def custom(metrics: Any, function: Any = lambda x: x) -> Any:
    return answering(function, task="custom", unit_metrics=metrics)


def batch(inputs: Any, targets: Any, n: int, start: int = 0) -> Batch:
    return Batch(inputs, targets, np.arange(start, start + n), {}, None)


def collected(model: Any, batches: list[Batch], names: tuple[str, ...]):
    subject = subject_of(model, COLUMNS, unit_metrics=names)
    needs = [SplitNeed("evaluation", SumNeed(ViewKey(""), name)) for name in names]
    plan = make_plan(needs, subject).splits["evaluation"]
    collector = SplitCollector(subject, plan, model, {}, 0)
    with model.opened():
        for one in batches:
            collector.update(one)
        return collector.finish()


def test_one_number_per_unit_is_summed() -> None:
    model = custom(lambda output, target: (output - target).abs().mean(dim=(1, 2)))
    images, masks = torch.rand(10, 4, 4), torch.rand(10, 4, 4)
    batches = [batch(images[:6], masks[:6], 6), batch(images[6:], masks[6:], 4, 6)]
    found = collected(model, batches, ("unit_metric",))
    expected = (images - masks).abs().mean(dim=(1, 2)).double()
    n, total, squares = sums(found, SumNeed(ViewKey(""), "unit_metric"))
    assert n == 10
    assert total == pytest.approx(float(expected.sum()), rel=1e-12)
    assert squares == pytest.approx(float(expected.square().sum()), rel=1e-12)


def test_detection_answers_with_lists_and_takes_lists_as_targets() -> None:
    def found_boxes(output: list, target: list) -> dict[str, torch.Tensor]:
        pairs = zip(output, target, strict=True)
        counts = torch.tensor([float(len(o["boxes"]) - len(t["boxes"])) for o, t in pairs])
        return {"excess": counts, "exact": counts == 0}

    model = custom(found_boxes, lambda images: [{"boxes": torch.zeros(2, 4)} for _ in images])
    targets = [{"boxes": torch.zeros(k, 4)} for k in (2, 1, 0)]
    evidence = collected(model, [batch(torch.zeros(3, 8), targets, 3)], ("excess", "exact"))
    assert sums(evidence, SumNeed(ViewKey(""), "excess"))[1] == 3.0
    assert sums(evidence, SumNeed(ViewKey(""), "exact"))[1] == 1.0


@pytest.mark.parametrize(
    ("metrics", "said"),
    [
        (
            lambda output, target: output.mean(),
            "returned a tensor of shape () for 'unit_metric'; expected a tensor of shape (3,), one "
            "number per unit. Reduce over every axis but the first.",
        ),
        (lambda output, target: {"iou": 0.5}, "returned a float for 'iou'; expected a tensor"),
        (lambda output, target: output[:2, 0], "returned a tensor of shape (2,)"),
        (lambda output, target: 1 / 0, "failed (ZeroDivisionError: division by zero)."),
        (
            lambda output, target: {"iou": output[:, 0] / 0},
            "3 of 3 rows read so far are not finite in the unit metric 'iou' (the first is row 0)",
        ),
    ],
)
def test_other_returns_are_refused(metrics: Any, said: str) -> None:
    model = custom(metrics)
    with model.opened(), pytest.raises(ModelError) as caught:
        BatchRunner(model).run(batch(torch.ones(3, 2), torch.ones(3), 3))
    assert said in str(caught.value)


def test_the_same_metrics_are_expected_of_every_batch() -> None:
    model = custom(lambda output, target: {f"m{len(output)}": output[:, 0]})
    runner = BatchRunner(model)
    with model.opened():
        runner.run(batch(torch.ones(3, 2), torch.ones(3), 3))
        with pytest.raises(ModelError) as caught:
            runner.run(batch(torch.ones(2, 2), torch.ones(2), 2))
    assert "unit_metrics of the model returned m2, and m3 for the first batch." in str(caught.value)


def test_a_head_for_each_part_of_the_answer() -> None:
    table = pd.DataFrame({"id": range(4), "p": [0.1, 0.9, 0.8, 0.2], "price": [1.0, 2.0, 3.0, 4.0]})
    heads = {
        "risk": {"task": "binary", "outputs": "probabilities", "decision": {"threshold": 0.5}},
        "price": {"task": "regression"},
    }
    model = answering(
        lambda frame: {
            "price": torch.tensor(frame["price"].to_numpy()) + 1,
            "risk": torch.tensor(frame["p"].to_numpy()),
        },
        heads=heads,
    )
    columns = Columns(label={"risk": "r", "price": "q"})
    targets = {"risk": np.array([0, 1, 1, 0]), "price": table["price"].to_numpy()}
    subject = subject_of(model, columns)
    wanted = [CountNeed(ViewKey("risk"), (TARGET,)), SumNeed(ViewKey("price"), "error")]
    plan = make_plan([SplitNeed("evaluation", need) for need in wanted], subject)
    collector = SplitCollector(subject, plan.splits["evaluation"], model, {}, 0)
    with model.opened():
        collector.update(batch_of(table, columns, targets))
        found = collector.finish()
        assert values(found, wanted[0]).tolist() == [2, 2]
        assert sums(found, wanted[1])[1] == 4.0
        with pytest.raises(DataError, match=r"There is no target for the head 'price'"):
            collector.update(batch_of(table, columns, {"risk": np.zeros(4, int)}))


def test_outputs_of_the_wrong_shape_name_what_is_expected() -> None:
    model = answering(lambda x: x[:, :3], task="multiclass", classes=("a", "b"))
    with model.opened(), pytest.raises(ModelError, match=r"\[4, 3\] for 4 units; .* \[4, 2\]"):
        BatchRunner(model).run(batch(torch.zeros(4, 5), torch.zeros(4, dtype=torch.long), 4))


def test_sums_beyond_all_numbers_are_refused() -> None:
    model = answering(lambda x: x[:, 0], task="regression")
    subject = subject_of(model, COLUMNS)
    need = SplitNeed("evaluation", SumNeed(ViewKey(""), "squared_error"))
    collector = SplitCollector(
        subject, make_plan([need], subject).splits["evaluation"], model, {}, 0
    )
    huge = batch(torch.full((3, 1), 1e200, dtype=torch.float64), torch.zeros(3), 3)
    with model.opened():
        collector.update(huge)
        with pytest.raises(ModelError, match=r"The sum of squared_error is beyond all numbers"):
            collector.finish()
