"""The filter of free people: the list that follows presence, stand-ins, the reporting line, "tell
me when free".
"""

import contextlib
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from local.graph.simulator import CONTOSO
from tests.browser import chromium
from tests.browser.axe import faults
from tests.browser.world import Made, World, world

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
MAX_TOUCHED = 16  # nodes: two elements are replaced, and htmx marks them for a moment
HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:User"


class Desk:
    """A company with a manager and a team in two departments, whose statuses a test sets."""

    def __init__(self, running: World) -> None:
        self.world = running
        self.made: Made = running.add("Contoso")
        self.ids = dict[str, str]()
        self.object_ids = dict[str, str]()
        running.simulator.tenants[CONTOSO].anyone = True
        running.simulator.tenants[CONTOSO].moving = False
        self.hire("Berta Boss", "Busy")
        boss = {"value": self.ids["Berta Boss"]}
        self.hire("Max Meier", "InACall", manager=boss, department="Claims UK", mobile=True)
        self.hire("Anna Able", "Available", manager=boss, department="Claims UK")
        self.hire("Ben Busy", "Busy", manager=boss, department="Claims UK")
        self.hire("Rita Report", "Available", manager={"value": self.ids["Max Meier"]})
        for number in range(30):
            self.hire(
                f"Sales {number:02}",
                "Available" if number % 2 else "Offline",
                department="Sales UK",
            )
        for number in range(60):
            self.hire(f"Zora {number:02}", "Offline")
        running.connect_presence(self.made)

    def hire(self, name: str, status: str, *, mobile: bool = False, **enterprise: Any) -> None:
        """Provision a person with a status."""
        number = len(self.ids) + 1
        object_id = f"00000000-0000-4000-8000-{number:012d}"
        self.set_id(object_id, status)
        given, family = name.split()
        phones = [{"type": "work", "value": f"020 7946 {number:04d}"}]
        phones += [{"type": "mobile", "value": "07700 900123"}] if mobile else []
        user = self.world.person(
            self.made,
            number,
            schemas=[_SCHEMA, ENTERPRISE],
            externalId=object_id,
            userName=f"{given}.{family}@contoso.example".lower(),
            name={"givenName": given, "familyName": family},
            title="Adviser",
            timezone="Asia/Tokyo",
            phoneNumbers=phones,
            addresses=[{"type": "work", "locality": "Leeds"}],
            **{ENTERPRISE: {"organization": "Contoso Ltd", **enterprise}},
        )
        self.ids[name], self.object_ids[name] = user["id"], object_id

    def set_id(self, object_id: str, status: str) -> None:
        """Change the Teams status of the person with this object id."""
        self.world.simulator.presence.set(CONTOSO, object_id, status)

    def set(self, statuses: dict[str, str]) -> None:
        """Change people's statuses in Teams, by name, and sync them."""
        for name, status in statuses.items():
            self.set_id(self.object_ids[name], status)
        self.world.sync_presence()


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Yield the company, in a product of its own."""
    with world(f"sqlite:///{tmp_path_factory.mktemp('desk')}/product.db") as running:
        yield Desk(running)


@pytest.fixture
def at_desk(browser: Browser, desk: Desk) -> Iterator[Page]:
    """Yield an agent's tab, with the initial statuses."""
    desk.set({"Anna Able": "Available", "Max Meier": "InACall", "Rita Report": "Available"})
    with chromium.context(browser, desk.world.url) as made:
        yield made.new_page()


def _row(page: Page, name: str) -> Any:
    return page.locator(".people .person", has_text=name)


def test_the_filter_of_free_people_is_typed_or_selected(at_desk: Page) -> None:
    """`free now in Claims` and the selected filter have the same result, and the URL keeps it."""
    page = at_desk
    page.goto("/contacts")
    page.get_by_role("searchbox").fill("free now in Claims UK")
    expect(page.locator(".people .person")).to_have_count(1)
    expect(page.locator("#count")).to_have_text("1 person is free")
    page.get_by_role("searchbox").fill("")
    page.get_by_label("Presence").select_option("now")
    expect(_row(page, "Anna Able")).to_be_visible()
    expect(_row(page, "Ben Busy")).to_have_count(0)
    page.get_by_label("Presence").select_option("soon")
    expect(_row(page, "Ben Busy")).to_be_visible()
    expect(page.locator("#count")).to_have_text("20 people are free, or will be soon")
    page.get_by_label("Presence").select_option("now")
    page.get_by_text("Filters", exact=True).click()
    page.get_by_label("Department").fill("Claims UK")
    page.keyboard.press("Enter")
    expect(page.locator(".people .person")).to_have_count(1)
    page.reload()
    expect(page.locator(".people .person")).to_have_count(1)


