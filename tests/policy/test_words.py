"""What a reviewer reads: precise, on the right side of each limit, and never "compliant"."""

from __future__ import annotations

import dataclasses
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditkit.measurement import Direction, Estimate, Interval, Metric, Slice, Status
from auditkit.policy import Judgement, judge, numerals
from auditkit.policy.attestations import Attestation
from tests.policy.cases import (
    ATTESTED,
    BOUND,
    FOUR_FIFTHS,
    changed,
    exact,
    policy,
    rates,
    ratio,
    share,
)

GENDER = {"gender": "Male"}
INCOME = rates("gender", {"Male": (7844, 21790), "Female": (862, 10771)})


def reason(judgement: Judgement, place: int = 0) -> str:
    return judgement.verdicts[place].reason


def test_a_failure_in_full() -> None:
    judged = judge(policy(FOUR_FIFTHS), INCOME, declared_references=GENDER)
    assert reason(judged) == (
        "Selection rate of gender=Female is 0.222 times that of gender=Male (95 % interval "
        "0.208–0.238, 10,771 and 21,790 rows). The policy asks for a ratio between 0.8 and 1.25. "
        "The interval lies wholly below 0.8 (p < 0.001): fail."
    )


def test_a_pass_in_full() -> None:
    known = Metric("performance.accuracy", "Share of right answers", "", "share", Direction.HIGHER)
    judged = judge(policy(BOUND), [share(850, 1000)], metrics={known.id: known})
    assert reason(judged) == (
        "Share of right answers is 0.85 (95 % interval 0.83–0.87, 1,000 rows). The policy asks "
        "for a value of at least 0.8. The interval lies wholly inside: pass."
    )


def test_an_undecided_one_in_full() -> None:
    judged = judge(policy(BOUND), [share(820, 1000)])
    assert re.fullmatch(
        r"Accuracy is 0\.82 \(95 % interval 0\.79–0\.84, 1,000 rows\)\. The policy asks for a "
        r"value of at least 0\.8\. The interval reaches below 0\.8: inconclusive\. About [\d,]+ "
        r"rows in all would decide, at the same value\.",
        reason(judged),
    )


def test_a_value_on_the_limit_would_never_be_decided() -> None:
    judged = judge(policy(BOUND), [share(800, 1000)])
    assert "which lies almost on the limit, more rows would hardly decide" in reason(judged)


def test_a_missing_one_in_full() -> None:
    assert reason(judge(policy(BOUND), [])) == (
        "performance.accuracy was not measured. The policy asks for a value of at least 0.8. What "
        "is missing does not pass: missing."
    )
    assert reason(judge(policy(ATTESTED), [])) == (
        "Nobody has attested it. The policy asks that a person vouches for it. What is missing "
        "does not pass: missing."
    )


def test_a_reported_one_in_full() -> None:
    shown = changed(BOUND, kind="reported", at_least=None)
    drawn = share(850, 1000, interval=Interval(0.8304, 0.8678, 0.9, "wilson"))
    assert reason(judge(policy(shown), [drawn])) == (
        "Accuracy is 0.85 (90 % interval 0.83–0.87, 1,000 rows). The policy asks that it is "
        "measured and shown, without a limit. It is: pass."
    )


def test_what_a_number_is_about() -> None:
    asked = policy(changed(BOUND, metric="performance.auc"))
    measured = share(90, 100, "performance.auc", label="cat", head="animals", split="evaluation")
    assert reason(judge(asked, [measured])).startswith("AUC for cat at the head animals is 0.9")
    gap = changed(BOUND, metric="overfitting.accuracy_gap", at_least=None, at_most=0.05)
    compared = share(1, 100, "overfitting.accuracy_gap", split="training→evaluation")
    text = reason(judge(policy(gap), [compared]))
    assert text.startswith("Accuracy gap on training→evaluation is 0.0")
    assert "asks for a gap of at most 0.05" in text
    sliced = share(90, 100, part=Slice.of(gender="Female"))
    one = changed(BOUND, slices={"gender": "Female"})
    assert reason(judge(policy(one), [sliced])).startswith("Accuracy of gender=Female is 0.9")


