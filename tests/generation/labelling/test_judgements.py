"""What several people say together."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import auditkit
from auditkit.evidence.prompts import questions_of
from auditkit.generation.correctness.judging import outcomes_of
from auditkit.generation.evidence import GenerationEvidence
from auditkit.generation.generations import Generations
from auditkit.generation.labelling.judgements import Judgements
from auditkit.generation.labelling.labels import Label, Said
from auditkit.generation.labelling.shown_answers import ShownAnswer
from auditkit.generation.settings import GenerationSettings
from auditkit.models.generators.answer import Answer
from auditkit.statistics.agreement import Agreement, nominal_alpha

R, W, U = Said
ANSWERS = [
    ShownAnswer(f"q{place}", f"prompt {place}", f"=answer\n{place}", ("p",), ("x", "y"))
    for place in range(10)
]
ONE = [R, W, R, R, R, R, R, R, W, R]
OTHER = [W, W, W, R, R, W, R, R, R, R]
"""Krippendorff's example with ten units: alpha .095."""


def labels(rater: str, said: list[Said]) -> list[Label]:
    return [Label(a.id, a.digest, rater, s) for a, s in zip(ANSWERS, said, strict=False)]


def test_two_agree_and_a_third_decides() -> None:
    given = labels("Ada", [R, R, W, U]) + labels("Bo", [R, W, W, U])
    two = Judgements.of(ANSWERS, given)
    assert two.raters == ("Ada", "Bo")
    assert two.agreed[:5] == (R, None, W, U, None)
    assert two.disputed == {"q1"}
    three = Judgements.of(ANSWERS, [*given, Label("q1", ANSWERS[1].digest, "Cy", W)])
    assert three.agreed[:2] == (R, W)
    assert not three.disputed
    assert three.by("cy") == {"q1": W}
    assert three.by("Di") == {}


def test_one_person_alone_decides_nothing_and_three_of_three_minds_neither() -> None:
    alone = Judgements.of(ANSWERS, labels("Ada", ONE))
    assert set(alone.agreed) == {None}
    assert not alone.disputed
    apart = Judgements.of(ANSWERS, labels("A", [R]) + labels("B", [W]) + labels("C", [U]))
    assert apart.agreed[0] is None
    assert apart.disputed == {"q0"}
    tie = Judgements.of(ANSWERS, [*labels("A", [R]), *labels("B", [W]), *labels("C", [R]),
                                  *labels("D", [W])])  # fmt: skip
    assert tie.agreed[0] is None


def test_the_last_word_counts_whatever_the_case_of_the_name() -> None:
    found = Judgements.of(ANSWERS, labels("Ada", [R]) + labels("ADA", [W]))
    assert found.raters == ("Ada",)
    assert found.by("ada") == {"q0": W}


def test_labels_of_other_answers_do_not_count() -> None:
    given = [Label("q0", "another", "Ada", R), Label("gone", ANSWERS[0].digest, "Ada", R)]
    found = Judgements.of(ANSWERS, given)
    assert found.stale == 2
    assert found.by("Ada") == {}


def test_agreement_is_alpha_of_what_two_judged() -> None:
    found = Judgements.of(ANSWERS, labels("Ada", ONE) + labels("Bo", OTHER)).agreement
    assert isinstance(found, Agreement)
    assert round(found.alpha, 3) == 0.095
    with_unclear = Judgements.of(ANSWERS, labels("Ada", [*ONE[:9], U]) + labels("Bo", OTHER))
    expected = nominal_alpha(
        np.array([[*(list(Said).index(one) for one in ONE[:9]), 2],
                  [list(Said).index(one) for one in OTHER]]).T
    )  # fmt: skip
    assert isinstance(with_unclear.agreement, Agreement)
    assert with_unclear.agreement.alpha == pytest.approx(expected.alpha)


def test_too_little_says_why() -> None:
    few = Judgements.of(ANSWERS, labels("Ada", [R, W]) + labels("Bo", [R, W]))
    assert few.agreement == (
        "There is no measure of agreement yet: 2 units have two labels; 5 are needed."
    )
    assert "0 units" in str(Judgements.of(ANSWERS, []).agreement)
    assert few.notes()["krippendorff_alpha"] is None


def test_the_table_is_data_for_an_audit() -> None:
    found = Judgements.of(ANSWERS, labels("Ada", [R, W, R, U]) + labels("Bo", [R, W, W, U]))
    rows = list(csv.DictReader(io.StringIO(found.table(), newline="")))
    assert [row["label"] for row in rows[:5]] == ["true", "false", "", "", ""]
    assert [row["label_2"] for row in rows[:5]] == ["right", "wrong", "wrong", "unclear", ""]
    assert rows[0]["answer"] == "=answer\n0"
    assert json.loads(rows[0]["references"]) == ["x", "y"]
    assert "Ada" not in found.table()


def test_notes_say_how_far_they_agree_and_name_nobody() -> None:
    notes = Judgements.of(ANSWERS, labels("Ada", ONE) + labels("Bo", OTHER)).notes()
    assert notes["krippendorff_alpha"] == 0.0952
    assert notes["interval_95"][0] < 0.0952 < notes["interval_95"][1]
    assert notes["agreed"] == {"right": 5, "wrong": 1, "unclear": 0}
    assert (notes["answers"], notes["raters"], notes["judged_by_two"]) == (10, 2, 10)
    assert notes["disputed"] == 4
    assert "Ada" not in json.dumps(notes)


def test_what_people_agreed_on_is_read_as_labels(tmp_path: Path) -> None:
    found = Judgements.of(ANSWERS, labels("Ada", [R, W, R, U]) + labels("Bo", [R, W, W, U]))
    path = tmp_path / "answers.labelled.csv"
    path.write_text(found.table(), encoding="utf-8")
    data = auditkit.dataset(
        str(path), features=["prompt", "context", "references", "label"], row_id="id"
    )
    columns = {"references": "references", "context": "context", "label": "label"}
    settings = GenerationSettings.of({"columns": columns, "correctness": {"kind": "label"}})
    source = data.splits["evaluation"]
    (batch,) = (batch for fragment in source.fragments() for batch in source.batches(fragment, 100))
    questions = questions_of(batch, settings, seed=0)
    assert [one.label for one in questions[:5]] == [True, False, None, None, None]
    assert questions[0].references == ("x", "y")
    rows = [GenerationEvidence(one, Answer("z")) for one in questions]
    judged = outcomes_of(Generations.of(rows), settings)
    assert Counter(judged.tolist()) == {0: 1, 1: 1, 3: 8}
