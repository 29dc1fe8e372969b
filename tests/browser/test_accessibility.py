"""WCAG 2.2 AA as far as axe-core can see it, on every page, in both themes and at 320 px."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import chromium
from tests.browser.chromium import THEMES, Theme
from tests.browser.conftest import Populated
from tests.browser.pages import PAGES, address

_AXE = Path(__file__).parent.parent.parent / ".tools/browser/node_modules/axe-core/axe.min.js"
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def violations(page: Page) -> list[str]:
    """What axe finds: rule, help and the elements."""
    page.evaluate(_AXE.read_text())  # evaluated by the browser's tools, which the page's policy does not bind
    found: Any = page.evaluate("tags => axe.run(document, {runOnly: {type: 'tag', values: tags}})", _RULES)
    return [
        f"{one['id']}: {[node['html'][:200] for node in one['nodes']]} {one['nodes'][0]['failureSummary']}"
        for one in found["violations"]
    ]


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", PAGES)
def test_no_page_has_a_violation(browser: Browser, populated: Populated, name: str, theme: Theme) -> None:
    """axe-core finds nothing on any page, light or dark."""
    with chromium.context(browser, populated.url, theme) as visitor:
        page = visitor.new_page()
        page.goto(address(name, populated))
        assert violations(page) == []


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


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("open_it", [_rename, _delete, _issue, _revoke, _remove, _menu, _fault, _results, _nobody])
def test_nor_has_what_opens_on_it(
    browser: Browser, populated: Populated, open_it: Callable[[Page, Populated], None], theme: Theme
) -> None:
    """Dialogs, results and empty lists pass too."""
    with chromium.context(browser, populated.url, theme) as visitor:
        page = visitor.new_page()
        open_it(page, populated)
        assert violations(page) == []


@pytest.mark.parametrize("name", PAGES)
def test_nothing_scrolls_sideways_at_320_pixels(browser: Browser, populated: Populated, name: str) -> None:
    """WCAG 2.2 success criterion 1.4.10, reflow."""
    with chromium.context(browser, populated.url, size=(320, 700)) as visitor:
        page = visitor.new_page()
        page.goto(address(name, populated))
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
