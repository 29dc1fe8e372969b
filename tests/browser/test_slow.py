"""Every page, and each part that changes on one, while storage is slow: calls wait until the test
releases them.
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
    """Yield one tab that loads page after page."""
    with chromium.context(browser, populated.url) as visitor:
        page = visitor.new_page()
        page.add_init_script(_TELL)
        page.goto("/contacts/history")
        yield page


@pytest.mark.parametrize(
    "name", [name for name in PAGES if name != "call history"]
)  # which reads nothing
def test_while_a_slow_page_loads_the_old_one_stays(
    tab: Page, populated: Populated, name: str
) -> None:
    """With a bar that shows that the next page is loading."""
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
def test_a_slow_part_of_a_page_shows_that_it_is_loading(
    page: Page, populated: Populated, page_name: str
) -> None:
    """A bar or a spinner, while the old content stays until the new one is loaded."""
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


def test_a_page_load_that_was_stopped_shows_no_bar(page: Page, populated: Populated) -> None:
    """The user stopped it: the old page works."""
    page.goto("/contacts/history")
    page.evaluate("navigation.addEventListener('navigate', () => setTimeout(stop, 500))")
    with populated.world.storage_held(), page.expect_event("requestfailed"):
        page.get_by_role("link", name="Directories", exact=True).click(no_wait_after=True)
    expect(page.locator("#busy-bar")).to_be_hidden()
    expect(page.get_by_role("heading", name="Call history")).to_be_visible()


def test_a_dialog_that_is_slow_to_open_opens_once(page: Page, populated: Populated) -> None:
    """If its button is clicked again, text typed into the dialog isn't lost to a second one."""
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
    """On a page of its own a dialog's form isn't sent by htmx."""
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
    """After Escape or the browser's Stop, a second click sends it."""
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
