"""A set-up link in two browsers: that of the contact centre, and that of a company's administrator
without an account.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, expect

from local.graph.simulator import CONTOSO
from tests.browser import axe, chromium
from tests.browser.world import ADMINISTRATOR, Made, World

MAX_CLICKS = 12
PEOPLE = 250
PAGE = 200  # of the contacts API, at most


class Clicks:
    """Counts a user's clicks on a page."""

    def __init__(self, page: Page) -> None:
        self.page, self.count = page, 0

    def press(self, name: str) -> None:
        """Click a button."""
        self.count += 1
        self.page.get_by_role("button", name=name).first.click()

    def copy(self, label: str, element: str) -> str:
        """Copy a value by its button and return it."""
        self.press(f"Copy {label}")
        value = str(self.page.evaluate("navigator.clipboard.readText()"))
        assert value == self.page.locator(f"#{element}").inner_text().strip()
        return value


@contextmanager
def stranger(browser: Browser, world: World, **more: str) -> Iterator[Page]:
    """Open the browser of a user who isn't signed in."""
    with chromium.context(browser, world.url, language=more.get("language", "en-GB")) as visitor:
        chromium.sign_in(visitor, world.url, "out")
        yield visitor.new_page()


def created(page: Page, made: Made) -> str:
    """Create a link as the contact centre does, and return its URL."""
    page.goto(f"/directories/{made.id}/links")
    page.get_by_role("button", name="Create a link").click()
    page.get_by_role("button", name="Copy Set-up link").click()
    return str(page.evaluate("navigator.clipboard.readText()"))


def test_from_the_link_to_people_with_presence(browser: Browser, empty: World) -> None:
    """At most twelve clicks for any number of people; the contact centre sees the progress, but no
    secret.
    """
    for tenant in empty.simulator.tenants.values():
        tenant.anyone = True
    made = empty.add("Brightwater UK", done=False)
    with (
        chromium.visitor(browser, empty) as centre,
        stranger(browser, empty) as company,
    ):
        desk = centre.new_page()
        watched = [chromium.watch(desk), chromium.watch(company)]
        asked: list[str] = []
        company.on("request", lambda request: asked.append(request.url))
        link = created(desk, made)
        clicks = Clicks(company)
        secret = _connected(company, clicks, link)
        base, endpoint = f"{made.base}", f"{empty.url}/scim/{made.id}/oauth2/token"
        token = empty.access_token(endpoint, made.id, secret)
        assert empty.provision(base, token, PEOPLE, ("connect", "initial")).ok
        expect(company.get_by_text("First person received")).to_be_visible()
        _with_presence(company, clicks, empty)
        clicks.press("Use the first ten people")
        expect(company.locator("#numbers .stack bdi").nth(9)).to_be_visible()
        clicks.press("Finish set-up")
        expect(company.get_by_role("heading", name="Set-up finished")).to_be_visible()
        assert clicks.count <= MAX_CLICKS
        _seen_by_the_contact_centre(desk, made, secret)
        code = link.partition("#")[2]
        assert asked
        assert not [url for url in asked if code in url or secret in url]
        assert [one.complaints for one in watched] == [[], []]
    people = empty.call("GET", f"/api/directories/{made.id}/contacts?limit={PAGE}")["contacts"]
    assert len(people) == PAGE  # the page of set-up links shows that all of them came
    known = [one for one in people if one["presence"]["shown"] != "unknown"]
    assert len(known) > 40


def _connected(company: Page, clicks: Clicks, link: str) -> str:
    """Open the link, copy the values for the identity provider, and return the client secret."""
    company.goto(link)
    expect(company.get_by_text("The link was read from the address")).to_be_visible()
    assert "#" not in company.url
    clicks.press("Start")
    expect(company.get_by_role("heading", name="Set up Brightwater UK")).to_be_visible()
    clicks.press("Create a client secret")
    clicks.copy("Base URL", "base-url")
    clicks.copy("Token endpoint", "token-endpoint")
    clicks.copy("Client ID", "client-id")
    return clicks.copy("Client secret", "secret")


def _with_presence(company: Page, clicks: Clicks, world: World) -> None:
    """Consent at Microsoft, and return to the link's page."""
    clicks.press("Sign in to Microsoft Azure with admin privileges")
    company.wait_for_url(f"{world.simulator.url}/**")
    clicks.press(ADMINISTRATOR)
    clicks.press("Accept")
    company.wait_for_url(f"{world.url}/set-up/*?outcome=consented")
    clicks.press("Connect contoso.example")
    world.sync_presence()
    expect(company.get_by_text("Presence is on")).to_be_visible(timeout=40_000)
    expect(company.locator("#connection").get_by_text(CONTOSO)).to_be_visible()


def _seen_by_the_contact_centre(desk: Page, made: Made, secret: str) -> None:
    """Assert that every step is shown with its time, and that the secret isn't shown."""
    for page in ("links", "credentials", "connect", "log", ""):
        desk.goto(f"/directories/{made.id}/{page}")
        assert secret not in desk.content()
        if page == "links":
            for words in ("Client secret taken", f"{PEOPLE} people so far", "Presence connected"):
                expect(desk.locator("li.reached", has_text=words)).to_be_visible()
            expect(desk.get_by_text("Done", exact=True)).to_be_visible()


