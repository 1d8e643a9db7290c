"""From measurements to verdicts: the judging rule.

1. α is one-sided; the k-th look at a model uses α/(k(k+1)), so that all looks together err with at
   most α, however many there are.
2. `pass`: the interval lies inside the region, for every slice. No correction is needed: to pass
   wrongly, the one slice that is truly outside must pass (an intersection-union test).
3. `fail`: the p-value of "it lies inside", corrected by Holm over all blocking comparisons of the
   policy, is at most α. Comparisons that only warn are corrected among themselves, so that adding a
   warning never makes a block harder to reach.
4. Otherwise `inconclusive`. Few units may show a failure; they never pass: fewer than the
   requirement asks for, or than the metric needs whatever the requirement says.
5. Not measured, undefined, crashed, or not there: `missing`.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from auditkit.errors import PolicyError
from auditkit.measurement import Measurement, Metric
from auditkit.policy import reasons
from auditkit.policy.attestations import Attestation
from auditkit.policy.cases import Case, attested, gather
from auditkit.policy.catalogue import check_metrics, with_least_units
from auditkit.policy.comparison import Position
from auditkit.policy.schema import Policy
from auditkit.policy.selection import applies
from auditkit.policy.slices import Universe
from auditkit.policy.verdict import ExitCode, Judgement, Verdict, VerdictStatus
from auditkit.policy.waivers import Waiver, apply_waivers
from auditkit.statistics.estimates import units_to_decide
from auditkit.statistics.multiplicity import holm


@dataclass(frozen=True)
class Level:
    """The level of one judgement.

    Attributes:
        alpha: one-sided, of each decision at this look.
        adjusted: the p-values after Holm, by the position of the case.
        family: the number of comparisons corrected for, by the position of the case.
    """

    alpha: float
    adjusted: Mapping[int, float]
    family: Mapping[int, int]


def level_at(alpha: float, look: int) -> float:
    """The one-sided level of the k-th look: α/(k(k+1)), which adds up to α over all looks.

    Raises:
        PolicyError: a look before the first.

    >>> level_at(0.05, 1), round(sum(level_at(0.05, k) for k in range(1, 10_000)), 4)
    (0.025, 0.05)
    """
    if look < 1:
        raise PolicyError(f"The look must be at least 1, found {look}.", mend="Count from 1.")
    return alpha / (look * (look + 1))


# More than seven parameters: each is a fact of another origin (policy, record, store, people), and
# the caller names them. A bundle of them would be a type that nothing else uses.
def judge(
    policy: Policy,
    measurements: Sequence[Measurement],
    *,
    look: int = 1,
    exploratory: bool = False,
    waivers: Sequence[Waiver] = (),
    digests: Mapping[str, str] | None = None,
    now: datetime | None = None,
    metrics: Mapping[str, Metric] | None = None,
    declared_references: Mapping[str, str | None] | None = None,
    declared_proxies: Collection[str] = (),
    attestations: Mapping[str, Attestation] | None = None,
    tasks: Mapping[str, str] | None = None,
) -> Judgement:
    """Judge measurements by a policy.

    Args:
        policy: what is asked.
        measurements: everything measured, or not, of one record.
        look: the how-many-th look at this model, on new or added rows, this is.
        exploratory: True if the policy was first seen after the evaluation data were opened.
        waivers: tried in order on the verdicts that block.
        digests: `model` and `data` of the record, for the waivers; the policy's is its own.
        now: the time of judging; by default the present.
        metrics: definitions; if given, a policy that speaks of others is refused.
        declared_references: declared group attribute → its reference value, None where it has
            none. Naming every declared attribute makes one without any measured group `missing`.
        declared_proxies: those of them of which only probabilities are declared.
        attestations: requirement id → what a person vouched for.
        tasks: head → task of the model; if given, requirements for other tasks don't apply.

    Returns:
        A verdict for each requirement and slice, and what they add up to.

    Raises:
        PolicyError: the policy contradicts `metrics`, or `look` is below one.
    """
    if metrics is not None:
        # A record defines the metrics of its own kind of model; what does not apply is not asked.
        asked = tuple(one for one in policy.requirements if applies(one, tasks or {}))
        check_metrics(policy.model_copy(update={"requirements": asked}), metrics)
    alpha = level_at(policy.alpha, look)
    moment = now or datetime.now(UTC)
    universe = Universe.of(measurements, declared_references or {}, declared_proxies)
    asked_of = with_least_units(policy, metrics or {})
    docket = gather(asked_of, measurements, universe, tasks or {}, alpha)
    docket.cases.extend(attested(policy, attestations or {}, moment.date(), tasks or {}))
    cases = docket.in_order(policy)
    level = _correct(cases, alpha)
    verdicts = [_verdict(case, place, level, metrics) for place, case in enumerate(cases)]
    if not verdicts:
        verdicts = [_nothing_judged(policy)]
    pinned = {**(digests or {}), "policy": policy.digest}
    parts = [case.part for case in cases] or [None]
    verdicts, notes = apply_waivers(policy, verdicts, parts, waivers, pinned, moment.date())
    outcome, exit_code = _outcome(verdicts)
    return Judgement(
        policy=policy.id,
        policy_digest=policy.digest,
        outcome=outcome,
        exit_code=exit_code,
        look=look,
        exploratory=exploratory,
        small_groups=docket.not_judged(policy, universe),
        verdicts=tuple(verdicts),
        not_applicable=tuple(docket.not_applicable),
        notes=(*reasons.circumstances(look, alpha, exploratory), *notes),
    )


def _correct(cases: Sequence[Case], alpha: float) -> Level:
    """Holm over the blocking comparisons, and over the warning ones by themselves.

    An exact number is no test: nothing in it can err by chance, so it takes no part.
    """
    adjusted: dict[int, float] = {}
    family: dict[int, int] = {}
    for severity in ("block", "warn"):
        places, p_values = [], []
        for place, case in enumerate(cases):
            p_value = None if case.finding is None else case.finding.p_value
            if case.requirement.severity == severity and p_value is not None:
                places.append(place)
                p_values.append(p_value)
        if places:
            adjusted.update(zip(places, holm(p_values).tolist(), strict=True))
            family.update(dict.fromkeys(places, len(places)))
    return Level(alpha, adjusted, family)


def _verdict(case: Case, place: int, level: Level, metrics: Mapping[str, Metric] | None) -> Verdict:
    requirement, finding = case.requirement, case.finding
    p_adjusted = level.adjusted.get(place)
    status = _status(case, p_adjusted, level.alpha)
    units = _units(case, status, level.alpha, level.family.get(place, 1))
    said = reasons.Said(
        measurement=case.measurement,
        finding=finding,
        gap=case.gap,
        hurdles=case.hurdles,
        p_adjusted=p_adjusted,
        family=level.family.get(place, 1),
        alpha=level.alpha,
        units=units,
        subject=case.subject,
    )
    return Verdict(
        requirement=requirement.id,
        status=status,
        severity=requirement.severity,
        blocks=_blocks(case, status),
        subject=case.subject,
        reason=reasons.reason(requirement, status, said, metrics, case.must_block),
        measurement=case.measurement,
        region=requirement.region,
        interval=None if finding is None else finding.interval,
        alpha=level.alpha if finding is not None else None,
        p_value=None if finding is None else finding.p_value,
        p_adjusted=p_adjusted,
        units_to_decide=units,
        title=requirement.title,
        clause=requirement.clause,
        basis=requirement.basis,
        explanation=requirement.explanation,
    )


def _status(case: Case, p_adjusted: float | None, alpha: float) -> VerdictStatus:
    if case.gap:
        return VerdictStatus.MISSING
    finding = case.finding
    if finding is None:  # reported or attested, and there
        return VerdictStatus.INCONCLUSIVE if case.hurdles else VerdictStatus.PASS
    sampled = case.measurement is not None and case.measurement.sampled
    if finding.exact and finding.position is Position.OUTSIDE and not sampled:
        return VerdictStatus.FAIL
    if p_adjusted is not None and p_adjusted <= alpha:
        return VerdictStatus.FAIL
    if finding.position is Position.INSIDE and not case.hurdles:
        return VerdictStatus.PASS
    return VerdictStatus.INCONCLUSIVE


def _units(case: Case, status: VerdictStatus, alpha: float, family: int) -> int | None:
    """About how many units would decide an inconclusive verdict; None if more would not help."""
    measurement, finding, region = case.measurement, case.finding, case.requirement.region
    if status is not VerdictStatus.INCONCLUSIVE or measurement is None or finding is None:
        return None
    least = case.requirement.min_units or 0
    if region is None or finding.interval is None or measurement.estimate is None:
        return least if least > measurement.units else None
    if finding.position is Position.INSIDE:
        return least if least > measurement.units else None
    if finding.position is Position.OUTSIDE:
        # It lies outside by itself; what it lacks is evidence enough for so many comparisons.
        alpha /= family * sum(math.isfinite(end) for end in region)
    needed = units_to_decide(measurement.estimate, region, alpha, measurement.units)
    return None if needed is None else max(needed, least)


def _blocks(case: Case, status: VerdictStatus) -> bool:
    if case.requirement.severity != "block" or status is VerdictStatus.PASS:
        return False
    if status is VerdictStatus.INCONCLUSIVE:
        return case.must_block or case.requirement.on_inconclusive == "block"
    return True


def _nothing_judged(policy: Policy) -> Verdict:
    return Verdict(
        requirement="(policy)",  # no requirement can have this id, and no waiver can name it
        status=VerdictStatus.MISSING,
        severity="block",
        blocks=True,
        subject="the whole policy",
        reason="No requirement of this policy applies to this model, so nothing was judged: what "
        "was not judged does not pass. Choose a policy for this kind of model.",
        title=policy.title,
        basis="organisation",
    )


def _outcome(verdicts: Sequence[Verdict]) -> tuple[VerdictStatus, ExitCode]:
    blocking = {verdict.status for verdict in verdicts if verdict.blocks}
    if blocking & {VerdictStatus.FAIL, VerdictStatus.MISSING}:
        return VerdictStatus.FAIL, ExitCode.FAILED
    if blocking:
        return VerdictStatus.INCONCLUSIVE, ExitCode.INCONCLUSIVE
    waived = any(verdict.status is VerdictStatus.WAIVED for verdict in verdicts)
    return (VerdictStatus.WAIVED if waived else VerdictStatus.PASS), ExitCode.NOTHING_BLOCKS
