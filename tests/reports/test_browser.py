"""The report in a real browser: no request, no error, and it fits the width and the paper."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from auditkit.reports import write_report
from tests.reports.hostile import STRINGS, hostile_record
from tests.samples import sample_figures, sample_record

pytestmark = pytest.mark.browser

EVERYTHING = "".join(text for text in STRINGS if len(text) < 100)


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        launched = playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(sample_record(), tmp_path_factory.mktemp("report") / "report.html")


def opened(browser: Any, path: Path) -> tuple[Any, list[str]]:
    """A page at 1280 px, and everything that it asked for or complained of."""
    heard: list[str] = []
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.on("request", lambda request: heard.append(request.url))
    page.on("console", lambda message: heard.append(message.text))
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("dialog", lambda dialog: (heard.append(dialog.message), dialog.dismiss()))
    page.goto(path.as_uri())
    page.wait_for_timeout(200)
    return page, heard


@pytest.mark.parametrize("hostile", [False, True])
def test_the_page_asks_for_nothing_and_fits(
    browser: Any, report: Path, tmp_path: Path, hostile: bool
) -> None:
    path = report
    if hostile:
        path = write_report(hostile_record(EVERYTHING), tmp_path / "report.html")
    page, heard = opened(browser, path)
    assert heard == [path.as_uri()]
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    assert page.evaluate("document.scripts.length") == 0
    assert page.locator("#why article.card").count() == 6
    assert page.locator("#figures figure > svg").count() == len(sample_figures())
    page.close()


def test_the_outcome_is_seen_without_scrolling(browser: Any, report: Path) -> None:
    page, _ = opened(browser, report)
    for text in ("Fail", "8.0 % for Female", "36.0 % for Male", "Required: between 0.8 and 1.25"):
        box = page.get_by_text(text, exact=False).first.bounding_box()
        assert box["y"] + box["height"] < 900
    page.close()


def test_on_a_telephone_pictures_are_moved_sideways_and_the_page_is_not(
    browser: Any, report: Path
) -> None:
    page, _ = opened(browser, report)
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    drawn = page.locator("#figures figure > svg").first
    assert drawn.bounding_box()["width"] == float(drawn.get_attribute("width"))
    page.close()


def test_details_are_open_on_paper_and_contents_are_not_there(browser: Any, report: Path) -> None:
    page, _ = opened(browser, report)
    table = page.locator("#measurements table").first
    assert not table.is_visible()
    page.emulate_media(media="print")
    assert table.is_visible()
    assert not page.locator("nav").is_visible()
    assert page.pdf(format="A4")[:5] == b"%PDF-"
    page.close()