def test_a_colleague_signs_in_by_a_link(browser: Browser, empty: World) -> None:
    """From the button of step 3 to presence: the sender's page is updated without a reload."""
    for tenant in empty.simulator.tenants.values():
        tenant.anyone = True
    made = empty.add("Brightwater UK", done=False)
    with chromium.context(browser, empty.url) as centre, stranger(browser, empty) as company:
        desk = centre.new_page()
        desk.goto(f"/directories/{made.id}/presence")
        desk.locator("#sync").check()
        desk.get_by_role("button", name="Create a sign-in link").click()
        link = desk.locator("#setup-link").inner_text()
        company.goto(link)
        company.get_by_role("button", name="Start").click()
        company.get_by_role("button", name="Sign in to Microsoft").click()
        company.get_by_role("button", name=ADMINISTRATOR).click()
        company.get_by_role("button", name="Accept").click()
        expect(company.get_by_text("Is this the company?")).to_be_visible()
        assert axe.faults(company) == []
        company.get_by_role("button", name="Connect contoso.example").click()
        expect(company.get_by_role("heading", name="Company connected")).to_be_visible()
        expect(desk.locator("li.reached", has_text="Company confirmed")).to_be_visible(
            timeout=15_000
        )
        assert axe.faults(company) == []


def test_a_second_browser_is_refused_with_the_reason(browser: Browser, fresh: World) -> None:
    """The link was shared: the first browser still works, and the contact centre sees the second
    attempt.
    """
    made = fresh.add("Brightwater UK")
    with chromium.visitor(browser, fresh) as centre, stranger(browser, fresh) as first:
        desk = centre.new_page()
        link = created(desk, made)
        first.goto(link)
        first.get_by_role("button", name="Start").click()
        expect(first.get_by_text("Waiting for the first call")).to_be_visible()
        with stranger(browser, fresh) as second:
            second.goto(link)
            second.get_by_role("button", name="Start").click()
            expect(second.get_by_text("This link was opened in another browser")).to_be_visible()
        first.reload()
        expect(first.get_by_text("Waiting for the first call")).to_be_visible()
        desk.reload()
        desk.goto(f"/directories/{made.id}/links")
        expect(desk.get_by_text("Another browser tried to open this link")).to_be_visible()
        desk.get_by_role("main").get_by_role("link", name="Revoke").click()
        desk.get_by_role("dialog").get_by_role("button", name="Revoke").click()
        expect(desk.get_by_text("Revoked", exact=True)).to_be_visible()
        first.reload()
        expect(first.get_by_text("The contact centre revoked this link")).to_be_visible()


def test_a_link_works_without_script(browser: Browser, fresh: World) -> None:
    """The link is pasted into a field, and every action is a form."""
    made = fresh.add("Brightwater UK")
    link = str(fresh.call("POST", f"/api/directories/{made.id}/links")["url"])
    with chromium.context(browser, fresh.url, script=False) as context:
        chromium.sign_in(context, fresh.url, "out")
        page = context.new_page()
        page.goto(link)
        page.get_by_label("Set-up link").fill(link)
        page.get_by_role("button", name="Start").click()
        page.get_by_role("button", name="Create a client secret").click()
        expect(page.locator("#secret")).to_contain_text("extdirsec_")
        page.get_by_label("Numbers", exact=True).fill("020 7946 0018\n12")
        page.get_by_role("button", name="Test", exact=True).click()
        expect(page.get_by_text("+442079460018")).to_be_visible()
        page.get_by_role("button", name="Finish set-up").click()
        expect(page.get_by_role("heading", name="Set-up finished")).to_be_visible()


@pytest.mark.parametrize(("language", "faults"), [("en-GB", axe.faults), ("de-DE", axe.narrow)])
def test_no_page_of_a_link_has_a_fault(
    browser: Browser, fresh: World, language: str, faults: Callable[[Page], list[str]]
) -> None:
    """axe-core finds nothing in both themes, wide and at 320 px; in German, whose words are longer,
    at 320 px.
    """
    made = fresh.add("Brightwater UK")
    link = str(fresh.call("POST", f"/api/directories/{made.id}/links")["url"])
    found: dict[str, list[str]] = {}
    with stranger(browser, fresh, language=language) as page:
        page.goto("/set-up")
        found["start"] = faults(page)
        page.goto(f"{fresh.url}/set-up/aaaaaaaaaaaa")
        found["refused"] = faults(page)
        page.goto(link)
        page.locator("form button").click()
        page.locator("#connect > .panel-body > form button").click()
        expect(page.locator("#secret")).to_be_visible()
        page.locator("#connect details").first.locator("summary").click()
        found["secret"] = faults(page)
        page.locator("#test-numbers").fill("020 7946 0018\n12")
        page.locator("#numbers form button").first.click()
        found["tested"] = faults(page)
        page.locator(".wizard-foot button").click()
        expect(page.locator(".art.good")).to_be_visible()
        found["done"] = faults(page)
    with chromium.visitor(browser, fresh, language=language) as visitor:
        page = visitor.new_page()
        page.goto(f"/directories/{made.id}/links")
        page.locator("#links form button").first.click()
        expect(page.locator("#setup-link")).to_be_visible()
        found["links"] = faults(page)
        page.goto(f"/directories/{made.id}/dry-run")
        page.locator("#dry-run-text").fill(
            '{"userName": "a@x.example", "phoneNumbers": [{"value": "12"}], "x": 1}'
        )
        page.locator("form button").last.click()
        expect(page.locator("#outcome")).to_be_visible()
        found["dry run"] = faults(page)
    assert {name: one for name, one in found.items() if one} == {}
