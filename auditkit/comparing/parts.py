"""What is compared of one output of two versions: all rows, groups, classes, with a word each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from auditkit.checks.estimation import concealed, estimated, telling
from auditkit.checks.paired.gains import FLIPS, GAINS, Gain, gains_of
from auditkit.checks.paired.numbers import Part, flipped, whole
from auditkit.comparing.standings import worded
from auditkit.errors import ConfigurationError
from auditkit.evidence.paired_rows import PairedRows
from auditkit.evidence.subject import MAX_ONE_VS_REST, View
from auditkit.measurement import MeasurementKey, Slice, Status
from auditkit.statistics.withholding import withheld
from auditkit.versions import CLASS, GROUP, WHOLE, ComparedPart

FAMILY = "comparison"
MEASURES = {gain.name.removesuffix("_gain"): gain for gain in GAINS}
"""What may be compared, by what the user calls it."""


@dataclass(frozen=True)
class _Titled:
    """A part with what it is called."""

    title: str
    kind: str
    key: MeasurementKey
    part: Part


def measures(pair: PairedRows, wanted: str | None) -> tuple[Gain, ...]:
    """What is compared of both, the leading measure first; () where nothing can be.

    Args:
        pair: of one output.
        wanted: the measure that leads; by default accuracy where classes are predicted, else the
            log loss, of numbers the absolute error.

    Raises:
        ConfigurationError: there is no such measure.
    """
    if wanted is not None and wanted not in MEASURES:
        raise ConfigurationError(
            f"There is no measure {wanted!r}.", mend=f"Choose one of {', '.join(MEASURES)}."
        )
    found = [gain for gain in gains_of(pair.view) if _met(gain, pair)]
    if wanted is None:
        return tuple(found)
    leading = MEASURES[wanted]
    if leading not in found:
        return ()
    return (leading, *(gain for gain in found if gain is not leading))


def unmet(pair: PairedRows) -> str:
    """Why nothing, or not what was asked for, can be compared of an output."""
    reasons = [gain.unmet(view) for gain in gains_of(pair.view) for view in _views(pair)]
    return next((reason for reason in reasons if reason), "It does not apply to this output.")


def _met(gain: Gain, pair: PairedRows) -> bool:
    return all(gain.unmet(view) == "" for view in _views(pair))


def _views(pair: PairedRows) -> tuple[View, View]:
    return pair.first.view, pair.second.view


def of_all(
    pair: PairedRows, gains: Sequence[Gain], margin: float | None
) -> tuple[ComparedPart, ...]:
    """Some measures of all rows, their words a family."""
    key = MeasurementKey("", head=pair.view.key.head, label=pair.view.key.label)
    every = _Titled("all rows", WHOLE, key, whole(pair))
    return worded([_compared(every, gain, margin) for gain in gains])


def of_parts(pair: PairedRows, gain: Gain, margin: float | None) -> tuple[ComparedPart, ...]:
    """One measure of each group and each true class, their words a family."""
    return worded([_compared(one, gain, margin) for one in _parts(pair)])


def definition(gain: Gain) -> dict[str, Any]:
    """The metric of a gain, as plain data."""
    metric = gain.metric(FAMILY, "version B", "version A")
    return {**asdict(metric), "direction": metric.direction.value}


def _compared(one: _Titled, gain: Gain, margin: float | None) -> ComparedPart:
    pair, key = one.part.pair, one.key
    found = estimated(
        replace(key, metric=f"{FAMILY}.{gain.name}"),
        _guarded(one.part, gain),
        one.part.sample,
        pair.first.drawn,
    )
    allowed = gain.margin(pair) if margin is None else margin
    part = ComparedPart(one.title, one.kind, found, "", allowed)
    if not (pair.view.classifies and all(view.decides for view in _views(pair))):
        return part
    gained, lost = (
        flipped(flip, one.part, replace(key, metric=f"{FAMILY}.{flip.name}")) for flip in FLIPS
    )
    if found.status is Status.TOO_FEW and found.value is None:
        return replace(part, gained=gained, lost=lost)
    return replace(
        part,
        gained=gained,
        lost=lost,
        wins=int(pair.wins.sum()),
        losses=int(pair.losses.sum()),
    )


def _guarded(part: Part, gain: Gain) -> Callable[[], Any]:
    def measure() -> Any:
        part.refuse()
        return gain.estimate(part.pair)

    return measure


def _parts(pair: PairedRows) -> Iterator[_Titled]:
    head, label = pair.view.key.head, pair.view.key.label
    groups = {**pair.second.groups, **pair.first.groups}
    for attribute, levels in sorted(groups.items()):
        for level, part in _levels(pair, attribute, levels):
            where = Slice.of({attribute: level})
            yield _Titled(
                str(where), GROUP, MeasurementKey("", where, head=head, label=label), part
            )
    classes = np.array(pair.view.classes)
    if pair.view.classifies and len(classes) <= MAX_ONE_VS_REST:
        for name, part in _levels(pair, "class", classes[pair.first.target]):
            # The class stands where a label does, as in the numbers of classes of other checks.
            key = MeasurementKey("", head=head, label=" ".join(filter(None, (label, name))))
            yield _Titled(f"class {name}", CLASS, key, part)


def _levels(pair: PairedRows, attribute: str, levels: np.ndarray) -> Iterator[tuple[str, Part]]:
    """The rows of each level; few rows are not told, nor those that would tell about them.

    Args:
        pair: all rows.
        attribute: `class`, or a group attribute.
        levels: of each row.
    """
    names, places = np.unique(levels, return_inverse=True)
    counted = np.bincount(places, minlength=len(names))
    for code, hidden in enumerate(withheld(counted, counted)):
        of_level = pair.part(places == code)
        if not hidden:
            yield str(names[code]), Part(of_level, of_level.sample)
            continue
        yield (
            str(names[code]),
            Part(of_level, concealed(of_level.sample), _refusing(attribute, names[code])),
        )


def _refusing(attribute: str, level: str) -> Callable[[], None]:
    def refuse() -> None:
        raise telling(f"The units of {attribute}={level} are too few, or would tell of too few")

    return refuse


__all__ = ["MEASURES", "definition", "measures", "of_all", "of_parts", "unmet"]
