"""The weight of a page and how soon it answers a press: Lighthouse-like budgets."""

from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect

from tests.browser import chromium
from tests.browser.conftest import Populated
from tests.browser.pages import PAGES, address
from tests.browser.world import World, world

MOST_BYTES = 60_000
NEXT_PAINT = 100.0  # milliseconds
PEOPLE = 1000

_MEASURE = """() => {
  window.paints = [];
  const add = (all) => all.getEntries().forEach((one) => { if (one.interactionId) window.paints.push(one.duration); });
  new PerformanceObserver(add).observe({ type: "event", durationThreshold: 16, buffered: false });
}"""


@pytest.mark.parametrize("name", PAGES)
def test_a_page_weighs_under_60_kilobytes(
    browser: Browser, populated: Populated, name: str
) -> None:
    """Compressed, on a first visit, with everything it loads; all of it from this host."""
    with chromium.context(browser, populated.url) as visitor:
        page = visitor.new_page()
        watched = chromium.watch(page)
        received = _count(page)
        page.goto(address(name, populated), wait_until="load")
        assert sum(received) < MOST_BYTES
        assert watched.hosts == {populated.url.removeprefix("http://")}
        assert watched.complaints == []


def _count(page: Page) -> list[float]:
    """The bytes on the wire, as the browser's own network panel counts them."""
    received: list[float] = []
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    return received


@pytest.fixture(scope="module")
def thousand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A product with 1,000 people."""
    with world(f"sqlite:///{tmp_path_factory.mktemp('thousand')}/product.db") as running:
        made = running.add("Brightwater")
        assert running.provision(made.base, made.token, PEOPLE).ok
        yield running


def test_an_interaction_is_painted_within_100_milliseconds(
    browser: Browser, thousand: World
) -> None:
    """With 1,000 people drawn: typing, moving through the list, opening a card (interaction to next paint, median)."""
    with chromium.context(browser, thousand.url) as visitor:
        page = visitor.new_page()
        page.goto("/contacts")
        _draw_all(page)
        page.evaluate(_MEASURE)
        for _ in range(5):
            page.keyboard.press("ArrowDown")
            page.keyboard.press("Enter")
            expect(page.locator(".card")).to_be_visible()
            page.keyboard.press("Escape")
            expect(page.locator(".card")).to_have_count(0)
        page.keyboard.press("/")
        page.keyboard.type("an", delay=30)
        expect(page.get_by_text("found")).to_be_visible()
        durations: Any = page.evaluate("window.paints")
        assert median(durations or [0.0]) < NEXT_PAINT


def test_looking_for_who_is_on_screen_lays_out_nothing_far_away(
    browser: Browser, thousand: World
) -> None:
    """At the end of a long list the page asks for presence without laying out the rows above: counted, not timed."""
    with chromium.context(browser, thousand.url) as visitor:
        page = visitor.new_page()
        page.goto("/contacts")
        _draw_all(page)
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable")
        with page.expect_request("**/contacts/presence"):
            before = _layouts(session)
        assert _layouts(session) - before < 100


def _layouts(session: CDPSession) -> float:
    metrics: Any = session.send("Performance.getMetrics")
    return next(float(one["value"]) for one in metrics["metrics"] if one["name"] == "LayoutCount")


def _draw_all(page: Page) -> None:
    """Scroll until all people are in the list."""
    drawn = 0
    while drawn < PEOPLE:
        page.wait_for_function(
            "count => document.querySelectorAll('.person').length > count", arg=drawn
        )
        drawn = page.locator(".person").count()
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
    expect(page.locator(".person")).to_have_count(PEOPLE)
    page.evaluate("scrollTo(0, 0)")


def test_the_files_of_a_second_page_come_from_the_browsers_own_store(
    browser: Browser, populated: Populated
) -> None:
    """Hashed names are kept for a year, so a second page costs its own HTML only."""
    with chromium.context(browser, populated.url) as visitor:
        page = visitor.new_page()
        page.goto("/contacts")
        received = _count(page)
        page.goto("/contacts/history", wait_until="load")
        assert sum(received) < 5_000


def test_every_file_of_a_page_is_small(populated: Populated) -> None:
    """No file of ours can grow unseen: sheets, scripts and htmx together, as they are stored; no page loads them all."""
    folder = Path(__file__).parent.parent.parent / "web/static"
    assert sum(path.stat().st_size for path in folder.iterdir()) < 160_000
