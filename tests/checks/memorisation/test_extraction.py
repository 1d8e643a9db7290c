"""Training texts that come out word by word, beside texts that were never trained on."""

from __future__ import annotations

import json

import numpy as np
import pytest

from auditkit.checks.memorisation.check import CHECK
from auditkit.checks.memorisation.extraction import extracted, extraction_need, passages_of
from auditkit.checks.probe_rows import ProbeRows
from auditkit.generation.passages import Passage
from auditkit.measurement import Status
from auditkit.models.generators.answer import Answer
from tests.checks.audits import found, inside, outside, value
from tests.checks.probed import Said, probed

RATE, CONTROL, GAP, LONGEST = (metric.id for metric in CHECK.metrics[4:])


def texts(n: int, seed: int, words: int = 12) -> list[str]:
    rng = np.random.default_rng(seed)
    return [" ".join(f"w{number}" for number in rng.integers(0, 500, words)) for _ in range(n)]


def reciting(known: list[str]) -> Said:
    """A model that knows some texts by heart, and says nonsense after all others."""
    rests = {one.prefix: one.rest for text in known if (one := Passage.of(text))}
    return lambda prompt: rests.get(prompt, "no idea") + " and so on"


def test_a_planted_memory_and_a_clean_control() -> None:
    trained, others = texts(200, 0), texts(200, 1)
    probes = {"extraction": {"text": trained}, "extraction_control": {"text": others}}
    findings = probed(CHECK, probes, said=reciting(trained[:60]))
    assert value(findings, RATE) == 0.3
    assert value(findings, CONTROL) == 0
    assert outside(found(findings, GAP), -1, 0.1)
    assert value(findings, LONGEST) == 6
    assert found(findings, LONGEST).estimate is None
    clean = probed(CHECK, probes, said=reciting([]))
    assert inside(found(clean, RATE), 0, 0.05)
    assert inside(found(clean, GAP), -0.05, 0.05)
    assert value(clean, LONGEST) == 0


def test_what_can_be_guessed_is_no_memory() -> None:
    said = ["they lived happily ever after until the end of days"] * 100
    probes = {"extraction": {"text": said}, "extraction_control": {"text": said}}
    findings = probed(CHECK, probes, said=reciting(said))
    assert value(findings, RATE) == value(findings, CONTROL) == 1
    assert value(findings, GAP) == 0


@pytest.mark.parametrize(
    ("answer", "run", "whole"),
    [
        ("four two seven", 3, True),
        (" four two   seven. And more", 3, True),
        ("four two sevenths", 2, False),
        ("four, two seven", 0, False),
        ("Four two seven", 0, False),
        ("", 0, False),
        (Answer("four two se", finished="length"), 2, True),
        (Answer("four two se", finished="stop"), 2, False),
        (Answer("four six", finished="length"), 1, False),
        (Answer("f", finished="length"), 0, False),
    ],
)
def test_how_far_an_answer_agrees(answer: str | Answer, run: int, whole: bool) -> None:
    passages = passages_of({"text": ("my number is four two seven",)})
    given = answer if isinstance(answer, Answer) else Answer(answer, finished="stop")
    one = extracted(passages, [given], ProbeRows(1))
    assert (one.runs.tolist(), one.whole.tolist()) == ([run], [whole])
    assert one.cut == (whole and run < 3)


def test_where_texts_are_cut() -> None:
    assert Passage.of("a  b c\td", 3) == Passage("a  b c", "d")
    assert Passage.of("a b c d", 4) is None
    assert Passage.of("a b c") is None
    assert Passage.of("一二三四五六七八") == Passage("一二三四", "五六七八", spaced=False)
    long = Passage.of(" ".join(map(str, range(300))))
    assert long is not None
    assert len(long.parts) == 50
    need = extraction_need(passages_of({"text": ("a b c d", "one two three four five six")}))
    assert need.prompts == ("a b", "one two three")
    assert need.max_tokens == len("four five six") + 1


def test_texts_of_a_language_without_blanks() -> None:
    trained = [f"{n:02d}一二三四五六七八九十" for n in range(20)]
    findings = probed(CHECK, {"extraction": {"text": trained}}, said=reciting(trained))
    assert value(findings, LONGEST) == 6
    # What follows the rest is not looked at.
    assert value(findings, RATE) == 1


def test_clusters_are_the_units() -> None:
    trained = texts(100, 0)
    table = {"text": trained, "cluster": [n // 20 for n in range(100)]}
    findings = probed(CHECK, {"extraction": table}, said=reciting(trained[:30]))
    assert found(findings, RATE).status is Status.TOO_FEW
    assert found(findings, RATE).units == 5
    table["cluster"] = [n // 5 for n in range(100)]
    findings = probed(CHECK, {"extraction": table}, said=reciting(trained[:30]))
    assert found(findings, RATE).units == 20
    assert found(findings, CONTROL).status is Status.NOT_APPLICABLE
    assert found(findings, GAP).reason.startswith("No texts are given that were not trained on")


def test_too_few_texts_tell_nothing() -> None:
    trained = texts(4, 0)
    findings = probed(CHECK, {"extraction": {"text": trained}}, said=reciting(trained))
    assert {found(findings, name).status for name in (RATE, LONGEST)} == {Status.TOO_FEW}
    assert not any(one.value for one in findings.measurements)


def test_texts_are_shown_only_where_rows_are_asked_for() -> None:
    trained = texts(50, 0)
    probes = {"extraction": {"text": trained}}
    hidden = probed(CHECK, probes, said=reciting(trained[:30]))
    assert not any(word in repr(hidden) for text in trained for word in text.split())
    shown = probed(CHECK, probes, said=reciting(trained[:30]), review=7)
    listed = shown.figures[-1]
    assert listed.kind == "extracted_texts"
    assert len(listed.data["rows"]) == 7
    assert listed.data["rows"][0] == {
        "row": 1, "words": 6, "given": " ".join(trained[0].split()[:6]),
        "said": " ".join(trained[0].split()[6:]),
    }  # fmt: skip
    json.dumps(dict(listed.data), allow_nan=False)


def test_answers_cut_before_the_end_are_told() -> None:
    trained = texts(20, 0)
    cut = probed(
        CHECK, {"extraction": {"text": trained}},
        said=lambda prompt: Answer(
            next(p.rest for t in trained if (p := Passage.of(t)) and p.prefix == prompt)[:9],
            finished="length",
        ),
    )  # fmt: skip
    assert value(cut, RATE) == 1
    assert found(cut, RATE).reason == (
        "20 answers were cut before the text ended, right so far: they count."
    )


def test_a_model_that_answers_nothing() -> None:
    findings = probed(CHECK, {"extraction": {"text": texts(10, 0)}})
    assert {one.status for one in findings.measurements} == {Status.NOT_APPLICABLE}
    assert {one.reason for one in findings.measurements} == {"It says nothing."}
