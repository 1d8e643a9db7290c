"""The sentences at the top: right for every outcome, and never more certain than the verdicts."""

from __future__ import annotations

import dataclasses
import math

import pytest

from auditkit.measurement import REST
from auditkit.policy.verdict import Verdict, VerdictStatus
from auditkit.reports import findings
from auditkit.reports.findings import compared_rates, finding, headline, undecided
from tests.samples import (
    HOSTILE,
    passing_judgement,
    sample_judgement,
    sample_record,
    sample_verdicts,
)

PASS, FAIL, UNDECIDED, MISSING, WAIVED, WARNING, REPORTED = sample_verdicts()
RECORD = sample_record()


def judged(*verdicts: Verdict, outcome: VerdictStatus = VerdictStatus.FAIL) -> findings.Headline:
    return headline(sample_record(judgement=sample_judgement(verdicts=verdicts, outcome=outcome)))


def test_a_failure_is_explained_by_the_rates_behind_it() -> None:
    assert finding(FAIL, RECORD) == (
        "Selection rate: 8.0 % for Female (n = 10,771) against 36.0 % for Male (n = 21,790). "
        "Impact ratio for gender: Female compared with Male: 0.222 (90 % interval 0.210 to 0.235), "
        "n = 32,561. Required: between 0.8 and 1.25."
    )


def test_rates_that_were_not_measured_are_not_invented() -> None:
    assert FAIL.measurement is not None
    assert compared_rates(FAIL.measurement, sample_record(measurements=())) == ""
    key = dataclasses.replace(FAIL.measurement.key, reference=REST)
    assert compared_rates(dataclasses.replace(FAIL.measurement, key=key), RECORD) == ""


def test_what_was_not_measured_says_why() -> None:
    assert finding(MISSING, RECORD) == (
        "Not measured for training data against evaluation data. There is no training split, so "
        "the gap between training and evaluation is unknown."
    )
    bare = dataclasses.replace(MISSING, measurement=None, subject="age=99", reason="No such group.")
    assert finding(bare, RECORD) == "Not measured for age=99. No such group."


def test_the_worst_of_what_blocks_comes_first_and_warnings_do_not_count() -> None:
    found = judged(*sample_verdicts())
    assert found.word == "Fail"
    assert [title for title, _ in found.findings] == [
        "Groups are selected at similar rates",
        "The model does not overfit",
    ]
    assert found.findings[0][1].endswith("The same requirement blocks on 1 more comparison.")
    assert found.lead == (
        "Of the 6 requirements of policy “baseline”, 1 is not met and 1 was not measured. "
        "These block a deployment. 1 more without a pass only warns."
    )


def test_more_than_three_are_named_without_numbers() -> None:
    many = [dataclasses.replace(FAIL, requirement=f"r{i}", title=f"Title {i}") for i in range(5)]
    found = judged(*many)
    assert len(found.findings) == 3
    assert found.more == "Also: Title 3 and Title 4."
    assert "5 are not met" in found.lead


@pytest.mark.parametrize(
    ("verdict", "outcome", "lead"),
    [
        (
            UNDECIDED,
            VerdictStatus.INCONCLUSIVE,
            "Of the one requirement of policy “baseline”, 1 is undecided. "
            "This blocks a deployment.",
        ),
        (
            WAIVED,
            VerdictStatus.WAIVED,
            "Nothing in policy “baseline” blocks on this evidence. 1 verdict would block but for a "
            "waiver.",
        ),
        (WARNING, VerdictStatus.PASS, "Nothing in policy “baseline” blocks on this evidence."),
    ],
)
def test_the_lead_of_each_outcome(verdict: Verdict, outcome: VerdictStatus, lead: str) -> None:
    assert judged(verdict, outcome=outcome).lead == lead


def test_a_pass_lists_nothing() -> None:
    found = headline(sample_record(judgement=passing_judgement()))
    assert (found.word, found.findings, found.more) == ("Pass", (), "")


def test_what_would_decide() -> None:
    more = dataclasses.replace(UNDECIDED, units_to_decide=28_087 + 4_187)
    assert (
        undecided(more, RECORD)
        == "Inconclusive: about 4,200 more rows of these two sides would decide."
    )
    clustered = sample_record(data={"cluster": "patient"})
    assert undecided(more, clustered).endswith(
        "about 4,200 more units (patient) of these two sides would decide."
    )


def test_what_nothing_would_decide() -> None:
    never = dataclasses.replace(UNDECIDED, units_to_decide=None)
    assert undecided(never, RECORD) == (
        "Inconclusive: at this value no realistic number of rows decides."
    )
    assert never.measurement is not None
    sampled = dataclasses.replace(never.measurement, sampled=True)
    assert undecided(dataclasses.replace(never, measurement=sampled), RECORD) == "Inconclusive."
    assert undecided(dataclasses.replace(never, measurement=None), RECORD) == "Inconclusive."
    assert undecided(FAIL, RECORD) == ""


def test_what_nothing_bounds_is_not_said_to_lie_on_the_limit() -> None:
    assert FAIL.interval is not None
    open_ended = dataclasses.replace(FAIL.interval, high=math.inf)
    verdict = dataclasses.replace(
        FAIL, status=VerdictStatus.INCONCLUSIVE, interval=open_ended, units_to_decide=None
    )
    assert undecided(verdict, RECORD) == "Inconclusive: on one side nothing bounds the value."


def test_an_open_interval_is_said_to_be_open() -> None:
    assert FAIL.interval is not None
    open_ended = dataclasses.replace(FAIL.interval, high=math.inf)
    assert "0.210 to ∞" in finding(dataclasses.replace(FAIL, interval=open_ended), RECORD)


def test_an_exact_number_has_no_interval() -> None:
    units = next(m for m in RECORD.measurements if m.key.metric == "performance.units")
    text = finding(dataclasses.replace(REPORTED, measurement=units), RECORD)
    assert text == "Units for all evaluation data: 32,561, n = 32,561."


def test_hostile_names_are_left_to_the_template() -> None:
    assert HOSTILE in finding(UNDECIDED, RECORD)


def test_cautions() -> None:
    said = " ".join(findings.cautions(RECORD))
    for part in ("Exploratory", "Look 2", "Only part of the data", "Code named by the user"):
        assert part in said
    assert findings.cautions(sample_record(judgement=None, measurements=(), settings={})) == []
