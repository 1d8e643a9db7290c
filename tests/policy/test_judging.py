"""The judging rule, sentence by sentence."""

from __future__ import annotations

import dataclasses
import math
import time
from datetime import UTC, datetime
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from statsmodels.stats.multitest import multipletests

from auditkit.errors import PolicyError
from auditkit.measurement import (
    Direction,
    Estimate,
    Measurement,
    MeasurementKey,
    Metric,
    Slice,
    Status,
)
from auditkit.policy import ExitCode, Judgement, Verdict, VerdictStatus, judge
from auditkit.policy.attestations import Attestation
from auditkit.policy.comparison import p_inside
from auditkit.policy.verdict import judgement_from_plain, judgement_to_plain
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

PASS, FAIL = VerdictStatus.PASS, VerdictStatus.FAIL
INCONCLUSIVE, MISSING = VerdictStatus.INCONCLUSIVE, VerdictStatus.MISSING
NOW = datetime(2026, 11, 22, tzinfo=UTC)
GENDER = {"gender": "Male"}
FIRST_LOOK = 0.025
"""α/(1·2) of α = .05."""


def only(judgement: Judgement) -> Verdict:
    assert len(judgement.verdicts) == 1
    return judgement.verdicts[0]


def gaussian(value: float, se: float = 1.0, name: str = "a.b", **more: Any) -> Measurement:
    fields = {"units": 1000, "rows": 1000, **more}
    return Measurement(
        MeasurementKey(name),
        Status.MEASURED,
        value,
        estimate=Estimate("normal", {"value": value, "se": se}),
        **fields,
    )


def metric(name: str, **more: Any) -> dict[str, Any]:
    return changed(BOUND, **{"id": name, "metric": f"m.{name}", "at_least": None, **more})


# --- pass, fail, inconclusive ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("successes", "n", "status"),
    [
        (850, 1000, PASS),
        (810, 1000, INCONCLUSIVE),
        (790, 1000, INCONCLUSIVE),
        (750, 1000, FAIL),
        (9, 10, INCONCLUSIVE),
    ],
)
def test_the_interval_decides_not_the_point(successes: int, n: int, status: VerdictStatus) -> None:
    verdict = only(judge(policy(BOUND), [share(successes, n)]))
    assert verdict.status is status
    assert verdict.alpha == FIRST_LOOK
    assert verdict.region == (0.8, math.inf)
    assert verdict.interval is not None
    assert verdict.interval.level == pytest.approx(0.95)
    assert verdict.interval.method == "wilson"


def test_pass_is_exactly_the_interval_inside_at_alpha() -> None:
    z = NormalDist().inv_cdf(1 - FIRST_LOOK)
    for edge, status in ((z + 1e-6, PASS), (z - 1e-6, INCONCLUSIVE), (-z + 1e-6, INCONCLUSIVE)):
        asked = policy(changed(BOUND, metric="a.b", at_least=0.0))
        assert only(judge(asked, [gaussian(edge)])).status is status
    assert only(judge(asked, [gaussian(-z - 1e-6)])).status is FAIL


def test_a_bounded_region_must_hold_the_whole_interval() -> None:
    asked = policy(changed(BOUND, metric="a.b", at_least=None, between=[-3.0, 3.0]))
    assert only(judge(asked, [gaussian(0.0)])).status is PASS
    assert only(judge(asked, [gaussian(0.0, se=2.0)])).status is INCONCLUSIVE
    assert only(judge(asked, [gaussian(1.5)])).status is INCONCLUSIVE
    assert only(judge(asked, [gaussian(-6.0)])).status is FAIL
    assert only(judge(asked, [gaussian(6.0)])).status is FAIL


def test_every_slice_must_pass() -> None:
    fine = {"A": (5000, 10000), "B": (5000, 10000), "C": (5000, 10000)}
    judged = judge(policy(FOUR_FIFTHS), rates("g", fine), declared_references={"g": "A"})
    assert judged.outcome is PASS
    mixed = {**fine, "C": (45, 100)}
    judged = judge(policy(FOUR_FIFTHS), rates("g", mixed), declared_references={"g": "A"})
    assert [verdict.status for verdict in judged.verdicts] == [PASS, INCONCLUSIVE]
    assert judged.outcome is INCONCLUSIVE


