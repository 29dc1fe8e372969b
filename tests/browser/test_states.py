"""Pages when things are slow, broken, away or forbidden."""

import threading
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.browser import chromium
from tests.browser.conftest import Populated
from tests.browser.pages import PAGES, address
from tests.browser.world import World

EMPTY = (
    ("/", "No directories yet"),
    ("/contacts", "No people yet"),
    ("/contacts?q=ada", "No one found"),
    ("/contacts?favourites=1", "No favourites yet"),
)


@pytest.mark.parametrize(("path", "words"), EMPTY)
def test_an_empty_page_says_what_comes_next(
    browser: Browser, empty: World, path: str, words: str
) -> None:
    """No blank page: it names the missing thing, and how it gets there."""
    with chromium.context(browser, empty.url) as visitor:
        page = visitor.new_page()
        page.goto(path)
        expect(page.get_by_role("heading", name=words)).to_be_visible()


def test_a_new_directory_has_an_empty_log_and_no_numbers(page: Page, populated: Populated) -> None:
    """The empty states of a directory's parts."""
    page.goto(f"/directories/{populated.begun.id}/log")
    expect(page.get_by_text("Once the client starts calling")).to_be_visible()
    page.goto(f"/directories/{populated.begun.id}/numbers")
    expect(page.get_by_text("Every number could be read.")).to_be_visible()


def test_a_lost_connection_is_said_and_found_again(
    visitor: BrowserContext, populated: Populated
) -> None:
    """Offline: a bar, the list stays; online: the bar goes."""
    page = visitor.new_page()
    page.goto("/contacts")
    bar = page.locator("[data-offline-bar]")
    expect(bar).to_be_hidden()
    visitor.set_offline(True)
    expect(bar).to_be_visible()
    page.get_by_role("searchbox").fill("driver")
    expect(page.locator(".person").first).to_be_visible()
    visitor.set_offline(False)
    expect(bar).to_be_hidden()
    expect(page.locator(".person")).to_have_count(12)


@pytest.mark.parametrize("name", PAGES)
def test_every_page_says_that_it_is_offline(
    visitor: BrowserContext, populated: Populated, name: str
) -> None:
    """The drawn page stays, with a bar above it; the bar goes with the cause."""
    page = visitor.new_page()
    page.goto(address(name, populated))
    words = page.locator("main").inner_text()
    visitor.set_offline(True)
    expect(page.get_by_text("You're offline.")).to_be_visible()
    assert page.locator("main").inner_text()[:40] == words[:40]
    visitor.set_offline(False)
    expect(page.get_by_text("You're offline.")).to_be_hidden()


def _first_step(page: Page, populated: Populated) -> None:
    page.goto("/directories/new")
    page.get_by_label("Name", exact=True).fill("Slow Ltd")


def _step_two(page: Page, populated: Populated) -> None:
    page.goto(address("step 2", populated))


def _new_token(page: Page, populated: Populated) -> None:
    _step_two(page, populated)
    page.get_by_role("link", name="Issue a new token").click()


def _issue_dialog(page: Page, populated: Populated) -> None:
    page.goto(address("credentials", populated))
    page.get_by_role("link", name="Issue a new one").first.click()


def _rename_dialog(page: Page, populated: Populated) -> None:
    page.goto(f"/directories/{populated.other.id}")
    page.get_by_label("Actions for").click()
    page.get_by_role("link", name="Rename").click()


FORMS: list[tuple[Callable[[Page, Populated], None], str, str]] = [
    (_first_step, "Next Step", "/directories/new**"),
    (_new_token, "Issue", "/connect"),
    (_step_two, "Next Step", "/advance"),
    (_issue_dialog, "Issue", "/issue"),
    (_rename_dialog, "Rename", "/rename"),
]


@pytest.mark.parametrize(("open_it", "button", "path"), FORMS)
def test_a_slow_form_is_sent_once(
    page: Page,
    populated: Populated,
    open_it: Callable[[Page, Populated], None],
    button: str,
    path: str,
) -> None:
    """Pressed twice while nothing seems to happen; an error is shown and leaves the form as it was,
    to be sent again.
    """
    open_it(page, populated)
    held: list[Route] = []
    page.route(
        f"**{path}",
        lambda route: held.append(route) if route.request.method == "POST" else route.continue_(),
    )
    pressed = page.get_by_role("button", name=button, exact=True)
    pressed.click()
    expect(pressed).to_be_disabled()
    pressed.dispatch_event("click")
    expect(page.locator("#busy-bar")).to_be_visible()
    assert len(held) == 1
    held[0].fulfill(status=503)
    expect(page.get_by_text("That didn't work. Try again.")).to_be_visible()
    expect(pressed).to_be_enabled()
    expect(page.locator("#busy-bar")).to_be_hidden()


