"""Which states can be sliced again; and what is said of states that are not what they seem."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import pytest

from auditkit.errors import StoreError
from auditkit.reports.reslicing import decision_tables, score_tables
from auditkit.reports.reslicing.stored_tables import reading_order
from auditkit.statistics.counts import Axis, Counts
from tests.reports.counted import audited, people

NEED = (
    "CountNeed(view=ViewKey(head='', label='{label}'), axes=(Column(kind='group', name='sex'), "
    "Column(kind='selected', name='')))"
)
COUNTS = Counts(
    (Axis("group:sex", ("F", "M"), open=True), Axis("selected", ("no", "yes"))), [[3, 4], [5, 6]]
)


def states(index: object = None, **more: bytes) -> dict[str, bytes]:
    index = {"evaluation.counts.0": NEED.format(label="")} if index is None else index
    named = index if isinstance(index, bytes) else json.dumps(index).encode()
    return {"index": named, "evaluation.counts.0": COUNTS.to_bytes(), **more}


def test_what_an_audit_keeps() -> None:
    kept = audited(people(600), weight="weight", cluster="person")[1]
    (table,) = decision_tables(kept)
    assert (table.split, table.head, table.label) == ("evaluation", "", "")
    assert table.attributes == ("group:race", "group:sex", "control:hours")
    assert set(table.outcomes) == {"selected", "qualified", "correct"}
    assert table.weighted
    assert table.levels("control:hours") == ("< 20", "[20, 40)", "≥ 40")
    assert {one.attributes for one in score_tables(kept)} == {("group:race", "group:sex")}


def test_a_table_with_outcomes_goes_before_one_without() -> None:
    tables = score_tables(audited(people(600))[1])
    assert len(tables) == 1
    assert "target" in tables[0].axes


@pytest.mark.parametrize("kept", [{}, {"counts/Evaluation": b"x"}, {"index": b"{}"}])
def test_nothing_kept(kept: Mapping[str, bytes]) -> None:
    assert decision_tables(kept) == ()
    assert score_tables(kept) == ()


def test_what_is_over_other_things_is_left_alone() -> None:
    feature = NEED.format(label="").replace("kind='selected', name=''", "kind='feature', name='x'")
    assert decision_tables(states({"evaluation.counts.0": feature})) == ()
    unknown = "NewNeed(view=None, sample=3)"
    assert decision_tables(states({"evaluation.counts.0": unknown})) == ()


@pytest.mark.parametrize("label", ["o'clock", 'say "a"', "a, axes=()", "ñ\\\\n"])
def test_labels_of_any_kind(label: str) -> None:
    need = NEED.replace("'{label}'", repr(label))
    (table,) = decision_tables(states({"evaluation.counts.0": need}))
    assert table.label == label


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda: states(b"{"), "'index' cannot be used: it is no JSON"),
        (lambda: states(["a"]), "does not say what each state is"),
        (lambda: states({"evaluation.counts.0": 3}), "does not say what each state is"),
        (lambda: states({"evaluation.counts.0": "CountNeed("}), "cannot be read"),
        (lambda: states({"evaluation.counts.0": "CountNeed(view=open('/'), axes=(x(),))"}),
         "cannot be read"),
        (lambda: states({"evaluation.counts.9": NEED}), "it is not there"),
        (lambda: {**states(), "evaluation.counts.0": b"auditkit"}, "no state of auditkit"),
        (lambda: {**states(), "evaluation.counts.0": COUNTS.to_bytes()[:-8]}, "is cut short"),
        (lambda: {**states(), "evaluation.counts.0": COUNTS.marginal("selected").to_bytes()},
         "is over selected and not over"),
    ],
)  # fmt: skip
def test_damage_is_named(damage: Callable[[], Mapping[str, bytes]], words: str) -> None:
    with pytest.raises(StoreError) as raised:
        decision_tables(damage())
    assert words in raised.value.problem
    assert "Run the audit again" in (raised.value.mend or "")


def test_levels_are_read_in_order() -> None:
    assert reading_order(["b", "(missing)", "a"]) == ("a", "b", "(missing)")
    assert reading_order(["65+", "18-25", "26-64"]) == ("18-25", "26-64", "65+")
    assert reading_order(["-5", "3", "-10.5"]) == ("-10.5", "-5", "3")
