"""The calibrated risk: fitted on one half, judged on the other, with an error that is honest."""

from __future__ import annotations

import numpy as np
import pytest

from auditkit.checks.answer_rows import AnswerRows
from auditkit.checks.estimation import NoEstimateError
from auditkit.checks.hallucination.judged import Judged
from auditkit.checks.hallucination.keys import key_of
from auditkit.checks.hallucination.risk import Risk, risk_of
from auditkit.generation.evidence import GenerationEvidence
from auditkit.generation.generations import Generations
from auditkit.generation.scores.score import Material
from auditkit.generation.settings import GenerationSettings
from auditkit.measurement import Measurement, Status
from auditkit.statistics import estimates
from tests.generation.made import answer, question


def judged_of(wrong: np.ndarray, per_cluster: int = 0) -> Judged:
    """Answers of which nothing is known but whether they are wrong."""
    said = answer("")
    rows = tuple(
        GenerationEvidence(question(row, row // per_cluster if per_cluster else None), said)
        for row in range(len(wrong))
    )
    generations = Generations(rows)
    return Judged(
        AnswerRows(generations, wrong.astype(np.int8), {}),
        Material(generations, None, GenerationSettings()),
        {},
        Measurement(key_of("verification_accuracy"), Status.NOT_APPLICABLE),
    )


def drawn(n: int, seed: int, per_cluster: int = 0) -> tuple[Judged, np.ndarray]:
    """A score that is the log-odds of being wrong."""
    rng = np.random.default_rng(seed)
    doubt = rng.beta(0.5, 0.5, n)
    return judged_of(rng.random(n) < doubt, per_cluster), doubt


@pytest.mark.parametrize("per_cluster", [0, 2])
def test_the_debiased_error_is_small_and_its_bound_above_it(per_cluster: int) -> None:
    errors, ends = [], []
    for seed in range(30):
        found, score = drawn(1000, seed, per_cluster)
        one = risk_of(found, score, seed).squared_error()
        errors.append(estimates.value(one))
        ends.append(estimates.interval(one).high)
    # Isotonic regression on 500 answers is off by what 500 answers can show.
    assert -0.001 < float(np.mean(errors)) < 0.006
    assert sum(end > 0.002 for end in ends) >= 27


def test_a_risk_from_other_answers_is_found_out() -> None:
    """Fitted on a half where the score is turned around: a planted defect."""
    found, score = drawn(1000, 0)
    turned = np.where(found.rows.held_out, 1 - score, score)
    assert estimates.interval(risk_of(found, turned, 0).squared_error()).low > 0.0025


def test_risks_lie_in_the_cell_that_they_fall_into() -> None:
    found, _ = drawn(20, 0, 2)
    rows = found.compared_rows
    risk = Risk(np.linspace(0, 1, len(rows)), rows, 0)
    right, wrong, sums = risk.totals()
    assert (right + wrong).sum() == len(rows)
    assert wrong.sum() == rows.wrong.sum()
    assert sums.sum() == pytest.approx(len(rows) / 2)
    assert (right + wrong)[-1] == 1
    assert np.array_equal(risk.states()[1].sum(axis=0), wrong)


def test_too_few_answers_have_no_risk() -> None:
    found, score = drawn(50, 0)
    with pytest.raises(NoEstimateError, match="at least 30 answers to fit it on"):
        risk_of(found, score, 0)
