"""Pictures as data made into charts: one source for the report and the dashboard.

A kind is a row of `DRAWINGS`. A kind that is not there, and a figure whose data lack what its kind
needs, become a plain table: a picture must not cost anybody the report.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

import altair as alt

from auditkit.measurement import Figure
from auditkit.policy.verdict import Judgement
from auditkit.reports.figures import (
    attack_roc,
    class_gaps,
    corruption,
    discordance,
    distribution_shift,
    error_heat_map,
    error_tree,
    explanation_trust,
    faithfulness_curves,
    feature_ranking_by_group,
    frontier,
    gains,
    gap,
    gap_parts,
    group_rates,
    heat_maps,
    latency,
    leak_kinds,
    learning_curve,
    loss_distributions,
    neighbour_similarity,
    null_band,
    pit,
    plain_table,
    proxies_among_top,
    ranking,
    reason_codes,
    recalibration,
    reliability,
    review_list,
    risk_coverage,
    separation,
    set_sizes,
    shortcut_effects,
    signal_maps,
    style,
    token_maps,
    training_curves,
    trust,
    unit_counts,
    worst_answers,
)
from auditkit.reports.figures.plain_table import Table
from auditkit.reports.figures.rendering import rendered
from auditkit.reports.text import clean, visible

__all__ = ["DRAWINGS", "chart", "picture", "spoken", "svg", "tables"]

Drawing = Callable[[Figure, Judgement | None], alt.TopLevelMixin]

DRAWINGS: Mapping[str, Drawing] = {
    "reliability": lambda figure, _: reliability.draw(figure),
    "group_rates": group_rates.draw,
    "ranking": lambda figure, _: ranking.draw(figure),
    "distribution_shift": lambda figure, _: distribution_shift.draw(figure),
    "gap": lambda figure, _: gap.draw(figure),
    "gap_parts": lambda figure, _: gap_parts.draw(figure),
    "loss_distributions": lambda figure, _: loss_distributions.draw(figure),
    "training_curves": lambda figure, _: training_curves.draw(figure),
    "latency": lambda figure, _: latency.draw(figure),
    "null_band": lambda figure, _: null_band.draw(figure),
    "error_tree": lambda figure, _: error_tree.draw(figure),
    "error_heat_map": lambda figure, _: error_heat_map.draw(figure),
    "frontier": lambda figure, _: frontier.draw(figure),
    "pit": lambda figure, _: pit.draw(figure),
    "risk_coverage": lambda figure, _: risk_coverage.draw(figure),
    "class_gaps": lambda figure, _: class_gaps.draw(figure),
    "corruption": lambda figure, _: corruption.draw(figure),
    "shortcut_effects": lambda figure, _: shortcut_effects.draw(figure),
    "gains": lambda figure, _: gains.draw(figure),
    "discordance": lambda figure, _: discordance.draw(figure),
    "separation": lambda figure, _: separation.draw(figure),
    "attack_roc": lambda figure, _: attack_roc.draw(figure),
    "set_sizes": lambda figure, _: set_sizes.draw(figure),
    "review_list": lambda figure, _: review_list.draw(figure),
    "leak_kinds": lambda figure, _: leak_kinds.draw(figure),
    "neighbour_similarity": lambda figure, _: neighbour_similarity.draw(figure),
    "recalibration": lambda figure, _: recalibration.draw(figure),
    "heat_maps": lambda figure, _: heat_maps.draw(figure),
    "explanation_trust": lambda figure, _: explanation_trust.draw(figure),
    "token_maps": lambda figure, _: token_maps.draw(figure),
    "signal_maps": lambda figure, _: signal_maps.draw(figure),
    "feature_ranking_by_group": lambda figure, _: feature_ranking_by_group.draw(figure),
    "faithfulness_curves": lambda figure, _: faithfulness_curves.draw(figure),
    "reason_codes": lambda figure, _: reason_codes.draw(figure),
    "proxies_among_top": lambda figure, _: proxies_among_top.draw(figure),
    "learning_curve": lambda figure, _: learning_curve.draw(figure),
    "unit_counts": lambda figure, _: unit_counts.draw(figure),
    "worst_answers": lambda figure, _: worst_answers.draw(figure),
}

# Kinds whose data are nested deeper than a list of rows; the others become tables as they are.
TABLES: Mapping[str, Callable[[Figure], list[Table]]] = {
    "heat_maps": heat_maps.tables,
    "explanation_trust": explanation_trust.tables,
    "token_maps": token_maps.tables,
    "signal_maps": signal_maps.tables,
    "faithfulness_curves": faithfulness_curves.tables,
    "reason_codes": reason_codes.tables,
    "training_curves": training_curves.tables,
    "worst_answers": worst_answers.tables,
}

_NOT_AS_PROMISED = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


def chart(figure: Figure, judgement: Judgement | None = None) -> alt.TopLevelMixin:
    """The Altair chart of a figure; its data are inside it, so it fetches nothing.

    Args:
        figure: a picture as data.
        judgement: where given, the policy's regions and verdicts are drawn in.

    Example:
        >>> from auditkit.measurement import Figure
        >>> rows = [{"feature": "age", "value": 0.2, "low": 0.1, "high": 0.3}]
        >>> data = {"value_label": "mean |attribution|", "n": 512, "rows": rows}
        >>> chart(Figure("ranking", "Features", "", "explanation", data)).to_dict()["title"]["text"]
        'Features'
    """
    figure = _clean(figure)
    drawn = _drawn(figure, judgement)
    return style.finished(plain_table.draw(figure) if drawn is None else drawn)


def picture(figure: Figure, judgement: Judgement | None = None) -> str | None:
    """The SVG of a figure, None where there is no drawing and a page shows its `tables` instead."""
    drawn = _drawn(_clean(figure), judgement)
    return None if drawn is None else rendered(style.finished(drawn), spoken(figure))


def svg(figure: Figure, judgement: Judgement | None = None) -> str:
    """The chart as an SVG element to be put into a page: no script, no reference to anything.

    Rendered by Vega inside vl-convert, without a browser and without the network.
    """
    return rendered(chart(figure, judgement), spoken(figure))


def tables(figure: Figure) -> list[Table]:
    """The figure's numbers as headed tables; what is too long for a page ends in a note."""
    own = TABLES.get(figure.kind)
    if own is None:
        return plain_table.tables(figure)
    try:
        return own(_clean(figure))
    except _NOT_AS_PROMISED:
        return plain_table.tables(figure)


def spoken(figure: Figure) -> str:
    """What a screen reader says in place of the picture: its title, and how far to trust it."""
    return visible(trust.spoken(figure))


def _clean(figure: Figure) -> Figure:
    return dataclasses.replace(figure, title=visible(figure.title), data=clean(dict(figure.data)))


def _drawn(figure: Figure, judgement: Judgement | None) -> alt.TopLevelMixin | None:
    drawing = DRAWINGS.get(figure.kind)
    if drawing is None:
        return None
    try:
        return drawing(figure, judgement)
    except _NOT_AS_PROMISED:
        return None  # its data are not what the kind promises
