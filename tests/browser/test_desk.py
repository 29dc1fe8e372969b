"""Agents' features in a browser: favourites, recent people, notes, failing searches, a page that
stays open for long.
"""

from typing import Any

from playwright.sync_api import Browser, CDPSession, Page, Request, expect

from tests.browser import chromium
from tests.browser.axe import narrow
from tests.browser.conftest import Populated
from tests.browser.pages import first_person


def test_favourites_are_kept_over_reload_and_in_another_browser(
    browser: Browser, page: Page, populated: Populated
) -> None:
    """By keyboard only: the star in the card, the filter of the list, and the same list in another
    browser.
    """
    page.goto("/contacts?q=driver+05")
    page.keyboard.press("/")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Noor Driver 05")).to_be_focused()
    star = page.get_by_role("button", name="Favourite", exact=True)
    star.focus()
    page.keyboard.press("Enter")
    expect(star).to_have_attribute("aria-pressed", "true")
    expect(star).to_be_focused()
    page.goto("/contacts")
    page.get_by_role("checkbox", name="Favourites").focus()
    page.keyboard.press("Space")
    expect(page.locator("#count")).to_have_text("1 found")
    page.reload()
    expect(page.locator(".person .name")).to_have_text("Noor Driver 05")
    with chromium.context(browser, populated.url) as other:
        desk = other.new_page()
        desk.goto("/contacts?favourites=1")
        expect(desk.locator(".person .name")).to_have_text("Noor Driver 05")
        desk.locator(".person").click()
        desk.get_by_role("button", name="Favourite", exact=True).click()
        expect(desk.get_by_text("No favourites yet")).to_be_visible()


def test_favourites_stored_in_the_browser_are_imported_once(
    page: Page, populated: Populated
) -> None:
    """Earlier releases stored up to 200 there; afterwards the browser stores none."""
    page.goto("/contacts")
    keys = [f"{populated.entra.id}.00000000-0000-4000-8000-{number:012d}" for number in range(199)]
    keys.append(first_person(populated))
    page.evaluate("(keys) => localStorage.setItem('favourites', JSON.stringify(keys))", keys)
    with page.expect_response("**/contacts/import"):
        page.goto("/contacts?favourites=1")
    expect(page.locator("#count")).to_have_text("1 found")
    page.wait_for_function("() => localStorage.getItem('favourites') === null")
    page.locator(".person").click()
    page.get_by_role("button", name="Favourite", exact=True).click()
    expect(page.get_by_text("No favourites yet")).to_be_visible()


def test_recent_people_and_searches_are_offered(page: Page) -> None:
    """One button deletes both."""
    page.goto("/contacts?q=driver+03")
    page.locator(".person").click()
    expect(page.get_by_role("heading", name="Noor Driver 03")).to_be_visible()
    page.goto("/contacts")
    page.get_by_text("Recent", exact=True).click()
    expect(page.locator(".person .name").first).to_have_text("Noor Driver 03")
    assert narrow(page, 280) == []
    page.get_by_role("link", name="driver 03", exact=True).click()
    expect(page.get_by_role("searchbox")).to_have_value("driver 03")
    page.goto("/contacts?recent=1")
    page.get_by_role("button", name="Clear recent").click()
    expect(page.get_by_text("Nothing recent")).to_be_visible()
    expect(page.get_by_role("button", name="Clear recent")).to_have_count(0)


def test_a_failed_search_shows_no_people_of_another_one(page: Page) -> None:
    """The error replaces the list; a button, or the connection's return, repeats the search."""
    page.goto("/contacts?q=driver+05")
    page.route("**/contacts/list*", lambda route: route.fulfill(status=500))
    page.get_by_role("searchbox").fill("driver 0")
    expect(page.get_by_role("heading", name="The search failed")).to_be_visible()
    expect(page.locator(".person")).to_have_count(0)
    expect(page.locator("#count")).to_have_text("")
    expect(page.get_by_role("searchbox")).to_have_value("driver 0")
    page.unroute("**/contacts/list*")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".person")).to_have_count(9)


