"""A reviewer's journey through the dashboard in a real browser."""

from __future__ import annotations

import http.client
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from auditkit.records import Store, open_store
from tests.reports.counted import DATA, MODEL, audited, people
from tests.samples import HOSTILE, HOSTILE_MARKDOWN, passing_judgement, sample_record

pytestmark = pytest.mark.browser

ID = sample_record().id
OTHER, HOSTILE_ID = "20261121-101530-aaaaaa", "20261120-101530-bbbbbb"
HOSTILE_NAME = (
    "![i](http://evil/i.png) :smile: :red[x] a->b--c www.evil.org http://evil $y$ <b>x</b> "
    f"{HOSTILE}"
)
PATIENCE = 60_000.0
"""Milliseconds: the machines of CI are slow."""
FITS = (
    "() => { const main = document.querySelector('[data-testid=stMain]');"
    " return main.scrollWidth <= main.clientWidth; }"
)


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Store:
    store = open_store(tmp_path_factory.mktemp("dashboard") / "a store")
    day = {"created": "2026-11-21T10:15:30+00:00"}
    store.save(sample_record())
    described = {"model": MODEL, "data": DATA, "judgement": passing_judgement(), **day}
    store.save(sample_record(id=OTHER, name="Credit scores", **described), audited(people(900))[1])
    store.save(sample_record(id=HOSTILE_ID, name=HOSTILE_NAME, **day))
    store.sign(ID, "reject", f"Unfair. {HOSTILE_MARKDOWN}", f"Ada {HOSTILE}")
    return store


@pytest.fixture(scope="module")
def address(shown: Store, launch: ModuleType) -> Iterator[str]:
    """Where the dashboard is served, started as `auditkit dashboard` starts it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command, environment = launch.command(shown.folder, port), launch.environment(shown.folder)
    with subprocess.Popen(
        command, env=environment, cwd=shown.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as server:
        try:
            wait_until_healthy(server, port)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.send_signal(signal.SIGTERM)
            server.communicate(timeout=30)


def wait_until_healthy(server: subprocess.Popen[bytes], port: int) -> None:
    for _ in range(240):
        assert server.poll() is None, "the server ended"
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/_stcore/health")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.25)
        finally:
            connection.close()
    raise TimeoutError("the dashboard did not start")


class Visitor:
    """A page that writes down where it was asked to go, and what went wrong."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.hosts: set[str] = set()
        self.alarms: list[str] = []
        page.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))
        page.on("websocket", lambda socket: self.hosts.add(urlsplit(socket.url).netloc))
        page.on("pageerror", lambda error: self.alarms.append(str(error)))
        page.on("dialog", lambda dialog: (self.alarms.append("dialog"), dialog.dismiss()))
        page.set_default_timeout(PATIENCE)


@pytest.fixture
def visitor(chromium: str, address: str) -> Iterator[Visitor]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        context = browser.new_context(viewport={"width": 1280, "height": 900}, base_url=address)
        guest = Visitor(context.new_page())
        yield guest
        browser.close()
        # data: and blob: have no host.
        assert guest.hosts - {""} == {urlsplit(address).netloc}
        assert guest.alarms == []


def see(page: Page, text: str) -> None:
    expect(page.get_by_text(text).first).to_be_visible(timeout=PATIENCE)


def at_rest(page: Page) -> None:
    """The page has been made: what is clicked while it grows may move away under the pointer."""
    app = page.locator("[data-testid=stApp]")
    expect(app).to_have_attribute("data-test-script-state", "notRunning", timeout=PATIENCE)


def open_section(page: Page, name: str) -> None:
    """Click on a tab, again where a chart that was still growing pushed it away from the click."""
    at_rest(page)
    tab = page.get_by_role("tab", name=name)
    deadline = time.monotonic() + PATIENCE / 1000
    while tab.get_attribute("aria-selected") != "true":
        assert time.monotonic() < deadline, f"the tab {name} cannot be selected"
        tab.click()
        page.wait_for_timeout(500)
    at_rest(page)


def heading(page: Page, name: str) -> None:
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible(timeout=PATIENCE)


def fits(page: Page) -> bool:
    """Nothing sticks out to the right."""
    return bool(page.evaluate(FITS))


def nothing_came_alive(page: Page) -> None:
    """No element was made from the text of a record."""
    assert page.locator("a[href^='javascript']").count() == 0
    assert page.locator("a[href*='evil']").count() == 0
    assert page.locator("img[src='x']").count() == 0
    assert page.locator("td script, p script, li script").count() == 0


