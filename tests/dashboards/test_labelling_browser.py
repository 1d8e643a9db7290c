"""A person judges answers in a real browser."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from playwright.sync_api import Page, sync_playwright

from auditkit.generation.labelling.labels import LabelFile, Said
from auditkit.generation.labelling.shown_answers import read_answers
from tests.dashboards.test_browser import (
    Visitor,
    at_rest,
    fits,
    nothing_came_alive,
    see,
    wait_until_healthy,
)
from tests.samples import HOSTILE_MARKDOWN

pytestmark = pytest.mark.browser


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    path = tmp_path / "answers.jsonl"
    lines = [
        {"id": f"q{place}", "prompt": f"What is {place}? {HOSTILE_MARKDOWN}",
         "answer": f"It is {place}. {HOSTILE_MARKDOWN}", "references": ["the number"]}
        for place in range(6)
    ]  # fmt: skip
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return path


@pytest.fixture
def page(chromium: str, answers: Path, launch: ModuleType) -> Iterator[Page]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    store = answers.parent / "store"
    with subprocess.Popen(
        launch.command(store, port), env=launch.environment(store, answers),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as server:  # fmt: skip
        try:
            wait_until_healthy(server, port)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=chromium,
                    args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
                )
                visitor = Visitor(browser.new_page(viewport={"width": 1280, "height": 900}))
                visitor.page.goto(f"http://127.0.0.1:{port}/")
                yield visitor.page
                browser.close()
                assert visitor.hosts - {""} == {f"127.0.0.1:{port}"}
                assert visitor.alarms == []
        finally:
            server.send_signal(signal.SIGTERM)
            server.communicate(timeout=30)


def label_before(path: Path) -> None:
    """Bo has judged all answers, and Ada all but two."""
    labels = LabelFile.beside(path)
    for place, one in enumerate(read_answers(path)):
        labels.add(one, "Bo", Said.WRONG if place else Said.RIGHT)
        if place > 1:
            labels.add(one, "Ada", Said.WRONG)


def test_a_person_judges_what_is_left(page: Page, answers: Path, tmp_path: Path) -> None:
    label_before(answers)
    see(page, "neither sees what the other said")
    at_rest(page)
    page.get_by_label("Your name").fill("Ada")
    page.get_by_label("Your name").press("Enter")
    see(page, "4 of 6 judged by you")
    nothing_came_alive(page)
    assert fits(page)
    at_rest(page)
    page.get_by_role("button", name="Wrong").click()
    see(page, "5 of 6 judged by you")
    at_rest(page)
    page.locator("body").press("1")
    see(page, "You have judged every answer.")
    at_rest(page)
    page.get_by_role("tab", name="Agreement").click()
    see(page, "over 6 answers that at least two people judged")
    page.get_by_role("button", name="agreed labels").click()
    see(page, "its column label is what generation.columns.label names")
    assert fits(page)
    nothing_came_alive(page)
    page.screenshot(path=tmp_path / "agreement.png")
    given, damaged = LabelFile.beside(answers).read()
    assert [one.said for one in given[-2:]] == [Said.WRONG, Said.RIGHT]
    assert damaged == 0
    assert answers.with_suffix(".labelled.csv").exists()
