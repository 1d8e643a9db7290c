"""The drawing of conformal sets: every size has its place, and what is not known leaves a gap."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

from auditkit.measurement import Figure
from auditkit.reports.figures import set_sizes, style
from auditkit.reports.figures.rendering import rendered


def bar(size: str, share: float, covered: float | None, n: int) -> dict[str, Any]:
    low = None if covered is None else covered - 0.03
    high = None if covered is None else covered + 0.02
    return {"size": size, "share": share, "n": n, "covered": covered, "low": low, "high": high}


BARS = [bar("0", 0.01, 0.0, 20), bar("1", 0.6, 0.93, 1200), bar("2", 0.38, 0.91, 760)]
WIDE = [*BARS, bar("3", 0.0, None, 0), bar("12–23", 0.006, 0.8, 12), bar("6–11", 0.004, 0.7, 8)]


def figure_of(**methods: list[dict[str, Any]]) -> Figure:
    return Figure(
        "set_sizes",
        "Sets of classes: how many they hold",
        "Sets.",
        "conformal",
        {
            "aim": 0.9,
            "n": 2000,
            "classes": 30,
            "methods": [{"method": name, "bars": bars} for name, bars in methods.items()],
        },
    )


def texts(figure: Figure) -> list[str]:
    drawing = rendered(style.finished(set_sizes.draw(figure)), figure.title)
    root = ElementTree.fromstring(drawing)
    return [e.text for e in root.iter() if e.tag in ("text", "tspan") and e.text]


def test_title_n_and_what_was_aimed_at_are_written() -> None:
    shown = texts(figure_of(LAC=BARS, APS=WIDE))
    assert "Sets of classes: how many they hold" in shown
    whole = " ".join(shown)
    assert "n = 2,000 held-out units, 30 classes" in whole
    assert "90 % of all sets hold the true class" in whole
    assert {"LAC", "APS"} <= set(shown)
    assert "No bar: no such set. Sizes of fewer than 5 sets share a bar." in whole
    assert "20 %" in shown


def test_sizes_of_all_methods_are_in_one_order_and_written_once() -> None:
    shown = texts(figure_of(LAC=BARS, APS=WIDE))
    sizes = [text for text in shown if text in {"0", "1", "2", "3", "6–11", "12–23"}]
    assert sizes == ["0", "1", "2", "3", "6–11", "12–23"] * 2  # below shares, and below coverage


def test_what_is_not_known_is_not_drawn() -> None:
    """A size without a coverage keeps its place, and has no point and no bar of an interval."""
    specification = set_sizes.draw(figure_of(APS=WIDE)).to_dict()
    (panel,) = specification["vconcat"]
    coverage = panel["hconcat"][1]["layer"]
    assert [layer["mark"]["type"] for layer in coverage] == ["rule", "rule", "point"]
    assert "isValid(datum.low)" in coverage[1]["transform"][0]["filter"]
    assert coverage[2]["transform"] == [{"filter": "isValid(datum.covered)"}]


def test_methods_share_the_axis_of_their_shares() -> None:
    specification = set_sizes.draw(figure_of(LAC=BARS, APS=WIDE[1:3])).to_dict()
    ends = [
        panel["hconcat"][0]["encoding"]["y"]["scale"]["domain"]
        for panel in specification["vconcat"]
    ]
    assert ends == [[0, 0.6], [0, 0.6]]


def test_hostile_names_are_text() -> None:
    shown = texts(figure_of(**{"<script>alert(1)</script>": BARS}))
    assert any("<script>" in text for text in shown)
