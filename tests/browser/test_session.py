"""A session that ends while a page is open: sign-in, and the same page with the typed text."""

import re
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser import chromium
from tests.browser.conftest import Populated
from tests.browser.pages import address

OFFLINE = "You're offline."


def _end(visitor: BrowserContext, populated: Populated) -> None:
    """End the session: from now on every request is answered 302 to another origin, as by the platform."""
    chromium.sign_in(visitor, populated.url, "out")


def _back_by_way_of_microsoft(page: Page, act: Callable[[], None]) -> None:
    """`act`, then wait for the detour to the other origin and for the page to be there again."""
    other = page.url.replace("127.0.0.1", "localhost")
    origin = f"http://{urlsplit(other).netloc}/.local/authorize"
    with page.expect_request(
        lambda request: request.url.startswith(origin) and request.is_navigation_request()
    ):
        act()
    page.wait_for_load_state("load")


@pytest.mark.parametrize(("name", "every"), [("directories", 16_000), ("organisation", 6_000)])
def test_a_page_that_asks_by_itself_signs_in_again(
    visitor: BrowserContext, populated: Populated, name: str, every: int
) -> None:
    """Without a press: the next poll finds out.

    It never reports that the network is gone, and it is the same page.
    """
    page = visitor.new_page()
    page.clock.install()
    page.goto(address(name, populated))
    _end(visitor, populated)
    _back_by_way_of_microsoft(page, lambda: page.clock.fast_forward(every))
    expect(page).to_have_url(f"{populated.url}{address(name, populated)}")
    expect(page.get_by_text(OFFLINE)).to_be_hidden()


def test_a_search_that_finds_the_session_gone_is_done_after_sign_in(
    visitor: BrowserContext, populated: Populated
) -> None:
    """The typed text is in the field again, and searched for."""
    page = visitor.new_page()
    page.goto("/contacts")
    _end(visitor, populated)
    _back_by_way_of_microsoft(page, lambda: page.get_by_role("searchbox").fill("driver"))
    expect(page.get_by_role("searchbox")).to_have_value("driver")
    expect(page.locator(".person")).to_have_count(12)
    expect(page).to_have_url(re.compile("q=driver"))


def test_a_dialog_is_open_again_with_what_was_typed(
    visitor: BrowserContext, populated: Populated
) -> None:
    """A name that was typed in a dialog and could not be saved."""
    page = visitor.new_page()
    page.goto(address("directory", populated))
    page.locator("summary").filter(has_not=page.locator(".who")).first.click()
    page.get_by_text("Rename").first.click()
    field = page.locator("dialog input[name=name]")
    field.fill("Brightwater Ireland")
    _end(visitor, populated)
    _back_by_way_of_microsoft(page, lambda: field.press("Enter"))
    expect(page.locator("dialog input[name=name]")).to_have_value("Brightwater Ireland")


def test_a_wizards_fields_survive(visitor: BrowserContext, populated: Populated) -> None:
    """Text, a choice of some, and a choice from a list are there again, on the same step."""
    page = visitor.new_page()
    page.goto(address("step 1 again", populated))
    page.locator("input[name=name]").fill("Contoso Outlet")
    page.get_by_role("radio", name="Other directory").check()
    page.locator("select[name=region]").select_option("IE")
    _end(visitor, populated)
    button = page.get_by_role("button", name="Next Step")
    _back_by_way_of_microsoft(page, button.click)
    expect(page).to_have_url(f"{populated.url}{address('step 1 again', populated)}")
    expect(page.locator("input[name=name]")).to_have_value("Contoso Outlet")
    expect(page.get_by_role("radio", name="Other directory")).to_be_checked()
    expect(page.locator("select[name=region]")).to_have_value("IE")


def test_who_signs_in_next_sees_nothing_that_was_typed(
    visitor: BrowserContext, populated: Populated
) -> None:
    """Agents share desks: text that one typed is not shown to another, and is not kept in the tab
    either.
    """
    page = visitor.new_page()
    page.goto("/contacts")
    _end(visitor, populated)
    page.evaluate("document.body.dataset.person = 'somebody/else'")
    _back_by_way_of_microsoft(page, lambda: page.get_by_role("searchbox").fill("driver"))
    expect(page.get_by_role("searchbox")).to_have_value("")
    assert page.evaluate("sessionStorage.length") == 0


def test_an_export_signs_in_again(visitor: BrowserContext, populated: Populated) -> None:
    """Its parts are fetched by a script of the page's own."""
    page = visitor.new_page()
    page.goto(address("directory", populated))
    _end(visitor, populated)
    _back_by_way_of_microsoft(
        page, lambda: page.evaluate("document.querySelector('[data-export]').click()")
    )
    expect(page).to_have_url(f"{populated.url}{address('directory', populated)}")


def test_without_a_network_nobody_is_sent_to_sign_in(
    visitor: BrowserContext, populated: Populated
) -> None:
    """The page stays, and reports that it is cut off; typed text stays in its field."""
    page = visitor.new_page()
    page.goto("/contacts")
    visitor.set_offline(True)
    page.get_by_role("searchbox").fill("driver")
    expect(page.get_by_text(OFFLINE)).to_be_visible()
    expect(page.get_by_role("searchbox")).to_have_value("driver")
    visitor.set_offline(False)


def test_a_request_that_fails_alone_is_no_end_of_the_session(
    visitor: BrowserContext, populated: Populated
) -> None:
    """The page itself still answers: so the network is at fault, and no one is led away."""
    page = visitor.new_page()
    page.goto("/contacts")
    page.route("**/contacts/list**", lambda route: route.abort())
    page.get_by_role("searchbox").fill("driver")
    expect(page.get_by_text(OFFLINE)).to_be_visible()
    expect(page.get_by_role("searchbox")).to_have_value("driver")
