"""Advice in the report: options side by side, the caution first; nothing where there is none."""

from __future__ import annotations

import json

from auditkit.reports import json_report
from auditkit.reports.advice_view import advice_line, advice_views
from auditkit.reports.html import render
from tests.reports.page import Page
from tests.samples import HOSTILE, sample_record


def test_options_stand_side_by_side() -> None:
    first, second = advice_views(sample_record())
    assert first.options == ("Today", f"A threshold for each group {HOSTILE}")
    rows = {row.name: row for row in first.rows}
    assert list(rows) == ["Accuracy", "Change of accuracy", "Threshold: Male", "Threshold: Female"]
    accuracy = rows["Accuracy"]
    assert accuracy.n == "16,280"
    assert [cell.value for cell in accuracy.cells] == ["82.0 %", "81.5 %"]
    assert accuracy.cells[0].span == "81.5 to 82.5 %"
    today, by_group = rows["Change of accuracy"].cells
    assert (today.value, today.span) == ("", "")
    assert by_group.value == "−0.5 points"
    assert [cell.value for cell in rows["Threshold: Female"].cells] == ["0.5", "undefined"]
    assert rows["Threshold: Female"].cells[1].note == "Nobody would be selected."
    assert second.rows == ()
    assert second.figure is None


def test_the_section_follows_the_reasons_and_cautions_first() -> None:
    text = Page.of(render(sample_record())).text
    why, caution, cost, figures = (
        text.index(part)
        for part in (
            "Why: the requirements",
            "Advice, never applied. Thresholds that differ by group can be unlawful.",
            "A threshold for each group costs 0.5 points of accuracy.",
            "Selection rate by gender",
        )
    )
    assert why < caution < cost < figures
    assert "What the impact ratio by gender would cost" in text
    assert "Searched on one half, counted on the other." in text


def test_without_advice_there_is_no_section() -> None:
    html = render(sample_record(advice=(), figures=()))
    assert "What would mend it" not in html
    assert advice_line(sample_record(advice=())) == ""


def test_one_line_for_a_terminal() -> None:
    line = advice_line(sample_record())
    assert line.startswith("What would mend it, and what that costs, is in the report: Thresholds")
    assert "\n" not in line


def test_the_json_report_has_it_all() -> None:
    plain = json.loads(json_report.render(sample_record()))
    assert plain["advice"][0]["caution"] == "Thresholds that differ by group can be unlawful."
    assert plain["advice"][0]["options"][1]["measurements"][0]["interval"]["level"] == 0.9
