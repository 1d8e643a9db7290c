"""Does the model know right answers from wrong ones when it is asked?"""

from __future__ import annotations

import numpy as np
import pytest

from auditkit.generation.scores.verification import verification_accuracy


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([0.9, 0.9, 0.1, 0.1, 0.9], (2, 2, 2, 2)),
        ([0.9] * 5, (2, 2, 2, 0)),  # yes to everything
        ([0.1] * 5, (2, 0, 2, 2)),  # no to everything
        ([0.5] * 5, (2, 0, 2, 2)),  # undecided: no yes
    ],
)
def test_hits_are_counted_on_judged_answers(
    said: list[float], expected: tuple[int, int, int, int]
) -> None:
    wrong = np.array([False, False, True, True, True])
    judged = np.array([True, True, True, True, False])
    assert verification_accuracy(np.array(said), wrong, judged) == expected


def test_without_judged_answers_there_are_no_hits() -> None:
    nobody = np.zeros(3, dtype=bool)
    assert verification_accuracy(np.full(3, 0.9), nobody, nobody) == (0, 0, 0, 0)
