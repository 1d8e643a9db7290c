"""Detectors that can tell, and ones that cannot; and what is said where nothing can be measured."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from auditkit.checks import Findings
from auditkit.checks.groundedness.check import CHECK, NEED, NO_CONTEXT
from auditkit.checks.groundedness.numbers import CIRCULAR, NO_LABELS
from auditkit.checks.groundedness.sentence_rows import answer_sentences
from auditkit.checks.groundedness.supports import OWN_ANSWERS, Supports
from auditkit.evidence.aims import Aims
from auditkit.evidence.collected import Evidence
from auditkit.evidence.subject import Subject
from auditkit.generation.evidence import GenerationEvidence
from auditkit.generation.generations import Generations
from auditkit.generation.grounding.claims import Claim
from auditkit.generation.grounding.detectors import detector
from auditkit.generation.grounding.planting import ANOTHER_CLAIM, ANOTHER_CONTEXT, Planted
from auditkit.generation.settings import Matching, PromptColumns
from auditkit.measurement import Measurement, Slice, Status
from auditkit.reports import figures
from auditkit.statistics import estimates
from auditkit.statistics.detection import separation
from tests.generation.audits import audited
from tests.generation.made import answer, question

COLUMNS = PromptColumns(context="passages", references="answer", supported="supported")


def answers(
    n: int = 240, *, gap: float = 2.0, told: bool = True, seed: int = 0
) -> tuple[Generations, Planted]:
    """Answers of two sentences, every fourth of them unsupported, and claims with known support.

    Supported sentences gain `gap` nats a token over others; noise has a standard deviation of 1.
    """
    rng = np.random.default_rng(seed)
    rows, supported = [], []
    unsupported: dict[str, list[Claim]] = {ANOTHER_CONTEXT: [], ANOTHER_CLAIM: []}

    def claim(row: int, mean: float) -> Claim:
        base = -rng.gamma(2, 1, 4).astype(np.float32)
        gain = np.float32(mean + rng.normal())
        return Claim("It is so.", ("It is so.",), 1000 + row, row, base + gain, base)

    for row in range(n):
        right = (True, row % 2 == 0)
        means = np.repeat([gap * one for one in right], 3) + np.repeat(rng.normal(size=2), 3)
        base = -rng.gamma(2, 1, 7).astype(np.float32)
        inside = base + np.float32([*means, 0])
        greedy = replace(
            answer("it is . he left .", [0.0] * 7), log_probs=inside,
        )  # fmt: skip
        asked = question(
            row, groups={"source": "web" if row % 4 == 0 else "book"}, context=("it is .",),
            supported=right if told else (), right_passages=(row % 2,),
        )  # fmt: skip
        rows.append(GenerationEvidence(asked, greedy, without_context=base))
        supported.append(claim(row, gap))
        for claims in unsupported.values():
            claims.append(claim(row, 0))
    return Generations.of(rows), Planted(
        tuple(supported), {name: tuple(claims) for name, claims in unsupported.items()}
    )


def measured(generations: Generations, planted: Planted | str, **settings: Any) -> Findings:
    subject, evidence = prepared(generations, planted, **settings)
    return CHECK.measure(subject, evidence)


def prepared(
    generations: Generations, planted: Planted | str, *groups: str, **settings: Any
) -> tuple[Subject, Evidence]:
    subject, evidence = audited(
        generations, *(groups or ("source",)), **{"columns": COLUMNS, **settings}
    )
    assert CHECK.unmet(subject) == ""
    split = replace(evidence["evaluation"], planted={NEED: planted})
    return subject, Evidence({"evaluation": split})


def found(result: Findings, name: str, label: str = "", **where: str) -> Measurement:
    wanted = (f"groundedness.{name}", label, Slice.of(where))
    (one,) = [m for m in result.measurements if (m.key.metric, m.key.label, m.key.slice) == wanted]
    return one


def value(result: Findings, name: str, label: str = "", **where: str) -> float:
    one = found(result, name, label, **where)
    assert one.status is Status.MEASURED, one.reason
    assert one.value is not None
    return one.value


def test_a_detector_that_can_tell_is_found_to() -> None:
    result = measured(*answers())
    for plant in (ANOTHER_CONTEXT, ANOTHER_CLAIM):
        one = found(result, "detection_auroc", f"shift · {plant}")
        assert one.interval is not None
        # Φ(2 / √2) = .921
        assert one.interval.low < 0.921 < one.interval.high
        assert one.interval.low > 0.87
    # Φ(z.95 − 2) of planted sentences lie above the 5 % quantile of the others.
    assert value(result, "missed_share", f"shift · {ANOTHER_CLAIM}") == pytest.approx(0.36, abs=0.1)
    # Of the answers' sentences a quarter is unsupported, and as many of these are seen.
    assert value(result, "flagged_share") == pytest.approx(0.25 * 0.64 + 0.75 * 0.05, abs=0.06)
    assert value(result, "context_reliance") == pytest.approx(2 * 0.75 * 6 / 7, abs=0.2)


def test_a_detector_that_cannot_tell_is_found_not_to() -> None:
    result = measured(*answers(gap=0.0))
    one = found(result, "detection_auroc", f"shift · {ANOTHER_CONTEXT}")
    assert one.interval is not None
    assert one.interval.low < 0.5 < one.interval.high
    reliance = found(result, "context_reliance")
    assert reliance.interval is not None
    assert reliance.interval.low < 0 < reliance.interval.high


def test_labels_of_people_say_how_many_and_whether_detectors_see_them() -> None:
    result = measured(*answers())
    assert value(result, "unsupported_share") == 0.25
    assert value(result, "unsupported_share", source="web") == 0
    assert value(result, "unsupported_share", source="book") == pytest.approx(1 / 3)
    assert value(result, "label_auroc", "shift") == pytest.approx(0.92, abs=0.05)
    assert value(result, "false_alarm_share", "shift") == pytest.approx(0.05, abs=0.04)
    assert value(result, "unnoticed_share", "shift") == pytest.approx(0.36, abs=0.12)


def test_labels_that_do_not_fit_the_sentences_are_left_out_and_counted() -> None:
    generations, planted = answers()
    rows = [
        replace(row, question=replace(row.question, supported=(True,))) if place < 3 else row
        for place, row in enumerate(generations.rows)
    ]
    one = found(measured(Generations.of(rows), planted), "unsupported_share")
    assert one.rows == 2 * 237
    assert one.reason.startswith("3 answers with another number of labels than of sentences")


def test_without_labels_nothing_is_said_of_how_many() -> None:
    result = measured(*answers(told=False))
    for name in ("label_auroc", "false_alarm_share", "unnoticed_share"):
        assert found(result, name).reason == NO_LABELS
    assert found(result, "unsupported_share").status is Status.UNDEFINED


def test_words_are_not_tried_on_what_they_chose() -> None:
    one = found(measured(*answers()), "detection_auroc", f"overlap · {ANOTHER_CLAIM}")
    assert (one.status, one.reason) == (Status.NOT_APPLICABLE, CIRCULAR)


def test_of_a_model_that_is_not_heard_only_words_flag() -> None:
    generations, planted = answers()
    deaf = [
        replace(row, without_context=None, greedy=replace(row.greedy, log_probs=None))
        for row in generations.rows
    ]
    mute = Planted(
        tuple(replace(one, log_probs=None) for one in planted.supported),
        dict.fromkeys(planted.unsupported, ()),
    )
    reasons = {"without_context": "Only the answers of this model are known."}
    result = measured(Generations.of(deaf, reasons), mute)
    one = found(result, "detection_auroc", f"shift · {ANOTHER_CLAIM}")
    assert (one.status, one.reason) == (Status.NOT_APPLICABLE, reasons["without_context"])
    assert found(result, "context_reliance").reason == reasons["without_context"]
    assert result.notes[0].endswith("(overlap).")


def test_own_answers_give_no_threshold() -> None:
    generations, planted = answers()
    result = measured(generations, replace(planted, by_references=False))
    one = found(result, "flagged_share")
    assert one.status is Status.UNDEFINED
    assert one.reason.startswith(OWN_ANSWERS)
    assert found(result, "detection_auroc", f"shift · {ANOTHER_CLAIM}").reason == OWN_ANSWERS


def test_recall_at_some_depths() -> None:
    columns = replace(COLUMNS, right_passages="right")
    result = measured(*answers(), columns=columns)
    assert value(result, "retrieval_recall", "k=1") == 0.5


@pytest.mark.parametrize("n", [0, 1, 3, 12])
def test_few_answers(n: int) -> None:
    generations, planted = answers(n)
    result = measured(generations, planted)
    assert all(one.status is not Status.MEASURED or one.rows >= 5 for one in result.measurements)
    assert all(one.reason for one in result.measurements if one.status is not Status.MEASURED)


def test_answers_that_are_empty_and_claims_that_could_not_be_planted() -> None:
    rows = [
        GenerationEvidence(
            question(row, groups={"source": "web"}, context=("one",)), answer("", [0.0]),
            without_context=np.zeros(1, dtype=np.float32),
        )
        for row in range(30)
    ]  # fmt: skip
    result = measured(Generations.of(rows), "The model failed.")
    assert found(result, "detection_auroc").reason == "The model failed."
    assert found(result, "flagged_share").status is Status.UNDEFINED


def test_sentences_are_shown_only_where_rows_are_asked_for() -> None:
    generations, planted = answers()
    shown = [one for one in measured(generations, planted).figures if one.kind == "plain_table"]
    assert not shown
    told = str([one.data for one in measured(generations, planted).figures])
    assert "he left" not in told
    result = measured(generations, planted, aims=Aims(review=4))
    (table,) = [one for one in result.figures if one.kind == "plain_table"]
    assert len(table.data["rows"]) == 4
    assert table.data["rows"][0]["nearest passage"] in ("", "it is .")


def test_the_pictures_are_drawn() -> None:
    result = measured(*answers())
    kinds = [one.kind for one in result.figures]
    assert kinds.count("separation") == 2
    assert kinds.count("group_rates") == 3
    assert figures.picture(result.figures[0])
    (flagged,) = [one for one in result.figures if one.title.startswith("Sentences flagged")]
    assert "about 5 % are flagged where all are supported" in flagged.caption


def test_the_intervals_hold_the_truth_as_often_as_they_say() -> None:
    held = 0
    for seed in range(100):
        generations, planted = answers(60, seed=seed)
        supports = Supports(Matching(""), planted, answer_sentences(generations, ()))
        sides = supports.sides(detector("shift"), ANOTHER_CLAIM)
        bounds = estimates.interval(separation(sides))
        held += bounds.low <= 0.9214 <= bounds.high
    # Binomial(100, .9) is below 83 in 1 of 100.
    assert held >= 83


def test_data_without_a_context_are_unmet() -> None:
    subject, _ = audited(answers(20)[0])
    assert CHECK.unmet(subject) == NO_CONTEXT


def test_where_no_context_is_given_nothing_is_said_to_be_flagged() -> None:
    generations, _ = answers()
    bare = [
        replace(row, question=replace(row.question, context=()), without_context=None)
        for row in generations.rows
    ]
    assert measured(Generations.of(bare), Planted()).notes == ()
