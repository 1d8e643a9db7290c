"""The HTML report: self-contained, inert, complete, and in an order that explains."""

from __future__ import annotations

import dataclasses
import html as html_module
import re

import pytest

from auditkit.measurement import Measurement, MeasurementKey, Status
from auditkit.policy.verdict import ExitCode, VerdictStatus
from auditkit.records.record import AuditRecord
from auditkit.reports import formatting
from auditkit.reports.html import render
from auditkit.reports.text import visible
from tests.reports.hostile import STRINGS, hostile_record
from tests.reports.page import Page
from tests.samples import (
    passing_judgement,
    sample_definitions,
    sample_figures,
    sample_judgement,
    sample_record,
    sample_verdicts,
)

DRAWN_BY_VEGA = {"svg", "g", "path", "rect", "line", "text", "tspan"}
KNOWN_TAGS = DRAWN_BY_VEGA | {
    "html", "head", "meta", "title", "style", "body", "main", "section", "article", "header", "div",
    "h1", "h2", "h3", "h4", "p", "dl", "dt", "dd", "ul", "li", "nav", "a", "span", "strong", "em",
    "b", "br", "table", "thead", "tbody", "tr", "th", "td", "figure", "figcaption", "details",
    "summary", "pre", "footer", "symbol", "circle", "use", "bdi",
}  # fmt: skip


@pytest.fixture(scope="module")
def report() -> str:
    return render(sample_record())


@pytest.fixture(scope="module")
def page(report: str) -> Page:
    return Page.of(report)


def bare(**changes: object) -> AuditRecord:
    """The sample without figures, which take the time."""
    return sample_record(figures=(), **changes)


def test_the_page_is_well_formed(page: Page) -> None:
    assert page.problems == []
    assert page.tags() <= KNOWN_TAGS


def assert_inert(report: str) -> None:
    page = Page.of(report)
    assert page.problems == []
    assert page.tags() <= KNOWN_TAGS
    assert all(reference.startswith("#") for reference in page.references())
    handlers = [n for e in page.elements for n in e.attributes if n.startswith("on")]
    assert handlers == []
    style = re.findall(r"<style>(.*?)</style>", report, re.DOTALL)
    assert len(style) == 1
    assert not re.search(r"url\(|@import|expression|http", style[0])


def test_it_needs_nothing_else_and_runs_nothing(report: str) -> None:
    assert_inert(report)
    assert "default-src 'none'" in report


@pytest.mark.parametrize("poison", STRINGS)
def test_hostile_text_stays_text(poison: str) -> None:
    # Figures cost the most time; the browser's test has them all.
    report = render(dataclasses.replace(hostile_record(poison), figures=()))
    assert_inert(report)
    report.encode("utf-8")
    assert len(report) < 1_500_000
    if 0 < len(poison) < 40:
        shown = " ".join(visible(poison).split())
        assert shown in Page.of(report).text


def test_the_test_for_inertness_can_fail(report: str) -> None:
    for hole in (
        "<script>x</script>",
        '<img src="https://evil.example/x.png">',
        "<b onclick=x>a</b>",
    ):
        with pytest.raises(AssertionError):
            assert_inert(report.replace("<h1>", f"{hole}<h1>"))


def test_every_measurement_stands_with_interval_and_n_or_a_reason(report: str) -> None:
    record = sample_record()
    section = report[report.index('id="measurements"') : report.index('id="not-tested"')]
    rows = [Page.of(row).text for row in re.findall(r"<tr><td>.*?</tr>", section, re.DOTALL)]
    assert len(rows) == len(record.measurements)
    for measurement in record.measurements:
        scale = formatting.scale_of(measurement.key.metric, record.definitions)
        needed = [f"{measurement.units:,}"]
        if measurement.interval is not None:
            needed.append(scale.span(measurement.interval, measurement.value or 0.0))
        if measurement.status is Status.MEASURED:
            needed.append(scale.value(measurement.value, measurement.interval))
        else:
            needed.append(" ".join(visible(measurement.reason).split())[:100])
        assert any(all(text in row for text in needed) for row in rows), needed


def test_what_blocks_comes_first(report: str) -> None:
    titles = [
        html_module.unescape(title)
        for title in re.findall(r'<h3>(.*?)</h3>\n<span class="quiet', report)
    ]
    assert titles[:2] == ["Groups are selected at similar rates", "The model does not overfit"]
    assert titles[-1] == "Selection rates are reported"
    assert len(titles) == len({verdict.requirement for verdict in sample_verdicts()})


