"""An account with many directories, a long log, and a browser without JavaScript."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import chromium
from tests.browser.conftest import Populated
from tests.browser.world import World, world


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Yield a product with 24 directories, of which the last has a person and a refused request."""
    folder: Path = tmp_path_factory.mktemp("many")
    with world(f"sqlite:///{folder}/product.db") as running:
        for number in range(24):
            made = running.add(f"Company {number:02}", "other")
        running.person(made, 1, displayName="Noor Driver")
        yield running


def test_directories_are_searched_and_filtered_by_keyboard(browser: Browser, many: World) -> None:
    """The URL has the typed text; a reload, Back and the next page keep it."""
    with chromium.context(browser, many.url) as visitor:
        page = visitor.new_page()
        page.goto("/?sort=name")
        expect(page.get_by_text("Page 1 of 2")).to_be_visible()
        page.get_by_role("link", name="Next", exact=True).click()
        expect(page.get_by_role("link", name="Company 23")).to_be_visible()
        search = page.get_by_role("searchbox", name="Search by name")
        search.focus()
        page.keyboard.type("company 07")
        expect(page.get_by_text("1 of 24 directories match.")).to_be_visible()
        expect(page).to_have_url(re.compile(r"q=company(\+|%20)07"))
        page.reload()
        expect(page.get_by_role("link", name="Company 07")).to_be_visible()
        expect(page.get_by_role("link", name="Company 08")).to_have_count(0)


def test_a_company_is_chosen_by_its_name(browser: Browser, many: World) -> None:
    """By keyboard: the field is searched, the list shows the company's people, and the URL keeps
    it.
    """
    with chromium.context(browser, many.url) as visitor:
        page = visitor.new_page()
        page.goto("/contacts")
        page.locator(".picker > summary").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_label("Search companies")).to_be_focused()
        page.keyboard.type("23")
        expect(page.locator("#companies [data-company]")).to_have_count(2)
        page.get_by_role("link", name="Company 23", exact=True).focus()
        page.keyboard.press("Enter")
        expect(page.locator(".person")).to_have_count(1)
        expect(page).to_have_url(re.compile("directory="))
        page.reload()
        expect(page.locator("[data-company-name]")).to_have_text("Company 23")
        page.get_by_role("searchbox", name="Search people").fill("noor company 23")
        expect(page.get_by_text("1 found")).to_be_visible()
        expect(page.get_by_text("Noor Driver")).to_be_visible()


def test_a_search_of_a_long_log_ends_with_a_result(
    page: Page, populated: Populated, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page continues by itself, shows how far it has searched, and then that nothing
    matches.
    """
    monkeypatch.setattr("directories.provisioning_log._MAX_QUERIES", 4)
    page.goto(f"/directories/{populated.entra.id}/log?q=zzzz&kind=refused")
    expect(page.get_by_text("No event in this log matches the filter.")).to_be_visible()
    expect(page.get_by_text("Looking further back")).to_have_count(0)


def test_the_sign_in_step_works_without_script(browser: Browser, empty: World) -> None:
    """The browser sends the form, and the content security policy permits the redirect to
    Microsoft.
    """
    made = empty.add("Brightwater", done=False)
    with chromium.visitor(browser, empty, script=False) as visitor:
        page = visitor.new_page()
        page.goto(f"/directories/{made.id}/presence")
        page.get_by_text("Sync presence", exact=True).click()
        page.get_by_role("button", name="Save").click()
        page.get_by_role("button", name="Sign in to Microsoft").click()
        expect(page).to_have_url(re.compile(f"^{empty.simulator.url}/"))
        page.get_by_role("button", name="gloria@contoso.example").click()
        page.get_by_role("button", name="Accept").click()
        expect(page).to_have_url(re.compile(f"^{empty.url}/directories/{made.id}/presence"))
