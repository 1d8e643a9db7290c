"""The page on which people judge answers, without a browser."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from auditkit.generation.labelling.labels import LabelFile, Said
from auditkit.generation.labelling.shown_answers import ShownAnswer, read_answers
from tests.dashboards.conftest import Visit, seen
from tests.samples import HOSTILE_MARKDOWN


@pytest.fixture
def answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Eight answers, which the page shows."""
    path = tmp_path / "answers.jsonl"
    lines = [
        {"id": f"q{place}", "prompt": f"prompt {place}", "answer": f"answer {place}",
         "references": [f"reference {place}"], "context": ["passage"]}
        for place in range(8)
    ]  # fmt: skip
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    monkeypatch.setenv("AUDITKIT_ANSWERS", str(path))
    return path


def named(test: AppTest, name: str) -> AppTest:
    test.text_input(key="rater").set_value(name).run()
    assert not test.exception
    return test


def press(test: AppTest, word: str) -> AppTest:
    next(one for one in test.button if one.label == word).click().run()
    assert not test.exception
    return test


def shown(test: AppTest) -> str:
    """Number of the answer on the page."""
    return next(one.value.split()[-1] for one in test.markdown if one.value.startswith("prompt "))


def labelled(path: Path, rater: str, said: dict[int, Said]) -> None:
    found = {one.id: one for one in read_answers(path)}
    for place, one in said.items():
        LabelFile.beside(path).add(found[f"q{place}"], rater, one)


def test_nothing_is_shown_before_a_name(visit: Visit, answers: Path) -> None:
    test = visit()
    assert "neither sees what the other said" in seen(test)
    assert "answer 0" not in seen(test)


def test_a_label_is_kept_at_once_and_the_next_answer_comes(visit: Visit, answers: Path) -> None:
    test = named(visit(), "Ada")
    first = shown(test)
    press(test, "Wrong")
    assert shown(test) != first
    (label,), damaged = LabelFile.beside(answers).read()
    assert (label.id, label.rater, label.said, damaged) == (f"q{first}", "Ada", Said.WRONG, 0)
    press(test, "Judge the last one again")
    assert shown(test) == first
    assert "You said: wrong" in seen(test)
    press(test, "Right")
    assert LabelFile.beside(answers).read()[0][-1].said is Said.RIGHT
    assert shown(test) != first


def test_each_person_has_an_order_of_their_own_and_goes_on_where_they_were(
    visit: Visit, answers: Path
) -> None:
    orders = {}
    for name in ("Ada", "Bo"):
        test = named(visit(), name)
        orders[name] = []
        for _ in range(8):
            orders[name].append(shown(test))
            press(test, "Right")
        assert "You have judged every answer" in seen(test)
        assert "You have judged every answer" in seen(named(visit(), f"  {name.upper()} "))
    assert sorted(orders["Ada"]) == sorted(orders["Bo"])
    assert orders["Ada"] != orders["Bo"]


def test_nobody_sees_who_judged_how(visit: Visit, answers: Path) -> None:
    labelled(answers, "Grace", dict.fromkeys(range(8), Said.RIGHT))
    test = named(visit(), "Ada")
    assert "Grace" not in seen(test)
    assert "You said" not in seen(test)
    assert not test.toggle


def test_a_third_may_judge_what_two_differ_on(visit: Visit, answers: Path) -> None:
    labelled(answers, "Ada", dict.fromkeys(range(8), Said.RIGHT))
    labelled(answers, "Bo", dict.fromkeys(range(8), Said.RIGHT) | {3: Said.WRONG})
    assert not named(visit(), "Bo").toggle
    test = named(visit(), "Cy")
    test.toggle(key="disputed").set_value(True).run()
    assert shown(test) == "3"
    press(test, "Wrong")
    assert "You have judged every answer" not in seen(test)  # the others are there again


def test_agreement_and_the_table(visit: Visit, answers: Path) -> None:
    mixed = {place: (Said.RIGHT, Said.WRONG)[place % 2] for place in range(8)}
    labelled(answers, "Ada", mixed)
    test = visit()
    assert "There is no measure of agreement yet" in seen(test)
    labelled(answers, "Bo", mixed | {0: Said.WRONG})
    test = visit()
    assert test.metric[0].value == "0.76"
    assert "over 8 answers that at least two people judged; on 1 of them they differ" in seen(test)
    press(test, "Write 7 agreed labels")
    assert "generation.columns.label" in seen(test)
    table = answers.with_suffix(".labelled.csv").read_text()
    assert '"q1","prompt 1","[""passage""]","[""reference 1""]","answer 1","false"' in table
    notes = json.loads(answers.with_suffix(".agreement.json").read_text())
    assert (notes["krippendorff_alpha"], notes["disputed"]) == (0.7619, 1)


def test_damaged_and_stale_labels_are_said(visit: Visit, answers: Path) -> None:
    gone = ShownAnswer("q0", "another prompt", "x")
    LabelFile.beside(answers).add(gone, "Ada", Said.RIGHT)
    with LabelFile.beside(answers).path.open("ab") as file:
        file.write(b'{"id": "q1"')
    warning = visit().warning[0].value
    assert warning.startswith("1 lines of labels are damaged, and 1 labels are of answers")


def test_what_cannot_be_read_is_said(visit: Visit, answers: Path) -> None:
    answers.write_text('{"id": 7}\n')
    assert "which is no text" in seen(visit())
    answers.unlink()
    assert "cannot be read" in seen(visit())


def test_answers_are_shown_letter_by_letter(visit: Visit, answers: Path) -> None:
    answers.write_text(json.dumps({"id": "q", "prompt": "p", "answer": HOSTILE_MARKDOWN}) + "\n")
    raw = "\n".join(one.value for one in named(visit(), "Ada").markdown)
    assert HOSTILE_MARKDOWN not in raw
    assert HOSTILE_MARKDOWN in raw.replace("\\", "").replace("\u2060", "")
