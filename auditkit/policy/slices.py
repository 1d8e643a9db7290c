"""The slices that the data have, and those that a requirement names.

A slice exists if *any* measurement of the record speaks of it: a group that one metric lost is
still asked of that metric. A family that matches nothing is a gap, never an empty list of demands.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from auditkit.measurement import REST, Measurement, Slice
from auditkit.policy.catalogue import did_you_mean
from auditkit.policy.schema import Each, Policy, Requirement

EVALUATION = "evaluation"
# Slices that a search has found are no groups that anybody declared: no other metric was asked of
# them, and none is missing.
_FOUND = "slices."
ARROW = "→"
SHOWN = 8


@dataclass(frozen=True)
class Gap:
    """Something that a requirement asks for and that is not there.

    Attributes:
        subject: what is not there, in words.
        reason: why, a full sentence.
        part: the one slice that it is about; None if it is about more.
    """

    subject: str
    reason: str
    part: Slice | None = None


@dataclass(frozen=True)
class Universe:
    """The slices that the data have.

    Attributes:
        shares: slice → share of the evaluation rows, None where no measurement says it; in the
            order met.
        rows: slice → the largest number of evaluation rows of a measurement of the slice alone.
        references: declared attribute → its declared reference value, None where it has none.
        proxies: the attributes of which only probabilities are declared.
    """

    shares: Mapping[Slice, float | None]
    rows: Mapping[Slice, int] = field(default_factory=dict)
    references: Mapping[str, str | None] = field(default_factory=dict)
    proxies: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls,
        measurements: Sequence[Measurement],
        references: Mapping[str, str | None],
        proxies: Collection[str] = (),
    ) -> Universe:
        """The universe of a record's measurements."""
        shares: dict[Slice, float | None] = {}
        rows: dict[Slice, int] = {}
        for measurement in measurements:
            key = measurement.key
            if key.metric.startswith(_FOUND):
                continue
            for part in (key.slice, key.reference):
                if part is not None and part.conditions and part != REST:
                    shares.setdefault(part, None)
            # A number about both splits has rows of both.
            if not key.slice.conditions or key.split != EVALUATION:
                continue
            if measurement.share is not None:
                shares[key.slice] = measurement.share
            if key.reference is None:
                rows[key.slice] = max(rows.get(key.slice, 0), measurement.rows)
        return cls(shares, rows, references, frozenset(proxies))

    @property
    def attributes(self) -> tuple[str, ...]:
        """The attributes that have a group, or are declared."""
        met = [part.attributes[0] for part in self.shares if len(part.attributes) == 1]
        return tuple(dict.fromkeys((*met, *self.references)))

    @property
    def known(self) -> tuple[str, ...]:
        """The attributes whose values are known, not only their probabilities."""
        return tuple(name for name in self.attributes if name not in self.proxies)

    @property
    def intersections(self) -> tuple[tuple[str, ...], ...]:
        """The attributes of each intersection that was measured."""
        met = [part.attributes for part in self.shares if len(part.attributes) > 1]
        return tuple(dict.fromkeys(met))

    def groups(self, attributes: Sequence[str]) -> list[Slice]:
        """The slices of exactly these attributes."""
        wanted = tuple(sorted(attributes))
        return [part for part in self.shares if part.attributes == wanted]

    def reference(self, attributes: Sequence[str]) -> Slice | None:
        """The declared reference of an attribute or intersection; None if a part lacks one."""
        values = {name: self.references.get(name) for name in attributes}
        if any(value is None for value in values.values()):
            return None
        return Slice.of({name: str(value) for name, value in values.items()})


def is_evaluation(split: str) -> bool:
    """The evaluation split, alone or as what another one is compared with."""
    return split == EVALUATION or split.endswith(f"{ARROW}{EVALUATION}")


