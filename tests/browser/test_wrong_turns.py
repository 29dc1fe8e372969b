"""Mistakes of an administrator: each can be undone, or the page asks or reports it before anything
is lost.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser import chromium
from tests.browser.world import World, world


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Yield a product that these tests share, without consent; each test creates its own
    directories.
    """
    folder: Path = tmp_path_factory.mktemp("wrong-turns")
    with world(f"sqlite:///{folder}/product.db") as running:
        for tenant in running.simulator.tenants.values():
            tenant.anyone = True
        yield running


@pytest.fixture
def visitor(browser: Browser, begun: World) -> Iterator[BrowserContext]:
    """Yield an administrator's browser."""
    with chromium.visitor(browser, begun) as made:
        yield made


def _step_two(page: Page, name: str) -> str:
    page.goto("/directories/new")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Next Step").click()
    return page.locator("#token").inner_text()


def test_an_unsaved_token_is_not_left_without_a_question(visitor: BrowserContext) -> None:
    """A link, Back and a reload ask first, and the token stays; once it is confirmed as saved,
    nothing asks.
    """
    page = visitor.new_page()
    token = _step_two(page, "Adventure Works")
    address = page.url
    asks = page.get_by_role("dialog", name="Leave without saving it?")
    page.get_by_role("link", name="Presence").click()
    expect(asks).to_be_visible()
    page.get_by_role("button", name="Stay and save it").click()
    page.evaluate("history.back()")
    expect(asks).to_be_visible()
    page.get_by_role("button", name="Stay and save it").click()
    assert (page.url, page.locator("#token").inner_text()) == (address, token)
    native: list[str] = []

    def stay(dialog: object) -> None:
        native.append(dialog.type)  # type: ignore[attr-defined]
        dialog.dismiss()  # type: ignore[attr-defined]

    page.on("dialog", stay)
    page.evaluate("setTimeout(() => location.reload())")
    expect(page.locator("#token")).to_have_text(token)
    page.wait_for_timeout(300)
    assert native == ["beforeunload"]
    page.get_by_label("I have saved").check()
    page.get_by_role("link", name="Presence").click()
    expect(page).to_have_url(re.compile("/presence$"))


def test_leaving_without_the_token_opens_the_chosen_page(visitor: BrowserContext) -> None:
    """The question is asked once."""
    page = visitor.new_page()
    _step_two(page, "Alpine Ski House")
    page.get_by_role("link", name="Organisation").click()
    page.get_by_role("button", name="Leave without it").click()
    expect(page).to_have_url(re.compile("/contacts$"))


def test_a_wrong_kind_is_corrected_and_the_set_up_finished_later(
    visitor: BrowserContext, begun: World
) -> None:
    """No request has come, so the directory needn't be deleted; the list links to the step."""
    page = visitor.new_page()
    _step_two(page, "Wide World")
    page.get_by_label("I have saved").check()
    page.get_by_role("link", name="Name and kind").click()
    page.get_by_role("radio", name="Other directory").check()
    page.get_by_role("button", name="Next Step").click()
    expect(page.get_by_role("button", name="Finish", exact=True)).to_be_visible()
    page.get_by_role("link", name="Finish later").click()
    expect(page.get_by_text("Set-up unfinished").first).to_be_visible()
    page.get_by_role("link", name="Wide World").click()
    expect(page).to_have_url(re.compile("/connect$"))


def test_an_existing_name_is_refused_at_its_field(visitor: BrowserContext, begun: World) -> None:
    """Agents couldn't distinguish two directories with one name."""
    begun.add("Litware")
    page = visitor.new_page()
    page.goto("/directories/new")
    page.get_by_label("Name", exact=True).fill("litware")
    page.get_by_role("button", name="Next Step").click()
    expect(page.get_by_text("has a directory called litware already")).to_be_visible()
    expect(page.get_by_label("Name", exact=True)).to_have_attribute("aria-invalid", "true")


def test_an_unsaved_token_outlives_the_session(visitor: BrowserContext, begun: World) -> None:
    """The page shows the token until the user confirms that it is saved, and then signs in
    again.
    """
    page = visitor.new_page()
    token = _step_two(page, "Fourth Coffee")
    chromium.sign_in(visitor, begun.url, "out")
    expect(page.get_by_text("Save the value first")).to_be_visible()
    assert page.locator("#token").inner_text() == token
    page.get_by_label("I have saved").check()
    with page.expect_navigation():
        page.get_by_role("button", name="Next Step").click()


