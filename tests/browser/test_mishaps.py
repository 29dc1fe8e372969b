"""Everyday mishaps in a browser: no JavaScript, outdated pages, keys pressed too fast, Back."""

import re

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.browser import chromium
from tests.browser.conftest import Populated
from tests.browser.world import World


def test_a_directory_is_set_up_without_script(browser: Browser, fresh: World) -> None:
    """With forms and links; the token must still be confirmed as saved, and dialogs are pages."""
    with chromium.visitor(browser, fresh, script=False) as visitor:
        page = visitor.new_page()
        page.goto("/directories/new")
        page.get_by_label("Name", exact=True).fill("Brightwater")
        page.get_by_role("button", name="Next Step").click()
        expect(page.locator("#token")).to_contain_text("extdir_")
        page.get_by_role("button", name="Next Step").click()
        expect(page.locator("#token")).to_be_visible()
        page.get_by_label("I have saved").check()
        page.get_by_role("button", name="Next Step").click()
        page.get_by_text("Don't sync presence").click()
        page.get_by_role("button", name="Save").click()
        page.get_by_role("button", name="Finish").click()
        page.get_by_role("link", name="Credentials", exact=True).click()
        page.get_by_role("link", name="Revoke").click()
        page.get_by_role("button", name="Revoke").click()
        expect(page.get_by_text("Revoked", exact=True)).to_be_visible()
        page.goto(page.url.replace("/revoke", "/delete"))
        page.get_by_role("textbox").fill("Brightwater")
        page.get_by_role("button", name="Delete directory").click()
        page.get_by_role("button", name="Undo").click()
        expect(page.get_by_role("link", name="Brightwater")).to_be_visible()


def _step_2(page: Page) -> str:
    page.goto("/directories/new")
    page.get_by_label("Name", exact=True).fill("Brightwater")
    page.get_by_role("button", name="Next Step").click()
    return page.locator("#token").inner_text()


def _only(made: World) -> str:
    """Return the name of the account's only directory."""
    (directory,) = made.call("GET", "/api/directories")["directories"]
    return str(directory["name"])


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_back_from_step_2_edits_the_directory(browser: Browser, fresh: World, script: bool) -> None:
    """The browser's Back, then *Next Step*: one directory with the new name, and the token isn't
    shown again.
    """
    with chromium.visitor(browser, fresh, script=script) as visitor:
        page = visitor.new_page()
        token = _step_2(page)
        if script:
            page.evaluate("history.back()")
            page.get_by_role("button", name="Leave without it").click()
        else:
            page.go_back()
        expect(page).to_have_url(re.compile("/directories/[a-z0-9]{20}/setup$"))
        expect(page.get_by_label("Name", exact=True)).to_have_value("Brightwater")
        page.get_by_label("Name", exact=True).fill("Brightwater North")
        page.get_by_role("button", name="Next Step").click()
        expect(page.get_by_text("The token was shown once")).to_be_visible()
        expect(page).to_have_url(re.compile("/directories/[a-z0-9]{20}/connect$"))
        assert token not in page.content()
        assert _only(fresh) == "Brightwater North"


def test_step_1_whose_response_was_lost_is_sent_again(browser: Browser, fresh: World) -> None:
    """The directory exists although the connection broke: the repeated form leads to it and creates
    no other.
    """
    with chromium.visitor(browser, fresh) as visitor:
        page = visitor.new_page()
        page.goto("/directories/new")
        page.route("**/directories/new**", _lose)
        page.get_by_label("Name", exact=True).fill("Brightwater")
        page.get_by_role("button", name="Next Step").click()
        expect(page.get_by_text("You're offline.")).to_be_visible()
        page.unroute_all()
        page.get_by_role("button", name="Next Step").click()
        expect(page.get_by_text("The token was shown once")).to_be_visible()
        assert _only(fresh) == "Brightwater"


def _lose(route: Route) -> None:
    route.fetch()
    route.abort()


def test_step_2_reloaded_without_script_creates_no_second_directory(
    browser: Browser, fresh: World
) -> None:
    """The browser sends the form of step 1 again."""
    with chromium.visitor(browser, fresh, script=False) as visitor:
        page = visitor.new_page()
        _step_2(page)
        page.reload()
        expect(page.get_by_text("The token was shown once")).to_be_visible()
        assert _only(fresh) == "Brightwater"


