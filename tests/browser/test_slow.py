"""Every page, and each part that changes on one, while storage is really slow: held at a gate, then
let go.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import chromium
from tests.browser.conftest import Populated
from tests.browser.pages import PAGES, address
from tests.browser.parts import PARTS

# Playwright looks at no page that another one is about to replace, so the page itself tells what it shows.
_TELL = """addEventListener("DOMContentLoaded", () => {
  const bar = document.getElementById("busy-bar");
  new MutationObserver(() => { if (!bar.hidden) console.debug("waits on", document.querySelector("h1").textContent); })
    .observe(bar, { attributeFilter: ["hidden"] });
});"""
_BUSY = "#busy-bar:visible, .htmx-request .spinner:visible, .spinner.htmx-request:visible"


@pytest.fixture(scope="module")
def tab(browser: Browser, populated: Populated) -> Iterator[Page]:
    """One tab that goes from page to page."""
    with chromium.context(browser, populated.url) as visitor:
        page = visitor.new_page()
        page.add_init_script(_TELL)
        page.goto("/contacts/history")
        yield page


@pytest.mark.parametrize(
    "name", [name for name in PAGES if name != "call history"]
)  # which reads nothing
def test_a_page_that_is_slow_to_come_is_waited_for_on_the_old_one(
    tab: Page, populated: Populated, name: str
) -> None:
    """The old page stays, with a bar that shows that the next one is under way, until it comes."""
    place, old = address(name, populated), tab.locator("h1").inner_text()
    tab.evaluate("place => document.querySelector('.brand').href = place", place)
    with populated.world.storage_held() as reached:
        with tab.expect_console_message(lambda said: said.text == f"waits on {old}"):
            tab.locator(".brand").click(no_wait_after=True)
        assert reached.wait(20)
    expect(tab).to_have_url(f"{populated.url}{place}")
    expect(tab.locator("h1")).to_be_attached()
    expect(tab.locator("#busy-bar")).to_be_hidden()


@pytest.mark.parametrize("page_name", sorted({part.page for part in PARTS.values() if part.comes}))
def test_what_moves_on_a_page_shows_that_it_is_under_way(
    page: Page, populated: Populated, page_name: str
) -> None:
    """A bar, or a spinner of its own, while the old part stays; then the new one comes."""
    for part in PARTS.values():
        if part.page != page_name or not part.comes:
            continue
        page.goto(address(page_name, populated))
        if part.before:
            part.before(page)
        heading = page.locator("h1").inner_text()
        with populated.world.storage_held() as reached:
            part.press(page)
            expect(page.locator(_BUSY).first).to_be_visible()
            assert reached.wait(20)
            assert page.locator("h1").inner_text() == heading
        expect(part.comes(page)).to_be_visible()
        expect(page.locator(_BUSY)).to_have_count(0)


def test_a_page_that_is_no_longer_waited_for_is_not_said_to_come(
    page: Page, populated: Populated
) -> None:
    """Stopped by the reader: the bar goes, the old page can be used."""
    page.goto("/contacts/history")
    page.evaluate("navigation.addEventListener('navigate', () => setTimeout(stop, 500))")
    with populated.world.storage_held(), page.expect_event("requestfailed"):
        page.get_by_role("link", name="Directories", exact=True).click(no_wait_after=True)
    expect(page.locator("#busy-bar")).to_be_hidden()
    expect(page.get_by_role("heading", name="Call history")).to_be_visible()


def test_a_dialog_that_is_slow_to_open_opens_once(page: Page, populated: Populated) -> None:
    """Pressed again by a person in a hurry: text typed into it is not lost to a second one."""
    asked: list[str] = []
    page.on(
        "request", lambda request: asked.append(request.url) if "/issue" in request.url else None
    )
    page.goto(address("credentials", populated))
    opener = page.get_by_role("link", name="Issue a new one").first
    with populated.world.storage_held() as reached:
        opener.click()
        assert reached.wait(20)
        opener.dispatch_event("click")
    expect(page.get_by_role("dialog")).to_be_visible()
    expect(page.locator(".htmx-request")).to_have_count(0)
    assert len(asked) == 1


def test_a_form_that_the_browser_sends_itself_is_sent_once(
    page: Page, populated: Populated
) -> None:
    """A dialog on a page of its own is no part of htmx."""
    sent: list[str] = []
    page.on(
        "request", lambda request: sent.append(request.url) if request.method == "POST" else None
    )
    page.goto(address("dialog", populated))
    page.get_by_role("textbox").fill("another name")
    twice = """() => {
      const button = document.getElementById("delete-now");
      button.disabled = false;
      button.click();
      setTimeout(() => { button.click(); console.debug("pressed again"); }, 200);
    }"""
    with (
        populated.world.storage_held(),
        page.expect_console_message(lambda said: said.text == "pressed again"),
    ):
        page.evaluate(twice)
    expect(page.get_by_text("doesn't match")).to_be_visible()
    assert len(sent) == 1


def test_a_form_that_was_stopped_can_be_sent_again(page: Page, populated: Populated) -> None:
    """By Escape or the browser's own button, while it was slow: pressed once more, it goes."""
    page.goto(address("dialog", populated))
    page.get_by_role("textbox").fill("another name")
    page.evaluate("document.getElementById('delete-now').disabled = false")
    page.evaluate(
        "navigation.addEventListener('navigate', () => setTimeout(stop, 500), { once: true })"
    )
    with populated.world.storage_held(), page.expect_event("requestfailed"):
        page.get_by_role("button", name="Delete directory").click(no_wait_after=True)
    page.get_by_role("button", name="Delete directory").click()
    expect(page.get_by_text("doesn't match")).to_be_visible()
