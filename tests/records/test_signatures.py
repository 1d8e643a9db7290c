from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditkit.errors import StoreError
from auditkit.records.signatures import START, Signature, SignOff, broken_links, entry

WORDS = st.text(min_size=1, max_size=30).filter(str.strip)
ENTRIES = st.lists(st.tuples(st.sampled_from(list(SignOff)), WORDS, WORDS), min_size=2, max_size=6)
CONTENT = ("record", "record_digest", "decision", "reason", "who", "at", "previous")


def chain(entries: list[tuple[SignOff, str, str]]) -> list[Signature]:
    log: list[Signature] = []
    for number, (decision, reason, who) in enumerate(entries, start=1):
        previous = log[-1].digest if log else START
        new = entry("r", "sha256:0", decision, reason, who, f"2026-01-0{number}", previous)
        log.append(Signature(**{**new, "number": number, "decision": decision}))
    return log


@given(ENTRIES)
def test_a_sound_chain_has_no_broken_links(entries: list[tuple[SignOff, str, str]]) -> None:
    assert list(broken_links(chain(entries))) == []


@given(ENTRIES, st.sampled_from(CONTENT), st.data())
def test_any_edit_is_found(
    entries: list[tuple[SignOff, str, str]], field: str, data: st.DataObject
) -> None:
    log = chain(entries)
    place = data.draw(st.integers(0, len(log) - 1))
    old = getattr(log[place], field)
    if field == "decision":
        new: str = data.draw(st.sampled_from([choice for choice in SignOff if choice != old]))
    else:
        new = data.draw(st.text(max_size=10).filter(lambda text: text != old))
    log[place] = dataclasses.replace(log[place], **{field: new})
    assert any(f"Signature {place + 1} " in problem for problem in broken_links(log))


@given(ENTRIES, st.data())
def test_removal_before_the_end_is_found(
    entries: list[tuple[SignOff, str, str]], data: st.DataObject
) -> None:
    log = chain(entries)
    del log[data.draw(st.integers(0, len(log) - 2))]
    problems = list(broken_links(log))
    assert any("entries before it are missing" in problem for problem in problems)
    assert any("does not follow the entry before it" in problem for problem in problems)


@given(ENTRIES.filter(lambda entries: entries[0] != entries[1]), st.data())
def test_exchange_is_found(entries: list[tuple[SignOff, str, str]], data: st.DataObject) -> None:
    log = chain(entries)
    log[0], log[1] = log[1], log[0]
    assert list(broken_links(log))


def test_two_contents_never_coincide() -> None:
    one = entry("r", "d", "comment", "a b", "c", "t", "p")
    other = entry("r", "d", "comment", "a", "b c", "t", "p")
    assert one["digest"] != other["digest"]


@pytest.mark.parametrize(
    ("decision", "reason", "who", "problem"),
    [
        (
            "maybe",
            "r",
            "w",
            "The decision 'maybe' is unknown. Choose one of approve, reject, comment.",
        ),
        ("approve", " \n", "w", "The sign-off has no reason. Give a reason in a few words."),
        ("approve", "r", "", "The sign-off has no who."),
        ("approve", "r" * 10_001, "w", "The reason of the sign-off has 10,001 characters"),
    ],
)
def test_a_bad_entry_is_refused(decision: str, reason: str, who: str, problem: str) -> None:
    with pytest.raises(StoreError) as caught:
        entry("r", "d", decision, reason, who, "t", START)
    assert str(caught.value).startswith(problem)