def test_from_the_list_to_the_reasons(visitor: Visitor, tmp_path: Path) -> None:
    page = visitor.page
    page.goto("/")
    heading(page, "Runs")
    see(page, "3 of 3 runs")
    see(page, "![i](http:")
    nothing_came_alive(page)
    assert fits(page)

    at_rest(page)
    page.get_by_label("Search").fill("credit")
    page.get_by_label("Search").press("Enter")
    see(page, "1 of 3 runs")
    page.get_by_label("Search").fill("")
    page.get_by_label("Search").press("Enter")
    see(page, "3 of 3 runs")

    at_rest(page)
    page.get_by_role("link", name="Income classifier").click()
    heading(page, "Income classifier")
    assert re.search(rf"/run\?run={ID}", page.url)
    expect(page.get_by_role("heading", name="Fail")).to_be_visible()
    see(page, "Rejected")
    see(page, "8.0 % for Female (n = 10,771) against 36.0 % for Male (n = 21,790)")
    see(page, "A group selected at less than four fifths of the rate of another")
    strips = page.locator("[data-testid=stVegaLiteChart] canvas, [data-testid=stVegaLiteChart] svg")
    expect(strips).to_have_count(3, timeout=PATIENCE)
    assert strips.first.bounding_box()["width"] > 500  # not squeezed into the labels
    nothing_came_alive(page)
    assert fits(page)
    page.screenshot(path=tmp_path / "run.png")

    at_rest(page)
    page.get_by_role("link", name="All runs").click()
    heading(page, "Runs")


def test_the_sections_of_a_run(visitor: Visitor) -> None:
    page = visitor.page
    page.goto(f"/run?run={ID}")
    heading(page, "Income classifier")
    for section, text in {
        "Measurements": "19 of 19 measurements",
        "Figures": "Women are selected about a fifth as often as men.",
        "Not tested": "which rows this network was trained on is unknown",
        "Provenance": sample_record().digests["model"],
        "Sign-off": "Unfair. [press](javascript:alert(1)) **x** $y$",
        "Verdicts": "p: how likely such data are if the requirement were met",
    }.items():
        open_section(page, section)
        see(page, text)
        nothing_came_alive(page)
        assert fits(page)
        if section == "Figures":
            charts = page.locator("[data-testid=stVegaLiteChart]")
            expect(charts).to_have_count(len(sample_record().figures), timeout=PATIENCE)
            page.set_viewport_size({"width": 390, "height": 800})
            page.wait_for_function(f"() => ({FITS})()")
            page.set_viewport_size({"width": 1280, "height": 900})


def pick(page: Page, name: str, option: str) -> None:
    at_rest(page)
    box = page.get_by_role("combobox", name=name)
    expect(box).to_have_count(1, timeout=PATIENCE)  # two while the page is made anew
    box.fill(option)
    page.get_by_role("option", name=option, exact=True).click()
    page.keyboard.press("Escape")  # a list that stays open hides all else from roles


def test_groups_are_sliced_again(visitor: Visitor) -> None:
    page = visitor.page
    page.goto(f"/run?run={OTHER}&section=Groups")
    see(page, "no verdict rests on it")
    charts = page.locator("[data-testid=stVegaLiteChart]")
    expect(charts).to_have_count(4, timeout=PATIENCE)
    pick(page, "Crossed", "sex")
    expect(page.get_by_role("combobox", name="Only sex")).to_have_count(0, timeout=PATIENCE)
    pick(page, "Compared by", "Ratio")
    page.wait_for_function(  # two panels: rates, and ratios
        "() => document.querySelector('[data-testid=stVegaLiteChart] canvas, "
        "[data-testid=stVegaLiteChart] svg')?.getBoundingClientRect().width > 600"
    )
    at_rest(page)
    slider = page.get_by_role("slider")
    slider.press("ArrowRight")
    see(page, "0.51")
    assert fits(page)
    nothing_came_alive(page)


def test_deep_links(visitor: Visitor) -> None:
    page = visitor.page
    page.goto(f"/?run={OTHER}")
    heading(page, "Credit scores")
    page.goto(f"/run?run={ID}&section=Provenance")
    see(page, sample_record().digests["data"])
    page.goto("/run?run=1999")
    see(page, "has no record")
    see(page, "The newest are")
    assert page.get_by_text("Traceback").count() == 0


def test_a_hostile_name(visitor: Visitor) -> None:
    page = visitor.page
    page.goto(f"/run?run={HOSTILE_ID}")
    title = page.locator("h1")
    expect(title).to_contain_text("![i](http:", timeout=PATIENCE)
    shown = title.inner_text().replace("\u2060", "")
    assert shown == HOSTILE_NAME
    nothing_came_alive(page)


def test_another_host_name_is_refused(address: str) -> None:
    """A page elsewhere that lets its own name point to this machine gets nothing."""
    answers = {}
    for host in ("localhost", "evil.example"):
        connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=10)
        headers = {
            "Host": host, "Origin": f"http://{host}", "Connection": "Upgrade",
            "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        }  # fmt: skip
        connection.request("GET", "/_stcore/stream", headers=headers)
        answers[host] = connection.getresponse().status
        connection.close()
    assert answers == {"localhost": 101, "evil.example": 403}
