"""Which features the outputs depend on: the ranking over all explained units."""

from __future__ import annotations

import numpy as np

from auditkit.checks.check import Findings
from auditkit.checks.estimation import MIN_KEPT, absent, concealed, drawn_ends, telling
from auditkit.checks.explanation.convergence import unmeasured
from auditkit.checks.explanation.explained_units import ExplainedUnits
from auditkit.errors import ConfigurationError
from auditkit.evidence.subject import Subject
from auditkit.explain import Explanation, Magnitudes, Maps, Ranking, magnitudes, rank_features
from auditkit.explain.methods.registry import METHODS
from auditkit.measurement import Figure, Measurement, Status

MOST_FEATURES = 500
_DRAWN = 20
_NUMBERS = ("mean_attribution",)


def features(units: ExplainedUnits, found: Explanation, subject: Subject) -> Findings:
    """Mean attributions of all features, the largest first, and their picture."""
    if not found.chosen:
        return Findings(tuple(unmeasured(units, found.reason, _NUMBERS)))
    named, notes = named_magnitudes(found, subject)
    shown = np.isfinite(named.values).all(axis=1)
    if 0 < shown.sum() < MIN_KEPT:
        few = telling("Too few of the units explained have a map that may be shown")
        key = units.key("mean_attribution")
        return Findings((absent(key, few.status, str(few), concealed(units.sample)),))
    try:
        ranked = rank_features(named.values[shown], named.names, seed=subject.seed)
    except ValueError as refused:
        reason = f"Nothing can be ranked: {refused}."
        return Findings(tuple(unmeasured(units, reason, _NUMBERS, Status.UNDEFINED)))
    kept = ranked.features[:MOST_FEATURES]
    if len(ranked.features) > len(kept):
        notes = (
            *notes,
            f"The model has {len(ranked.features):,} inputs; the mean attributions of the "
            f"{MOST_FEATURES} largest are kept.",
        )
    columns = dict(zip(named.names, named.values.T, strict=True))
    measured = tuple(
        units.averaged(units.key("mean_attribution", feature.name), columns[feature.name])
        for feature in kept
    )
    return Findings(measured, (_figure(units, found, measured, ranked),), notes)


def named_magnitudes(
    found: Explanation, subject: Subject, method: str = ""
) -> tuple[Magnitudes, tuple[str, ...]]:
    """Magnitudes under the declared names, or numbered with a note where these do not fit."""
    notes: tuple[str, ...] = ()
    try:
        named = magnitudes(found, subject.feature_names, method)
    except ConfigurationError as error:
        named = magnitudes(found, method=method)
        notes = (f"{error.problem} The inputs are numbered instead.",)
    return Magnitudes(_distinct(named.names), named.values, named.signed), notes


def _distinct(names: tuple[str, ...]) -> tuple[str, ...]:
    seen: dict[str, int] = {}
    result = []
    for name in (name or "input" for name in names):
        seen[name] = seen.get(name, 0) + 1
        result.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return tuple(result)


def _figure(
    units: ExplainedUnits, found: Explanation, measured: tuple[Measurement, ...], ranked: Ranking
) -> Figure:
    of = f" of {units.head}" if units.head else ""
    method = METHODS[found.chosen]
    maps = found.maps[found.chosen]
    assert isinstance(maps, Maps)  # or it would not have been chosen
    stable = hidden = ""
    if np.isfinite(ranked.top_stability):
        stable = (
            f" In {ranked.top_stability:.0%} of random halves of the sample the first input is the "
            "same."
        )
    if withheld := len(found) - ranked.units:
        why = "Their attributions are not finite." if maps.shown.all() else maps.withheld
        hidden = f" Left out are {withheld} of {len(found)} units. {why}"
    return Figure(
        kind="ranking",
        title=f"What the output{of} depends on most",
        caption=(
            f"Mean absolute attribution ({method.title.lower()}, {method.source}) of each input "
            f"over {ranked.units} sampled units, against {baseline_of(found)}.{stable}{hidden} It "
            "says what the model uses, not whether it should."
        ),
        check="explanation",
        data={
            "value_label": "mean absolute attribution",
            "n": ranked.units,
            "rows": [
                {"feature": m.key.label, "value": m.value, **drawn_ends(m.interval)}
                for m in measured[:_DRAWN]
            ],
        },
    )


def baseline_of(found: Explanation) -> str:
    """What the explained inputs were compared with, in words."""
    if found.tokens is not None:
        return "the neutral token in the place of every other"
    return "a baseline of zeros"