def test_failing_a_bounded_region_errs_with_at_most_alpha() -> None:
    """The smaller of the two p-values would err with 2α where the region is narrow."""
    points = [NormalDist().inv_cdf((i + 0.5) / 4000) for i in range(4000)]
    for width in (1e-9, 0.5, 1.0, 3.0, 10.0):
        region = (-width / 2, width / 2)
        for truth in (region[0], 0.0, region[1]):
            p = [p_inside(gaussian(truth + point), region) for point in points[::8]]
            for alpha in (0.05, 0.025, 0.3):
                assert np.mean(np.array(p) <= alpha) <= alpha + 0.003
    sides = [min(norm.cdf(point), norm.sf(point)) for point in points]
    assert np.mean(np.array(sides) <= 0.05) > 0.09  # what the naive rule would do


def test_the_two_errors_hold_at_the_limit() -> None:
    """A parameter exactly on the limit: neither passes nor fails more often than α."""
    points = [NormalDist().inv_cdf((i + 0.5) / 2000) for i in range(2000)]
    asked = policy(changed(BOUND, metric="a.b", at_least=0.0))
    statuses = [only(judge(asked, [gaussian(point)])).status for point in points[::4]]
    assert statuses.count(PASS) / 500 == pytest.approx(FIRST_LOOK, abs=0.003)
    assert statuses.count(FAIL) / 500 == pytest.approx(FIRST_LOOK, abs=0.003)


# --- Holm -----------------------------------------------------------------------------------------


def test_failures_are_corrected_over_all_blocking_comparisons() -> None:
    """.01 fails alone at .025; beside two others that say nothing it does not."""
    low = norm.isf(0.01) * -1
    asked = [metric(name, at_least=0.0) for name in "xyz"]
    measured = [gaussian(low, name="m.x"), gaussian(2.5, name="m.y"), gaussian(2.5, name="m.z")]
    assert only(judge(policy(asked[0]), measured)).status is FAIL
    verdict = judge(policy(*asked), measured).verdicts[0]
    assert verdict.status is INCONCLUSIVE
    assert verdict.p_value == pytest.approx(0.01)
    assert verdict.p_adjusted == pytest.approx(0.03)
    assert "but this could be chance (p = 0.030, corrected for 3 comparisons)" in verdict.reason
    assert verdict.units_to_decide is not None
    assert verdict.units_to_decide > 1000


def test_passing_needs_no_correction() -> None:
    high = norm.isf(0.02)
    asked = [metric(f"x{i}", at_least=0.0) for i in range(50)]
    measured = [gaussian(high, name=f"m.x{i}") for i in range(50)]
    assert judge(policy(*asked), measured).outcome is PASS


def test_warnings_are_corrected_among_themselves() -> None:
    low = -norm.isf(0.01)
    asked = [metric("x", at_least=0.0)]
    asked += [metric(f"w{i}", at_least=0.0, severity="warn") for i in range(3)]
    measured = [gaussian(low, name="m.x")] + [gaussian(low, name=f"m.w{i}") for i in range(3)]
    verdicts = judge(policy(*asked), measured).verdicts
    assert verdicts[0].p_adjusted == pytest.approx(0.01)
    assert verdicts[0].status is FAIL
    assert verdicts[1].p_adjusted == pytest.approx(0.03)
    assert verdicts[1].status is INCONCLUSIVE


def test_exact_numbers_take_no_part_in_the_correction() -> None:
    low = -norm.isf(0.02)
    asked = [metric("x", at_least=0.0), metric("y", at_least=5.0)]
    verdicts = judge(policy(*asked), [gaussian(low, name="m.x"), exact(9.0, "m.y")]).verdicts
    assert verdicts[0].status is FAIL
    assert verdicts[1].p_adjusted is None


