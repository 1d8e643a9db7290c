"""What would mend a finding, as data: what an adviser says, a record keeps and a report shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from auditkit.measurement import Figure, Measurement, Slice, from_plain, to_plain


@dataclass(frozen=True)
class Option:
    """One way to decide, and what it would come to.

    Attributes:
        title: `Today`, `A threshold for each group` …
        measurements: what was, or would be, measured under it. They describe no model that exists,
            so no policy judges them; options of one advice have the same keys where they can.
    """

    title: str
    measurements: tuple[Measurement, ...]


@dataclass(frozen=True)
class Advice:
    """What would mend a finding, and what that would cost. It is shown, and never applied.

    Attributes:
        adviser: name of the adviser.
        title: one line.
        metric: what it would mend.
        slices: where.
        sentences: why it is given, full sentences.
        cost: what it would cost, full sentences, the most important first; () where nothing was
            found.
        options: ways to decide, today's first; () where nothing could be computed.
        caution: what must be known before anybody acts on it; shown as loudly as the rest.
        limits: what the numbers leave open, full sentences.
        figure: a picture; None if there is none.
        definitions: metric id → its definition as plain data, of metrics that no check measures.
    """

    adviser: str
    title: str
    metric: str
    slices: tuple[Slice, ...]
    sentences: tuple[str, ...]
    cost: tuple[str, ...] = ()
    options: tuple[Option, ...] = ()
    caution: str = ""
    limits: tuple[str, ...] = ()
    figure: Figure | None = None
    definitions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def advice_to_plain(advice: Advice) -> dict[str, Any]:
    """An advice as JSON-able data, reversible by `advice_from_plain`."""
    return {
        "adviser": advice.adviser,
        "title": advice.title,
        "metric": advice.metric,
        "sentences": list(advice.sentences),
        "cost": list(advice.cost),
        "caution": advice.caution,
        "limits": list(advice.limits),
        "slices": [dict(where.conditions) for where in advice.slices],
        "options": [
            {"title": option.title, "measurements": [to_plain(one) for one in option.measurements]}
            for option in advice.options
        ],
        "figure": None if advice.figure is None else figure_to_plain(advice.figure),
        "definitions": {name: dict(one) for name, one in advice.definitions.items()},
    }


def advice_from_plain(plain: Mapping[str, Any]) -> Advice:
    """The advice that `advice_to_plain` wrote."""
    return Advice(
        adviser=plain["adviser"],
        title=plain["title"],
        metric=plain["metric"],
        sentences=tuple(plain["sentences"]),
        cost=tuple(plain["cost"]),
        caution=plain["caution"],
        limits=tuple(plain["limits"]),
        slices=tuple(Slice.of(where) for where in plain["slices"]),
        options=tuple(
            Option(one["title"], tuple(from_plain(number) for number in one["measurements"]))
            for one in plain["options"]
        ),
        figure=None if plain["figure"] is None else Figure(**plain["figure"]),
        definitions=plain["definitions"],
    )


def figure_to_plain(figure: Figure) -> dict[str, Any]:
    """A figure as JSON-able data; `Figure(**plain)` reverses it."""
    return {
        "kind": figure.kind,
        "title": figure.title,
        "caption": figure.caption,
        "check": figure.check,
        "data": dict(figure.data),
    }
