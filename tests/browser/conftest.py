"""Fixtures: a browser, a product with directories that most tests share, and an empty one for tests
that change things.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    Playwright,
    expect,
    sync_playwright,
)

from tests.browser import chromium
from tests.browser.chromium import UsedTab
from tests.browser.world import Made, World, world

# A busy machine is slow at times; a test claims that an element comes, not how soon.
expect.set_options(timeout=20_000)


@dataclass(frozen=True, slots=True)
class Populated:
    """A product with users, shared by tests that change nothing.

    `entra` has presence, `other` has an unreadable number, `begun` is unfinished, and `removed` had
    its access removed.
    """

    world: World
    entra: Made
    other: Made
    begun: Made
    removed: Made

    @property
    def url(self) -> str:
        """Return the product's URL."""
        return self.world.url


@pytest.fixture(scope="session")
def playwright_of() -> Iterator[Playwright]:
    """Yield Playwright, of which a process can have only one."""
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def browser(playwright_of: Playwright) -> Iterator[Browser]:
    """Yield one Chromium for all tests."""
    launched = chromium.launch(playwright_of)
    yield launched
    launched.close()


@pytest.fixture(scope="session")
def populated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Populated]:
    """Yield a product with 60 users from Entra, 12 from another client, and two directories without
    users.
    """
    folder = tmp_path_factory.mktemp("product")
    with world(f"sqlite:///{folder}/product.db") as running:
        entra = running.add("Brightwater UK")
        assert running.provision(entra.base, entra.token, 60, ("initial", "groups")).ok
        running.connect_presence(entra)
        other = running.add("Northwind Logistics", "other")
        for number in range(1, 13):
            value = "12" if number == 7 else f"020 7946 {number:04d}"
            running.person(
                other,
                number,
                name={"givenName": "Noor", "familyName": f"Driver {number:02d}"},
                title="Driver",
                phoneNumbers=[{"type": "work", "value": value}],
            )
        begun, removed = running.add("Contoso Retail", done=False), running.add("Fabrikam Ireland")
        running.connect_presence(removed)
        running.call("POST", f"/api/directories/{removed.id}/presence", {"action": "remove"})
        yield Populated(running, entra, other, begun, removed)


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[World]:
    """Yield a product without directories, to which no company has consented."""
    with world(f"sqlite:///{tmp_path}/product.db") as running:
        yield running


@pytest.fixture
def fresh(populated: Populated) -> World:
    """Return an account without directories, in the product that all tests share."""
    return populated.world.new_account()


@pytest.fixture
def visitor(browser: Browser, populated: Populated) -> Iterator[BrowserContext]:
    """Yield an administrator's browser context at the populated product."""
    with chromium.context(browser, populated.url) as made:
        yield made


@pytest.fixture(scope="session")
def used_tab(browser: Browser, populated: Populated) -> Iterator[UsedTab]:
    """Yield a tab at the populated product that tests use one after the other."""
    with contextlib.closing(UsedTab(browser, populated.url)) as tab:
        yield tab


@pytest.fixture
def page(used_tab: UsedTab) -> Iterator[Page]:
    """Yield an administrator's cleared tab; tests that control its clock use `clocked_page`, those
    that add scripts `visitor`.
    """
    yield used_tab.take()
    used_tab.clean()


@pytest.fixture
def clocked_page(visitor: BrowserContext) -> Page:
    """Return an administrator's tab whose clock a test advances."""
    made = visitor.new_page()
    made.clock.install()
    return made
