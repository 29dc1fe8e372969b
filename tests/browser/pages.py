"""Every page of the product by name, for the tests that open each of them."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import Populated

PAGES = (
    "directories",
    "step 1",
    "step 1 again",
    "step 2",
    "step 2 other",
    "step 3",
    "step 3 undecided",
    "step 3 removed",
    "directory",
    "credentials",
    "log",
    "numbers",
    "audit",
    "account audit",
    "account audit empty",
    "numbers fine",
    "organisation",
    "person",
    "call history",
    "log filtered",
    "dialog",
    "way back",
    "not found",
    "directories filtered",
    "who sees it",
    "inspector",
)


def address(name: str, populated: Populated) -> str:
    """Return the path of the page."""
    made = (populated.entra, populated.other, populated.begun, populated.removed)
    entra, other, begun, removed = (f"/directories/{one.id}" for one in made)
    found = {
        "directories": "/",
        "step 1": "/directories/new?once=more",
        "step 1 again": f"{begun}/setup",
        "step 2": f"{begun}/connect",
        "step 2 other": f"{other}/connect",
        "step 3": f"{entra}/presence",
        "step 3 undecided": f"{begun}/presence",
        "step 3 removed": f"{removed}/presence",
        "directory": entra,
        "credentials": f"{entra}/credentials",
        "log": f"{other}/log",
        "log filtered": f"{other}/log?kind=refused",
        "dialog": f"{other}/delete",
        "way back": "/?outcome=expired",
        "numbers": f"{other}/numbers",
        "numbers fine": f"{begun}/numbers",
        "audit": f"{entra}/audit",
        "account audit": "/audit",
        "account audit empty": "/audit?actor=nobody",
        "organisation": "/contacts",
        "person": f"/contacts?person={first_person(populated)}",
        "call history": "/contacts/history",
        "directories filtered": "/?state=good&sort=name",
        "who sees it": f"{entra}/readers",
        "inspector": f"{other}/inspector",
        "not found": "/directories/nothing-here",
    }
    return found[name]


def issue(page: Page) -> None:
    """Issue a credential in the open dialog; if two are valid, choose the first one to be replaced,
    and confirm it.
    """
    dialog = page.get_by_role("dialog")
    choice = dialog.get_by_role("radio").first
    expect(dialog.get_by_role("button", name="Issue")).to_be_visible()
    has_choice = choice.is_visible()
    if has_choice:
        choice.check()
    dialog.get_by_role("button", name="Issue").click()
    if has_choice:
        dialog.get_by_role("button", name="Issue, and revoke").click()


def first_person(populated: Populated) -> str:
    """Return the key of a person in the directory with presence."""
    found = populated.world.call("GET", f"/api/directories/{populated.entra.id}/contacts?limit=1")
    return f"{populated.entra.id}.{found['contacts'][0]['id']}"
