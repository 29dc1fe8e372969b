"""The audit log in a browser: actors and actions, filtered, paged and exported."""

from playwright.sync_api import Browser, Page, expect

from tests.browser import chromium
from tests.browser.conftest import Populated


def test_an_administrator_finds_who_did_what(page: Page, populated: Populated) -> None:
    """From the menu to the account's log, filtered by kind to one directory's, then everything as a
    file.
    """
    page.goto("/")
    page.get_by_label("Account: ").click()
    page.get_by_role("link", name="Audit log").click()
    expect(page.get_by_role("heading", name="Audit log")).to_be_visible()
    expect(page.locator(".event").first).to_contain_text("Local admin")
    page.get_by_label("Actions to show").select_option("presence")
    expect(page.get_by_text("Directory created")).to_have_count(0)
    expect(page.locator(".event", has_text="presence").first).to_be_visible()
    page.reload()  # the address has the filter
    expect(page.get_by_label("Actions to show")).to_have_value("presence")
    page.locator(".event").get_by_role("link", name="Brightwater UK").first.click()
    expect(page.locator(".event").first).to_contain_text("Brightwater UK")
    expect(page.get_by_text("Northwind Logistics")).to_have_count(0)
    with page.expect_download() as download:
        page.get_by_role("link", name="Export as CSV").click()
    content = download.value.path().read_text(encoding="utf-8-sig")
    assert content.startswith('"Time","Act","Actor"')
    assert "directory.created" in content
    assert "Northwind" not in content


def test_a_directorys_log_loads_further_pages_by_itself(page: Page, populated: Populated) -> None:
    """The next page is loaded when the user comes near the end."""
    for number in range(55):
        body = {"strictNumbers": number % 2 == 0}
        populated.world.call("PATCH", f"/api/directories/{populated.begun.id}", body)
    page.goto(f"/directories/{populated.begun.id}/audit")
    expect(page.locator(".event")).to_have_count(50)
    page.locator(".event").last.scroll_into_view_if_needed()
    page.mouse.wheel(0, 5000)
    expect(page.get_by_text("Directory created")).to_have_count(1)


def test_the_log_is_in_german_too(browser: Browser, populated: Populated) -> None:
    """All texts follow the browser's language."""
    with chromium.context(browser, populated.url, language="de-DE") as visitor:
        page = visitor.new_page()
        page.goto(f"/directories/{populated.entra.id}/audit")
        expect(page.get_by_text("Verzeichnis angelegt")).to_be_visible()
        expect(page.get_by_label("Vorgänge zur Anzeige")).to_be_visible()
        expect(page.get_by_text("Standardregion:")).to_be_visible()