def test_comparisons_with_the_rest_and_differences() -> None:
    rest = changed(FOUR_FIFTHS, reference="rest", slices={"gender": "Female"})
    assert "times that of all others" in reason(judge(policy(rest), INCOME))
    metric = "bias.selection_rate_difference"
    female, male = Slice.of(gender="Female"), Slice.of(gender="Male")
    base = ratio((862, 10771), (7844, 21790), female, male)
    difference = dataclasses.replace(
        base,
        key=dataclasses.replace(base.key, metric=metric),
        value=-0.28,
        estimate=Estimate("newcombe", {"x1": 862, "n1": 10771, "x2": 7844, "n2": 21790}),
    )
    asked = changed(FOUR_FIFTHS, metric=metric, between=[-0.05, 0.05])
    text = reason(judge(policy(asked), [*INCOME, difference], declared_references=GENDER))
    assert text.startswith(
        "Selection rate of gender=Female minus that of gender=Male is −0.280 (95 % interval −0.288 "
        "to −0.272, 10,771 and 21,790 rows). The policy asks for a difference between −0.05 and"
    )


def test_clusters_are_counted_as_such() -> None:
    clustered = dataclasses.replace(share(850.5, 1000), units=120, rows=4000)
    assert "120 independent units in 4,000 rows" in reason(judge(policy(BOUND), [clustered]))


def test_exact_numbers_say_so() -> None:
    asked = changed(BOUND, metric="performance.units", at_least=1000)
    assert reason(judge(policy(asked), [exact(100.0)])) == (
        "Units are 100 (an exact number, 100 rows). The policy asks for a value of at least 1,000. "
        "It lies below 1,000: fail."
    )


@given(st.floats(0.6, 0.99), st.integers(20, 100_000))
def test_no_end_is_shown_on_the_other_side_of_a_limit(value: float, n: int) -> None:
    verdict = judge(policy(BOUND), [share(value * n, n)]).verdicts[0]
    interval = verdict.interval
    assert interval is not None
    shown = re.search(r"interval ([\d.]+)–([\d.]+),", verdict.reason)
    assert shown is not None
    for text, end in zip(shown.groups(), (interval.low, interval.high), strict=True):
        assert float(text) == pytest.approx(end, abs=0.06)
        if abs(end - 0.8) > 1e-7:
            assert (float(text) > 0.8) is (end > 0.8)


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(math.inf, 2, "infinity"), (-math.inf, 0, "minus infinity"), (-0.0, 2, "0.00")],
)
def test_numbers_that_are_none(value: float, digits: int, text: str) -> None:
    assert numerals.plain(value, digits) == text


def test_half_open_intervals() -> None:
    assert numerals.span(Interval(0.5, math.inf, 0.9, "koopman"), 1.0) == "0.5 to infinity"
    assert numerals.span(Interval(-math.inf, math.inf, 0.9, "x"), 0.25) == (
        "minus infinity to infinity"
    )


def test_nothing_is_ever_called_compliant() -> None:
    asked = policy(
        FOUR_FIFTHS,
        BOUND,
        ATTESTED,
        changed(BOUND, id="shown", kind="reported", at_least=None),
        changed(BOUND, id="other", tasks=["regression"]),
        changed(BOUND, id="sliced", slices={"gender": "Female"}, severity="warn"),
        minimum_share=0.02,
    )
    word = Attestation("A. Person", "sha256:" + "0" * 64, "2026-01-01")
    for successes in (10, 80, 99):
        for more in ({}, {"status": Status.FAILED}, {"sampled": True}):
            accuracy = dataclasses.replace(share(successes, 100), **more)
            judged = judge(
                asked,
                [*INCOME, accuracy],
                declared_references=GENDER,
                attestations={"study": word},
                tasks={"": "binary"},
                look=2,
                exploratory=True,
            )
            texts = [verdict.reason for verdict in judged.verdicts]
            texts += [*judged.small_groups, *judged.not_applicable, *judged.notes]
            assert not re.search("complian|lawful", " ".join(texts), re.IGNORECASE)
            assert all(text.endswith(".") for text in texts)


def test_a_number_is_told_apart_from_its_limit() -> None:
    wide = Interval(0.56, 1.11, 0.95, "koopman")
    assert numerals.number(0.791, wide, (0.8, math.inf)) == "0.79"
    assert numerals.span(wide, 0.791, (0.8, math.inf)) == "0.56–1.11"
