"""Pages that are slow, fail, don't exist or are forbidden."""

import re
import threading
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.browser import chromium
from tests.browser.conftest import Populated
from tests.browser.pages import address


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
    expect(page.get_by_role("dialog")).to_be_visible()
    # If other tests have issued a second one, the form asks which one ends.
    ends = page.get_by_role("dialog").get_by_role("radio")
    if ends.count():
        ends.first.check()


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
    """It is clicked twice while it is slow. An error is shown and keeps the form, so that it can be
    sent again.
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
    chromium.wait_until(page, lambda: bool(held))
    assert len(held) == 1
    held[0].fulfill(status=503)
    expect(page.get_by_text("That didn't work. Try again.")).to_be_visible()
    expect(pressed).to_be_enabled()
    expect(page.locator("#busy-bar")).to_be_hidden()


def test_a_slow_search_shows_that_it_is_loading(page: Page, populated: Populated) -> None:
    """A spinner in the field, the old list until the new one is loaded; the last search counts."""
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


@pytest.mark.parametrize(
    ("path", "field", "text", "result"),
    [
        ("/contacts", "#q", "driver 07", "1 found"),
        ("/contacts", "#free", "now", "(people are|person is|No one is) free"),
        ("/contacts/history", "#numbers", "+44 20 7946 0001", "Noor Driver 01"),
    ],
)
def test_input_before_the_scripts_run_is_answered(
    page: Page, populated: Populated, path: str, field: str, text: str, result: str
) -> None:
    """On a slow connection the fields are there long before the scripts that listen to them."""
    held: list[Route] = []
    page.route("**/page*.js*", lambda route: held.append(route))
    page.goto(path, wait_until="commit")
    control = page.locator(field)
    if field == "#free":
        control.select_option(text)
    else:
        control.fill(text)
    assert held
    for route in held:
        route.continue_()
    expect(page.get_by_text(re.compile(result)).first).to_be_visible()


def test_an_unknown_directory_gets_a_page_with_a_link(page: Page, populated: Populated) -> None:
    """404, for a directory of another account too."""
    answer = page.goto("/directories/nothing-here")
    assert answer is not None
    assert answer.status == 404
    page.get_by_role("main").get_by_role("link", name="Show external directories").click()
    expect(page.get_by_role("heading", name="External directories")).to_be_visible()


def test_an_agent_gets_a_link_from_an_administration_page_to_the_people(
    page: Page, populated: Populated
) -> None:
    """The role Directory.Reader sees only contacts."""
    chromium.sign_in(page.context, populated.url, "reader")
    page.goto(address("directory", populated))
    expect(page.get_by_role("heading", name="This page is for administrators")).to_be_visible()
    page.get_by_role("main").get_by_role("link", name="Organisation").click()
    expect(page.get_by_text("72 people")).to_be_visible()
    expect(page.get_by_role("link", name="Directories")).to_have_count(0)


def test_every_user_can_sign_out(visitor: BrowserContext, populated: Populated) -> None:
    """The account menu ends the session, because agents share computers; afterwards every page
    needs a sign-in.
    """
    page = visitor.new_page()
    page.goto("/contacts")
    page.get_by_label("Account: Local admin").click()
    page.get_by_role("link", name="Sign out").click()
    expect(page.get_by_text("You are signed out.")).to_be_visible()
    assert any(
        one["name"] == "LocalSignIn" and not str(one["value"]).startswith("admin")
        for one in visitor.cookies()
    )


def test_the_last_step_shows_the_remaining_work(page: Page, populated: Populated) -> None:
    """A disabled button has its reason next to it."""
    page.goto(address("step 3 undecided", populated))
    expect(page.get_by_role("button", name="Finish")).to_have_accessible_description(
        "Make your choice first."
    )
