"""Rules for every page, on one visit of each: its weight, its accessibility, its bar when offline."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import chromium
from tests.browser.axe import faults
from tests.browser.chromium import Watched
from tests.browser.conftest import Populated
from tests.browser.pages import PAGES, address

MAX_BYTES = 60_000
# Pages that other applications show in a narrow frame.
_FRAMED = {"organisation", "person", "call history"}


@dataclass(slots=True)
class Visit:
    """A page that was loaded, and the bytes that came over the wire for it."""

    name: str
    page: Page
    watched: Watched
    received: list[float] = field(default_factory=list)


@pytest.fixture(scope="module")
def forgetful(browser: Browser, populated: Populated) -> Iterator[Visit]:
    """A tab that keeps no file: each visit is like the first one of a browser."""
    with chromium.context(browser, populated.url) as visitor:
        page = visitor.new_page()
        received = chromium.received(page, keeps_files=False)
        yield Visit("", page, chromium.watch(page), received)


@pytest.fixture(scope="module", params=PAGES)
def visit(forgetful: Visit, populated: Populated, request: pytest.FixtureRequest) -> Visit:
    """A visit of one page after the other."""
    forgetful.name = request.param
    forgetful.page.goto("/health")
    forgetful.received.clear()
    forgetful.watched.hosts.clear()
    forgetful.watched.complaints.clear()
    forgetful.page.goto(address(request.param, populated), wait_until="load")
    return forgetful


def test_a_page_weighs_under_60_kilobytes(visit: Visit, populated: Populated) -> None:
    """Compressed, on a first visit, with everything it loads; all of it from this host."""
    assert sum(visit.received) < MAX_BYTES
    assert visit.watched.hosts == {populated.url.removeprefix("http://")}
    assert visit.watched.complaints == []


def test_no_page_has_a_fault(visit: Visit) -> None:
    """axe-core finds nothing on any page, light or dark, wide or narrow, and none scrolls sideways.

    Narrow is 320 px (WCAG 2.2, 1.4.10), and 280 px for pages of agents.
    """
    assert faults(visit.page, 280 if visit.name in _FRAMED else 320) == []


def test_every_page_says_that_it_is_offline(visit: Visit) -> None:
    """The drawn page stays, with a bar above it; the bar goes with the cause."""
    bar = visit.page.get_by_text("You're offline.")
    words = visit.page.locator("main").inner_text()
    visit.page.context.set_offline(True)
    expect(bar).to_be_visible()
    assert visit.page.locator("main").inner_text()[:40] == words[:40]
    visit.page.context.set_offline(False)
    expect(bar).to_be_hidden()


def test_the_files_of_a_second_page_come_from_the_browsers_own_store(
    page: Page,
) -> None:
    """Hashed names are kept for a year, so a second page costs its own HTML only."""
    page.goto("/contacts")
    received = chromium.received(page)
    page.goto("/contacts/history", wait_until="load")
    assert sum(received) < 5_000


def test_every_file_of_a_page_is_small() -> None:
    """No file of ours can grow unseen: sheets, scripts and htmx together, as they are stored; no page loads them all."""
    folder = Path(__file__).parent.parent.parent / "web/static"
    assert sum(path.stat().st_size for path in folder.iterdir()) < 160_000
