"""Measurements of two models on the same units: of all of them, of groups and of classes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from auditkit.checks.estimation import concealed, estimated, telling
from auditkit.checks.outcome_groups import OutcomeGroups
from auditkit.checks.paired.gains import Flip, Gain
from auditkit.checks.paired.standing import standing, told
from auditkit.evidence.basis import Sample
from auditkit.evidence.collected import SplitEvidence
from auditkit.evidence.paired_rows import PairedRows
from auditkit.evidence.subject import MAX_ONE_VS_REST, Subject
from auditkit.measurement import Estimate, Measurement, MeasurementKey, Slice, Status
from auditkit.statistics.absence import MIN_KEPT


@dataclass(frozen=True)
class Names:
    """What the two models are called, as they stand in a sentence."""

    first: str
    second: str


def _told() -> None:
    """Nothing forbids to tell of all units."""


@dataclass(frozen=True, eq=False)
class Part:
    """Some of the rows that two models answered.

    Attributes:
        pair: these rows.
        sample: what is told of how many they are.
        refuse: raises `NoEstimateError` where a number about them is not told.
    """

    pair: PairedRows
    sample: Sample
    refuse: Callable[[], None] = _told


def whole(pair: PairedRows) -> Part:
    """All rows."""
    return Part(pair, pair.sample)


def class_parts(pair: PairedRows) -> Iterator[tuple[str, Part]]:
    """The rows of each true class that occurs, with its name; none of more than 20 classes."""
    classes = pair.view.classes
    for code, name in enumerate(classes if len(classes) <= MAX_ONE_VS_REST else ()):
        members = pair.first.target == code
        if not members.any():
            continue
        of_class = pair.part(members)
        if len(of_class) >= MIN_KEPT:
            yield name, Part(of_class, of_class.sample)
        else:
            yield name, Part(of_class, concealed(of_class.sample), _refusing(f"of class {name}"))


def _refusing(which: str) -> Callable[[], None]:
    def refuse() -> None:
        raise telling(f"There are too few units {which}")

    return refuse


def group_parts(
    pair: PairedRows, subject: Subject, evidence: SplitEvidence, attribute: str
) -> Iterator[tuple[Slice, Part]]:
    """The rows of each group of a declared attribute.

    Args:
        pair: all rows.
        subject: with its groups.
        evidence: of the split; holds `groups_need` of the attribute.
        attribute: name of the attribute.
    """
    groups = OutcomeGroups(pair.first, subject, evidence, (attribute,))
    for where in groups.groups.samples:
        members = pair.part(groups.members(where))
        yield where, Part(members, groups.groups.sample(where), partial(groups.refuse_few, where))


def gained(
    gain: Gain, part: Part, key: MeasurementKey, names: Names, margin: float | None = None
) -> Measurement:
    """By how much the first is better, and a sentence on how the two stand to each other.

    Args:
        gain: what is compared.
        part: of which rows.
        key: what the number is called.
        names: of the two.
        margin: a difference that does not matter; by default that of the table.
    """
    found = _measured(gain.estimate, part, key)
    if found.status is not Status.MEASURED:
        return found
    allowed = gain.margin(part.pair) if margin is None else margin
    word = standing(found.interval, allowed)
    said = told(word, _begun(names.first), names.second, f"{allowed:.2g} of {_within(gain.of)}")
    return replace(found, reason=" ".join(text for text in (said, found.reason) if text))


def flipped(flip: Flip, part: Part, key: MeasurementKey) -> Measurement:
    """The share of units that one of the two alone is right about."""
    return _measured(flip.estimate, part, key)


def _measured(
    estimate: Callable[[PairedRows], Estimate], part: Part, key: MeasurementKey
) -> Measurement:
    def measure() -> Estimate:
        part.refuse()
        return estimate(part.pair)

    return estimated(key, measure, part.sample, part.pair.first.drawn)


def discordance(pair: PairedRows, names: Names) -> str:
    """A sentence on the units that one alone is right about, with McNemar's exact p-value.

    Of at least five rows, which the caller has seen to.
    """
    wins, losses = int(pair.wins.sum()), int(pair.losses.sum())
    counted = (
        f"Of {len(pair):,} units {names.first} alone is right about {wins:,}, and {names.second} "
        f"alone about {losses:,}"
    )
    p = pair.p_value
    if p is None:
        return f"{counted}; units come in clusters, so that McNemar's test does not hold of them."
    return f"{counted} (McNemar's exact test, one-sided: p {_tail(p)})."


def _tail(p: float) -> str:
    return "< .001" if p < 0.001 else f"= {p:.3f}".replace("0.", ".", 1)


def _within(words: str) -> str:
    return words[:1].lower() + words[1:]


def _begun(name: str) -> str:
    return name[:1].upper() + name[1:]


__all__ = [
    "Names",
    "Part",
    "class_parts",
    "discordance",
    "flipped",
    "gained",
    "group_parts",
    "whole",
]
