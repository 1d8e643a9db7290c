"""Pictures of the model beside its simple rivals: what it gains, where, and what they cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from auditkit.checks.estimation import drawn_ends
from auditkit.checks.paired.gains import ACCURACY, Gain, gains_of, leading
from auditkit.checks.paired.standing import standing
from auditkit.checks.rival.matches import Match
from auditkit.checks.rounding import rounded
from auditkit.evidence.paired_rows import PairedRows
from auditkit.measurement import Figure, Measurement, Slice
from auditkit.statistics.absence import MIN_KEPT

Row = dict[str, Any]


def figures(met: Sequence[Match], found: Sequence[Measurement]) -> Iterator[Figure]:
    """Every picture that there is something to draw of.

    Args:
        met: the model beside each rival.
        found: all measurements.
    """
    by_key = {(one.key.metric, one.key.label, one.key.head, one.key.slice): one for one in found}
    known = [(match, match.pair) for match in met if isinstance(match.pair, PairedRows)]
    whole = [row for match, pair in known for row in _of_all(match, pair, by_key)]
    if whole:
        yield _gains(
            "What the model gains over simple rivals",
            "Each rival was taught on the training data and asked about the same units as the "
            "model: what counts is the difference on these. To the right of zero the model is "
            "better; within the band a difference does not matter. Bars are 90 % intervals.",
            whole,
        )
    grouped = [row for match, _ in known for row in _of_groups(match, found)]
    if grouped:
        yield _gains(
            "What each group gains by the model",
            "The same by group: a model that is better for all together may be worse for one "
            "group than a simple rival. Bars are 90 % intervals.",
            grouped,
        )
    differing = [row for match, pair in known if (row := _differing(match, pair))]
    if differing:
        yield _discordance(differing)
    costs = [_cost(match) for match, _ in known]
    if costs:
        yield _costs(costs)


def _gains(title: str, caption: str, rows: list[Row]) -> Figure:
    return Figure("gains", title, caption, "rival", {"rows": rounded(rows)})


def _of_all(match: Match, pair: PairedRows, by_key: dict[Any, Measurement]) -> Iterator[Row]:
    for gain in gains_of(match.view):
        one = by_key[(f"rival.{gain.name}", match.label, match.view.key.head, Slice())]
        if one.value is not None:
            margin = gain.margin(pair)
            word = standing(one.interval, margin).value
            panel = " ".join(part for part in (gain.title, _of(match)) if part)
            yield _row(panel, match.rival, gain, one) | {"margin": margin, "word": word}


def _of_groups(match: Match, found: Sequence[Measurement]) -> Iterator[Row]:
    gain = leading(match.view)
    if gain is None:
        return
    for one in found:
        key = one.key
        of_it = (key.metric, key.label, key.head) == (
            f"rival.{gain.name}",
            match.label,
            match.view.key.head,
        )
        if of_it and key.slice.conditions and one.value is not None:
            panel = " ".join(part for part in (gain.title, _of(match)) if part)
            yield _row(f"{panel} over {match.rival}", str(key.slice), gain, one)


def _of(match: Match) -> str:
    key = match.view.key
    return f"({key})" if str(key) else ""


def _row(panel: str, name: str, gain: Gain, one: Measurement) -> Row:
    return {
        "panel": panel,
        "name": name,
        "unit": gain.unit,
        "value": one.value,
        **drawn_ends(one.interval),
        "n": one.rows,
    }


def _differing(match: Match, pair: PairedRows) -> Row | None:
    gain = leading(match.view)
    if gain is None or gain.name != ACCURACY or len(pair) < MIN_KEPT:
        return None
    return {
        "name": " ".join(part for part in (match.rival, _of(match)) if part),
        "won": int(pair.wins.sum()),
        "lost": int(pair.losses.sum()),
        "n": len(pair),
        "p": pair.p_value,
    }


def _discordance(rows: list[Row]) -> Figure:
    return Figure(
        "discordance",
        "Units that the model or a rival alone is right about",
        "Only the units that the two differ about say which is better: if neither is, they are as "
        "often on one side as on the other. p is of McNemar's exact test, one-sided; there is none "
        "where units come in clusters.",
        "rival",
        {"first": "the model", "second": "the rival", "rows": rounded(rows)},
    )


def _cost(match: Match) -> Row:
    trial = match.trial
    assert trial is not None  # there are answers
    return {
        "rival": " ".join(part for part in (match.rival, _of(match)) if part),
        "taught on": int(trial.taught.sum()),
        "features": trial.features,
        "seconds to teach": trial.seconds,
        "microseconds to answer": trial.answering * 1e6,
        "parameters of the model": trial.parameters,
    }


def _costs(rows: list[Row]) -> Figure:
    return Figure(
        "rival_cost",
        "What the simple rivals cost",
        "Seconds of the wall clock on the machine of this audit; an answer is one unit's of a "
        "batch of all, on an embedding without the time that the model takes to compute it. What "
        "the model itself costs is measured by the check cost.",
        "rival",
        {"rows": rounded(rows)},
    )
