"""The Organisation page: search as you type, keyboard, live presence, new people, groups, call
history.
"""

import re

from playwright.sync_api import Browser, BrowserContext, Page, expect

from local.graph.simulator import CONTOSO
from tests.browser import chromium
from tests.browser.conftest import Populated
from tests.browser.pages import first_person
from tests.browser.world import World


def test_people_of_all_directories_are_in_one_list(page: Page) -> None:
    """A field limits the list to one directory."""
    page.goto("/contacts")
    expect(page.get_by_text("72 people")).to_be_visible()
    page.get_by_label("Directory", exact=True).select_option(label="Northwind Logistics")
    expect(page.locator(".person")).to_have_count(12)
    expect(page.locator("#count")).to_have_text("12 people")


def test_the_rest_of_the_list_is_loaded_by_itself(page: Page) -> None:
    """The next page is requested before the end of the list is visible."""
    page.goto("/contacts")
    page.locator(".person").last.scroll_into_view_if_needed()
    expect(page.locator(".person")).to_have_count(72)
    expect(page.locator(".people .more")).to_have_count(0)


def test_a_number_is_found_however_it_is_typed(page: Page) -> None:
    """Numbers in any format; here without its country prefix, with brackets."""
    page.goto("/contacts")
    page.get_by_role("searchbox").fill("(020) 7946-0003")
    expect(page.locator(".person")).to_have_count(1)
    expect(page.locator(".person .name")).to_have_text("Noor Driver 03")


def test_a_key_after_a_pause_is_searched_for_at_once(clocked_page: Page) -> None:
    """Only keys in quick succession share a request; the clock of this test doesn't move, so the
    second one waits.
    """
    page = clocked_page
    page.goto("/contacts")
    field = page.get_by_role("searchbox")
    field.focus()
    page.clock.pause_at(page.evaluate("Date.now() + 60000"))
    asked = list[str]()
    page.on("request", lambda request: asked.append(request.url))
    with page.expect_response(re.compile(r"/contacts/list\?q=a&")):
        page.keyboard.press("a")
    page.keyboard.press("d")
    assert not any("q=ad" in url for url in asked)
    with page.expect_response(re.compile(r"/contacts/list\?q=ad&")):
        page.clock.run_for(60)


def test_the_keyboard_is_enough(page: Page) -> None:
    """`/`, arrows, Enter and Escape; closing the card returns the focus to its row."""
    page.goto("/contacts")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("driver")
    expect(page.locator(".person")).to_have_count(12)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.locator(".person").nth(1)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Noor Driver 02")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".person").nth(1)).to_be_focused()


def test_an_open_card_has_a_url(page: Page, populated: Populated) -> None:
    """A reload, a shared link and a sign-in lead to the open card."""
    page.goto("/contacts")
    page.locator(".person").first.click()
    expect(page.locator(".card")).to_be_visible()
    expect(page).to_have_url(re.compile(r"\?person="))
    page.reload()
    expect(page.locator(".card")).to_be_visible()


def test_presence_changes_without_a_reload(clocked_page: Page, populated: Populated) -> None:
    """A change in Teams changes the dot and the text."""
    key = first_person(populated)
    contact = populated.world.call(
        "GET", f"/api/directories/{populated.entra.id}/contacts/{key.partition('.')[2]}"
    )
    found = populated.world.scim(populated.entra, "GET", f"/Users/{contact['id']}")
    page = clocked_page
    page.goto("/contacts")
    row = page.locator(f'.person[data-person="{key}"]')
    for availability, words in (("DoNotDisturb", "Presenting"), ("Busy", "In a call")):
        activity = {"Presenting": "Presenting", "In a call": "InACall"}[words]
        populated.world.simulator.presence.set(
            CONTOSO, found["externalId"], availability=availability, activity=activity
        )
        populated.world.sync_presence()
        chromium.poll_until(page, row.locator(".state", has_text=words).is_visible)
    expect(row.locator(".presence")).to_have_class(re.compile("incall"))


def test_new_people_and_directories_appear_without_a_reload(browser: Browser, fresh: World) -> None:
    """The page polls for them."""
    with chromium.visitor(browser, fresh) as visitor:
        page = visitor.new_page()
        page.clock.install()
        page.goto("/contacts")
        expect(page.get_by_text("No people yet")).to_be_visible()
        made = fresh.add("Brightwater", "other")
        fresh.person(made, 1, displayName="Ada Lovelace")
        ada, bob = page.get_by_text("Ada Lovelace"), page.get_by_text("Bob Otto")
        chromium.poll_until(page, ada.is_visible)
        expect(page.get_by_label("Directory", exact=True)).to_have_count(0)
        fresh.person(fresh.add("Northwind", "other"), 1, displayName="Bob Otto")
        chromium.poll_until(page, bob.is_visible)
        page.get_by_label("Directory", exact=True).select_option(label="Northwind")
        expect(page.locator(".person")).to_have_count(1)