def test_a_page_of_a_deleted_directory_reports_it(browser: Browser, fresh: World) -> None:
    """It was deleted in another tab: a button then shows that it is gone, not "try again"; a switch
    returns to its old position.
    """
    with chromium.visitor(browser, fresh) as visitor:
        page = visitor.new_page()
        made = fresh.add("Brightwater", "other")
        page.goto(f"/directories/{made.id}")
        fresh.call("DELETE", f"/api/directories/{made.id}")
        page.get_by_role("switch").dispatch_event("click")
        expect(page.get_by_text("That no longer exists.")).to_be_visible()
        expect(page.get_by_role("switch")).not_to_be_checked()


def test_closing_a_dialog_restores_the_focus(page: Page, populated: Populated) -> None:
    """WCAG 2.4.3: to the menu from which it was opened."""
    page.goto("/")
    page.get_by_label("Actions for Brightwater UK").click()
    page.get_by_role("link", name="Rename").click()
    expect(page.get_by_role("dialog").get_by_label("Name")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_label("Actions for Brightwater UK")).to_be_focused()


def test_the_focus_follows_the_wizard(browser: Browser, fresh: World) -> None:
    """WCAG 2.4.3: a new step, choice or token gets the focus of the element that it replaces."""
    with chromium.visitor(browser, fresh) as visitor:
        page = visitor.new_page()
        page.goto("/directories/new")
        expect(page.locator("#name")).to_be_focused()  # text typed before that is lost
        page.keyboard.type("Brightwater")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Set up Brightwater")).to_be_focused()
        page.get_by_label("I have saved it").press("Space")
        page.get_by_role("button", name="Next Step").press("Enter")
        page.wait_for_url("**/presence")
        expect(page.get_by_role("heading", name="Set up Brightwater")).to_be_focused()
        page.get_by_label("Don't sync presence").press("Space")
        expect(page.get_by_role("button", name="Finish")).to_be_enabled()
        expect(page.get_by_label("Don't sync presence")).to_be_focused()
        expect(page.locator(".htmx-settling")).to_have_count(
            0
        )  # until then the browser itself sends the next form
        page.get_by_role("button", name="Finish").press("Enter")
        expect(page.get_by_role("heading", name="Brightwater")).to_be_focused()
        page.goto(f"{page.url}/credentials")
        page.get_by_role("link", name="Issue a new one").press("Enter")
        page.get_by_role("button", name="Issue").press("Enter")
        expect(page.locator(".fresh")).to_be_focused()


def test_enter_opens_the_person_that_was_typed(page: Page, populated: Populated) -> None:
    """However fast: not the first person of the list before the search."""
    page.goto("/contacts")
    page.get_by_role("searchbox").press_sequentially("driver 05")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Noor Driver 05")).to_be_visible()


def test_back_closes_the_card(page: Page, populated: Populated) -> None:
    """On a phone the card covers the list; Back keeps the search."""
    page.goto("/contacts?q=driver")
    page.locator(".person").nth(2).click()
    expect(page.locator(".card")).to_be_visible()
    page.go_back()
    expect(page.locator(".card")).to_have_count(0)
    expect(page).to_have_url(re.compile(r"/contacts\?q=driver$"))
    page.go_forward()
    expect(page.get_by_role("heading", name="Noor Driver 03")).to_be_visible()


def test_a_list_that_a_card_covers_gets_no_focus(browser: Browser, populated: Populated) -> None:
    """WCAG 2.4.11: on a phone no covered row has the focus; closing the card returns it to the
    row.
    """
    with chromium.context(browser, populated.url, size=chromium.NARROW) as visitor:
        page = visitor.new_page()
        page.goto("/contacts")
        page.locator(".person").nth(2).click()
        expect(page.locator("#card-name")).to_be_focused()
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Shift+Tab")
        expect(page.locator(".topbar :focus")).to_have_count(1)
        page.get_by_role("button", name="Close").click()
        expect(page.locator(".person").nth(2)).to_be_focused()


