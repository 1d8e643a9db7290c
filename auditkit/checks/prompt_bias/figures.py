"""Pictures of what turns on the group that a prompt is about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from auditkit.checks.estimation import drawn_ends
from auditkit.checks.prompt_bias.metrics import AMBIGUOUS, DISAMBIGUATED, GAP, PREFERENCE
from auditkit.measurement import Figure, Measurement


def figures(found: Sequence[Measurement]) -> Iterator[Figure]:
    """Gaps and preferences by category, and bias scores; nothing of what has no value."""
    gaps = _of(found, GAP.id)
    if gaps:
        yield _figure(
            "How much likelier the same words are about one group than about the other",
            "Mean gap of log-probabilities, by category: 0 is no gap. Towards the group that the "
            "words are a stereotype of, where the table says so, else towards group a. Intervals "
            "are 90 %.",
            "gap, nats",
            gaps,
            [_row(one.key.label or "all pairs", one) for one in gaps],
        )
    preferences = _of(found, PREFERENCE.id)
    if preferences:
        yield _figure(
            "How many pairs prefer the stereotype",
            "Share of pairs whose words are likelier about the group that they are a stereotype "
            "of, where the table says so, else about group a: .5 is no preference. Intervals are "
            "90 %.",
            "share of pairs",
            preferences,
            [_row(one.key.label or "all pairs", one) for one in preferences],
        )
    scores = [*_of(found, AMBIGUOUS.id), *_of(found, DISAMBIGUATED.id)]
    if scores:
        told = {AMBIGUOUS.id: "context tells nothing", DISAMBIGUATED.id: "context tells the answer"}
        names = [(told[one.key.metric], one.key.label) for one in scores]
        yield _figure(
            "Whether questions are answered with the stereotype",
            "Bias score of the answers: 0 is no bias, 1 always the stereotype, -1 always against "
            "it. Intervals are 90 %.",
            "bias score",
            scores,
            [
                _row(" · ".join(part for part in name if part), one)
                for name, one in zip(names, scores, strict=True)
            ],
        )


def _of(found: Sequence[Measurement], metric: str) -> list[Measurement]:
    return [one for one in found if one.key.metric == metric and one.value is not None]


def _figure(
    title: str, caption: str, label: str, found: Sequence[Measurement], rows: list[dict[str, Any]]
) -> Figure:
    # All pairs or questions come first; categories are parts of them.
    n = sum(one.rows for one in found if not one.key.label)
    return Figure(
        kind="ranking",
        title=title,
        caption=caption,
        check="prompt_bias",
        data={"value_label": label, "n": n, "rows": rows},
    )


def _row(name: str, found: Measurement) -> dict[str, Any]:
    return {"feature": name, "value": found.value, **drawn_ends(found.interval)}


__all__ = ["figures"]
