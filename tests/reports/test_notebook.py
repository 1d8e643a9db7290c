"""The notebook fragment: short, escaped, and honest about the outcome."""

from __future__ import annotations

import pytest

from auditkit.reports import notebook_html
from tests.reports.hostile import STRINGS, hostile_record
from tests.reports.page import Page
from tests.samples import sample_record, sample_verdicts

TAGS = {"div", "strong", "table", "thead", "tbody", "tr", "th", "td"}


def test_outcome_and_every_verdict() -> None:
    page = Page.of(notebook_html(sample_record()))
    assert page.problems == []
    assert page.text.startswith("Fail Income classifier")
    for verdict in sample_verdicts():
        assert verdict.title in page.text
    assert "0.222 0.210 to 0.235 32,561" in page.text
    assert "between 0.8 and 1.25" in page.text


@pytest.mark.parametrize("poison", STRINGS)
def test_hostile_text_stays_text(poison: str) -> None:
    page = Page.of(notebook_html(hostile_record(poison)))
    assert page.problems == []
    assert page.tags() == TAGS
    assert page.references() == []
    assert {name for e in page.elements for name in e.attributes} == {"style"}


def test_without_a_judgement() -> None:
    page = Page.of(notebook_html(sample_record(judgement=None)))
    assert "Not judged" in page.text
    assert "table" not in page.tags()