def test_a_group_filters_its_directory(page: Page, populated: Populated) -> None:
    """Groups belong to a directory, so they are offered only if one is selected."""
    page.goto("/contacts")
    expect(page.get_by_label("Group", exact=True)).to_have_count(0)
    page.get_by_label("Directory", exact=True).select_option(value=populated.entra.id)
    expect(page.locator("#count")).to_have_text("60 people")
    choice = page.get_by_label("Group", exact=True)
    group = choice.locator("option").nth(1)
    choice.select_option(value=group.get_attribute("value"))
    expect(page.locator("#count")).not_to_have_text("60 people")
    expect(page.locator(".person").first).to_be_visible()
    page.get_by_label("Directory", exact=True).select_option(value=populated.other.id)
    expect(page.locator("#count")).to_have_text("12 people")
    expect(page).to_have_url(re.compile(r"/contacts\?directory=[a-z0-9]+$"))


def test_presence_is_shown_as_text_too(page: Page) -> None:
    """WCAG 1.4.1: colour must not be the only sign."""
    page.goto("/contacts")
    for row in page.locator(".person:has(.presence:not(.none))").all()[:20]:
        assert row.locator(".state").inner_text().strip()


def test_a_person_opens_next_to_the_call_history(page: Page) -> None:
    """By keyboard: the card gets the focus, Escape returns it, and a reload shows the results
    again.
    """
    page.goto("/contacts/history")
    page.get_by_role("textbox").fill("10:20 Incoming 020 7946 0003\n10:10 Missed 020 7946 0004")
    page.get_by_role("link", name="Noor Driver 04").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Noor Driver 04")).to_be_focused()
    expect(page.get_by_role("link", name="Noor Driver 03")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Noor Driver 04")).to_be_focused()
    page.get_by_label("Show").select_option(label="Missed calls")
    expect(page.locator(".caller")).to_have_count(1)
    with page.expect_download() as download:
        page.get_by_role("button", name="Export as CSV").click()
    assert "Noor Driver 04" in download.value.path().read_text("utf-8-sig")
    page.reload()
    expect(page.get_by_role("link", name="Noor Driver 03")).to_be_visible()
    expect(page).to_have_url(re.compile("/contacts/history$"))


def test_a_log_of_a_hundred_calls_fits_a_screen(page: Page) -> None:
    """100 calls of 12 people and 8 unknown numbers, grouped by caller, need no scrolling at 1,080
    pixels.
    """
    page.set_viewport_size({"width": 1280, "height": 1080})
    page.goto("/contacts/history")
    numbers = [f"020 7946 {n:04d}" for n in range(1, 13) if n != 7]
    numbers += [f"+1 206 555 01{n:02d}" for n in range(9)]
    log = "\n".join(f"10:{n % 60:02d} Incoming {numbers[n % len(numbers)]}" for n in range(100))
    page.get_by_role("textbox").fill(log)
    expect(page.locator(".caller")).to_have_count(20)
    assert page.evaluate("document.querySelector('#results').scrollHeight") < 900


def test_a_call_history_is_not_shown_to_the_next_user(
    visitor: BrowserContext, populated: Populated
) -> None:
    """The next user of the browser, going back in the same tab, sees no numbers."""
    page = visitor.new_page()
    page.goto("/contacts/history")
    page.get_by_label("Numbers", exact=True).fill("020 7946 0001")
    expect(page.locator(".caller")).to_have_count(1)
    page.goto("/.auth/logout")
    somebody_else = "reader.00000000-0000-4000-8000-000000000002"
    visitor.add_cookies([{"name": "LocalSignIn", "value": somebody_else, "url": populated.url}])
    page.go_back()
    expect(page).to_have_url(re.compile("/contacts/history$"))
    expect(page.locator("#toasts")).to_be_attached()
    expect(page.get_by_label("Numbers", exact=True)).to_have_value("")


def test_names_are_shown_as_text(browser: Browser, fresh: World) -> None:
    """Text from a SCIM client is never interpreted as markup."""
    made = fresh.add("<b>Brightwater</b>", "other")
    fresh.person(
        made,
        1,
        displayName='<img src=x onerror="alert(1)">Eve',
        title="</a><script>alert(1)</script>",
    )
    with chromium.visitor(browser, fresh) as visitor:
        page = visitor.new_page()
        watched = chromium.watch(page)
        page.goto("/contacts")
        page.locator(".person").first.click()
        expect(
            page.get_by_role("heading", name='<img src=x onerror="alert(1)">Eve')
        ).to_be_visible()
        page.goto("/")
        expect(page.get_by_role("link", name="<b>Brightwater</b>")).to_be_visible()
        assert watched.complaints == []


def test_german_is_complete(browser: Browser, populated: Populated) -> None:
    """A German browser gets no English text."""
    with chromium.context(browser, populated.url, language="de-DE") as visitor:
        page = visitor.new_page()
        page.goto("/contacts")
        expect(page.locator("html")).to_have_attribute("lang", "de")
        expect(page.get_by_text("72 Personen")).to_be_visible()
        page.goto("/")
        expect(page.get_by_role("link", name="Verzeichnis hinzufügen")).to_be_visible()


def test_the_theme_is_kept(visitor: BrowserContext) -> None:
    """The system's theme applies until the user chooses one."""
    page = visitor.new_page()
    page.goto("/contacts")
    page.get_by_role("button", name="Switch between light and dark").click()
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
