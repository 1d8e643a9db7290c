"""The policy for assistants can be passed by a model that knows what it knows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from auditkit.checks.hallucination.check import CHECK
from auditkit.checks.registry import catalogue, load_checks
from auditkit.evidence.aims import Aims
from auditkit.measurement import Measurement
from auditkit.policy import Verdict, VerdictStatus, judge, load_policy
from tests.checks.groundedness.test_check import answers
from tests.checks.groundedness.test_check import measured as grounded
from tests.generation.audits import audited, independent
from tests.generation.made import population

WARRANTED = {"errors-among-answers", "answers-given", "risk-comes-true", "confidently-wrong",
             "enough-judged", "errors-of-all-answers", "support-can-be-told"}  # fmt: skip


def judged(*, informative: bool, gap: float) -> dict[str, list[Verdict]]:
    """The verdicts on what was measured of a model, by requirement."""
    made = independent(population(600, samples=5, informative=informative))
    plain = replace(made, rows=tuple(replace(row, hidden={}) for row in made.rows))
    found: list[Measurement] = list(
        CHECK.measure(*audited(plain, aims=Aims(error=0.1, violation=0.1))).measurements
    )
    found += grounded(*answers(240, gap=gap)).measurements
    metrics = dict(catalogue(load_checks()[0]))
    verdicts: dict[str, list[Verdict]] = {}
    for one in judge(load_policy("llm-assistant"), found, metrics=metrics).verdicts:
        verdicts.setdefault(one.requirement, []).append(one)
    return verdicts


def test_a_sound_model_passes_what_is_measured_of_it() -> None:
    found = judged(informative=True, gap=2.0)
    for name in WARRANTED:
        assert {one.status for one in found[name]} == {VerdictStatus.PASS}, (name, found[name])


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("errors-among-answers", VerdictStatus.MISSING),  # there is no threshold
        ("answers-given", VerdictStatus.MISSING),
        ("support-can-be-told", VerdictStatus.FAIL),
    ],
)
def test_a_model_whose_scores_say_nothing_does_not(name: str, status: VerdictStatus) -> None:
    found = judged(informative=False, gap=0.0)
    assert {one.status for one in found[name]} == {status}
