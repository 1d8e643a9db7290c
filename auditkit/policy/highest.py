"""Of all ordered pairs, those against the group that is highest in these data.

A number that is only reported rests on no test, so the group that came out highest may be named
from the data themselves, as the rules ask. Where a limit is judged all pairs stay: a reference that
was chosen for its value would make small groups look bad by chance.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from auditkit.measurement import Measurement, Slice
from auditkit.policy.targets import Target

Measured = Mapping[Target, Sequence[Measurement]]


def without_unpaired(
    measured: Measured,
) -> tuple[dict[Target, Sequence[Measurement]], dict[tuple[str, ...], int]]:
    """The comparisons of attributes of which every group was a reference, and the other attributes.

    Of very many groups a check compares not every pair. What is left of them says nothing about the
    highest group, since that may be among those that nobody was compared with.

    Returns:
        The pairs that are left; attributes that are not → how many groups were no reference.
    """
    met: dict[tuple[str, ...], dict[Slice, bool]] = defaultdict(dict)
    for target, these in measured.items():
        if target.reference is not None:
            references = met[target.slice.attributes]
            references[target.reference] = references.get(target.reference, False) or bool(these)
    never = {
        attributes: list(references.values()).count(False)
        for attributes, references in met.items()
        if any(references.values())
    }
    # One alone may be a comparison that was lost, which is a gap like any other.
    lacking = {attributes: count for attributes, count in never.items() if count > 1}
    kept = {
        target: these
        for target, these in measured.items()
        if target.slice.attributes not in lacking
    }
    return kept, lacking


def against_the_highest(measured: Measured) -> dict[Target, list[Measurement]]:
    """The comparisons with the highest group of each attribute or intersection.

    For ratios and for differences alike, all other groups together come out lowest against the
    highest one. An attribute of which nothing was measured keeps all of its pairs, each a gap.

    Args:
        measured: ordered pairs of groups → what was measured of them; empty where nothing was.
    """
    highest = _highest(measured)
    return {
        target: list(these)
        for target, these in measured.items()
        if target.reference == highest.get(target.slice.attributes, target.reference)
    }


def _highest(measured: Measured) -> dict[tuple[str, ...], Slice]:
    sums: dict[tuple[str, ...], dict[Slice, list[float]]] = defaultdict(lambda: defaultdict(list))
    for target, these in measured.items():
        values = [one.value for one in these if one.value is not None]
        if target.reference is not None and values:
            sums[target.slice.attributes][target.reference].append(values[0])
    return {
        attributes: min(against, key=lambda reference: sum(against[reference]))
        for attributes, against in sums.items()
    }
