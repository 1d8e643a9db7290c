"""Which questions the model should not be asked: groups by how often their answers are wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from auditkit.checks.estimation import drawn_ends
from auditkit.checks.hallucination.gate import Gate
from auditkit.checks.percentages import percent
from auditkit.measurement import Figure, Measurement
from auditkit.statistics import estimates
from auditkit.statistics.multiplicity import holm

ALPHA = 0.05
_ERROR, _COVERAGE = "hallucination.error_rate", "hallucination.group_coverage"
_GIVEN = "hallucination.group_accepted_error"


def ranked(measurements: Sequence[Measurement]) -> list[Measurement]:
    """The error rates of groups that could be measured, the worst first."""
    groups = [
        one
        for one in measurements
        if one.key.metric == _ERROR and one.key.slice.conditions and one.value is not None
    ]
    return sorted(groups, key=lambda one: -(one.value or 0.0))


def ranking_figure(measurements: Sequence[Measurement], answers: int) -> Figure | None:
    """All groups by the share of their answers that are wrong; None where there are none.

    Args:
        measurements: of all groups.
        answers: how many are right or wrong, in all groups together.
    """
    groups = ranked(measurements)
    if not groups:
        return None
    numbers = {(one.key.metric, one.key.slice): one for one in measurements}
    rows = []
    for one in groups:
        coverage = numbers.get((_COVERAGE, one.key.slice))
        given = numbers.get((_GIVEN, one.key.slice))
        rows.append(
            {
                "feature": str(one.key.slice),
                "value": one.value,
                **drawn_ends(one.interval),
                "n": one.rows,
                "answered": None if coverage is None else coverage.value,
                "error_among_answered": None if given is None else given.value,
            }
        )
    return Figure(
        kind="ranking",
        title="Which questions are answered wrongly: share of wrong answers by group",
        caption=(
            "Groups that were declared, the worst first; without any threshold. Lines are 90 % "
            "intervals of each group by itself. The table tells how much of each is answered below "
            "the threshold, and how often that is wrong."
        ),
        check="hallucination",
        data={
            "value_label": "share of wrong answers",
            "n": answers,
            "rows": rows,
        },
    )


def not_to_be_asked(measurements: Sequence[Measurement], error: float) -> str:
    """The groups of which more answers than may be are wrong, beyond chance; "" if none shows it.

    Args:
        measurements: with the error rates of groups.
        error: the share of wrong answers that may be.
    """
    judged = [one for one in ranked(measurements) if one.estimate is not None]
    p_values = [estimates.p_at_most(one.estimate, error) for one in judged if one.estimate]
    worse = [one for one, p in zip(judged, holm(p_values), strict=True) if p <= ALPHA]
    every = {one.key.slice.attributes for one in judged}
    some = every - {one.key.slice.attributes for one in worse}
    mixed = {one.key.slice.attributes for one in judged if one not in worse} - some
    named = [one for one in worse if one.key.slice.attributes in mixed]
    whole = sorted(" × ".join(names) for names in every - some - mixed)
    rest = (
        f"more than {percent(error)} of the answers are wrong, beyond chance (Holm over "
        f"{len(judged)} groups at {percent(ALPHA)})"
    )
    listed = "; ".join(f"{one.key.slice} ({percent(round(one.value or 0.0, 3))})" for one in named)
    parts = [
        f"What it should not be asked without a threshold: in these groups {rest}: {listed}."
        if named
        else "",
        f"In every group of {', '.join(whole)} {rest}: that does not tell which questions to keep "
        "from it."
        if whole
        else "",
    ]
    return " ".join(part for part in parts if part)


_SHOWN = (
    (_COVERAGE, "How much is answered", "Share of each group's prompts that get an answer"),
    (_GIVEN, "Errors among the answers", "Share of wrong ones among each group's answers"),
)


def group_figures(
    gate: Gate, attribute: str, measurements: Sequence[Measurement]
) -> Iterator[Figure]:
    """Coverage and error of the groups of one attribute, with intervals; none of a threshold alone.

    Args:
        gate: of all prompts together.
        attribute: of the groups.
        measurements: theirs.
    """
    if not gate.usable:
        return
    for metric, title, shown in _SHOWN:
        yield Figure(
            kind="group_rates",
            title=f"{title} by {attribute}",
            caption=f"{shown}. An answer is given {gate.rule}.",
            check="hallucination",
            data={
                "attribute": attribute,
                "metric": metric,
                "unit": "share",
                "rows": [_row(one) for one in measurements if one.key.metric == metric],
            },
        )


def _row(measurement: Measurement) -> dict[str, Any]:
    return {
        "group": ", ".join(level for _, level in measurement.key.slice.conditions),
        "value": measurement.value,
        **drawn_ends(measurement.interval),
        "n": None if measurement.uncounted else measurement.rows,
    }


__all__ = ["group_figures", "not_to_be_asked", "ranked", "ranking_figure"]
