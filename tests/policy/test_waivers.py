"""Waivers hold for one model, one data set, one policy, until a day, by two people."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from auditkit.errors import PolicyError
from auditkit.measurement import Measurement
from auditkit.policy import ExitCode, Judgement, Policy, VerdictStatus, Waiver, judge, load_waivers
from tests.policy.cases import ATTESTED, BOUND, FOUR_FIFTHS, changed, policy, rates, share

NOW = datetime(2026, 11, 22, tzinfo=UTC)
DIGESTS = {"model": "sha256:aa", "data": "sha256:bb"}
COUNTS = {"Male": (500, 1000), "Female": (300, 1000)}
GENDER = rates("gender", COUNTS)


def waiver(asked: Policy, **changes: Any) -> Waiver:
    plain = {
        "id": "W-1",
        "requirement": "four-fifths",
        "slice": {"gender": "Female"},
        "digests": {**DIGESTS, "policy": asked.digest},
        "worst": 0.55,
        "asked_by": "Ann Asker",
        "approved_by": "Rae Reviewer",
        "reason": "A mended version is trained.",
        "given": "2026-11-01",
        "until": "2026-12-31",
        **changes,
    }
    return Waiver.model_validate(plain)


def judged(
    asked: Policy, *waivers: Waiver, measured: list[Measurement] | None = None, **more: Any
) -> Judgement:
    fields = {"digests": DIGESTS, "now": NOW, "declared_references": {"gender": "Male"}, **more}
    return judge(asked, GENDER if measured is None else measured, waivers=waivers, **fields)


def test_a_waiver_turns_a_block_into_waived_and_stays_visible() -> None:
    asked = policy(FOUR_FIFTHS)
    without = judged(asked)
    assert without.exit_code is ExitCode.FAILED
    found = judged(asked, waiver(asked))
    verdict = found.verdicts[0]
    assert verdict.status is VerdictStatus.WAIVED
    assert not verdict.blocks
    assert verdict.waiver == "W-1"
    assert verdict.measurement == without.verdicts[0].measurement
    assert verdict.p_adjusted == without.verdicts[0].p_adjusted
    assert verdict.reason.startswith(without.verdicts[0].reason)
    assert verdict.reason.endswith(
        "Waiver W-1 tolerates 0.55 until 2026-12-31: asked by Ann Asker, approved by Rae Reviewer "
        "on 2026-11-01, because A mended version is trained. Without it: fail."
    )
    assert found.outcome is VerdictStatus.WAIVED
    assert found.exit_code is ExitCode.NOTHING_BLOCKS
    assert found.notes == ()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"until": "2026-11-21"}, "it expired on 2026-11-21."),
        ({"given": "2026-11-23"}, "it is dated 2026-11-23, which has not come yet."),
        ({"until": "2027-01-31"}, "it is for 91 days, and 90 is the most."),
        ({"approved_by": "Ann Asker"}, "Ann Asker approved what they asked for themselves."),
        ({"approved_by": "  ann   ASKER "}, "approved what they asked for themselves."),
        ({"worst": 0.65}, "the value, 0.6, is worse than the 0.65 that it tolerates."),
        ({"worst": 1.5}, "the value, 0.6, is worse than the 1.5 that it tolerates."),
        ({"worst": "missing"}, "it tolerates that nothing was measured, and something was."),
        ({"digests": {**DIGESTS, "policy": "sha256:00"}}, "it is for the policy sha256:00, and"),
    ],
)
def test_waivers_that_are_refused(changes: dict[str, Any], says: str) -> None:
    asked = policy(FOUR_FIFTHS)
    found = judged(asked, waiver(asked, **changes))
    assert found.verdicts[0].status is VerdictStatus.FAIL
    assert found.exit_code is ExitCode.FAILED
    assert len(found.notes) == 1
    assert found.notes[0].startswith("Waiver W-1 for bias.impact_ratio · gender=Female against")
    assert says in found.notes[0]


@pytest.mark.parametrize("other", ["model", "data"])
def test_a_waiver_is_for_one_model_and_one_data_set(other: str) -> None:
    asked = policy(FOUR_FIFTHS)
    found = judged(asked, waiver(asked), digests={**DIGESTS, other: "sha256:ff"})
    assert f"it is for the {other} {DIGESTS[other]}, and judged is sha256:ff." in found.notes[0]
    unknown = judged(asked, waiver(asked), digests={})
    assert "judged is an unknown one" in unknown.notes[0]


def test_the_policy_is_digested_here_whatever_the_caller_says() -> None:
    asked = policy(FOUR_FIFTHS)
    forged = {**DIGESTS, "policy": "sha256:00"}
    found = judged(asked, waiver(asked, digests=forged), digests=forged)
    assert found.exit_code is ExitCode.FAILED


def test_the_last_day_counts() -> None:
    asked = policy(FOUR_FIFTHS)
    held = judged(asked, waiver(asked, until="2026-11-22"))
    assert held.outcome is VerdictStatus.WAIVED
    longest = judged(asked, waiver(asked, given="2026-11-22", until="2027-02-20"))
    assert longest.outcome is VerdictStatus.WAIVED


def test_unwaivable_requirements_are_not_waived() -> None:
    asked = policy(changed(FOUR_FIFTHS, waivable=False))
    found = judged(asked, waiver(asked))
    assert found.exit_code is ExitCode.FAILED
    assert "the requirement cannot be waived (waivable: false)." in found.notes[0]


def test_only_reviewers_approve_where_the_policy_names_them() -> None:
    asked = policy(FOUR_FIFTHS, reviewers=["Zoe Zander"])
    assert (
        "Rae Reviewer is none of the policy's reviewers (Zoe Zander)."
        in (judged(asked, waiver(asked)).notes[0])
    )
    approved = judged(asked, waiver(asked, approved_by="zoe zander"))
    assert approved.outcome is VerdictStatus.WAIVED


@pytest.mark.parametrize(
    "changes",
    [
        {"slice": {"gender": "Male"}},
        {"slice": "all"},
        {"requirement": "another"},
        {"reference": {"gender": "Other"}},
        {"reference": "rest"},
        {"label": "cat"},
        {"head": "age"},
        {"split": "training"},
    ],
)
def test_a_waiver_for_something_else_is_named_as_unused(changes: dict[str, Any]) -> None:
    asked = policy(FOUR_FIFTHS)
    found = judged(asked, waiver(asked, **changes))
    assert found.exit_code is ExitCode.FAILED
    assert found.notes == ("Waiver W-1 was not used: no verdict that blocks is its own.",)


def test_a_waiver_covers_its_reference_only_where_it_names_one() -> None:
    asked = policy(FOUR_FIFTHS)
    named = waiver(asked, reference={"gender": "Male"}, split="evaluation", head="", label="")
    assert judged(asked, named).outcome is VerdictStatus.WAIVED
    rest = policy(changed(FOUR_FIFTHS, reference="rest", slices={"gender": "Female"}))
    assert judged(rest, waiver(rest, reference="rest")).outcome is VerdictStatus.WAIVED


def test_what_passes_is_not_waived() -> None:
    asked = policy(FOUR_FIFTHS)
    fine = rates("gender", {"Male": (500, 1000), "Female": (500, 1000)})
    found = judged(asked, waiver(asked), measured=fine)
    assert found.verdicts[0].status is VerdictStatus.PASS
    assert "was not used" in found.notes[0]


def test_one_waiver_does_not_cover_another_group() -> None:
    measured = rates("gender", {"Male": (500, 1000), "Female": (300, 1000), "Other": (300, 1000)})
    asked = policy(FOUR_FIFTHS)
    found = judged(asked, waiver(asked), measured=measured)
    assert [v.status for v in found.verdicts] == [VerdictStatus.WAIVED, VerdictStatus.FAIL]
    assert found.exit_code is ExitCode.FAILED
    second = waiver(asked, id="W-2", slice={"gender": "Other"})
    assert judged(asked, waiver(asked), second, measured=measured).exit_code == 0


def test_what_was_not_measured_is_waived_only_by_name() -> None:
    asked = policy(ATTESTED, BOUND)
    missing = waiver(asked, requirement="study", slice="all", worst="missing")
    number = waiver(asked, id="W-2", requirement="accuracy", slice="all", worst=0.7)
    found = judged(asked, missing, number, measured=[])
    assert [v.status for v in found.verdicts] == [VerdictStatus.WAIVED, VerdictStatus.MISSING]
    assert "nothing was measured, and it tolerates 0.7." in found.notes[0]


def test_a_lost_comparison_is_waived_by_its_slice() -> None:
    asked = policy(FOUR_FIFTHS)
    lost = [m for m in GENDER if m.key.metric != "bias.impact_ratio"]
    lost += [m for m in GENDER if str(m.key.slice) == "gender=Male"]
    assert judged(asked, measured=lost).verdicts[0].status is VerdictStatus.MISSING
    everything = waiver(asked, slice="all", worst="missing")
    assert judged(asked, everything, measured=lost).outcome is VerdictStatus.WAIVED


@pytest.mark.parametrize(
    ("base", "successes", "worst", "held"),
    [
        ({"at_least": 0.8}, 700, 0.65, True),
        ({"at_least": 0.8}, 700, 0.75, False),
        ({"at_least": None, "at_most": 0.5}, 700, 0.75, True),
        ({"at_least": None, "at_most": 0.5}, 700, 0.65, False),
        ({"at_least": None, "between": [0.4, 0.5]}, 700, 0.75, True),
        ({"at_least": None, "between": [0.4, 0.5]}, 700, 0.3, False),
        ({"at_least": 0.8}, 810, 0.75, True),
    ],
)
def test_the_worst_value_is_on_the_side_it_is_on(
    base: dict[str, Any], successes: int, worst: float, held: bool
) -> None:
    asked = policy(changed(BOUND, **base))
    found = judged(
        asked,
        waiver(asked, requirement="accuracy", slice="all", worst=worst),
        measured=[share(successes, 1000)],
    )
    assert (found.outcome is VerdictStatus.WAIVED) is held


TEXT = """
waivers:
  - id: W-1
    requirement: four-fifths
    slice: {gender: Female}
    digests: {model: "sha256:aa", data: "sha256:bb", policy: "sha256:cc"}
    worst: 0.55
    asked_by: Ann Asker
    approved_by: Rae Reviewer
    reason: A mended version is trained.
    given: 2026-11-01
    until: 2026-12-31
