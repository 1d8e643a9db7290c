"""Before a run: which requirements can so many rows not decide?"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from statistics import NormalDist

from auditkit.measurement import REST, Estimate, Slice
from auditkit.policy import reasons
from auditkit.policy.comparison import Region
from auditkit.policy.judging import level_at
from auditkit.policy.scenarios import Numbers, Scenario, scenario
from auditkit.policy.schema import Policy, Requirement
from auditkit.policy.selection import applies
from auditkit.policy.slices import Universe
from auditkit.policy.targets import Target, readings, targets_of
from auditkit.statistics.estimates import bounds

RATE = 0.2
POWER = 0.8
_LARGEST = 2**40
_NORMAL = NormalDist()


@dataclass(frozen=True)
class PlanRow:
    """One requirement on one slice.

    Attributes:
        requirement: its id.
        subject: the slice, and what it is compared with, in words.
        units: how many rows the slice has; None if unknown.
        fine: the value that is taken as truly fine.
        bad: the value that is taken as clearly bad.
        to_pass: about how many rows the slice must have for `fine` to pass; None if no number does.
        to_fail: about how many for `bad` to fail; None if no number does.
        assumes: what else was assumed, in words.
    """

    requirement: str
    subject: str
    units: int | None
    fine: float
    bad: float
    to_pass: int | None
    to_fail: int | None
    assumes: str

    @property
    def can_pass(self) -> bool:
        """Whether the rows suffice for a truly fine value to pass."""
        return self.units is not None and self.to_pass is not None and self.units >= self.to_pass

    @property
    def can_fail(self) -> bool:
        """Whether the rows suffice for a clearly bad value to fail."""
        return self.units is not None and self.to_fail is not None and self.units >= self.to_fail


@dataclass(frozen=True)
class Plan:
    """What to expect of a policy on so many rows.

    Attributes:
        rows: one for each requirement and slice that can be planned.
        missing: sentences: what the policy asks for and the data lack; it will be `missing`.
        small_groups: sentences: groups that will be listed, not judged.
        not_applicable: sentences: requirements for other kinds of model.
        unplanned: sentences: requirements of which nothing can be said before the data are seen.
        power: the probability with which a fine value passes and a bad one fails.
    """

    rows: tuple[PlanRow, ...]
    missing: tuple[str, ...]
    small_groups: tuple[str, ...]
    not_applicable: tuple[str, ...]
    unplanned: tuple[str, ...]
    power: float

    @property
    def undecidable(self) -> tuple[PlanRow, ...]:
        """The rows of the plan on which even a truly fine value would not pass."""
        return tuple(row for row in self.rows if not row.can_pass)


def plan(
    policy: Policy,
    rows: Mapping[Slice, int],
    *,
    training_rows: int | None = None,
    rate: float = RATE,
    look: int = 1,
    declared_references: Mapping[str, str | None] | None = None,
    declared_proxies: Collection[str] = (),
    tasks: Mapping[str, str] | None = None,
) -> Plan:
    """Which requirements the given numbers of rows decide, and how many rows would.

    Args:
        policy: what will be asked.
        rows: slice → its rows in the evaluation split; `Slice()` is the whole split. With clusters,
            give the numbers of clusters.
        training_rows: rows of the training split; None if there is none.
        rate: share of favourable decisions, and of positive labels, to assume, in (0, 1).
        look: the how-many-th look at the model the run will be.
        declared_references, declared_proxies: as for `judge`.
        tasks: as for `judge`.

    Raises:
        ValueError: `rate` outside (0, 1), or the whole split is missing from `rows`.
        PolicyError: `look` is below one.
    """
    if not 0 < rate < 1:
        raise ValueError(f"rate must lie between 0 and 1, found {rate}")
    if rows.get(Slice(), 0) < 1:
        raise ValueError("rows must hold the whole split, Slice(), with at least one row")
    universe = _universe(rows, declared_references or {}, declared_proxies)
    draft = _draft(policy, universe, tasks or {})
    blocking = sum(requirement.severity == "block" for requirement, _, _ in draft.comparisons)
    size = _Size(rows, training_rows, rate)
    search = _Search(level_at(policy.alpha, look), max(blocking, 1))
    planned: list[PlanRow] = []
    for requirement, target, how in draft.comparisons:
        if size.others(requirement, target) > 0:
            planned.append(_row(requirement, target, how, size, search))
        else:
            draft.missing.append(f"{requirement.id}: there is nothing that {target} compares with.")
    return Plan(
        rows=tuple(planned),
        missing=tuple(dict.fromkeys(draft.missing)),
        small_groups=tuple(dict.fromkeys(draft.small)),
        not_applicable=tuple(draft.not_applicable),
        unplanned=tuple(draft.unplanned),
        power=POWER,
    )


@dataclass(frozen=True)
class _Size:
    """The numbers of rows that a plan is made for."""

    rows: Mapping[Slice, int]
    training: int | None
    rate: float

    def others(self, requirement: Requirement, target: Target) -> float:
        """Rows of what a slice is compared with."""
        if str(requirement.metric).startswith("overfitting."):
            return float(self.training or 0)
        if str(requirement.metric).startswith("privacy."):
            # As many members as the training split holds, if it holds groups as these rows do.
            total = self.rows[Slice()] or 1
            return (self.training or 0) * self.rows.get(target.slice, 0) / total
        if target.reference == REST:
            return float(self.rows[Slice()] - self.rows.get(target.slice, 0))
        return float(self.rows.get(target.reference or Slice(), 0))


def _universe(
    rows: Mapping[Slice, int], references: Mapping[str, str | None], proxies: Collection[str]
) -> Universe:
    total = rows[Slice()]
    shares = {part: count / total for part, count in rows.items() if part.conditions}
    return Universe(shares, rows, references, frozenset(proxies))


@dataclass
class _Draft:
    """What a policy will ask of these rows, as it is gathered."""

    comparisons: list[tuple[Requirement, Target, Scenario]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    small: list[str] = field(default_factory=list)
    not_applicable: list[str] = field(default_factory=list)
    unplanned: list[str] = field(default_factory=list)


def _draft(policy: Policy, universe: Universe, tasks: Mapping[str, str]) -> _Draft:
    draft = _Draft()
    for requirement in policy.requirements:
        if not applies(requirement, tasks):
            draft.not_applicable.append(reasons.not_applicable(requirement, tasks))
        elif requirement.kind == "bound":
            for reading in readings(requirement, universe):
                _add(reading, policy, universe, draft)
    return draft


def _add(requirement: Requirement, policy: Policy, universe: Universe, draft: _Draft) -> None:
    how = scenario(str(requirement.metric))
    if how is None and requirement.slices == "proxies":
        # Nobody is counted by group where groups are probabilities.
        draft.unplanned.append(_unplanned(requirement))
        return
    asked = targets_of(requirement, policy, universe)
    draft.missing.extend(f"{requirement.id}: {gap.reason}" for gap in asked.gaps)
    draft.small.extend(reasons.small(p, [requirement.id], policy, universe) for p in asked.listed)
    if how is None:
        draft.unplanned.append(_unplanned(requirement))
    else:
        draft.comparisons.extend((requirement, target, how) for target in asked.wanted)


def _unplanned(requirement: Requirement) -> str:
    return (
        f"{requirement.id}: how many rows {requirement.metric} needs depends on how its values "
        "spread, which is not known before the run."
    )


@dataclass(frozen=True)
class _Search:
    """How many rows decide, at one level.

    The interval is drawn at a critical value that is larger by what the power needs: around the
    true value, an interval that much wider lies on one side of a limit just where an interval drawn
    around a random value does so with that probability.
    """

    alpha: float
    comparisons: int

    def to_pass(self, draw: Callable[[float], Estimate], region: Region) -> int | None:
        # Between two limits chance can err either way, and the power has to cover both.
        power = (1 + POWER) / 2 if _sides(region) == 2 else POWER
        level = _widened(self.alpha, power)

        def passes(units: float) -> bool:
            low, high = bounds(draw(units), level)
            return region[0] <= low and high <= region[1]

        return _smallest(passes)

    def to_fail(self, draw: Callable[[float], Estimate], region: Region) -> int | None:
        # Holm's first step, the hardest: as if no other comparison failed.
        level = _widened(self.alpha / (self.comparisons * _sides(region)), POWER)

        def fails(units: float) -> bool:
            low, high = bounds(draw(units), level)
            return high < region[0] or low > region[1]

        return _smallest(fails)


def _sides(region: Region) -> int:
    return sum(math.isfinite(end) for end in region)


def _widened(alpha: float, power: float) -> float:
    z = -_NORMAL.inv_cdf(alpha) + _NORMAL.inv_cdf(power)
    return _NORMAL.cdf(-z)


def _smallest(decides: Callable[[float], bool]) -> int | None:
    """The smallest number of rows that decides, within a thousandth."""
    high = 2
    while not decides(high):
        high *= 2
        if high > _LARGEST:
            return None
    low = high // 2
    while high - low > max(1, high // 1000):
        middle = (low + high) // 2
        low, high = (low, middle) if decides(middle) else (middle, high)
    return high


def _row(
    requirement: Requirement, target: Target, how: Scenario, size: _Size, search: _Search
) -> PlanRow:
    region = requirement.region
    if region is None:
        raise ValueError(f"{requirement.id} has no region to plan for")
    now = size.rows.get(target.slice)
    ratio = size.others(requirement, target) / (now or 1)
    fine, bad = how.fine(region), how.bad(region)

    def draw(value: float) -> Callable[[float], Estimate]:
        return lambda units: how.estimate(value, Numbers(units, ratio * units, size.rate))

    to_pass, to_fail = search.to_pass(draw(fine), region), search.to_fail(draw(bad), region)
    if to_pass is not None:
        to_pass = max(to_pass, requirement.min_units or 0, how.least_to_pass)
    if to_fail is not None:
        to_fail = max(to_fail, how.least_to_fail)
    return PlanRow(
        requirement=requirement.id,
        subject=str(target),
        units=now,
        fine=fine,
        bad=bad,
        to_pass=to_pass,
        to_fail=to_fail,
        assumes=how.assumes.format(rate=f"{size.rate:.0%}"),
    )
