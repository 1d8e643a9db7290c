"""The check of highlights: planted ones that say something, ones that say nothing, and none."""

from __future__ import annotations

from typing import Any

import numpy as np

from auditkit.checks.answer_explanation.check import CHECK, NEED
from auditkit.checks.check import Findings
from auditkit.data.columns import Columns
from auditkit.evidence.aims import Aims
from auditkit.evidence.collected import Evidence, SplitEvidence
from auditkit.evidence.subject import Subject
from auditkit.generation.highlight import Highlight
from auditkit.generation.settings import GenerationSettings
from auditkit.measurement import Status
from tests.generation.made import population

SETTINGS = GenerationSettings.of({"correctness": {"kind": "exact"}})


def found(highlights: Any, review: int = 0, n: int = 60) -> Findings:
    subject = Subject((), ("evaluation",), Columns(label=None), generation=SETTINGS,
                      aims=Aims(review=review))  # fmt: skip
    split = SplitEvidence(n, {}, {}, generations=population(n), highlights={NEED: highlights})
    return CHECK.measure(subject, Evidence({"evaluation": split}))


def made(n: int, gain: float, noise: float = 0.5, removed: int = 2) -> tuple[Highlight, ...]:
    rng = np.random.default_rng(0)
    return tuple(
        Highlight(row, ("the", "river", "of", "x"), np.float32([0.1, 2, -1, 0.5]),
                  "gradient_x_input", removed, 1 + gain + noise * rng.normal(), 1.0)
        for row in range(n)
    )  # fmt: skip


def by_name(findings: Findings) -> dict[str, Any]:
    return {one.key.metric.partition(".")[2]: one for one in findings.measurements}


def test_highlights_that_say_something_stand_their_test() -> None:
    numbers = by_name(found(made(50, gain=1.0)))
    assert numbers["held"].interval.low > 0.5
    assert numbers["gain"].interval.low > 0.5
    assert numbers["held"].units == 50


def test_highlights_that_say_nothing_do_not() -> None:
    numbers = by_name(found(made(50, gain=0.0)))
    assert numbers["held"].interval.low < 0.5 < numbers["held"].interval.high
    assert numbers["gain"].interval.low < 0 < numbers["gain"].interval.high


def test_texts_are_shown_only_where_they_are_asked_for() -> None:
    assert not found(made(50, gain=1.0)).figures
    (figure,) = found(made(50, gain=1.0), review=3).figures
    assert figure.kind == "token_maps"
    assert len(figure.data["items"]) == 3
    assert figure.data["items"][0]["trust"]["label"] == "tested"


def test_what_fails_its_test_is_withheld() -> None:
    (figure,) = found(made(50, gain=-3.0), review=1).figures
    assert figure.data["items"][0]["trust"]["label"] == "withheld"


def test_prompts_too_short_to_be_tested_are_told() -> None:
    one = by_name(found((*made(20, 1.0), *made(5, 1.0, removed=0))))["held"]
    assert one.units == 20
    assert "5 prompts were too short" in one.reason


def test_without_highlights_there_is_a_reason() -> None:
    for one in found("Only the answers of this model are known.").measurements:
        assert one.status is Status.NOT_APPLICABLE
        assert one.reason == "Only the answers of this model are known."


def test_of_fewer_than_five_nothing_is_told() -> None:
    for one in found(made(4, 1.0)).measurements:
        assert (one.status, one.value, one.rows) == (Status.TOO_FEW, None, 0)
        assert one.reason.startswith("There are too few answers whose highlights could be tested;")
    for one in found(made(20, 1.0, removed=0)).measurements:
        assert one.status is Status.UNDEFINED
        assert one.reason == "No prompt was long enough to be tested by taking words away."
    for one in found(made(5, 1.0)).measurements:
        assert one.value is not None