"""


def test_waivers_are_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "waivers.yaml"
    path.write_text(TEXT)
    (found,) = load_waivers(path)
    assert found.until == date(2026, 12, 31)
    assert found.slice == {"gender": "Female"}


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("given: 2026-11-01", "given: soon", "waivers.0.given (line 11): found 'soon'; "),
        ("given: 2026-11-01", "given: soon", "expected a date such as 2026-11-22"),
        ("approved_by", "aproved_by", "(Did you mean approved_by?)"),
        (
            "worst: 0.55",
            "worst: bad",
            "waivers.0.worst (line 7): found 'bad'; expected a number, or missing.",
        ),
        ("worst: 0.55", "worst: true", "found true; expected a number, or missing."),
        ("slice: {gender: Female}", "slice: 3", "expected all or {attribute: value}."),
        ("    reason: A mended version is trained.\n", "", "waivers.0.reason (line 3): this key"),
        (', policy: "sha256:cc"', "", "waivers.0.digests.policy (line 6): this key is missing"),
        ("waivers:", "waiver:", "waiver (line 2): this key is unknown (Did you mean waivers?)"),
    ],
)
def test_malformed_waivers_are_refused(tmp_path: Path, old: str, new: str, says: str) -> None:
    path = tmp_path / "waivers.yaml"
    path.write_text(TEXT.replace(old, new))
    with pytest.raises(PolicyError) as raised:
        load_waivers(path)
    assert says in str(raised.value)
    assert "is no valid list of waivers" in str(raised.value)


def test_dates_are_texts_in_python_too() -> None:
    with pytest.raises(ValidationError):
        waiver(policy(FOUR_FIFTHS), given=20261101)
