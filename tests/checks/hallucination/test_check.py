"""Wrong answers are counted, scores compared, and a threshold is found where one can be."""

from __future__ import annotations

from typing import Any

from auditkit.checks import Findings
from auditkit.checks.hallucination.check import CHECK
from auditkit.evidence.aims import Aims
from auditkit.generation.generations import Generations
from auditkit.measurement import Measurement, Slice, Status
from tests.generation.audits import audited, independent
from tests.generation.made import population

AIMS = Aims(error=0.1, violation=0.1)


def measured(generations: Generations, *groups: str, **settings: Any) -> Findings:
    subject, evidence = audited(generations, *groups, **{"aims": AIMS, **settings})
    assert CHECK.unmet(subject) == ""
    return CHECK.measure(subject, evidence)


def found(result: Findings, name: str, label: str = "", **where: str) -> Measurement:
    wanted = (f"hallucination.{name}", label, Slice.of(where))
    (one,) = [m for m in result.measurements if (m.key.metric, m.key.label, m.key.slice) == wanted]
    return one


def value(result: Findings, name: str, label: str = "", **where: str) -> float:
    one = found(result, name, label, **where)
    assert one.status is Status.MEASURED, one.reason
    assert one.value is not None
    return one.value


def test_a_model_that_is_wrong_on_half_and_knows_it_answers_the_other_half() -> None:
    result = measured(independent(population(800)), "kind")
    assert value(result, "error_rate") == 0.5
    assert value(result, "error_rate", kind="unknown") == 1
    assert value(result, "auroc", "semantic_entropy") > 0.95
    coverage = found(result, "coverage")
    assert coverage.interval is not None
    assert 0.4 < coverage.interval.low < coverage.interval.high < 0.6
    error = found(result, "accepted_error")
    assert error.interval is not None
    assert error.interval.high < 0.1
    assert value(result, "group_coverage", kind="unknown") < 0.1


def test_a_model_whose_scores_say_nothing_gets_no_threshold() -> None:
    result = measured(independent(population(800, informative=False)))
    for name in ("threshold", "coverage", "accepted_error"):
        one = found(result, name)
        assert (one.status, one.value) == (Status.UNDEFINED, None)
        assert "more of them would not do" in one.reason