def test_of_two_cards_the_last_one_stays(page: Page, populated: Populated) -> None:
    """A late response for the first card is ignored."""
    page.goto("/contacts?q=driver")
    first = page.locator(".person").nth(0).get_attribute("data-person") or ""
    held: list[Route] = []
    page.route(
        "**/contacts/person**",
        lambda route: held.append(route) if first in route.request.url else route.continue_(),
    )
    page.locator(".person").nth(0).click()
    page.locator(".person").nth(1).click()
    expect(page.get_by_role("heading", name="Noor Driver 02")).to_be_visible()
    expect(page.locator(".person[aria-current] .name")).to_have_text("Noor Driver 02")


def test_a_search_survives_the_end_of_the_session(
    visitor: BrowserContext, populated: Populated
) -> None:
    """The URL contains the search, so the user returns to it after the sign-in."""
    page = visitor.new_page()
    page.goto("/contacts")
    page.get_by_role("searchbox").fill("driver")
    expect(page.locator(".person")).to_have_count(12)
    expect(page).to_have_url(re.compile("q=driver"))
    chromium.sign_in(visitor, populated.url, "out")
    page.locator(".person").nth(4).click()
    expect(page.get_by_role("searchbox")).to_have_value("driver")
    expect(page.locator(".person")).to_have_count(12)


def test_odd_names_break_no_row(browser: Browser, fresh: World) -> None:
    """Each person has a name to click, and no text leaves its row, on a small screen too."""
    made = fresh.add("Brightwater", "other")
    for number, name in enumerate(("", "   ", "\u202eevil", "👩🏽‍🚀", "مريم", "W" * 300), 1):
        fresh.person(made, number, displayName=name)
    with chromium.visitor(browser, fresh, size=(320, 700)) as visitor:
        page = visitor.new_page()
        page.goto("/contacts")
        rows = page.locator(".person")
        expect(rows).to_have_count(6)
        assert _fits(page)
        for row in rows.all():
            assert (row.locator(".name").text_content() or "").strip()
            row.click()
            expect(page.locator("#card-name")).to_be_focused()
            expect(page.locator(".card h2")).not_to_be_empty()
            assert _fits(page)
            page.keyboard.press("Escape")
            expect(page.locator(".card")).to_have_count(0)


_LONG = "W" * 100


def test_no_page_is_wider_for_a_long_name(browser: Browser, fresh: World) -> None:
    """The longest name of a directory, and a person with long words: they wrap or are truncated."""
    made, _ = fresh.add(_LONG, "other"), fresh.add("Brightwater")
    about = {
        "displayName": _LONG * 2,
        "title": _LONG * 2,
        "phoneNumbers": [{"type": "work", "value": "020 7946 0018"}],
    }
    person = fresh.person(made, 1, **about)
    parts = ("", "/connect", "/credentials", "/delete", "/log", "/numbers", "/rename", "/setup")
    with chromium.visitor(browser, fresh) as visitor:
        page = visitor.new_page()
        for path in ("/", *(f"/directories/{made.id}{part}" for part in parts)):
            page.goto(path)
            assert _fits(page), path
        page.goto(f"/contacts?directory={made.id}&person={made.id}.{person['id']}")
        assert _fits(page, "html, #card")
        page.goto("/contacts/history")
        page.get_by_role("textbox").fill(f"020 7946 0018\n{'9' * 200}")
        expect(page.locator(".caller")).to_have_count(2)
        assert _fits(page)


def _fits(page: Page, parts: str = "html") -> bool:
    """Return whether no element is wider than its container at 1280 and at 320 pixels; the page
    keeps 320.
    """
    too_wide = "(all) => all.some((part) => part.scrollWidth > part.clientWidth)"
    for width in (1280, 320):
        page.set_viewport_size({"width": width, "height": 700})
        if page.locator(parts).evaluate_all(too_wide):
            return False
    return True


def test_a_page_is_printed_black_on_white(browser: Browser, populated: Populated) -> None:
    """Also in the dark theme, and without buttons."""
    with chromium.context(browser, populated.url, "dark") as visitor:
        page = visitor.new_page()
        page.goto("/contacts")
        page.emulate_media(media="print")
        expect(page.get_by_role("banner")).to_be_hidden()
        assert (
            page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light only"
        )
