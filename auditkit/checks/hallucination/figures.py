"""The pictures of the scores: how they rank errors, and how far their risks can be trusted."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from auditkit.checks.confidence.figure import best_points, curve_points
from auditkit.checks.estimation import MIN_KEPT, NoEstimateError, drawn_ends
from auditkit.checks.hallucination.gate import Gate
from auditkit.checks.hallucination.judged import CONTROLS, TITLES, Judged
from auditkit.checks.hallucination.ranking import sides_of
from auditkit.checks.hallucination.risk import Risk, risk_of
from auditkit.checks.percentages import percent
from auditkit.generation.scores.score import NotScored, Values
from auditkit.measurement import Figure, Measurement
from auditkit.statistics.calibration import BINS, ReliabilityBin, reliability
from auditkit.statistics.critical import critical_value
from auditkit.statistics.selective import risk_coverage

BESIDE = ("mean_token_entropy", "perplexity", "eigenscore", "ensemble", "length")
"""Whose curves are drawn beside that of the score that decides."""


def curve_figure(found: Judged, gate: Gate, told: Mapping[str, Measurement]) -> Figure | None:
    """Risk and coverage of the held-out answers, with the threshold; None if it told too much.

    It would of fewer than five answers in all, and if fewer than five are held back, whose errors
    are those of all but of the others.

    Args:
        found: the answers to all prompts.
        gate: of one score.
        told: metric → its measurement for all prompts.
    """
    rows = gate.held_out.part(gate.held_out.answered)
    given = int(gate.accepted.sum()) if gate.usable else None
    held_back = 0 if given is None else len(rows) - given
    if len(rows) < MIN_KEPT or 0 < held_back < MIN_KEPT:
        return None
    curve = risk_coverage(gate.confidences[gate.held_out.answered], rows.wrong)
    first = {"probe": gate.title, "points": curve_points(curve, rows, given)}
    limit = gate.certifying.aims.error
    return Figure(
        kind="risk_coverage",
        title=f"How much can be answered if errors must stay at {percent(limit)}",
        caption=(
            f"{_words(gate)} From right to left fewer answers are given, those of the lowest score "
            "last. The curves are of the half of the prompts that nothing was chosen on; the band "
            "is the 90 % interval at each share by itself."
        ),
        check="hallucination",
        data={
            "n": curve.n,
            "error": curve.error,
            "curves": [first, *_others(found, gate.score)],
            "best": best_points(curve.error),
            "limit": limit,
            **_mark(gate, given, len(rows), told["hallucination.accepted_error"]),
        },
    )


def _words(gate: Gate) -> str:
    if not gate.usable:
        return f"No threshold was found that {gate.certifying.promise}."
    chosen = (
        f"An answer is given {gate.rule}: as far as the half that this was chosen on can show, it "
        f"{gate.certifying.promise}."
    )
    return f"{chosen} {gate.breach}".strip()


def _mark(gate: Gate, given: int | None, answers: int, error: Measurement) -> dict[str, Any]:
    if given is None:
        return {}
    text = "all are answered" if gate.below is None else f"threshold {gate.below:g}"
    point = {"coverage": given / answers, "risk": error.value, "text": text}
    return {"mark": {**point, **drawn_ends(error.interval)}}


def _others(found: Judged, decides: str) -> Iterator[dict[str, Any]]:
    rows = found.compared_rows
    for name in BESIDE:
        values = found.scores[name]
        if name != decides and not isinstance(values, NotScored):
            curve = risk_coverage(-values[found.compared], rows.wrong)
            yield {"probe": TITLES[name], "points": curve_points(curve, None)}


def scores_figure(found: Judged, measurements: Sequence[Measurement]) -> Figure | None:
    """How well each score tells wrong answers apart, beside what one that says nothing would show.

    Args:
        found: the answers to all prompts.
        measurements: of all scores.
    """
    numbers = {(one.key.metric, one.key.label): one for one in measurements}
    rows = [
        _row(found, name, values, numbers)
        for name, values in found.scores.items()
        if not isinstance(values, NotScored)
        and numbers["hallucination.auroc", name].value is not None
    ]
    if not rows:
        return None
    rows.sort(key=lambda row: -row["value"])
    return Figure(
        kind="null_band",
        title="How well each score tells wrong answers from right ones",
        caption=(
            "On the half of the prompts that nothing was fitted on. A score that does not beat the "
            "controls, the length of the answer and a random number, is worth nothing. The best "
            "of many scores on these prompts need not be the best on others."
        ),
        check="hallucination",
        data={
            "n": len(found.compared_rows),
            "value_label": "AUROC of wrong answers",
            "null_label": "a score that says nothing",
            "rows": rows,
        },
    )


def _row(
    found: Judged,
    name: str,
    values: Values,
    numbers: Mapping[tuple[str, str], Measurement],
) -> dict[str, Any]:
    auroc, prr = (numbers[f"hallucination.{one}", name] for one in ("auroc", "prr"))
    error = numbers.get(("hallucination.calibration_error", name))
    ends = drawn_ends(prr.interval)
    return {
        "group": TITLES[name],
        "value": auroc.value,
        **drawn_ends(auroc.interval),
        **_null(found, values),
        "n": auroc.rows,
        "prr": prr.value,
        "prr_low": ends["low"],
        "prr_high": ends["high"],
        "calibration_error": None if error is None else error.value,
        "control": name in CONTROLS,
    }


def _null(found: Judged, values: Values) -> dict[str, float]:
    """Where nine of ten would lie of a score that says nothing (Mann and Whitney 1947)."""
    wrong, right = sides_of(values[found.compared], found.compared_rows).worth
    distance = critical_value(0.05) * math.sqrt((wrong + right + 1) / (12 * wrong * right))
    return {"null_low": max(0.5 - distance, 0.0), "null_high": min(0.5 + distance, 1.0)}


def reliability_figure(found: Judged, decides: str, seed: int) -> Figure | None:
    """The calibrated risk of the score that decides, against how many are wrong; None of too few.

    Args:
        found: the answers to all prompts.
        decides: the score.
        seed: of the audit.
    """
    values = found.scores.get(decides)
    if values is None or isinstance(values, NotScored):
        return None
    try:
        risk = risk_of(found, values, seed)
    except NoEstimateError:
        return None
    n = len(risk.rows)
    points = _points(risk)
    curve = found.material.settings.calibrator
    narrow = " Bars and band take rows as independent, so they are too narrow for clusters."
    return Figure(
        kind="reliability",
        title="Calibrated risk of an answer, and share of answers that were wrong",
        caption=(
            f"{TITLES[decides]} was turned into a probability of being wrong on one half of the "
            f"answers ({curve}) and is judged here on the other {n:,}. The points of a calibrated "
            "risk lie on the diagonal; the band is where chance alone would put them. Bars are "
            f"90 % intervals.{narrow if risk.rows.clusters is not None else ''}"
        ),
        check="hallucination",
        data={
            "outcome": "the answer is wrong",
            "n": n,
            "bins": [
                {"score": p.score, "observed": p.observed, "low": p.low, "high": p.high, "n": p.n}
                for p in points
            ],
            "band": [{"score": p.score, "low": p.band_low, "high": p.band_high} for p in points],
        },
    )


def _points(risk: Risk) -> tuple[ReliabilityBin, ...]:
    """As many bins as there are without one that tells of fewer than five answers."""
    points: tuple[ReliabilityBin, ...] = ()
    for bins in range(min(BINS, len(risk.rows) // MIN_KEPT), 0, -1):
        points = reliability(*risk.totals(), bins=bins)
        if min(point.n for point in points) >= MIN_KEPT:
            break
    return points


__all__ = ["curve_figure", "reliability_figure", "scores_figure"]
