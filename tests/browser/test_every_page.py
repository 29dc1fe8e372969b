"""Rules for every page, checked on one visit of each: size, accessibility, and the bar when
offline.
"""

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
    """A page that was loaded, and the bytes received for it."""

    name: str
    page: Page
    watched: Watched
    received: list[float] = field(default_factory=list)


@pytest.fixture(scope="module")
def forgetful(browser: Browser, populated: Populated) -> Iterator[Visit]:
    """Yield a tab without a cache, so that each visit is like a browser's first."""
    with chromium.context(browser, populated.url) as visitor:
        page = visitor.new_page()
        received = chromium.received(page, keeps_files=False)
        yield Visit("", page, chromium.watch(page), received)


@pytest.fixture(scope="module", params=PAGES)
def visit(forgetful: Visit, populated: Populated, request: pytest.FixtureRequest) -> Visit:
    """Return the visit of a page."""
    forgetful.name = request.param
    forgetful.page.goto("/health")
    forgetful.received.clear()
    forgetful.watched.hosts.clear()
    forgetful.watched.complaints.clear()
    forgetful.page.goto(address(request.param, populated), wait_until="load")
    return forgetful


def test_a_page_weighs_under_60_kilobytes(visit: Visit, populated: Populated) -> None:
    """Compressed, on a first visit, with all files that it loads; all of them are from this
    host.
    """
    assert sum(visit.received) < MAX_BYTES
    assert visit.watched.hosts == {populated.url.removeprefix("http://")}
    assert visit.watched.complaints == []


def test_no_page_has_a_fault(visit: Visit) -> None:
    """axe-core finds nothing on any page in both themes, wide and narrow, and none scrolls
    sideways.

    Narrow is 320 px (WCAG 2.2, 1.4.10), and 280 px for agents' pages.
    """
    assert faults(visit.page, 280 if visit.name in _FRAMED else 320) == []


def test_every_page_shows_that_it_is_offline(visit: Visit) -> None:
    """The page stays with a bar above it; the bar disappears when the connection is available
    again.
    """
    bar = visit.page.get_by_text("You're offline.")
    words = visit.page.locator("main").inner_text()
    visit.page.context.set_offline(True)
    expect(bar).to_be_visible()
    assert visit.page.locator("main").inner_text()[:40] == words[:40]
    visit.page.context.set_offline(False)
    expect(bar).to_be_hidden()


def test_the_files_of_a_second_page_come_from_the_browsers_cache(
    page: Page,
) -> None:
    """Files with hashed names are cached for a year, so a second page loads only its HTML."""
    page.goto("/contacts")
    received = chromium.received(page)
    page.goto("/contacts/history", wait_until="load")
    assert sum(received) < 5_000


def test_every_file_of_a_page_is_small() -> None:
    """All stylesheets, scripts and htmx together stay below a limit; no page loads all of them."""
    folder = Path(__file__).parent.parent.parent / "web/static"
    assert sum(path.stat().st_size for path in folder.iterdir()) < 160_000
