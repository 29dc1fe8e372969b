"""WCAG 2.2 AA, as far as axe-core can check it, for dialogs, results and errors, in both themes and
at 320 px.
"""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser import chromium
from tests.browser.axe import faults
from tests.browser.conftest import Populated
from tests.browser.pages import address, issue


def _rename(page: Page, populated: Populated) -> None:
    page.goto("/")
    page.get_by_label("Actions for Brightwater UK").click()
    page.get_by_role("link", name="Rename").click()
    expect(page.get_by_role("dialog")).to_be_visible()


def _delete(page: Page, populated: Populated) -> None:
    page.goto("/")
    page.get_by_label("Actions for Brightwater UK").click()
    page.get_by_role("link", name="Delete").click()
    expect(page.get_by_role("dialog")).to_be_visible()


def _issue(page: Page, populated: Populated) -> None:
    page.goto(address("credentials", populated))
    page.get_by_role("link", name="Issue a new one").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()


def _revoke(page: Page, populated: Populated) -> None:
    page.goto(address("credentials", populated))
    page.get_by_role("link", name="Revoke").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()


def _remove(page: Page, populated: Populated) -> None:
    page.goto(address("step 3", populated))
    page.get_by_role("link", name="Remove access to Azure").click()
    expect(page.get_by_role("dialog")).to_be_visible()


def _menu(page: Page, populated: Populated) -> None:
    page.goto("/")
    page.get_by_label("Actions for Brightwater UK").click()
    expect(page.get_by_role("link", name="Rename")).to_be_visible()


def _account(page: Page, populated: Populated) -> None:
    page.goto("/contacts")
    page.get_by_label("Account: ").click()
    expect(page.get_by_role("link", name="Sign out")).to_be_visible()


def _fault(page: Page, populated: Populated) -> None:
    page.goto("/directories/new")
    page.get_by_role("button", name="Next Step").click()
    expect(page.get_by_text("Enter a name.")).to_be_visible()


def _results(page: Page, populated: Populated) -> None:
    page.goto("/contacts/history")
    page.get_by_label("Numbers").fill("020 7946 0001\n12345")
    page.get_by_role("button", name="Find people").click()
    expect(page.locator(".match").first).to_be_visible()


def _nobody(page: Page, populated: Populated) -> None:
    page.goto("/contacts?q=zzzz")
    expect(page.get_by_text("No one found")).to_be_visible()


def _token(page: Page, populated: Populated) -> None:
    """Open step 2 as it follows step 1, with all of its sections open."""
    page.goto("/directories/new")
    page.get_by_label("Name", exact=True).fill("Wingtip Toys")
    page.get_by_role("button", name="Next Step").click()
    expect(page.locator("#token")).to_be_visible()
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")


def _token_saved(page: Page, populated: Populated) -> None:
    page.goto(f"/directories/{populated.removed.id}/connect")
    page.get_by_role("link", name="Issue a new token").click()
    issue(page)
    page.get_by_label("I have saved").check()
    expect(page.get_by_role("button", name="Next Step")).to_be_enabled()


def _issued(page: Page, link: str) -> None:
    page.get_by_role("link", name=link).first.click()
    issue(page)
    expect(page.get_by_text("Save it now")).to_be_visible()


def _fresh_token(page: Page, populated: Populated) -> None:
    page.goto(address("credentials", populated))
    _issued(page, "Issue a new one")


def _fresh_secret(page: Page, populated: Populated) -> None:
    page.goto(f"/directories/{populated.removed.id}/credentials")
    _issued(page, "Create")


def _gone(page: Page, populated: Populated) -> None:
    page.goto(address("step 3 removed", populated))
    page.evaluate("document.querySelector('#removal details').open = true")
    page.get_by_role("button", name="Check that access is gone").click()
    expect(page.get_by_text("still has the permission")).to_be_visible()


def _away(page: Page, populated: Populated) -> None:
    with populated.world.storage_away():
        page.goto("/contacts")
    expect(page.get_by_text("Trying again automatically")).to_be_visible()


def _agent(page: Page, populated: Populated) -> None:
    chromium.sign_in(page.context, populated.url, "reader")
    page.goto("/directories/new")
    expect(page.get_by_role("heading", name="This page is for administrators")).to_be_visible()


def _no_role(page: Page, populated: Populated) -> None:
    chromium.sign_in(page.context, populated.url, "none")
    page.goto("/contacts")
    expect(page.get_by_role("heading", name="You don't have access yet")).to_be_visible()


def _offline(page: Page, populated: Populated) -> None:
    page.goto("/contacts")
    page.context.set_offline(True)
    expect(page.get_by_text("You're offline.")).to_be_visible()


def _undo(page: Page, populated: Populated) -> None:
    """Delete a directory, so that the list shows the notice with Undo."""
    made = populated.world.add("Tailspin Toys", "other")
    page.goto(f"/directories/{made.id}")
    page.get_by_label("Actions for").click()
    page.get_by_role("link", name="Delete").click()
    page.get_by_role("dialog").get_by_role("textbox").fill(made.name)
    page.get_by_role("button", name="Delete directory").click()
    expect(page.locator(".toast")).to_be_visible()
    expect(page.get_by_role("button", name="Undo").first).to_be_visible()


def _waiting(page: Page, populated: Populated) -> None:
    page.goto("/directories/new")
    page.route("**/directories/new**", lambda route: None)
    page.get_by_label("Name", exact=True).fill("Slow Ltd")
    page.get_by_role("button", name="Next Step").click()
    expect(page.locator("#busy-bar")).to_be_visible()


_OF_AGENTS = (_results, _nobody, _offline)  # shown in narrow frames of other applications
_DIALOGS = (_rename, _delete, _issue, _revoke, _remove)
_RESULTS = (
    _menu,
    _account,
    _fault,
    _results,
    _nobody,
    _token,
    _token_saved,
    _fresh_token,
    _fresh_secret,
    _gone,
)
_TROUBLE = (_away, _agent, _no_role, _offline, _undo, _waiting)


@pytest.mark.parametrize("open_it", [*_DIALOGS, *_RESULTS, *_TROUBLE])
def test_what_opens_on_a_page_has_no_fault(
    page: Page, populated: Populated, open_it: Callable[[Page, Populated], None]
) -> None:
    """Dialogs, results, secrets that are shown once, refusals, empty lists and errors."""
    open_it(page, populated)
    found = faults(page, 280 if open_it in _OF_AGENTS else 320)
    if open_it is _token:  # the page that asks for news of it would leave if it were gone before
        populated.world.call("DELETE", f"/api/directories/{page.url.split('/')[-2]}")
    assert found == []
