"""The label of an explanation, and the tests that it rests on."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from auditkit.measurement import Figure
from auditkit.reports.figures import picture, spoken, tables
from auditkit.reports.figures.trust import NEVER_JUDGED, NO_REASON, trust_of
from tests.reports.drawn import texts
from tests.reports.hostile import STRINGS
from tests.sample_explanations import explanation_trust
from tests.sample_maps import CONVERGED, WITHHELD, heat_maps


def with_rows(*rows: dict[str, Any]) -> Figure:
    return dataclasses.replace(explanation_trust(), data={"n": 64, "rows": list(rows)})


def method(name: str = "saliency", tests: Any = (), **changed: Any) -> dict[str, Any]:
    return {"method": name, "family": "gradient", "trust": CONVERGED, "tests": tests, **changed}


@pytest.mark.parametrize(
    "given", [None, {}, "converged", {"label": "good"}, {"label": None}, {"label": ["limited"]}]
)
def test_an_unknown_label_is_withheld(given: Any) -> None:
    trust = trust_of({"trust": given})
    assert trust.withheld
    assert trust.reason == NEVER_JUDGED


def test_labels_are_told_apart_by_word_mark_and_colour() -> None:
    labels = [
        trust_of({"trust": {"label": label, "reason": ""}})
        for label in ("converged", "limited", "withheld")
    ]
    assert len({label.words.split()[0] for label in labels}) == 3
    assert len({label.colour for label in labels}) == 3
    assert {label.reason for label in labels} == {NO_REASON}


def test_each_method_shows_each_test_with_mark_number_and_reference() -> None:
    shown = texts(explanation_trust())
    assert shown.count("✓") == 4
    assert shown.count("✕") == 2
    assert {"0.75", "0.72 to 0.78", "against 0.3"} <= set(shown)
    assert {"against random", "map: 0.3"} <= set(shown)
    assert "The model has no" in shown
    assert shown.count("not run") == 2
    assert {"◆ limited", "● converged", "✕ withheld"} <= set(shown)


def test_numbers_fit_their_columns_however_narrow_the_interval() -> None:
    test = {"test": "stability", "value": 0.9999881, "low": 0.9999821, "high": 0.9999942}
    shown = texts(with_rows(method(tests=[{**test, "holds": True, "reference": 0.5}])))
    assert "1.000 to 1.000" in shown
    assert tables(with_rows(method(tests=[test])))[1][1][0][3] == "1"


def test_a_reason_that_is_the_labels_own_is_not_repeated_in_every_cell() -> None:
    label = {"label": "withheld", "reason": "The model has no convolution."}
    tests = [{"test": f"t{i}", "value": None, "reason": label["reason"]} for i in range(6)]
    shown = texts(with_rows(method(tests=tests, trust=label)))
    assert shown.count("not run") == 6
    assert shown.count("The model has no convolution.") == 1


@pytest.mark.parametrize("holds", [None, "yes", 1, 0])
def test_what_is_neither_true_nor_false_is_not_decided(holds: Any) -> None:
    test = {"test": "stability", "value": 0.4, "holds": holds, "reason": "Too few."}
    figure = with_rows(method(tests=[test]))
    assert "–" in texts(figure)
    assert tables(figure)[1][1][0][-2:] == ["not decided", "Too few."]


def test_many_methods_and_tests_are_bounded() -> None:
    tests = [{"test": f"test {i}", "value": 0.1, "holds": True} for i in range(11)]
    shown = texts(with_rows(*(method(f"m{i}", tests) for i in range(50))))
    assert "The first 20 of 50 methods are drawn." in shown
    assert "The first 8 of 11 tests are drawn." in shown
    assert shown.count("● converged") == 20


@pytest.mark.parametrize("text", STRINGS)
def test_hostile_words_are_words(text: str) -> None:
    trust = {"label": "limited", "reason": text}
    test = {"test": text, "value": None, "reference": text, "holds": None, "reason": text}
    figure = with_rows(method(text, [test], family=text, trust=trust))
    assert "◆ limited" in texts(figure)
    assert all(len(cell) <= 402 for _, rows in tables(figure) for row in rows for cell in row)


def test_the_table_has_every_reason_whole() -> None:
    labels, tests = tables(explanation_trust())
    assert labels[1][2][2] == "withheld"
    assert WITHHELD["reason"].split(".")[0] in labels[1][2][3]
    assert [row[-2] for row in tests[1]] == [
        "holds", "does not hold", "holds", "not decided", "holds", "holds", "does not hold",
    ]  # fmt: skip


def test_a_screen_reader_hears_the_labels() -> None:
    assert spoken(heat_maps()).startswith(
        "Where each digit is looked for. digit 0: converged; digit 1: converged; digit 2: limited;"
    )
    assert 'aria-label="How far each explanation can be trusted. integrated gradients: limited' in (
        picture(explanation_trust()) or ""
    )
    many = with_rows(*(method(f"m{i}") for i in range(30)))
    assert spoken(many).endswith("m11: converged; and 18 more.")
