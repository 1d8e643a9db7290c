"""Which measurements a requirement speaks of, and which of them are not there.

Everything is decided from what the policy names, and crossed off as it is found: what remains is
missing, and missing blocks (the fail-closed habit of TensorFlow Model Analysis' validator).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from auditkit.measurement import Measurement, MeasurementKey, Slice
from auditkit.policy.highest import Measured, against_the_highest, without_unpaired
from auditkit.policy.schema import Policy, Requirement
from auditkit.policy.slices import (
    ARROW,
    EVALUATION,
    SHOWN,
    Gap,
    Universe,
    family,
    is_evaluation,
)
from auditkit.policy.targets import Target, targets_of

Variant = tuple[str, str, str]
"""Head, label and split: what a metric may be measured for on one and the same slice."""


@dataclass(frozen=True)
class Selection:
    """What a requirement speaks of.

    Attributes:
        found: the measurements to judge.
        gaps: what is missing.
        small: groups under the policy's minimum share.
        listed: those of them that are only listed; none of `found` is about them.
        unknown: slices of unknown value, which are compared with nothing.
    """

    found: tuple[Measurement, ...]
    gaps: tuple[Gap, ...]
    small: tuple[Slice, ...]
    listed: tuple[Slice, ...]
    unknown: tuple[Slice, ...]


def applies(requirement: Requirement, tasks: Mapping[str, str]) -> bool:
    """Whether the requirement speaks of a model with these heads; yes where they are unknown."""
    if not requirement.tasks or not tasks:
        return True
    if requirement.head is not None and requirement.head not in tasks:
        return True  # a head that does not exist is missing, not out of scope
    return any(
        task in requirement.tasks
        for head, task in tasks.items()
        if requirement.head in (None, head)
    )


def select(
    requirement: Requirement,
    policy: Policy,
    measurements: Sequence[Measurement],
    universe: Universe,
    tasks: Mapping[str, str],
) -> Selection:
    """What the requirement speaks of, what is missing, and which groups are small.

    Args:
        requirement: `bound` or `reported`.
        policy: its policy; says what becomes of small groups.
        measurements: of the record.
        universe: the slices that exist.
        tasks: head → task of the model; empty if unknown.
    """
    asked = targets_of(requirement, policy, universe)
    found, unmeasured = _cross_off(requirement, asked.wanted, measurements, tasks)
    gaps = (*asked.gaps, *unmeasured)
    return Selection(tuple(found), gaps, asked.small, asked.listed, asked.unknown)


def _cross_off(
    requirement: Requirement,
    targets: Sequence[Target],
    measurements: Sequence[Measurement],
    tasks: Mapping[str, str],
) -> tuple[list[Measurement], list[Gap]]:
    wanted = set(targets)
    index: dict[tuple[Target, Variant], list[Measurement]] = {}
    for measurement in measurements:
        key = measurement.key
        target = Target(key.slice, key.reference)
        if target in wanted and _speaks_of(requirement, key, tasks):
            variant = (key.head, key.label, key.split)
            index.setdefault((target, variant), []).append(measurement)
    variants = list(dict.fromkeys(variant for _, variant in index))
    if targets and not variants:
        subject = f"{requirement.metric} · {family(requirement)}"
        return [], [Gap(subject, _unmeasured(requirement, measurements))]
    gaps = _unmeasured_heads(requirement, variants, tasks)
    found: list[Measurement] = []
    for variant in variants:
        measured: Measured = {target: index.get((target, variant), []) for target in targets}
        if requirement.reference == "highest":
            measured, unpaired = without_unpaired(measured)
            gaps += [_unpaired(requirement, *one) for one in unpaired.items()]
            if requirement.kind == "reported":
                measured = against_the_highest(measured)
        for target, these in measured.items():
            found.extend(these)
            if not these:
                gaps.append(_gap(requirement, target, variant))
    return found, gaps


def _gap(requirement: Requirement, target: Target, variant: Variant) -> Gap:
    head, label, split = variant
    metric = str(requirement.metric)
    key = MeasurementKey(metric, target.slice, target.reference, split, head, label)
    return Gap(str(key), f"{metric} was not measured for {target}.", target.slice)


def _unpaired(requirement: Requirement, attributes: tuple[str, ...], lacking: int) -> Gap:
    name = " × ".join(attributes)
    return Gap(
        f"{requirement.metric} · every pair of groups of {name}",
        f"Nothing was compared with {lacking:,} of the groups of {name}: of so many groups not "
        "every pair is measured, so that nothing shows which is highest. Compare with the declared "
        "reference or the rest, or declare fewer groups.",
    )


def _speaks_of(requirement: Requirement, key: MeasurementKey, tasks: Mapping[str, str]) -> bool:
    # A number that is about no head (drift of an input) is kept whatever the heads are.
    in_scope = not requirement.tasks or tasks.get(key.head) in (None, *requirement.tasks)
    return (
        in_scope
        and key.metric == requirement.metric
        and _matches(requirement.label, key.label)
        and _matches(requirement.head, key.head)
        and _split_matches(requirement.split, key.split)
    )


def _matches(wanted: str | None, found: str) -> bool:
    return wanted is None or wanted == found


def _split_matches(wanted: str | None, found: str) -> bool:
    return is_evaluation(found) if wanted is None else wanted.replace("->", ARROW) == found


def _unmeasured_heads(
    requirement: Requirement, variants: Sequence[Variant], tasks: Mapping[str, str]
) -> list[Gap]:
    measured = {head for head, _, _ in variants}
    if not measured & set(tasks):
        return []  # the metric is not about heads, or the heads are unknown
    expected = [
        head
        for head, task in tasks.items()
        if requirement.head in (None, head) and (not requirement.tasks or task in requirement.tasks)
    ]
    return [
        Gap(f"{requirement.metric} · head {head}", f"It was not measured for the head {head}.")
        for head in expected
        if head not in measured
    ]


def _unmeasured(requirement: Requirement, measurements: Sequence[Measurement]) -> str:
    """Why nothing was found: names the first condition that no measurement of the metric meets."""
    metric = requirement.metric
    same = [measurement.key for measurement in measurements if measurement.key.metric == metric]
    if not same:
        return f"{metric} was not measured."
    reasons = {one.reason for one in measurements if one.key.metric == metric and one.value is None}
    reads: tuple[tuple[str, str | None, Callable[[MeasurementKey], str]], ...] = (
        ("split", requirement.split, lambda key: key.split),
        ("head", requirement.head, lambda key: key.head),
        ("label", requirement.label, lambda key: key.label),
    )
    for noun, wanted, read in reads:
        have = sorted({read(key) for key in same})
        matches = _split_matches if noun == "split" else _matches
        if not any(matches(wanted, value) for value in have):
            if noun == "label" and have == [""] and len(reasons) == 1:
                # The check could not be made at all, and has no labels then.
                return f"{metric} was not measured. {reasons.pop()}".strip()
            named = ", ".join(value or "(none)" for value in have[:SHOWN])
            asked = wanted or EVALUATION
            return f"{metric} was not measured for the {noun} {asked}, only for {named}."
    if len(reasons) == 1 and all(key.slice == Slice() for key in same):
        return f"{metric} was not measured. {reasons.pop()}".strip()
    against = "" if requirement.reference is None else ", compared as the policy asks"
    return f"{metric} was not measured on the slices named{against}."