def test_the_list_of_free_people_is_updated_without_moving_the_focus(
    at_desk: Page, desk: Desk
) -> None:
    """A person above is added and one is removed: focus, open card and scroll position stay."""
    page = at_desk
    page.clock.install()
    page.set_viewport_size({"width": 1100, "height": 500})
    page.goto("/contacts?free=now")
    expect(_row(page, "Sales 29")).to_have_count(1)
    row = _row(page, "Sales 21")
    row.scroll_into_view_if_needed()
    row.focus()
    before = row.bounding_box()
    desk.set({"Ben Busy": "Available", "Anna Able": "Offline"})
    chromium.poll_until(page, lambda: _row(page, "Ben Busy").count() == 1)
    expect(row).to_be_focused()
    after = row.bounding_box()
    assert before is not None
    assert after is not None
    assert abs(before["y"] - after["y"]) < 3
    expect(_row(page, "Anna Able")).to_have_count(0)
    desk.set({"Ben Busy": "Busy"})


def test_a_row_offers_call_and_chat_on_hover_and_focus(at_desk: Page, desk: Desk) -> None:
    """The buttons have accessible names; Tab moves the focus from the row to them, and a list that is
    drawn again keeps it.
    """
    page = at_desk
    page.goto("/contacts")
    call = page.get_by_role("link", name="Call Anna Able")
    expect(call).to_have_count(0)
    _row(page, "Anna Able").hover()
    expect(call).to_be_visible()
    page.mouse.move(0, 0)
    _row(page, "Anna Able").focus()
    page.keyboard.press("Tab")
    expect(call).to_be_focused()
    assert call.get_attribute("href") == "tel:+442079460003"
    with page.expect_response("**/contacts/list*"):
        page.evaluate("document.body.dispatchEvent(new Event('people-changed'))")
    chromium.wait_until_settled(page)
    expect(call).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Chat with Anna Able")).to_be_focused()


def test_two_keys_lead_to_the_call_button_of_a_stand_in(at_desk: Page, desk: Desk) -> None:
    """From the row, Enter and the right arrow. The best stand-in has its reason; everyone listed is
    free.
    """
    page = at_desk
    page.clock.install()
    page.goto("/contacts")
    _row(page, "Max Meier").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Max Meier")).to_be_focused()
    page.keyboard.press("ArrowRight")
    first = page.locator(".stand-ins .member").first
    expect(first.locator("[data-stand-in-call]")).to_be_focused()
    expect(first).to_contain_text("Anna Able")
    expect(first).to_contain_text("same team")
    stand_ins = page.locator(".stand-ins")
    expect(stand_ins).not_to_contain_text("Ben Busy")
    expect(stand_ins).to_contain_text("reports to this person")
    desk.set({"Anna Able": "InACall"})
    chromium.poll_until(page, lambda: "Anna Able" not in stand_ins.inner_text())
    expect(page.locator(".stand-ins [data-stand-in-call]").first).to_be_focused()


def test_stand_ins_are_refreshed_on_an_unused_page(at_desk: Page, desk: Desk) -> None:
    """It polls a third as often, except for people whom it recommends: their statuses are at most
    15 seconds old.
    """
    page = at_desk
    page.clock.install()
    page.goto(f"/contacts?person={desk.made.id}.{desk.ids['Max Meier']}")
    expect(page.locator(".stand-ins .member")).not_to_have_count(0)
    page.clock.fast_forward(130_000)
    for _ in range(3):
        chromium.wait_until_settled(page)
        with page.expect_response("**/contacts/statuses"):
            page.clock.run_for(5100)


