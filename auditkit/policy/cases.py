"""What there is to judge: each requirement of a policy, on each slice that it names."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from auditkit.measurement import Measurement, Slice, Status
from auditkit.policy import reasons
from auditkit.policy.attestations import Attestation, why_void
from auditkit.policy.comparison import Finding, compare
from auditkit.policy.schema import Policy, Requirement
from auditkit.policy.selection import Selection, applies, select
from auditkit.policy.slices import Universe
from auditkit.policy.targets import readings

MEASURED = (Status.MEASURED, Status.TOO_FEW)


@dataclass(frozen=True)
class Case:
    """One requirement on one slice, before the verdict.

    Attributes:
        requirement: what is asked.
        subject: of whom, in words.
        measurement: what was measured; None if nothing was.
        finding: what it says about the region; None unless a number is compared with a bound.
        gap: why there is nothing to judge; "" if there is something.
        part: the slice that it is about; None if nothing was measured of several.
        hurdles: sentences, each a reason why it cannot pass whatever the number.
        must_block: True for a small group that the policy wants to block.
    """

    requirement: Requirement
    subject: str
    measurement: Measurement | None = None
    finding: Finding | None = None
    gap: str = ""
    part: Slice | None = None
    hurdles: tuple[str, ...] = ()
    must_block: bool = False


@dataclass
class Docket:
    """Everything that there is to judge, and what is not judged.

    Attributes:
        cases: in any order.
        listed: small group → ids of the requirements that only list it.
        unknown: slice of unknown value → ids of the requirements that compare it with nothing.
        not_applicable: sentences, one for each requirement that is for other kinds of model.
    """

    cases: list[Case] = field(default_factory=list)
    listed: dict[Slice, list[str]] = field(default_factory=dict)
    unknown: dict[Slice, list[str]] = field(default_factory=dict)
    not_applicable: list[str] = field(default_factory=list)

    def in_order(self, policy: Policy) -> list[Case]:
        """The cases in the order of the policy's requirements."""
        place = {requirement.id: place for place, requirement in enumerate(policy.requirements)}
        return sorted(self.cases, key=lambda case: place[case.requirement.id])

    def not_judged(self, policy: Policy, universe: Universe) -> tuple[str, ...]:
        """A sentence for each group that is listed and not judged: too small, or unknown."""
        small = (reasons.small(part, ids, policy, universe) for part, ids in self.listed.items())
        unknown = (reasons.unknown(part, ids, universe) for part, ids in self.unknown.items())
        return (*small, *unknown)

    def take(
        self, requirement: Requirement, selection: Selection, policy: Policy, alpha: float
    ) -> None:
        """Add what a requirement asks for, and what it leaves out."""
        for where, parts in ((self.listed, selection.listed), (self.unknown, selection.unknown)):
            for part in parts:
                where.setdefault(part, []).append(requirement.id)
        blocked = [part for part in selection.small if part not in selection.listed]
        self.cases.extend(
            _case(requirement, measurement, alpha, policy, blocked)
            for measurement in selection.found
        )
        self.cases.extend(
            Case(requirement, gap.subject, gap=gap.reason, part=gap.part) for gap in selection.gaps
        )


def gather(
    policy: Policy,
    measurements: Sequence[Measurement],
    universe: Universe,
    tasks: Mapping[str, str],
    alpha: float,
) -> Docket:
    """What there is to judge of measurements, each compared with its region at level `alpha`."""
    docket = Docket()
    for requirement in policy.requirements:
        if not applies(requirement, tasks):
            docket.not_applicable.append(reasons.not_applicable(requirement, tasks))
        elif requirement.kind != "attested":
            for reading in readings(requirement, universe):
                selection = select(reading, policy, measurements, universe, tasks)
                docket.take(reading, selection, policy, alpha)
    return docket


def _case(
    requirement: Requirement,
    measurement: Measurement,
    alpha: float,
    policy: Policy,
    small: Sequence[Slice],
) -> Case:
    subject, value = str(measurement.key), measurement.value
    nothing = value is None or math.isnan(value)
    if measurement.status not in MEASURED or (nothing and measurement.status is Status.MEASURED):
        gap = reasons.not_measured(measurement)
        return Case(requirement, subject, measurement, gap=gap, part=measurement.key.slice)
    is_small = measurement.key.slice in small
    hurdles = tuple(reasons.hurdles(measurement, requirement, policy, is_small))
    region = requirement.region
    finding = None if region is None else compare(measurement, region, alpha)
    return Case(
        requirement,
        subject,
        measurement,
        finding,
        part=measurement.key.slice,
        hurdles=hurdles,
        must_block=is_small,
    )


def attested(
    policy: Policy, attestations: Mapping[str, Attestation], today: date, tasks: Mapping[str, str]
) -> Iterator[Case]:
    """What there is to judge of people's words."""
    for requirement in policy.requirements:
        if requirement.kind != "attested" or not applies(requirement, tasks):
            continue
        given = attestations.get(requirement.id)
        if given is None:
            yield Case(requirement, "attestation", gap="Nobody has attested it.")
        else:
            void = why_void(given, today)
            gap = f"The attestation does not count. {void}" if void else ""
            yield Case(requirement, reasons.attestation(given), gap=gap)
