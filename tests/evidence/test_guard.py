"""Outputs that contradict the declaration are named: which head, what, how many, the first row."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from auditkit.errors import ModelError
from auditkit.evidence.guard import OutputGuard
from auditkit.models.head import Head, Outputs, Task

SCORE = Head("", Task.BINARY, Outputs.PROBABILITIES)
CLASSES = ("a", "b", "c")


def watch(guard: OutputGuard, head: Head, raw: torch.Tensor, start: int = 0) -> None:
    guard.watch(head, raw)
    guard.batch_done(np.arange(start, start + len(raw)))


def fine(n: int = 10) -> torch.Tensor:
    return torch.full((n,), 0.5)


def test_nothing_is_said_of_what_is_declared() -> None:
    guard = OutputGuard()
    guard.read()
    for start in range(0, 100, 10):
        watch(guard, SCORE, fine(), start)
    guard.read()


@pytest.mark.parametrize(
    ("value", "said"),
    [(torch.nan, "not finite"), (torch.inf, "not finite"), (1.5, "outside [0, 1]")],
)
def test_the_first_batch_is_read_at_once(value: float, said: str) -> None:
    raw = fine()
    raw[3] = raw[7] = value
    with pytest.raises(ModelError) as caught:
        watch(OutputGuard(), SCORE, raw, start=500)
    assert caught.value.problem == (
        f"The outputs of the model contradict the declaration: 2 of 10 rows read so far are {said} "
        "(the first is row 503)."
    )
    assert caught.value.mend.startswith("Declare outputs as what they are")


def test_a_late_batch_is_found_at_the_next_read() -> None:
    guard = OutputGuard()
    watch(guard, SCORE, fine())
    broken = fine()
    broken[-1] = torch.nan
    watch(guard, SCORE, broken, start=10)
    for start in range(20, 630, 10):
        watch(guard, SCORE, fine(), start)
    with pytest.raises(ModelError, match=r"1 of 640 rows .* \(the first is row 19\)"):
        watch(guard, SCORE, fine(), start=630)


def test_a_late_batch_is_found_by_reading() -> None:
    guard = OutputGuard()
    for start in range(0, 1000, 10):
        watch(guard, SCORE, fine(), start)
    raw = fine()
    raw[0] = -0.5
    watch(guard, SCORE, raw, start=1000)
    with pytest.raises(ModelError, match=r"1 of 1,010 rows .* \(the first is row 1000\)"):
        guard.read()


def test_row_ids_of_any_kind_are_named() -> None:
    guard = OutputGuard()
    guard.watch(SCORE, torch.tensor([0.5, torch.nan]))
    with pytest.raises(ModelError, match=r"the first is row person-8"):
        guard.batch_done(np.array(["person-7", "person-8"], dtype=object))


def test_the_head_is_named() -> None:
    heads = [Head("mood", Task.MULTICLASS, Outputs.PROBABILITIES, CLASSES), SCORE]
    guard = OutputGuard()
    guard.watch(heads[1], fine(4))
    guard.watch(heads[0], torch.full((4, 3), 0.5))
    with pytest.raises(ModelError, match=r"The outputs of the head 'mood' .* 4 of 4 .* sum"):
        guard.batch_done(np.arange(4))


def test_logits_that_are_probabilities_are_refused() -> None:
    head = Head("", Task.MULTICLASS, Outputs.LOGITS, CLASSES)
    shares = torch.randn(200, 3).softmax(dim=1)
    with pytest.raises(ModelError) as caught:
        watch(OutputGuard(), head, shares)
    assert caught.value.problem == (
        "The outputs of the model are declared as logits, and in all 200 rows read so far they lie "
        "in [0, 1] and sum to 1, as probabilities do."
    )
    watch(OutputGuard(), head, torch.randn(200, 3))
    # Few rows, or some others among them, prove nothing.
    watch(OutputGuard(), head, shares[:19])
    mixed = shares.clone()
    mixed[5] = torch.tensor([2.0, -1.0, 0.0])
    watch(OutputGuard(), head, mixed)


def test_unit_metrics_are_watched() -> None:
    head = Head("seg", Task.CUSTOM, unit_metrics=lambda output, target: output)
    guard = OutputGuard()
    guard.watch(head, [torch.zeros(1), torch.zeros(2)])
    guard.watch_metrics(head, {"iou": torch.tensor([0.5, torch.nan]), "n": torch.tensor([1, 2])})
    with pytest.raises(ModelError, match=r"head 'seg' .* 1 of 2 .* not finite in the unit metric "):
        guard.batch_done(np.arange(2))


def test_half_precision_is_given_its_rounding() -> None:
    watch(OutputGuard(), SCORE, torch.tensor([1.0009765625, 0.5], dtype=torch.float16))
    with pytest.raises(ModelError):
        watch(OutputGuard(), SCORE, torch.tensor([1.1, 0.5], dtype=torch.float16))
