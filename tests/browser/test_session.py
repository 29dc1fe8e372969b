"""A session that expires while a page is open: after the sign-in the same page shows the entered
text.
"""

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
    """End the session: every request is redirected to another origin, as the platform does."""
    chromium.sign_in(visitor, populated.url, "out")


def _back_by_way_of_microsoft(page: Page, act: Callable[[], None]) -> None:
    """Run `act`, then wait for the redirect to the other origin and for the page."""
    other = page.url.replace("127.0.0.1", "localhost")
    origin = f"http://{urlsplit(other).netloc}/.local/authorize"
    with page.expect_request(
        lambda request: request.url.startswith(origin) and request.is_navigation_request()
    ):
        act()
    page.wait_for_load_state("load")


@pytest.mark.parametrize(("name", "every"), [("directories", 16_000), ("organisation", 6_000)])
def test_a_page_that_polls_signs_in_again(
    visitor: BrowserContext, populated: Populated, name: str, every: int
) -> None:
    """The next poll detects the expired session, without a click.

    The page doesn't report a network failure, and is the same after the sign-in.
    """
    page = visitor.new_page()
    page.clock.install()
    page.goto(address(name, populated))
    _end(visitor, populated)
    _back_by_way_of_microsoft(page, lambda: page.clock.fast_forward(every))
    expect(page).to_have_url(f"{populated.url}{address(name, populated)}")
    expect(page.get_by_text(OFFLINE)).to_be_hidden()


def test_a_search_after_the_session_expired_is_repeated_after_the_sign_in(
    visitor: BrowserContext, populated: Populated
) -> None:
    """The field has the typed text."""
    page = visitor.new_page()
    page.goto("/contacts")
    _end(visitor, populated)
    _back_by_way_of_microsoft(page, lambda: page.get_by_role("searchbox").fill("driver"))
    expect(page.get_by_role("searchbox")).to_have_value("driver")
    expect(page.locator(".person")).to_have_count(12)
    expect(page).to_have_url(re.compile("q=driver"))


def test_a_dialog_is_open_again_with_the_typed_text(
    visitor: BrowserContext, populated: Populated
) -> None:
    """A name that couldn't be saved because the session had expired."""
    page = visitor.new_page()
    page.goto(address("directory", populated))
    page.locator("summary").filter(has_not=page.locator(".who")).first.click()
    page.get_by_text("Rename").first.click()
    field = page.locator("dialog input[name=name]")
    field.fill("Brightwater Ireland")
    _end(visitor, populated)
    _back_by_way_of_microsoft(page, lambda: field.press("Enter"))
    expect(page.locator("dialog input[name=name]")).to_have_value("Brightwater Ireland")


def test_the_fields_of_a_wizard_are_kept(visitor: BrowserContext, populated: Populated) -> None:
    """Text, radio buttons and a list have their values again, on the same step."""
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


def test_another_user_sees_nothing_that_was_typed(
    visitor: BrowserContext, populated: Populated
) -> None:
    """Agents share computers: the text of one user isn't shown to another, and is deleted from the
    tab.
    """
    page = visitor.new_page()
    page.goto("/contacts")
    _end(visitor, populated)
    page.evaluate("document.body.dataset.person = 'somebody/else'")
    _back_by_way_of_microsoft(page, lambda: page.get_by_role("searchbox").fill("driver"))
    expect(page.get_by_role("searchbox")).to_have_value("")
    assert page.evaluate("sessionStorage.length") == 0


def test_an_export_signs_in_again(visitor: BrowserContext, populated: Populated) -> None:
    """A script of the page loads the chunks of the file."""
    page = visitor.new_page()
    page.goto(address("directory", populated))
    _end(visitor, populated)
    _back_by_way_of_microsoft(
        page, lambda: page.evaluate("document.querySelector('[data-export]').click()")
    )
    expect(page).to_have_url(f"{populated.url}{address('directory', populated)}")


def test_without_a_network_no_one_is_redirected_to_the_sign_in(
    visitor: BrowserContext, populated: Populated
) -> None:
    """The page stays and reports that it is offline; typed text stays."""
    page = visitor.new_page()
    page.goto("/contacts")
    visitor.set_offline(True)
    page.get_by_role("searchbox").fill("driver")
    expect(page.get_by_text(OFFLINE).first).to_be_visible()
    expect(page.get_by_role("searchbox")).to_have_value("driver")
    visitor.set_offline(False)


def test_a_single_failed_request_is_no_expired_session(
    visitor: BrowserContext, populated: Populated
) -> None:
    """A request for the page itself succeeds, so the user isn't redirected."""
    page = visitor.new_page()
    page.goto("/contacts")
    page.route("**/contacts/list**", lambda route: route.abort())
    page.get_by_role("searchbox").fill("driver")
    expect(page.get_by_text(OFFLINE).first).to_be_visible()
    expect(page.get_by_role("searchbox")).to_have_value("driver")
