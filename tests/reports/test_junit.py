"""JUnit XML: well-formed whatever the names, and no verdict hidden."""

from __future__ import annotations

import dataclasses
from xml.etree import ElementTree

import pytest

from auditkit.policy.verdict import VerdictStatus
from auditkit.reports.junit import render
from tests.reports.hostile import STRINGS, hostile_record
from tests.samples import sample_judgement, sample_record, sample_verdicts


def suite_of(text: str) -> ElementTree.Element:
    root = ElementTree.fromstring(text.encode())
    assert root.tag == "testsuites"
    suite = root.find("testsuite")
    assert suite is not None
    return suite


def result(verdict_index: int, **changes: object) -> tuple[str, ElementTree.Element | None]:
    verdict = dataclasses.replace(sample_verdicts()[verdict_index], **changes)  # type: ignore[arg-type]
    record = sample_record(judgement=sample_judgement(verdicts=(verdict,)))
    case = suite_of(render(record)).find("testcase")
    assert case is not None
    outcome = next(iter(case), None)
    return ("passed" if outcome is None else outcome.tag), outcome


def test_counts_agree_with_the_cases() -> None:
    suite = suite_of(render(sample_record()))
    assert suite.get("tests") == str(len(sample_verdicts())) == str(len(suite.findall("testcase")))
    assert suite.get("failures") == str(len(suite.findall("testcase/failure"))) == "3"
    assert suite.get("skipped") == str(len(suite.findall("testcase/skipped"))) == "2"


@pytest.mark.parametrize(
    ("status", "blocks", "tag", "kind"),
    [
        (VerdictStatus.PASS, False, "passed", None),
        (VerdictStatus.FAIL, True, "failure", "fail"),
        (VerdictStatus.FAIL, False, "skipped", None),
        (VerdictStatus.MISSING, True, "failure", "missing"),
        (VerdictStatus.INCONCLUSIVE, True, "failure", "inconclusive"),
        (VerdictStatus.INCONCLUSIVE, False, "skipped", None),
        (VerdictStatus.WAIVED, False, "skipped", None),
    ],
)
def test_each_verdict(status: VerdictStatus, blocks: bool, tag: str, kind: str | None) -> None:
    found, outcome = result(1, status=status, blocks=blocks)
    assert found == tag
    if outcome is not None:
        assert outcome.get("type") == kind
        assert outcome.get("message") == f"{status}: Groups are selected at similar rates"
        assert "must lie between 0.80 and 1.25" in (outcome.text or "")
        assert "Source: 29 CFR 1607.4 D, convention." in (outcome.text or "")


def test_names_do_not_move_with_the_numbers() -> None:
    def names(shift: float) -> list[tuple[str | None, str | None]]:
        verdicts = tuple(
            dataclasses.replace(
                verdict,
                reason=f"{shift}",
                measurement=verdict.measurement
                and dataclasses.replace(verdict.measurement, value=shift, units=int(shift)),
            )
            for verdict in sample_verdicts()
        )
        record = sample_record(judgement=sample_judgement(verdicts=verdicts))
        cases = suite_of(render(record)).findall("testcase")
        return [(case.get("classname"), case.get("name")) for case in cases]

    assert names(1.0) == names(2.0)
    assert len(set(names(1.0))) == len(sample_verdicts())


def test_equal_subjects_get_different_names() -> None:
    verdicts = (sample_verdicts()[0], sample_verdicts()[0])
    cases = suite_of(render(sample_record(judgement=sample_judgement(verdicts=verdicts)))).findall(
        "testcase"
    )
    assert cases[1].get("name") == f"{cases[0].get('name')} (2)"


@pytest.mark.parametrize("poison", STRINGS)
def test_hostile_text_is_well_formed(poison: str) -> None:
    suite = suite_of(render(hostile_record(poison)))
    assert len(suite.findall("testcase")) == len(sample_verdicts())
    assert {child.tag for child in suite.iter()} <= {
        "testsuite", "properties", "property", "testcase", "failure", "skipped"
    }  # fmt: skip


def test_without_a_judgement_there_is_one_skipped_case() -> None:
    suite = suite_of(render(sample_record(judgement=None)))
    assert suite.get("tests") == suite.get("skipped") == "1"


def test_where_it_came_from() -> None:
    properties = {
        item.get("name"): item.get("value")
        for item in suite_of(render(sample_record())).iter("property")
    }
    assert properties["record"] == sample_record().id
    assert properties["outcome"] == "fail"
    assert properties["exit_code"] == "1"
    assert properties["digest.model"] == "sha256:" + "0a" * 32