def test_recommendations_are_refreshed_at_once_in_a_tab_that_becomes_visible(
    at_desk: Page, desk: Desk
) -> None:
    """They may be minutes old. The list of free people and the card's stand-ins don't wait for
    their next poll.
    """
    page = at_desk
    page.clock.install()
    page.goto(f"/contacts?free=now&person={desk.made.id}.{desk.ids['Max Meier']}")
    expect(page.locator(".stand-ins .member").first).to_contain_text("Anna Able")
    page.evaluate(HIDE, True)
    page.clock.run_for(60_000)
    desk.set({"Anna Able": "InACall"})
    page.evaluate(HIDE, False)
    expect(page.locator(".stand-ins")).not_to_contain_text("Anna Able")
    expect(_row(page, "Anna Able")).to_have_count(0)
    # Nothing had the focus, and no row takes it.
    assert page.evaluate("document.activeElement === document.body")


def test_the_card_shows_reporting_line_location_and_time(at_desk: Page, desk: Desk) -> None:
    """Manager, team and reports with their statuses as links; company, office, local time, since
    when, the next number.
    """
    page = at_desk
    page.goto(f"/contacts?person={desk.made.id}.{desk.ids['Max Meier']}")
    card = page.locator("#card")
    expect(card.get_by_text(re.compile(r"^In a call since \d\d:\d\d"))).to_be_visible()
    expect(card.get_by_text(re.compile(r"^\d\d:\d\d there$"))).to_be_visible()
    expect(card.get_by_role("link", name="Contoso Ltd")).to_be_visible()
    expect(card.get_by_role("link", name="Leeds")).to_be_visible()
    expect(card.locator(".quick a").first).to_have_text("Call")
    expect(card.get_by_text("Next number to try: Mobile +44 7700 900123")).to_be_visible()
    expect(card.locator(".member", has_text="Rita Report").first).to_contain_text("Available")
    card.locator(".member .person", has_text="Berta Boss").click()
    expect(page.get_by_role("heading", name="Berta Boss")).to_be_focused()
    expect(card.get_by_role("heading", name="Direct reports")).to_be_visible()


def test_an_agent_is_told_once_when_a_person_is_free(at_desk: Page, desk: Desk) -> None:
    """One click; the browser's notification has the name; afterwards none follows."""
    page = at_desk
    page.clock.install()
    page.context.grant_permissions(["notifications"])
    page.add_init_script(
        "window.told = []; window.Notification = class { constructor(text) { window.told.push(text); }"
        " static permission = 'granted'; static requestPermission() { return Promise.resolve('granted'); } };"
    )
    page.goto(f"/contacts?person={desk.made.id}.{desk.ids['Max Meier']}")
    button = page.get_by_role("button", name="Tell me when free")
    button.press("Enter")
    expect(page.get_by_role("button", name="You will be told", pressed=True)).to_be_visible()
    page.reload()
    expect(page.get_by_role("button", name="You will be told", pressed=True)).to_be_visible()
    desk.set({"Max Meier": "Available"})
    chromium.poll_until(page, lambda: page.evaluate("window.told.length > 0"))
    assert page.evaluate("window.told") == ["Max Meier is free"]
    assert page.evaluate("JSON.parse(sessionStorage.getItem('watched')).people") == {}


def test_waiting_for_a_deleted_person_ends_with_a_text(at_desk: Page, desk: Desk) -> None:
    """If notifications are denied, the agent is told so, and the tab's title has the name of a
    person who became free.
    """
    page = at_desk
    page.clock.install()
    page.add_init_script(
        "window.Notification = class { static permission = 'denied'; };"
        "Document.prototype.hasFocus = () => false;"
    )
    desk.hire("Lea Leaver", "Busy")
    desk.world.sync_presence()
    for name in ("Max Meier", "Lea Leaver"):
        page.goto(f"/contacts?person={desk.made.id}.{desk.ids[name]}")
        page.get_by_role("button", name="Tell me when free").press("Enter")
        expect(page.get_by_text("Your browser shows no notifications of this page")).to_be_visible()
    desk.world.scim(desk.made, "DELETE", f"/Users/{desk.ids['Lea Leaver']}")
    desk.set({"Max Meier": "Available"})
    watched = "Object.keys(JSON.parse(sessionStorage.getItem('watched')).people).length"
    chromium.poll_until(page, lambda: page.evaluate(watched) == 0)
    assert page.title() == "Max Meier is free"
    expect(page.get_by_text("Lea Leaver is no longer in the directory")).to_be_visible()
    page.evaluate("dispatchEvent(new Event('focus'))")
    assert page.title() != "Max Meier is free"