def test_a_third_token_asks_which_one_to_replace(visitor: BrowserContext, begun: World) -> None:
    """Entra uses A, and B was lost: the user chooses B, and A stays valid."""
    made = begun.add("Tailspin", "other")
    begun.scim(made, "GET", "/Users")
    lost = begun.call("POST", f"/api/directories/{made.id}/tokens", {})
    page = visitor.new_page()
    page.goto(f"/directories/{made.id}/credentials")
    page.get_by_role("link", name="Issue a new one").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("never used")).to_be_visible()
    expect(dialog.get_by_text(re.compile("last used .*GMT"))).to_be_visible()
    dialog.get_by_role("radio", name=f"{lost['id']} ends at once").check()
    dialog.get_by_role("button", name="Issue").click()
    expect(dialog.get_by_text(f"{lost['id']} stops working now.")).to_be_visible()
    dialog.get_by_role("button", name=f"Issue, and revoke {lost['id']}").click()
    expect(page.get_by_text("Save it now")).to_be_visible()
    assert "Resources" in begun.scim(made, "GET", "/Users")


def _to_consent(page: Page, begun: World, directory_id: str, who: str) -> None:
    page.goto(f"/directories/{directory_id}/presence")
    page.get_by_role("radio", name="Sync presence", exact=False).first.check()
    page.get_by_role("button", name="Sign in to Microsoft").click()
    page.wait_for_url(f"{begun.simulator.url}/**")
    page.get_by_role("button", name=who).click()


def test_two_tabs_do_not_connect_the_wrong_company(visitor: BrowserContext, begun: World) -> None:
    """The second tab's company must be confirmed, and the first tab shows that another one was
    first.
    """
    made = begun.add("Contoso Bank", done=False)
    first, second = visitor.new_page(), visitor.new_page()
    _to_consent(first, begun, made.id, "gloria@contoso.example")
    _to_consent(second, begun, made.id, "gloria@fabrikam.example")
    second.get_by_role("button", name="Accept").click()
    expect(second.get_by_text("Is this the company?")).to_be_visible()
    expect(second.get_by_role("button", name="Connect fabrikam.example")).to_be_visible()
    first.get_by_role("button", name="Accept").click()
    expect(first.get_by_text("Another company came first")).to_be_visible()
    expect(first.get_by_text("gloria@fabrikam.example").first).to_be_visible()
    expect(first.get_by_role("button", name="Finish", exact=True)).to_be_disabled()
    first.get_by_role("link", name="Not this company").click()
    first.get_by_role("dialog").get_by_role("button", name="Remove access to Azure").click()
    expect(first.get_by_role("heading", name="Remove access in Entra ID")).to_be_visible()
    second.get_by_role("button", name="Connect fabrikam.example").click()
    expect(second.get_by_text("The company has changed")).to_be_visible()


def test_after_finish_the_next_steps_stay_until_people_arrive(
    visitor: BrowserContext, begun: World
) -> None:
    """Base URL, steps and connection state; the list doesn't show the directory as good."""
    made = begun.add("Northwind")
    page = visitor.new_page()
    page.goto("/")
    row = page.locator(".dir", has_text="Northwind")
    expect(row.get_by_text("Waiting for the first call")).to_be_visible()
    page.goto(f"/directories/{made.id}")
    steps = page.get_by_role("region", name="Next: send people from the identity provider")
    expect(steps.get_by_text(made.base)).to_be_visible()
    expect(steps.get_by_text("Waiting for the first call")).to_be_visible()
    begun.scim(made, "GET", "/Users?startIndex=1&count=1")
    expect(steps.get_by_text("Test connection received")).to_be_visible()
    begun.person(made, 1, displayName="Ada")
    expect(steps).to_be_hidden()
    page.goto("/")
    expect(row.get_by_text("All good")).to_be_visible()


def test_pages_fit_a_narrow_phone_in_german(browser: Browser, begun: World) -> None:
    """WCAG 2.2, 1.4.10: at 320 CSS pixels nothing is cut off, even with the longest words."""
    one = begun.add("Schmal").id
    pages = ("", "/connect", "/presence", "/setup", "/credentials", "/issue?kind=client_secret")
    with chromium.visitor(browser, begun, size=(320, 700), language="de-DE") as visitor:
        page = visitor.new_page()
        for path in pages:
            page.goto(f"/directories/{one}{path}")
            assert page.evaluate("document.documentElement.scrollWidth") <= 320, path