Drawn = tuple[float, float, float, float, bool]
cases = st.lists(
    st.tuples(
        st.floats(-4, 4),
        st.floats(0.1, 3),
        st.floats(-2, 2),
        st.floats(0.1, 4),
        st.booleans(),
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=30, deadline=None)
@given(cases, st.integers(1, 4), st.sampled_from(["at_least", "at_most", "between"]))
def test_against_a_literal_twin(drawn: list[Drawn], look: int, form: str) -> None:
    """The rule written out once more, with SciPy and statsmodels."""
    alpha = 0.05 / (look * (look + 1))
    asked, measured, regions = [], [], []
    for place, (value, se, low, width, block) in enumerate(drawn):
        bound = {"at_least": low, "at_most": low, "between": [low, low + width]}[form]
        severity = "block" if block else "warn"
        asked.append(metric(f"x{place}", severity=severity, **{form: bound}))
        measured.append(gaussian(value, se, f"m.x{place}"))
        regions.append(
            {
                "at_least": (low, math.inf),
                "at_most": (-math.inf, low),
                "between": (low, low + width),
            }[form]
        )
    p = []
    for (value, se, *_), (low, high) in zip(drawn, regions, strict=True):
        sides = [norm.cdf((value - low) / se)] if low > -math.inf else []
        sides += [norm.sf((value - high) / se)] if high < math.inf else []
        p.append(min(1.0, len(sides) * min(sides)))
    adjusted = np.ones(len(p))
    for block in (True, False):
        mine = [i for i, case in enumerate(drawn) if case[-1] is block]
        if mine:
            adjusted[mine] = multipletests([p[i] for i in mine], method="holm")[1]
    verdicts = judge(policy(*asked), measured, look=look).verdicts
    z = norm.isf(alpha)
    for place, verdict in enumerate(verdicts):
        value, se = drawn[place][:2]
        low, high = regions[place]
        assert verdict.p_adjusted == pytest.approx(min(adjusted[place], 1.0), abs=1e-7)
        margin = min(abs(value - z * se - low), abs(value + z * se - high))
        if margin < 1e-6 or abs(adjusted[place] - alpha) < 1e-6:
            continue  # on the very edge rounding decides
        if low <= value - z * se and value + z * se <= high:
            expected = PASS
        else:
            expected = FAIL if adjusted[place] <= alpha else INCONCLUSIVE
        assert verdict.status is expected


# --- few units, samples, exact numbers, no estimate -----------------------------------------------


def test_few_units_may_fail_and_never_pass() -> None:
    asked = policy(changed(BOUND, min_units=100))
    few = only(judge(asked, [share(50, 50)]))
    assert few.status is INCONCLUSIVE
    assert few.units_to_decide == 100
    assert "At least 100 units are needed before this may pass, and there are 50." in few.reason
    assert only(judge(asked, [share(10, 50)])).status is FAIL
    assert only(judge(asked, [share(100, 100)])).status is PASS


def _needing(least: int) -> dict[str, Metric]:
    metric = Metric("performance.accuracy", "A", "A.", "share", Direction.HIGHER, 0, 1)
    return {metric.id: dataclasses.replace(metric, least_to_pass=least)}


def test_a_metric_may_need_more_units_than_the_policy_asks_for() -> None:
    few = share(50, 50)
    for asked in (policy(), policy(changed(BOUND, min_units=10))):
        verdict = only(judge(asked, [few], metrics=_needing(100)))
        assert (verdict.status, verdict.units_to_decide) == (INCONCLUSIVE, 100)
        assert "At least 100 units are needed" in verdict.reason
        assert only(judge(asked, [share(10, 50)], metrics=_needing(100))).status is FAIL
        assert only(judge(asked, [few], metrics=_needing(50))).status is PASS
    stricter = policy(changed(BOUND, min_units=200))
    assert only(judge(stricter, [few], metrics=_needing(100))).units_to_decide == 200


def test_what_is_only_reported_needs_no_units() -> None:
    asked = policy(changed(BOUND, kind="reported", at_least=None))
    assert only(judge(asked, [share(5, 5)], metrics=_needing(100))).status is PASS


def test_three_people_may_show_a_failure_but_no_success() -> None:
    """Half a thousand of a thousand men against none of thirty, or three of three, women."""
    measured = rates("gender", {"Male": (900, 1000), "Female": (3, 3)})
    judged = judge(policy(FOUR_FIFTHS), measured, declared_references=GENDER)
    assert only(judged).status is INCONCLUSIVE
    measured = rates("gender", {"Male": (900, 1000), "Female": (0, 30)})
    assert only(judge(policy(FOUR_FIFTHS), measured, declared_references=GENDER)).status is FAIL


@pytest.mark.parametrize(("successes", "expected"), [(30, INCONCLUSIVE), (2, FAIL)])
def test_too_few_by_the_check_never_passes(successes: int, expected: VerdictStatus) -> None:
    scanty = dataclasses.replace(
        share(successes, 30), status=Status.TOO_FEW, reason="Only 30 rows."
    )
    verdict = only(judge(policy(BOUND), [scanty]))
    assert verdict.status is expected
    assert expected is FAIL or "Only 30 rows." in verdict.reason


def test_too_few_without_an_estimate_is_inconclusive() -> None:
    scanty = dataclasses.replace(
        share(2, 3), status=Status.TOO_FEW, estimate=None, reason="Only 3 rows."
    )
    judged = judge(policy(BOUND), [scanty])
    assert only(judged).status is INCONCLUSIVE
    assert judged.exit_code is ExitCode.INCONCLUSIVE
    assert only(judged).reason.count("Only 3 rows.") == 1  # it is a hurdle and the problem, both


def test_under_ten_clusters_nothing_fails_either() -> None:
    clustered = dataclasses.replace(
        share(10, 500), status=Status.TOO_FEW, units=9, reason="Only 9 clusters."
    )
    verdict = only(judge(policy(BOUND), [clustered]))
    assert verdict.status is INCONCLUSIVE
    assert verdict.interval is None
    assert "Only 9 clusters." in verdict.reason


@pytest.mark.parametrize("measured", [share(999, 1000, sampled=True), exact(1.0, sampled=True)])
def test_part_of_the_rows_never_passes(measured: Measurement) -> None:
    name = measured.key.metric
    verdict = only(judge(policy(changed(BOUND, metric=name)), [measured]))
    assert verdict.status is INCONCLUSIVE
    assert "Only part of the rows was read" in verdict.reason
    shown = changed(BOUND, metric=name, kind="reported", at_least=None)
    assert only(judge(policy(shown), [measured])).status is INCONCLUSIVE


def test_part_of_the_rows_may_fail() -> None:
    assert only(judge(policy(BOUND), [share(1, 1000, sampled=True)])).status is FAIL
    # An exact number about part of the rows is none about all of them.
    few = exact(100.0, sampled=True)
    many = changed(BOUND, metric="performance.units", at_least=1000)
    assert only(judge(policy(many), [few])).status is INCONCLUSIVE


@pytest.mark.parametrize(("value", "status"), [(0.8, PASS), (0.79999, FAIL)])
def test_exact_numbers_are_judged_by_their_value(value: float, status: VerdictStatus) -> None:
    asked = policy(changed(BOUND, metric="cost.share"))
    verdict = only(judge(asked, [exact(value, "cost.share")]))
    assert verdict.status is status
    assert verdict.interval is None
    assert verdict.p_value is None
    assert "an exact number" in verdict.reason


def test_without_an_estimate_nothing_passes() -> None:
    verdict = only(judge(policy(BOUND), [share(1000, 1000, estimate=None)]))
    assert verdict.status is INCONCLUSIVE
    assert "without a statement of its uncertainty" in verdict.reason


@pytest.mark.parametrize(
    "estimate",
    [
        Estimate("divination", {"value": 1.0}),
        Estimate("wilson", {"successes": 5}),
        Estimate("wilson", {"successes": "all", "n": 10}),
        Estimate("wilson", {"successes": 11, "n": 10}),
        Estimate("normal", {"value": math.nan, "se": 1.0}),
    ],
)
def test_an_estimate_that_cannot_be_read_never_passes(estimate: Estimate) -> None:
    verdict = only(judge(policy(BOUND), [share(9, 10, estimate=estimate)]))
    assert verdict.status is INCONCLUSIVE
    assert "cannot be read" in verdict.reason


def test_no_reference_selected_is_judged_by_what_is_known() -> None:
    """A ratio to zero has no upper end; what its lower end shows still counts."""
    measured = ratio((50, 100), (0, 100), Slice.of(gender="Female"), Slice.of(gender="Male"))
    infinite = dataclasses.replace(measured, value=math.inf)
    shares = rates("gender", {"Male": (0, 100), "Female": (50, 100)})
    judged = judge(
        policy(FOUR_FIFTHS),
        [m for m in shares if m.key.metric != "bias.impact_ratio"] + [infinite],
        declared_references=GENDER,
    )
    assert only(judged).status is FAIL


# --- missing --------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [Status.UNDEFINED, Status.NOT_APPLICABLE, Status.FAILED])
@pytest.mark.parametrize("kind", ["bound", "reported"])
def test_what_was_not_measured_is_missing_and_blocks(status: Status, kind: str) -> None:
    gone = Measurement(MeasurementKey("performance.accuracy"), status, reason="It broke.")
    asked = changed(BOUND, kind=kind, at_least=0.8 if kind == "bound" else None)
    judged = judge(policy(asked), [gone])
    verdict = only(judged)
    assert verdict.status is MISSING
    assert verdict.blocks
    assert verdict.measurement is gone
    assert "It broke." in verdict.reason
    assert judged.outcome is FAIL
    assert judged.exit_code is ExitCode.FAILED


@pytest.mark.parametrize("value", [None, math.nan])
def test_a_measured_nothing_is_missing(value: float | None) -> None:
    assert only(judge(policy(BOUND), [share(9, 10, value=value)])).status is MISSING


def test_missing_beats_inconclusive() -> None:
    asked = policy(BOUND, changed(BOUND, id="other", metric="performance.auc"))
    judged = judge(asked, [share(8, 10)])
    assert [verdict.status for verdict in judged.verdicts] == [INCONCLUSIVE, MISSING]
    assert judged.exit_code is ExitCode.FAILED


def test_dropping_a_measurement_never_helps() -> None:
    measured = rates("g", {"A": (500, 1000), "B": (490, 1000), "C": (510, 1000)})
    asked = policy(
        FOUR_FIFTHS,
        changed(
            BOUND, metric="bias.selection_rate", slices="groups", kind="reported", at_least=None
        ),
    )
    references = {"g": "A"}
    assert judge(asked, measured, declared_references=references).outcome is PASS
    used = {
        id(v.measurement) for v in judge(asked, measured, declared_references=references).verdicts
    }
    for lost in measured:
        rest = [m for m in measured if m is not lost]
        outcome = judge(asked, rest, declared_references=references).outcome
        assert outcome is (FAIL if id(lost) in used else PASS)


# --- reported and attested ------------------------------------------------------------------------


def test_reported_needs_a_number_and_nothing_else() -> None:
    asked = policy(changed(BOUND, kind="reported", at_least=None))
    verdict = only(judge(asked, [share(1, 1000)]))
    assert verdict.status is PASS
    assert verdict.region is None
    assert verdict.alpha is None
    assert only(judge(asked, [share(1, 1000, estimate=None)])).status is PASS
    assert only(judge(asked, [])).status is MISSING
    scanty = dataclasses.replace(share(1, 3), status=Status.TOO_FEW)
    assert only(judge(asked, [scanty])).status is INCONCLUSIVE


GOOD = Attestation("A. Person", "sha256:" + "0" * 64, "2026-11-01")


@pytest.mark.parametrize(
    ("given", "status", "says"),
    [
        (GOOD, PASS, "Attested: A. Person vouches for sha256:"),
        (None, MISSING, "Nobody has attested it."),
        (dataclasses.replace(GOOD, person=" "), MISSING, "It names no person."),
        (dataclasses.replace(GOOD, digest="md5:0"), MISSING, "md5:0 is no digest"),
        (dataclasses.replace(GOOD, date="soon"), MISSING, "soon is no date"),
        (dataclasses.replace(GOOD, date="2026-11-23"), MISSING, "has not come yet"),
    ],
)
def test_attested_needs_somebodys_word(
    given: Attestation | None, status: VerdictStatus, says: str
) -> None:
    words = {} if given is None else {"study": given}
    verdict = only(judge(policy(ATTESTED), [], attestations=words, now=NOW))
    assert verdict.status is status
    assert says in verdict.reason
    assert verdict.blocks is (status is MISSING)


# --- what blocks, and what the shell gets ---------------------------------------------------------

OUTCOMES = {
    "pass": share(900, 1000),
    "inconclusive": share(800, 1000),
    "fail": share(700, 1000),
}


@pytest.mark.parametrize(
    ("severity", "choice", "found", "outcome", "code"),
    [
        ("block", "block", "pass", PASS, 0),
        ("block", "block", "inconclusive", INCONCLUSIVE, 3),
        ("block", "warn", "inconclusive", PASS, 0),
        ("block", "allow", "inconclusive", PASS, 0),
        ("block", "allow", "fail", FAIL, 1),
        ("warn", "block", "fail", PASS, 0),
        ("warn", "block", "inconclusive", PASS, 0),
    ],
)
def test_severity_and_on_inconclusive(
    severity: str, choice: str, found: str, outcome: VerdictStatus, code: int
) -> None:
    asked = policy(changed(BOUND, severity=severity, on_inconclusive=choice))
    judged = judge(asked, [OUTCOMES[found]])
    assert only(judged).status.value == found
    assert only(judged).blocks is (code != 0)
    assert judged.outcome is outcome
    assert judged.exit_code == code
    if choice != "block" and found == "inconclusive":
        assert f"It does not block (on_inconclusive: {choice})." in only(judged).reason
    if severity == "warn" and found != "pass":
        assert "This requirement warns and does not block." in only(judged).reason


def test_a_missing_warning_does_not_block() -> None:
    judged = judge(policy(BOUND, metric("x", at_least=0, severity="warn")), [share(900, 1000)])
    assert judged.verdicts[1].status is MISSING
    assert judged.exit_code is ExitCode.NOTHING_BLOCKS


def test_verdicts_stand_in_the_order_of_the_policy() -> None:
    asked = policy(ATTESTED, BOUND, changed(ATTESTED, id="second"))
    judged = judge(asked, [share(9, 10)])
    assert [verdict.requirement for verdict in judged.verdicts] == ["study", "accuracy", "second"]


# --- small groups, tasks, looks -------------------------------------------------------------------


def test_small_groups_are_listed_by_name() -> None:
    counts = {"A": (500, 1000), "B": (490, 1000), "C": (0, 20)}
    asked = policy(FOUR_FIFTHS, minimum_share=0.02)
    judged = judge(asked, rates("g", counts), declared_references={"g": "A"})
    assert judged.outcome is PASS
    assert judged.small_groups == (
        "g=C holds 0.99 % of the rows (20 rows), under the minimum share of 2 %: listed, not "
        "judged (four-fifths).",
    )


@pytest.mark.parametrize(("favoured", "status"), [(10, INCONCLUSIVE), (0, FAIL)])
def test_small_groups_may_block(favoured: int, status: VerdictStatus) -> None:
    counts = {"A": (500, 1000), "B": (490, 1000), "C": (favoured, 20)}
    asked = policy(
        changed(FOUR_FIFTHS, on_inconclusive="allow"), minimum_share=0.02, small_groups="block"
    )
    judged = judge(asked, rates("g", counts), declared_references={"g": "A"})
    verdict = judged.verdicts[1]
    assert verdict.status is status
    assert verdict.blocks
    assert judged.small_groups == ()
    if status is INCONCLUSIVE:
        assert "the policy lets no such group pass (small_groups: block)" in verdict.reason


def test_requirements_for_other_tasks_are_named() -> None:
    asked = policy(changed(BOUND, tasks=["binary", "multiclass"]), metric("x", at_least=0.0))
    judged = judge(asked, [gaussian(9.0, name="m.x")], tasks={"": "regression"})
    assert judged.outcome is PASS
    assert judged.not_applicable == (
        "It is accurate (accuracy) does not apply: it is for binary, multiclass models, and this "
        "one is regression.",
    )
    # Where nobody said what the model is, everything is asked.
    unknown = judge(asked, [gaussian(9.0, name="m.x")])
    assert unknown.verdicts[0].status is MISSING
    assert unknown.not_applicable == ()


def test_a_policy_that_asks_nothing_of_this_model_does_not_pass() -> None:
    asked = policy(changed(BOUND, tasks=["binary"]), changed(ATTESTED, tasks=["binary"]))
    judged = judge(asked, [share(9, 10)], tasks={"": "regression"})
    assert judged.outcome is FAIL
    assert judged.exit_code is ExitCode.FAILED
    assert "nothing was judged" in only(judged).reason
    assert len(judged.not_applicable) == 2


def test_a_requirement_on_a_head_that_does_not_exist_is_missing() -> None:
    asked = policy(changed(BOUND, head="age", tasks=["binary"]))
    judged = judge(asked, [share(9, 10, head="sex")], tasks={"sex": "binary"})
    assert only(judged).status is MISSING


def test_looks_share_alpha() -> None:
    asked, measured = policy(BOUND), [share(850, 1000)]
    alphas = [only(judge(asked, measured, look=look)).alpha for look in range(1, 6)]
    assert alphas == [0.05 / (k * (k + 1)) for k in range(1, 6)]
    judged = judge(asked, measured, look=3)
    assert judged.look == 3
    assert "This is look 3 at this model" in judged.notes[0]
    assert judge(asked, measured).notes == ()
    with pytest.raises(PolicyError, match="The look must be at least 1, found 0"):
        judge(asked, measured, look=0)


def test_a_late_look_needs_more() -> None:
    asked, measured = policy(BOUND), [share(830, 1000)]
    assert only(judge(asked, measured)).status is PASS
    assert only(judge(asked, measured, look=4)).status is INCONCLUSIVE


def test_exploratory_is_marked() -> None:
    judged = judge(policy(BOUND), [share(850, 1000)], exploratory=True)
    assert judged.exploratory
    assert "exploratory" in judged.notes[0]


def test_alpha_of_the_policy_counts() -> None:
    measured = [share(826, 1000)]
    assert only(judge(policy(BOUND), measured)).status is PASS
    assert only(judge(policy(BOUND, alpha=0.02), measured)).status is INCONCLUSIVE


# --- the rest -------------------------------------------------------------------------------------


def test_what_would_decide_is_about_right() -> None:
    verdict = only(judge(policy(BOUND), [share(820, 1000)]))
    assert verdict.status is INCONCLUSIVE
    needed = verdict.units_to_decide
    assert needed is not None
    assert only(judge(policy(BOUND), [share(0.82 * needed, needed)])).status is PASS
    fewer = int(0.9 * needed)
    assert only(judge(policy(BOUND), [share(0.82 * fewer, fewer)])).status is INCONCLUSIVE
    on_the_limit = only(judge(policy(BOUND), [share(800, 1000)]))
    assert on_the_limit.units_to_decide is None


def test_a_policy_is_checked_against_the_metrics_given() -> None:
    with pytest.raises(PolicyError, match=r"performance\.accuracy, which does not exist"):
        judge(policy(BOUND), [share(9, 10)], metrics={})


def test_a_judgement_survives_json() -> None:
    import json

    asked = policy(
        FOUR_FIFTHS,
        BOUND,
        ATTESTED,
        changed(BOUND, id="r", tasks=["regression"]),
        minimum_share=0.02,
    )
    measured = [*rates("g", {"A": (500, 1000), "B": (0, 1000), "C": (0, 20)}), share(9, 10)]
    judged = judge(
        asked,
        measured,
        declared_references={"g": "A"},
        look=2,
        exploratory=True,
        tasks={"": "binary"},
    )
    assert judged.small_groups
    assert judged.not_applicable
    assert judged.notes
    plain = json.loads(json.dumps(judgement_to_plain(judged), allow_nan=False))
    assert judgement_from_plain(plain) == judged
    del plain["not_applicable"], plain["notes"]  # as written by an earlier version
    assert judgement_from_plain(plain).verdicts == judged.verdicts


def test_nothing_given_is_changed() -> None:
    measured = [share(820, 1000)]
    before = dataclasses.replace(measured[0])
    judge(policy(BOUND), measured)
    assert measured == [before]


def test_three_hundred_measurements_are_judged_at_once() -> None:
    counts = {f"g{i}": (200 + 5 * i, 1000) for i in range(17)}
    measured = rates("g", counts)
    asked = policy(changed(FOUR_FIFTHS, reference="highest"))
    start = time.process_time()
    judged = judge(asked, measured)
    assert time.process_time() - start < 2.0  # a third of a second where nothing else runs
    assert len(judged.verdicts) == 17 * 16


def test_metrics_of_requirements_that_do_not_apply_may_be_unknown() -> None:
    asked = policy(BOUND, changed(BOUND, id="other", metric="a.b", tasks=["regression"]))
    known = Metric("performance.accuracy", "Accuracy", "", "share", Direction.HIGHER)
    judged = judge(asked, [share(900, 1000)], metrics={known.id: known}, tasks={"": "binary"})
    assert judged.outcome is PASS
    assert "Accuracy is 0.90 (" in only(judged).reason