def test_a_slow_search_shows_that_it_is_under_way(page: Page, populated: Populated) -> None:
    """A spinner in the field, the old list until the new one is there, the last search wins."""
    page.goto("/contacts")
    let_go = threading.Event()

    def hold(route: Route) -> None:
        if "q=driver" in route.request.url and not let_go.is_set():
            held.append(route)
        else:
            route.continue_()

    held: list[Route] = []
    page.route("**/contacts/list**", hold)
    page.get_by_role("searchbox").fill("driver")
    expect(page.locator("#busy")).to_be_visible()
    expect(page.locator(".person").first).to_be_visible()
    let_go.set()
    for route in held:
        route.continue_()
    expect(page.locator(".person")).to_have_count(12)
    expect(page.locator("#busy")).to_be_hidden()


@pytest.mark.parametrize("path", ["/contacts/list**", "/contacts/person**"])
def test_a_request_that_fails_is_said_and_the_page_stays(
    page: Page, populated: Populated, path: str
) -> None:
    """A word about it; the search stays in its field, but old results don't pass for its answer."""
    page.goto("/contacts")
    page.route(f"**{path}", lambda route: route.fulfill(status=503))
    if "list" in path:
        page.get_by_role("searchbox").fill("driver")
        expect(page.get_by_role("heading", name="The search failed")).to_be_visible()
        expect(page.get_by_role("searchbox")).to_have_value("driver")
        expect(page.locator(".person")).to_have_count(0)
    else:
        page.locator(".person").first.click()
        expect(page.get_by_text("That didn't work. Try again.")).to_be_visible()
        expect(page.locator(".person").first).to_be_visible()


def test_an_unknown_directory_is_a_page_with_a_way_out(page: Page, populated: Populated) -> None:
    """404 for a directory that isn't there, another account's included."""
    answer = page.goto("/directories/nothing-here")
    assert answer is not None
    assert answer.status == 404
    page.get_by_role("main").get_by_role("link", name="Show external directories").click()
    expect(page.get_by_role("heading", name="External directories")).to_be_visible()


@pytest.mark.parametrize("name", ["step 1", "step 2", "step 3", "directory", "credentials", "log"])
def test_an_agent_gets_no_administration_page(
    browser: Browser, populated: Populated, name: str
) -> None:
    """Directory.Reader sees contacts only."""
    with chromium.context(browser, populated.url) as visitor:
        chromium.sign_in(visitor, populated.url, "reader")
        page = visitor.new_page()
        answer = page.goto(address(name, populated))
        assert answer is not None
        assert answer.status == 403
        expect(page.get_by_role("heading", name="This page is for administrators")).to_be_visible()
        page.get_by_role("main").get_by_role("link", name="Organisation").click()
        expect(page.get_by_text("72 people")).to_be_visible()
        expect(page.get_by_role("link", name="Directories")).to_have_count(0)


def test_without_a_role_there_is_a_page_that_says_so(
    browser: Browser, populated: Populated
) -> None:
    """Signed in, but assigned to nothing."""
    with chromium.context(browser, populated.url) as visitor:
        chromium.sign_in(visitor, populated.url, "none")
        page = visitor.new_page()
        page.goto("/contacts")
        expect(page.get_by_role("heading", name="You don't have access yet")).to_be_visible()


def test_a_session_that_ended_comes_back_to_the_same_step(
    visitor: BrowserContext, populated: Populated
) -> None:
    """Session gone: sign-in, then the same step."""
    page = visitor.new_page()
    page.goto(address("step 2", populated))
    chromium.sign_in(visitor, populated.url, "out")
    with page.expect_navigation():  # the address is the same before and after
        page.get_by_role("button", name="Next Step").click()
    expect(page).to_have_url(f"{populated.url}{address('step 2', populated)}")
    expect(page.get_by_role("link", name="Issue a new token")).to_be_visible()
    assert any(
        one["name"] == "LocalSignIn" and str(one["value"]).startswith("admin")
        for one in visitor.cookies()
    )


def test_anybody_can_sign_out(visitor: BrowserContext, populated: Populated) -> None:
    """Agents share desks: the account menu ends the session, and no page is shown without another one."""
    page = visitor.new_page()
    page.goto("/contacts")
    page.get_by_label("Account: Local admin").click()
    page.get_by_role("link", name="Sign out").click()
    expect(page.get_by_text("You are signed out.")).to_be_visible()
    assert any(
        one["name"] == "LocalSignIn" and not str(one["value"]).startswith("admin")
        for one in visitor.cookies()
    )


def test_the_last_step_says_what_is_left_to_do(page: Page, populated: Populated) -> None:
    """A button that can't be pressed has a reason next to it."""
    page.goto(address("step 3 undecided", populated))
    expect(page.get_by_role("button", name="Finish")).to_have_accessible_description(
        "Make your choice first."
    )