def in_words(part: Slice) -> str:
    """A slice as a reviewer reads it.

    >>> in_words(REST), in_words(Slice()), in_words(Slice.of(gender="Female"))
    ('all others', 'all', 'gender=Female')
    """
    return "all others" if part == REST else str(part)


def expand(requirement: Requirement, universe: Universe) -> tuple[list[Slice], list[Gap]]:
    """The slices that a requirement names, and the families that match nothing."""
    choice = requirement.slices
    if isinstance(choice, dict):
        part = Slice.of(choice)
        return ([part], []) if part in universe.shares else ([], [absent(part, universe)])
    if isinstance(choice, Each):
        wanted = [(name,) if isinstance(name, str) else name for name in choice.each]
        return _families(wanted, universe, "group")
    if choice == "groups":
        return _families([(name,) for name in universe.known], universe, "group")
    if choice == "proxies":
        wanted = [(name,) for name in universe.attributes if name in universe.proxies]
        return _families(wanted, universe, "proxy group")
    if choice == "intersections":
        return _families(universe.intersections, universe, "intersection")
    return [Slice()], []


def family(requirement: Requirement) -> str:
    """The slices that a requirement names, in words."""
    choice = requirement.slices
    if isinstance(choice, dict):
        return str(Slice.of(choice))
    if isinstance(choice, Each):
        names = [name if isinstance(name, str) else " × ".join(name) for name in choice.each]
        return f"every group of {', '.join(names)}"
    return _FAMILIES.get(choice, "all")


_FAMILIES = {
    "groups": "every group",
    "proxies": "every proxy group",
    "intersections": "every intersection",
}


def _families(
    wanted: Sequence[tuple[str, ...]], universe: Universe, noun: str
) -> tuple[list[Slice], list[Gap]]:
    if not wanted:
        return [], [Gap(f"every {noun}", _undeclared(noun, universe))]
    parts: list[Slice] = []
    gaps: list[Gap] = []
    for attributes in wanted:
        groups = universe.groups(attributes)
        parts.extend(groups)
        if not groups:
            name = " × ".join(attributes)
            gaps.append(Gap(f"every group of {name}", _unknown(attributes, universe)))
    return parts, gaps


def _undeclared(noun: str, universe: Universe) -> str:
    if noun == "group" and universe.proxies:
        given = ", ".join(sorted(universe.proxies))
        return (
            f"The data declare no group whose members are known, only probabilities of {given}: "
            "the policy can ask for these with slices: proxies, or with proxy_metric."
        )
    return f"The data declare no {noun}."


def _unknown(attributes: Sequence[str], universe: Universe) -> str:
    known = universe.attributes
    strangers = [name for name in attributes if name not in known]
    if not strangers:
        return f"No group of {' × '.join(attributes)} was measured."
    have = f"declared are {', '.join(known)}" if known else "none is declared"
    guess = did_you_mean(strangers[0], known)
    return f"The data have no attribute {strangers[0]} ({have}). {guess}".strip()


def absent(part: Slice, universe: Universe) -> Gap:
    """The gap of a slice that the data lack; names those that they have."""
    siblings = [str(group) for group in universe.groups(part.attributes)]
    if not siblings:
        return Gap(str(part), _unknown(part.attributes, universe), part)
    more = ", …" if len(siblings) > SHOWN else ""
    have = ", ".join(siblings[:SHOWN])
    return Gap(str(part), f"The data have no slice {part}; they have {have}{more}.", part)


def small_groups(
    requirement: Requirement, policy: Policy, parts: Sequence[Slice], universe: Universe
) -> list[Slice]:
    """The groups under the policy's minimum share, whatever becomes of them.

    A slice that the policy names by its value is judged however small it is, and so is every group
    where the requirement says `small_groups: judge`.
    """
    named = isinstance(requirement.slices, dict)
    if named or policy.minimum_share is None or requirement.small_groups == "judge":
        return []
    shares = [(part, universe.shares.get(part)) for part in parts]
    return [part for part, share in shares if share is not None and share < policy.minimum_share]