def test_a_reviewer_reads_in_the_head_why_it_fails(report: str) -> None:
    head = Page.of(report[: report.index('id="why"')] + "></section></main></body></html>").text
    assert "Fail" in head
    assert "Of the 6 requirements of policy “baseline”, 1 is not met and 1 was not measured" in head
    assert (
        "Selection rate: 8.0 % for Female (n = 10,771) against 36.0 % for Male (n = 21,790)."
        in head
    )
    assert (
        "0.222 (90 % interval 0.210 to 0.235), n = 32,561. Required: between 0.8 and 1.25." in head
    )


def test_every_verdict_has_reason_clause_and_basis(page: Page) -> None:
    for verdict in sample_verdicts():
        assert " ".join(verdict.reason.split()) in page.text
        assert verdict.title in page.text
        assert verdict.clause in page.text
    assert "Basis: convention." in page.text
    assert "Practice uses this number; no law sets it for this case." in page.text
    assert "waiver W-7" in page.text


def test_what_was_not_tested_small_groups_and_notes_are_there(page: Page) -> None:
    record = sample_record()
    for sentence in (*record.not_tested, *record.notes, *sample_judgement().small_groups):
        assert " ".join(sentence.split()) in page.text


def test_provenance_is_there(page: Page) -> None:
    record = sample_record()
    for text in (*record.digests.values(), *record.environment.values(), record.id, record.version):
        assert text in page.text
    assert "id: four-fifths # <b>bold</b>" in page.text


def test_circumstances_of_the_judgement_are_said(page: Page) -> None:
    assert "Exploratory: this policy was first seen after" in page.text
    assert "Look 2 at this model" in page.text
    told = bare(judgement=sample_judgement(notes=("Waiver W-9 was refused: expired.",)))
    text = Page.of(render(told)).text
    assert "Waiver W-9 was refused: expired." in text
    assert "Exploratory:" not in text


def test_what_does_not_apply_is_listed() -> None:
    sentence = "Words are translated well (bleu) does not apply: it is for generation models."
    text = Page.of(render(bare(judgement=sample_judgement(not_applicable=(sentence,))))).text
    assert sentence in text


def test_nobody_is_called_compliant(report: str) -> None:
    assert "complian" not in report.lower()


def test_size(report: str) -> None:
    assert len(report.encode()) < 460_000


def test_without_a_policy_it_says_that_nothing_was_judged() -> None:
    text = Page.of(render(bare(judgement=None, policy_text=""))).text
    assert "Not judged" in text
    assert "No policy was asked" in text
    assert "one by one" not in text


def test_a_pass_says_what_passed() -> None:
    text = Page.of(render(bare(judgement=passing_judgement()))).text
    assert "Pass Nothing in policy “baseline” blocks on this evidence." in text


def test_an_inconclusive_outcome_says_what_would_decide() -> None:
    verdict = dataclasses.replace(sample_verdicts()[2], units_to_decide=28_087 + 4_187)
    judgement = sample_judgement(
        outcome=VerdictStatus.INCONCLUSIVE, exit_code=ExitCode.INCONCLUSIVE, verdicts=(verdict,)
    )
    text = Page.of(render(bare(judgement=judgement))).text
    assert "Of the one requirement of policy “baseline”, 1 is undecided." in text
    assert "Inconclusive: about 4,200 more rows of these two sides would decide." in text


def test_an_empty_record_is_still_a_report() -> None:
    empty = bare(
        measurements=(), judgement=None, notes=(), not_tested=(), model={}, data={}, digests={}
    )
    text = Page.of(render(dataclasses.replace(empty, settings={}, environment={}, timing={}))).text
    assert "Nothing was measured." in text


def test_an_unknown_figure_becomes_a_table() -> None:
    figure = dataclasses.replace(sample_record().figures[0], kind="nobody knows", title="Odd one")
    report = render(sample_record(figures=(figure,)))
    assert Page.of(report).problems == []
    assert "<h3>Odd one</h3>" in report


def test_a_long_list_of_passes_is_folded() -> None:
    one = sample_verdicts()[0]
    verdicts = tuple(dataclasses.replace(one, subject=f"part {i}") for i in range(9))
    report = render(bare(judgement=sample_judgement(verdicts=verdicts)))
    assert "<summary>9 that pass</summary>" in report


def many_pairs(number: int) -> tuple[Measurement, ...]:
    template = next(m for m in sample_record().measurements if m.key.reference is not None)
    return tuple(
        dataclasses.replace(
            template,
            key=MeasurementKey(
                f"bias.metric_{i % 7}_ratio",
                template.key.slice,
                template.key.reference,
                label=f"l{i}",
            ),
        )
        for i in range(number)
    )


def test_a_typical_run_stays_under_400_kilobytes() -> None:
    """Ten groups of an intersection, and two attributes beside it: 800 comparisons."""
    figures = tuple(one for one in sample_figures() if one.check != "explanation")
    described = {"figures": figures, "definitions": sample_definitions()}
    record = sample_record(measurements=many_pairs(800), **described)
    assert len(render(record).encode()) < 400_000
