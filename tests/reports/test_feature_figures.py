"""Features of a table: by group, beside what they say of an attribute, and as reasons."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from auditkit.measurement import Figure
from auditkit.reports.figures import picture, tables
from tests.reports.drawn import drawn, texts
from tests.reports.hostile import STRINGS
from tests.sample_explanations import (
    feature_ranking_by_group,
    proxies_among_top,
    reason_codes,
)
from tests.sample_maps import CONVERGED


def changed(figure: Figure, **data: Any) -> Figure:
    return dataclasses.replace(figure, data={**figure.data, **data})


def row(feature: str, group: str) -> dict[str, Any]:
    return {"feature": feature, "group": group, "value": 0.2, "low": 0.1, "high": 0.3, "n": 40}


def reason(feature: str, share: float, **more: Any) -> dict[str, Any]:
    plain = {"feature": feature, "direction": "towards", "share": share, "low": 0.0, "high": share}
    return {**plain, "stability": 0.9, **more}


def decision(reasons: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    plain = {"title": "applicant 1", "decision": "refused", "trust": CONVERGED}
    return {**plain, "reasons": reasons, **more}


def test_every_group_is_named_with_number_interval_and_n() -> None:
    shown = texts(feature_ranking_by_group())
    assert "women: 0.95 (0.88 to 1.02), n = 251" in shown
    assert "men: 0.84 (0.78 to 0.90), n = 349" in shown
    assert any(text.endswith("not measured, n = 3") for text in shown)
    assert any(text.endswith("By gender.") for text in shown)


def test_groups_are_told_apart_by_shape_too() -> None:
    figure = changed(feature_ranking_by_group(), rows=[row("income", f"g{i}") for i in range(6)])
    points = [e for e in drawn(figure).iter("path") if e.get("transform") and e.get("fill")]
    assert len({e.get("d") for e in points}) == 6
    assert len({e.get("fill") for e in points}) == 6


def test_many_features_and_groups_are_bounded() -> None:
    rows = [row(f"f{i}", f"g{k}") for i in range(40) for k in range(9)]
    shown = texts(changed(feature_ranking_by_group(), rows=rows))
    assert "The first 12 of 40 features are drawn." in shown
    assert "The first 6 of 9 groups are drawn." in shown
    assert "f12" not in shown


def test_importance_stands_beside_association() -> None:
    shown = texts(proxies_among_top())
    assert {"1. income · gender", "2. postcode · gender"} <= set(shown)
    assert "0.60 (0.54 to 0.66)" in shown
    assert "0.886" in shown
    assert "not measured" in shown


def test_of_many_proxies_the_first_are_drawn() -> None:
    rows = [{**proxies_among_top().data["rows"][0], "rank": i + 1} for i in range(60)]
    assert "The first 25 of 60 rows are drawn." in texts(changed(proxies_among_top(), rows=rows))


def test_reasons_come_in_order_with_direction_interval_and_stability() -> None:
    reasons = [reason("b", 0.1, direction="against"), reason("a", 0.5, low=0.4, high=0.6)]
    shown = texts(changed(reason_codes(), items=[decision(reasons)]))
    assert shown.index("▲ a") < shown.index("▼ b")
    assert "towards, 40 to 60 %, stable in 90 %" in shown
    assert "decision: refused" in shown
    assert "● converged" in shown


def test_a_reason_without_stability_says_so_and_one_without_direction_has_no_arrow() -> None:
    reasons = [reason("a", 0.5, stability=None, direction="sideways")]
    shown = texts(changed(reason_codes(), items=[decision(reasons)]))
    assert "a" in [text.strip() for text in shown]
    assert any(text.startswith("sideways") and text.endswith("unknown") for text in shown)


def test_no_reason_of_a_withheld_decision_gets_out() -> None:
    shown = texts(reason_codes())
    assert "✕ withheld" in shown
    labels, reasons = tables(reason_codes())
    assert [line[2] for line in labels[1]] == ["converged", "limited", "withheld"]
    assert {line[0] for line in reasons[1]} == {"applicant 3", "applicant 11"}


def test_many_reasons_and_decisions_are_bounded() -> None:
    items = [decision([reason(f"f{i}", 0.5 - i / 100) for i in range(30)])] * 20
    figure = changed(reason_codes(), items=items)
    shown = texts(figure)
    assert "The first 12 of 20 decisions are drawn." in shown
    assert shown.count("… and 22 more.") == 12
    last = tables(figure)[1][1][-1]
    assert last[0] == "… and 300 more rows"


@pytest.mark.parametrize("text", STRINGS)
def test_hostile_names_are_text(text: str) -> None:
    assert texts(changed(feature_ranking_by_group(), rows=[row(text, text)], attribute=text))
    assert texts(changed(reason_codes(), items=[decision([reason(text, 0.2)], title=text)]))
    proxies = [{**proxies_among_top().data["rows"][0], "feature": text, "attribute": text}]
    assert texts(changed(proxies_among_top(), rows=proxies))


@pytest.mark.parametrize(
    "figure", [feature_ranking_by_group(), proxies_among_top(), reason_codes()]
)
def test_what_lacks_something_becomes_a_table(figure: Figure) -> None:
    for key in figure.data:
        less = {name: value for name, value in figure.data.items() if name != key}
        assert picture(dataclasses.replace(figure, data=less)) is None
        assert isinstance(tables(dataclasses.replace(figure, data=less)), list)


def test_a_feature_of_a_group_is_drawn_once_however_often_it_is_named() -> None:
    rows = [row("age", "F") for _ in range(5_000)]
    drawing = picture(changed(feature_ranking_by_group(), rows=rows))
    assert drawing is not None
    assert len(drawing) < 50_000


def test_tables_of_any_kind_end_where_a_page_does() -> None:
    """Three kinds are tables as they are, and a record may hold any number of rows."""
    rows = [row(f"feature {place}", "F") for place in range(1_000)]
    *_, (_, shown) = tables(changed(feature_ranking_by_group(), rows=rows))
    assert len(shown) == 301
    assert shown[-1][0] == "… and 700 more rows"
