"""Every page, and everything that changes on one, while storage is unavailable, and after it is
available again.
"""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import chromium
from tests.browser.conftest import Populated
from tests.browser.pages import PAGES, address
from tests.browser.parts import PARTS

# "call history" is a form that reads nothing; its look-up is among the parts.
READING = [name for name in PAGES if name != "call history"]
AWAY = "Storage isn't responding"
FAILED = "That didn't work. Try again."
RETRY = 9_000  # milliseconds, within which the page tries again
_DRAWN = """() => [...document.querySelectorAll("main, dialog")].map((part) => {
  const copy = part.cloneNode(true);
  copy.querySelectorAll("time").forEach((time) => time.remove());
  const saved = [...part.querySelectorAll("form[hx-trigger=change] input")].map((field) => field.checked);
  return copy.textContent.replace(/\\s+/g, " ") + saved;
})"""


@pytest.fixture(scope="module")
def tab(browser: Browser, populated: Populated) -> Iterator[Page]:
    """Yield one tab whose clock a test advances."""
    with chromium.context(browser, populated.url) as visitor:
        page = visitor.new_page()
        page.clock.install()
        yield page


@pytest.mark.parametrize("name", READING)
def test_a_page_without_storage_shows_an_error_and_retries_by_itself(
    tab: Page, populated: Populated, name: str
) -> None:
    """The error has a remedy and a button. Once storage is available, the page is loaded."""
    place = address(name, populated)
    with populated.world.storage_away():
        answer = tab.goto(place)
        assert answer is not None
        assert answer.status == 503
        expect(tab.get_by_role("heading", name=AWAY)).to_be_visible()
        expect(tab.get_by_text("No data was lost. Try again in a few seconds.")).to_be_visible()
        expect(tab.get_by_text("Trying again automatically")).to_be_visible()
        with tab.expect_request(lambda request: request.method == "HEAD"):
            tab.clock.fast_forward(RETRY)
        expect(tab.get_by_role("heading", name=AWAY)).to_be_visible()
    for _ in range(200):
        if not tab.get_by_role("heading", name=AWAY).count():
            break
        tab.clock.fast_forward(RETRY)
    expect(tab.locator("h1")).not_to_have_text(AWAY)
    expect(tab).to_have_url(f"{populated.url}{place}")


def test_the_button_of_the_error_page_keeps_the_search(page: Page, populated: Populated) -> None:
    """*Reload* requests the same URL."""
    with populated.world.storage_away():
        page.goto("/contacts?q=driver")
        page.get_by_role("link", name="Reload").click()
        expect(page.get_by_role("heading", name=AWAY)).to_be_visible()
    page.get_by_role("link", name="Reload").click()
    expect(page.get_by_role("searchbox")).to_have_value("driver")
    expect(page.locator(".person")).to_have_count(12)


@pytest.mark.parametrize("name", sorted({part.page for part in PARTS.values()}))
def test_a_failed_part_of_a_page_shows_an_error(
    page: Page, populated: Populated, name: str
) -> None:
    """For each dialog, form, list, card and export; displayed data and entered values stay."""
    page.goto(address(name, populated))
    for part in (part for part in PARTS.values() if part.page == name):
        if part.before:
            part.before(page)
        chromium.wait_until_settled(page)
        drawn = page.evaluate(_DRAWN)
        with populated.world.storage_away():
            part.press(page)
            if part.is_search:
                expect(page.get_by_role("heading", name="The search failed")).to_be_visible()
                expect(page.locator(".person")).to_have_count(0)
            else:
                expect(page.get_by_text(FAILED)).to_be_visible()
                assert page.evaluate(_DRAWN) == drawn
        if part.is_search:
            page.goto(address(name, populated))
            continue
        page.evaluate(
            "document.getElementById('toasts').replaceChildren(); document.querySelector('dialog')?.close()"
        )
        expect(page.locator("dialog")).to_have_count(0)


@pytest.mark.parametrize(
    ("name", "every", "path"),
    [
        ("directories", 16_000, "/"),
        ("step 2", 3_000, "/live**"),
        ("directory", 11_000, "/directories/*"),
        ("organisation", 6_000, "/presence"),
    ],
)
def test_a_page_whose_polls_fail_shows_a_warning(
    clocked_page: Page, populated: Populated, name: str, every: int, path: str
) -> None:
    """One failed poll shows nothing; after the second a bar warns that data may be old, until one
    succeeds.
    """
    page = clocked_page
    bar = page.get_by_text("Updates aren't getting through.")
    page.goto(address(name, populated))
    chromium.wait_until_settled(page)  # or the clock's jump would time a request out
    drawn = page.evaluate(_DRAWN)

    def poll() -> None:
        with page.expect_response(f"**{path}"):
            page.clock.fast_forward(every)

    # Not by storage: some seconds of frequently polled data come from memory.
    page.route(f"**{path}", lambda route: route.fulfill(status=503))
    poll()
    expect(bar).to_have_count(0)
    poll()
    expect(bar).to_be_visible()
    assert page.evaluate(_DRAWN) == drawn
    expect(page.get_by_text(FAILED)).to_have_count(0)
    page.unroute_all()
    poll()
    expect(bar).to_be_hidden()


def test_a_saved_step_continues_although_storage_failed_afterwards(
    page: Page, populated: Populated
) -> None:
    """The browser opens the next step's URL, which shows the error and retries by itself."""
    page.goto(address("step 1 again", populated))
    with page.expect_request("**/connect"):
        page.route("**/connect", lambda route: route.fulfill(status=503), times=1)
        page.get_by_role("button", name="Next Step").click()
    expect(page.get_by_role("heading", name="Security token")).to_be_visible()
    expect(page).to_have_url(re.compile("/connect$"))


def test_undo_that_failed_can_be_pressed_again(page: Page, populated: Populated) -> None:
    """The deleted directory can still be restored."""
    made = populated.world.add("Short-lived", "other")
    populated.world.call("DELETE", f"/api/directories/{made.id}")
    page.goto("/")
    undo = page.locator(".dir", has_text="Short-lived").get_by_role("button", name="Undo")
    with populated.world.storage_away():
        undo.click()
        expect(page.get_by_text(FAILED)).to_be_visible()
    undo.click()
    expect(page.get_by_role("link", name="Short-lived")).to_be_visible()
    populated.world.call("DELETE", f"/api/directories/{made.id}")
