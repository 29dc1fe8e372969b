"""The whole story: from an empty page to a caller's name, and the removal of access."""

import urllib.error

import pytest
from playwright.sync_api import Browser, Page, expect

from local.graph.simulator import CONTOSO
from tests.browser import chromium
from tests.browser.world import World


def test_the_whole_story(browser: Browser, empty: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Add a directory, provision it with the page's values, consent, find people, remove access."""
    # An answer of Microsoft's serves every check for ten seconds, for which no person on this page waits.
    monkeypatch.setattr("presence.consent.service._GONE_KEPT", 1)
    with chromium.context(browser, empty.url) as visitor:
        page = visitor.new_page()
        watched = chromium.watch(page)
        token, base = _add_directory(page)
        _turned_away(page, empty, base)
        _provisioned(page, empty, base, token)
        _consented(page, empty)
        _found(page)
        _resolved(page)
        _removed(page, empty)
        assert watched.complaints == []


def _add_directory(page: Page) -> tuple[str, str]:
    """Do steps 1 and 2, and return the token, which must be confirmed as saved, and the base
    URL.
    """
    page.goto("/")
    expect(page.get_by_role("heading", name="No directories yet")).to_be_visible()
    page.get_by_role("link", name="Add Directory").click()
    page.get_by_role("button", name="Next Step").click()
    expect(page.get_by_text("Enter a name.")).to_be_visible()
    page.get_by_label("Name", exact=True).fill("Brightwater UK")
    page.get_by_role("radio", name="Azure Active Directory").check()
    page.get_by_role("button", name="Next Step").click()
    expect(page.get_by_text("Shown once", exact=True)).to_be_visible()
    token = _copied(page, "Copy Security token", "token")
    base = _copied(page, "Copy Base URL", "base-url")
    assert page.url.endswith("/connect")
    expect(page.get_by_text("Waiting for the first call")).to_be_visible()
    expect(page.get_by_role("button", name="Next Step")).to_be_disabled()
    page.get_by_label("I have saved it somewhere secure").check()
    expect(page.get_by_role("button", name="Next Step")).to_be_enabled()
    return token, base


def _copied(page: Page, button: str, element: str) -> str:
    page.get_by_role("button", name=button).click()
    expect(page.get_by_text(f"Copied: {button.removeprefix('Copy ')}")).to_be_visible()
    value = str(page.evaluate("navigator.clipboard.readText()"))
    assert value == page.locator(f"#{element}").inner_text().strip()
    return value


def _turned_away(page: Page, empty: World, base: str) -> None:
    """Send a wrong token, and assert that the open page shows the reason."""
    path = base.removeprefix(empty.url)
    with pytest.raises(urllib.error.HTTPError):
        empty.call("GET", f"{path}/Users", headers={"Authorization": "Bearer extdir_wrong"})
    expect(page.get_by_text("security token with a typing error")).to_be_visible()


def _provisioned(page: Page, empty: World, base: str, token: str) -> None:
    """Let the Entra simulator provision with the values of the page, and assert that the page shows
    it by itself.
    """
    assert empty.provision(base, token, 30, ("connect",)).ok
    expect(page.get_by_text("Test connection received")).to_be_visible()
    assert empty.provision(base, token, 30, ("initial",)).ok
    expect(page.get_by_text("First person received")).to_be_visible()


def _consented(page: Page, empty: World) -> None:
    """Do step 3: sign in and consent at Microsoft, until statuses are shown."""
    for tenant in empty.simulator.tenants.values():
        tenant.anyone = True
    page.get_by_role("button", name="Next Step").click()
    page.get_by_role("radio", name="Sync presence", exact=False).first.check()
    page.get_by_role("button", name="Sign in to Microsoft Azure with admin privileges").click()
    page.wait_for_url(f"{empty.simulator.url}/**")
    page.get_by_role("button", name="gloria@contoso.example").click()
    page.get_by_role("button", name="Accept").click()
    page.wait_for_url(f"{empty.url}/directories/*/presence?outcome=consented")
    expect(page.get_by_text("Access was granted")).to_be_visible()
    expect(page.get_by_text("Is this the company?")).to_be_visible()
    page.get_by_role("button", name="Connect contoso.example").click()
    empty.sync_presence()
    expect(page.get_by_text("Presence is on")).to_be_visible(timeout=40_000)
    page.get_by_role("button", name="Finish").click()
    expect(page.get_by_role("link", name="Overview")).to_have_attribute("aria-current", "page")


def _found(page: Page) -> None:
    """Find people with their presence, and open a card by keyboard."""
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Organisation").click()
    expect(page.get_by_text("30 people")).to_be_visible()
    expect(page.locator(".person .presence:not(.none)").first).to_be_visible()
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type(page.locator(".person .name").nth(3).inner_text().lower())
    expect(page.locator(".person")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    card = page.get_by_role("complementary", name="Person")
    expect(card.get_by_role("link", name="Teams chat")).to_be_visible()
    expect(card.get_by_text("Checked")).to_be_visible()
    page.keyboard.press("Escape")
    expect(card).to_be_hidden()


def _resolved(page: Page) -> None:
    """Find the person of a number as a call log has it."""
    page.get_by_role("searchbox").fill("")
    expect(page.get_by_text("30 people")).to_be_visible()
    row = page.locator(".person").first
    name, number = row.locator(".name").inner_text(), row.locator(".num").inner_text()
    page.get_by_role("link", name="Call history").click()
    page.get_by_label("Numbers").fill(f"00{number.removeprefix('+')}\n+1 999")
    page.get_by_role("button", name="Find people").click()
    expect(page.locator(".match", has_text=name)).to_be_visible()
    expect(page.get_by_text("No one has this number.")).to_be_visible()


def _removed(page: Page, empty: World) -> None:
    """Remove access, and assert that the page checks whether the company removed it too."""
    page.get_by_role("link", name="Directories", exact=True).click()
    page.get_by_role("link", name="Brightwater UK").click()
    page.get_by_role("link", name="Manage presence").click()
    page.get_by_role("link", name="Remove access to Azure").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove access to Azure").click()
    expect(page.get_by_role("heading", name="Remove access in Entra ID")).to_be_visible()
    page.get_by_role("button", name="Check that access is gone").click()
    expect(page.get_by_text("still has the permission")).to_be_visible()
    empty.simulator.delete_principal(CONTOSO)
    gone = page.locator("#gone .good")
    page.get_by_role("button", name="Check that access is gone").click()
    expect(gone).to_contain_text("access is gone")
    for done in ("Step 1 done", "Second step:"):
        expect(page.get_by_text(done)).to_be_hidden()
    page.get_by_role("link", name="Organisation").click()
    expect(page.get_by_text("30 people")).to_be_visible()
    expect(page.locator(".person .presence:not(.none)")).to_have_count(0)