def test_a_change_of_presence_updates_only_that_persons_row(at_desk: Page, desk: Desk) -> None:
    """The dot and the text of one row are replaced; without a change nothing in the list is."""
    page = at_desk
    page.clock.install()
    page.goto("/contacts")
    dot = _row(page, "Anna Able").locator(".presence")
    page.evaluate(
        """() => {
          window.touched = [];
          const note = ({ target, addedNodes, removedNodes }) => window.touched.push({
            row: target.closest?.(".person")?.querySelector(".name").textContent,
            nodes: 1 + addedNodes.length + removedNodes.length,
          });
          new MutationObserver((all) => all.forEach(note)).observe(
            document.getElementById("people"),
            { childList: true, subtree: true, characterData: true, attributes: true },
          );
        }"""
    )
    for _ in range(3):
        with page.expect_response("**/contacts/presence"):
            page.clock.fast_forward(5000)
    chromium.wait_until_settled(page)
    at_rest = page.evaluate("window.touched.filter((one) => one.row).length")
    assert at_rest == 0
    desk.set({"Anna Able": "Busy"})
    chromium.poll_until(page, lambda: "busy" in (dot.get_attribute("class") or ""))
    touched = page.evaluate("window.touched.filter((one) => one.row)")
    assert {one["row"] for one in touched} == {"Anna Able"}
    assert sum(one["nodes"] for one in touched) <= MAX_TOUCHED


def test_the_desk_has_no_fault_for_assistive_technology(at_desk: Page, desk: Desk) -> None:
    """Both themes, wide and narrow, with the card of a busy person and the filters open; 280 px
    don't scroll sideways.
    """
    page = at_desk
    page.goto(f"/contacts?free=soon&person={desk.made.id}.{desk.ids['Max Meier']}")
    expect(page.locator(".stand-ins .member")).not_to_have_count(0)
    assert faults(page) == []
    page.set_viewport_size({"width": 280, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= 280
    page.goto("/contacts?free=now&department=Claims+UK")
    page.get_by_text("Claims UK", exact=True).first.click()
    expect(page.get_by_label("Department")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 280
    assert faults(page) == []


def test_stand_ins_are_shown_without_javascript(browser: Browser, desk: Desk) -> None:
    """The link below the card opens a page with stand-ins and reporting line."""
    with contextlib.closing(
        browser.new_context(base_url=desk.world.url, java_script_enabled=False)
    ) as made:
        page = made.new_page()
        page.goto(f"/contacts?person={desk.made.id}.{desk.ids['Max Meier']}")
        page.get_by_role("link", name="Team, and who").click()
        expect(page.locator(".stand-ins .member").first).to_contain_text("same team")


def test_the_list_of_free_people_is_sorted_by_presence_while_it_is_open(
    at_desk: Page, desk: Desk
) -> None:
    """Available people first, then those who will soon be free; a person who becomes free moves up,
    unless the row is in use.

    All loaded pages are updated, each person is listed once, and no free person is missing.
    """
    page = at_desk
    crew = [f"Zora {number:02}" for number in range(60)]
    desk.set(dict.fromkeys(crew, "Available"))
    page.clock.install()
    page.goto("/contacts?free=soon")
    page.locator(".more").scroll_into_view_if_needed()
    expect(page.locator(".part")).to_have_count(2)
    expect(page.locator(".more")).to_have_count(0)
    names = page.locator(".people .name")
    free = len(names.all_text_contents())
    assert names.all_text_contents()[-3:] == ["Ben Busy", "Berta Boss", "Max Meier"]
    _row(page, "Ben Busy").focus()
    desk.set({"Berta Boss": "Available", "Ben Busy": "Available", "Anna Able": "Busy"})
    chromium.poll_until(page, lambda: names.all_text_contents()[0] == "Berta Boss")
    expect(_row(page, "Ben Busy")).to_be_focused()
    assert names.all_text_contents()[-3:] == ["Ben Busy", "Anna Able", "Max Meier"]
    page.keyboard.press("/")
    chromium.poll_until(page, lambda: names.all_text_contents()[0] == "Ben Busy")
    assert names.all_text_contents()[:2] == ["Ben Busy", "Berta Boss"]
    shown = names.all_text_contents()
    assert len(shown) == len(set(shown)) == free
    desk.set({"Berta Boss": "Busy", "Ben Busy": "Busy", **dict.fromkeys(crew, "Offline")})