def test_offline_a_press_shows_a_text_and_a_search_waits(page: Page) -> None:
    """The search is sent when the connection is available again."""
    page.goto("/contacts?q=driver")
    page.context.set_offline(True)
    page.locator(".person").first.click()
    expect(
        page.get_by_text("This person can be opened once the connection is back")
    ).to_be_visible()
    expect(page.locator(".person[aria-current]")).to_have_count(0)
    page.get_by_role("searchbox").fill("driver 05")
    expect(page.get_by_text("The search runs again once the connection is back")).to_be_visible()
    expect(page.locator(".person")).to_have_count(0)
    page.context.set_offline(False)
    expect(page.locator(".person .name")).to_have_text("Noor Driver 05")


def _metric(session: CDPSession, name: str) -> float:
    metrics: Any = session.send("Performance.getMetrics")
    return next(float(one["value"]) for one in metrics["metrics"] if one["name"] == name)


def test_a_page_left_open_for_a_day_stays_small(clocked_page: Page) -> None:
    """A day has 5,800 polls; after 60 of them the document has no more elements and listeners than
    before.
    """
    page = clocked_page
    page.goto("/contacts")
    page.locator(".person").first.click()
    expect(page.locator(".card")).to_be_visible()
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")

    def live(polls: int) -> tuple[float, float]:
        for _ in range(polls):
            with page.expect_response("**/contacts/presence"):
                page.clock.run_for(15_000)
        session.send("HeapProfiler.collectGarbage")
        return _metric(session, "Nodes"), _metric(session, "JSEventListeners")

    nodes, listeners = live(10)
    later, more = live(60)
    assert later - nodes < 50
    assert more - listeners < 20


def test_a_tab_that_becomes_visible_is_refreshed_at_once(clocked_page: Page) -> None:
    """While it is hidden, it sends no request."""
    page = clocked_page
    page.goto("/contacts")
    hide = """(hidden) => {
      Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
      document.dispatchEvent(new Event("visibilitychange"));
    }"""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.evaluate(hide, True)
    page.clock.run_for(60_000)
    assert not [url for url in asked if url.endswith("/contacts/presence")]
    with page.expect_request("**/contacts/presence"):
        page.evaluate(hide, False)


def test_a_note_is_written_and_found_by_keyboard(page: Page) -> None:
    """In the card, with author and expiry; the list of notes finds it by a word; then it is
    removed.
    """
    page.goto("/contacts?q=driver+02")
    page.keyboard.press("/")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Noor Driver 02")).to_be_focused()
    page.get_by_text("Add note").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Note", exact=True).focus()
    page.keyboard.type("Transfer only after 10")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".note")).to_contain_text("Transfer only after 10")
    assert narrow(page, 280) == []
    page.goto("/contacts?noted=1&q=transfer")
    expect(page.locator(".person .name")).to_have_text("Noor Driver 02")
    page.locator(".person").click()
    page.locator(".note summary").click()
    page.get_by_role("button", name="Remove note").click()
    expect(page.locator(".note")).to_have_count(0)


def test_an_unused_page_polls_a_third_as_often(clocked_page: Page) -> None:
    """Azure bills requests.

    The first use polls at once, so that an agent who returns sees current data.
    """
    page = clocked_page
    page.goto("/contacts")
    asked: list[str] = []
    under_way: set[Request] = set()
    page.on("request", lambda request: asked.append(request.url))
    page.on("request", lambda request: under_way.add(request))
    page.on("requestfinished", lambda request: under_way.discard(request))
    page.on("requestfailed", lambda request: under_way.discard(request))

    def polls(seconds: int) -> int:
        asked.clear()
        for _ in range(seconds):
            page.clock.run_for(1000)
            for _ in range(1000):  # the page doesn't ask again before it has the answer
                if not under_way:
                    break
                page.wait_for_timeout(10)
        page.wait_for_load_state("networkidle")
        return sum(url.endswith("/contacts/presence") for url in asked)

    page.mouse.move(200, 200)
    assert 4 <= polls(30) <= 6
    page.clock.fast_forward(100_000)
    polls(15)
    assert 2 <= polls(60) <= 4
    with page.expect_request("**/contacts/presence"):
        page.mouse.move(300, 300)
    assert 4 <= polls(30) <= 7
