"""Whom a requirement compares with whom, decided before any number is looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from auditkit.measurement import REST, Slice
from auditkit.policy.schema import Policy, Requirement
from auditkit.policy.slices import Gap, Universe, absent, expand, family, in_words, small_groups


@dataclass(frozen=True)
class Target:
    """A slice to judge, and what it is compared with."""

    slice: Slice
    reference: Slice | None = None

    def __str__(self) -> str:
        if self.reference is None:
            return str(self.slice)
        return f"{self.slice} against {in_words(self.reference)}"


@dataclass(frozen=True)
class Targets:
    """What a requirement asks for.

    Attributes:
        wanted: what is to be judged.
        gaps: what cannot be.
        small: groups under the minimum share.
        listed: those of them that are listed and not judged.
        unknown: slices of unknown value, which nothing is compared with.
    """

    wanted: tuple[Target, ...]
    gaps: tuple[Gap, ...]
    small: tuple[Slice, ...]
    listed: tuple[Slice, ...]
    unknown: tuple[Slice, ...]


def readings(requirement: Requirement, universe: Universe) -> tuple[Requirement, ...]:
    """The requirement, once for attributes that are known and once for those given as
    probabilities, as far as it names a metric for both and the data declare both.
    """
    if requirement.proxy_metric is None:
        return (requirement,)
    plain = requirement.model_copy(update={"proxy_metric": None})
    proxy = plain.model_copy(update={"metric": requirement.proxy_metric, "slices": "proxies"})
    if not universe.proxies:
        return (plain,)
    return (plain, proxy) if universe.known else (proxy,)


def targets_of(requirement: Requirement, policy: Policy, universe: Universe) -> Targets:
    """What is to be judged, what cannot be, and which groups are small or unknown."""
    parts, gaps = expand(requirement, universe)
    comparing = requirement.reference is not None and not isinstance(requirement.slices, dict)
    unknown = [part for part in parts if comparing and not part.known]
    small = small_groups(requirement, policy, parts, universe)
    listed = small if (requirement.small_groups or policy.small_groups) == "list" else []
    wanted: list[Target] = []
    for part in parts:
        if part in listed or part in unknown:
            continue
        made = _compare(part, requirement, universe, listed)
        if isinstance(made, Gap):
            gaps.append(made)
        else:
            wanted.extend(made)
    if not wanted and not gaps:
        subject = f"{requirement.metric} · {family(requirement)}"
        gaps.append(Gap(subject, "Nothing is left to judge: the groups are too small, or alone."))
    listed_only = tuple(part for part in listed if part not in unknown)
    return Targets(
        tuple(wanted), tuple(dict.fromkeys(gaps)), tuple(small), listed_only, tuple(unknown)
    )


def _compare(
    part: Slice, requirement: Requirement, universe: Universe, listed: Sequence[Slice]
) -> list[Target] | Gap:
    """The comparisons of one slice that the requirement asks for."""
    choice = requirement.reference
    if choice is None:
        return [Target(part)]
    if choice == "rest":
        return [Target(part, REST)]
    siblings = [group for group in universe.groups(part.attributes) if group.known]
    if choice == "highest":
        if len(siblings) < 2:
            return _alone(part)
        return [Target(part, other) for other in siblings if other not in (part, *listed)]
    reference = _reference(part, requirement, universe)
    if isinstance(reference, Gap):
        return reference
    if reference not in universe.shares:
        return absent(reference, universe)
    if reference == part:
        # The reference is not compared with itself, unless that is all that was asked for.
        asked = isinstance(requirement.slices, dict) or len(siblings) < 2
        return _alone(part) if asked else []
    return [Target(part, reference)]


def _reference(part: Slice, requirement: Requirement, universe: Universe) -> Slice | Gap:
    name = " × ".join(part.attributes)
    if isinstance(requirement.reference, dict):
        reference = Slice.of(requirement.reference)
        if reference.attributes == part.attributes:
            return reference
        reason = f"The policy compares with {reference}, which is no group of {name}."
        return Gap(f"every group of {name}", reason)
    declared = universe.reference(part.attributes)
    if declared is not None:
        return declared
    return Gap(
        f"every group of {name}",
        "The policy compares with the declared reference, and the data configuration declares "
        f"none for {name}: add `reference` to that group.",
    )


def _alone(part: Slice) -> Gap:
    return Gap(str(part), f"There is no other group that {part} could be compared with.", part)
