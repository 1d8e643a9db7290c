from __future__ import annotations

import pytest

from auditkit.generation.evidence import GenerationEvidence
from auditkit.generation.generations import Generations
from auditkit.generation.grounding.planting import ANOTHER_CLAIM, ANOTHER_CONTEXT, planted
from auditkit.generation.settings import GenerationSettings, PromptColumns
from auditkit.models.generators.answer import Answer
from tests.generation.made import question

COLUMNS = PromptColumns(context="passages", references="answer")
SETTINGS = GenerationSettings(columns=COLUMNS)
NAMES = ("Ada", "Bo", "Cy", "Di", "Ed", "Flo", "Gus", "Hal")


def _row(place: int, cluster: int | None = None, **known: object) -> GenerationEvidence:
    name = NAMES[place % len(NAMES)]
    given = {
        "context": (f"{name} lives in town {place}.", "Nothing."),
        "references": (f"{name} lives in town {place}. {name} is {place}.",),
        **known,
    }
    return GenerationEvidence(question(place, cluster, **given), Answer("I do not know."))


def _made(*rows: GenerationEvidence) -> Generations:
    return Generations.of(rows)


def test_sentences_of_right_answers_are_supported_and_those_of_others_are_not() -> None:
    found = planted(_made(*map(_row, range(6))), SETTINGS, 100)
    assert [one.text for one in found.supported[:2]] == ["Ada lives in town 0.", "Ada is 0."]
    moved = found.unsupported[ANOTHER_CONTEXT]
    assert [one.text for one in moved[:2]] == ["Ada lives in town 0.", "Ada is 0."]
    assert moved[0].passages == ("Bo lives in town 1.", "Nothing.")
    added = found.unsupported[ANOTHER_CLAIM]
    assert [one.text for one in added[:2]] == ["Bo lives in town 1.", "Cy lives in town 2."]
    assert added[0].passages == found.supported[0].passages
    assert found.by_references
    assert {one.log_probs for one in found.supported} == {None}


def test_no_sentence_is_planted_within_a_cluster() -> None:
    rows = [_row(place, cluster=place // 3) for place in range(6)]
    found = planted(_made(*rows), SETTINGS, 100)
    assert found.unsupported[ANOTHER_CONTEXT][0].passages[0] == "Di lives in town 3."
    alone = planted(_made(*(_row(place, cluster=1) for place in range(6))), SETTINGS, 100)
    assert len(alone.supported) == 12
    assert alone.unsupported == {ANOTHER_CONTEXT: (), ANOTHER_CLAIM: ()}


def test_what_the_other_context_holds_is_not_planted() -> None:
    same = {"context": ("Ada and Bo and Cy live in town 0 1 2.",)}
    shared = [
        _row(place, references=(f"{NAMES[place]} in town {place}.",), **same) for place in range(3)
    ]
    found = planted(_made(*shared), SETTINGS, 100)
    assert found.unsupported == {ANOTHER_CONTEXT: (), ANOTHER_CLAIM: ()}


def test_without_right_answers_the_models_own_are_taken_and_it_is_said() -> None:
    own = GenerationSettings(columns=PromptColumns(context="passages"))
    found = planted(_made(*map(_row, range(4))), own, 100)
    assert not found.by_references
    assert {one.text for one in found.supported} == {"I do not know."}


@pytest.mark.parametrize(
    "known",
    [{"context": ()}, {"references": ()}, {"references": ("...",)}],
)
def test_rows_without_context_or_sentence_are_left_out(known: dict[str, object]) -> None:
    found = planted(_made(_row(0, **known), _row(1)), SETTINGS, 100)
    assert {one.row for one in found.supported} == {1}


@pytest.mark.parametrize("right", [(), (2,), (0, 5)])
def test_rows_whose_passages_were_not_retrieved_are_left_out(right: tuple[int, ...]) -> None:
    columns = PromptColumns(context="passages", references="answer", right_passages="right")
    rows = _made(_row(0, right_passages=right), _row(1, right_passages=(0, 1)))
    found = planted(rows, GenerationSettings(columns=columns), 100)
    assert {one.row for one in found.supported} == {1}


def test_no_more_rows_than_asked_for_and_none_of_nothing() -> None:
    found = planted(_made(*map(_row, range(8))), SETTINGS, 3)
    assert {one.row for one in found.supported} == {0, 1, 2}
    assert planted(_made(), SETTINGS, 3).supported == ()
