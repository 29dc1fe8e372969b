"""Takes screenshots of every page in both themes for the documentation: `python -m
tests.browser.screenshots`.
"""

import shutil
import sys
import tempfile
import urllib.error
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser import chromium
from tests.browser.chromium import NARROW, THEMES, WIDE, Theme
from tests.browser.world import Made, World, world

IMAGES = Path(__file__).parent.parent.parent / "docs/images"
_PHONES = ("directories", "step-2", "organisation", "person", "call-history", "directory")


class Stage:
    """A product as a contact centre has it after some weeks, and the pages to take."""

    def __init__(self, running: World) -> None:
        self.world = running
        self.entra = running.add("Brightwater UK")
        assert running.provision(self.entra.base, self.entra.token, 250, ("initial", "groups")).ok
        running.connect_presence(self.entra)
        self.other = running.add("Northwind Logistics", "other", strictNumbers=True)
        self._people(self.other)
        self._refused(self.other)
        self.begun = running.add("Contoso Retail", done=False)

    def _people(self, made: Made) -> None:
        names = (
            "Noor Haddad",
            "Jonas Lind",
            "Mei Tanaka",
            "Ruth Okafor",
            "Iker Etxeberria",
            "Zofia Nowak",
        )
        for number, name in enumerate(names, 1):
            given, family = name.split()
            self.world.person(
                made,
                number,
                userName=f"{given}.{family}@northwind.example".lower(),
                name={"givenName": given, "familyName": family},
                title="Dispatcher",
                phoneNumbers=[{"type": "work", "value": f"020 7946 09{number:02d}"}],
            )

    def _refused(self, made: Made) -> None:
        try:
            self.world.person(
                made,
                90,
                userName="sam.reyes@northwind.example",
                name={"givenName": "Sam", "familyName": "Reyes"},
                phoneNumbers=[{"type": "work", "value": "4711"}],
            )
        except urllib.error.HTTPError:
            return

    def scenes(self) -> dict[str, tuple[str, Callable[[Page], None] | None]]:
        """Return for each picture its page, and the steps before it or None."""
        entra, other, begun = (
            f"/directories/{made.id}" for made in (self.entra, self.other, self.begun)
        )
        return {
            "directories": ("/", None),
            "directory-delete": ("/", _delete),
            "step-1": ("/directories/new", _named),
            "step-2": ("/directories/new", self._token),
            "step-2-other": (f"{other}/connect", None),
            "step-3": (f"{begun}/presence", _sync),
            "step-3-connected": (f"{entra}/presence", None),
            "directory": (entra, None),
            "credentials": (f"{entra}/credentials", None),
            "setup-links": (f"{begun}/links", self._followed),
            "setup-link": ("/", self._opened),
            "dry-run": (f"{begun}/dry-run", _tested),
            "provisioning-log": (f"{other}/log", None),
            "numbers": (f"{entra}/numbers", None),
            "organisation": ("/contacts", None),
            "person": ("/contacts?q=man", _card),
            "call-history": ("/contacts/history", self._history),
            "not-found": ("/directories/nothing-here", None),
        }

    def _token(self, page: Page) -> None:
        page.get_by_label("Name", exact=True).fill("Fabrikam")
        page.get_by_role("button", name="Next Step").click()
        expect(page.locator("#token")).to_be_visible()
        self.world.call("DELETE", f"/api/directories/{page.url.split('/')[-2]}")

    def _opened(self, page: Page) -> None:
        """Show the page of a link, with a secret that is revoked later."""
        link = self.world.call("POST", f"/api/directories/{self.begun.id}/links")["url"]
        chromium.sign_in(page.context, self.world.url, "out")
        page.goto(link)
        page.get_by_role("button", name="Start").click()
        page.get_by_role("button", name="Create a client secret").click()
        expect(page.locator("#secret")).to_be_visible()
        for secret in self.world.call("GET", f"/api/directories/{self.begun.id}/secrets")[
            "secrets"
        ]:
            self.world.call("DELETE", f"/api/directories/{self.begun.id}/secrets/{secret['id']}")

    def _followed(self, page: Page) -> None:
        """Show a new link and one in use; links of other pictures are revoked."""
        path = f"/api/directories/{self.begun.id}/links"
        for link in self.world.call("GET", path)["links"]:
            self.world.call("DELETE", f"{path}/{link['id']}")
        browser = page.context.browser
        assert browser is not None
        with chromium.context(browser, self.world.url) as company:
            self._opened(company.new_page())
        page.goto(f"/directories/{self.begun.id}/links")
        page.get_by_role("button", name="Create a link").click()
        expect(page.locator("#setup-link")).to_be_visible()

    def _history(self, page: Page) -> None:
        found = self.world.call("GET", f"/api/directories/{self.entra.id}/contacts?limit=8")[
            "contacts"
        ]
        known = [one["number"] for one in found if one.get("number", "").startswith("+")][:3]
        numbers = [f"00{known[0].removeprefix('+')}", known[1], "020 7946 0902", "+49 30 901820"]
        page.get_by_label("Numbers").fill("\n".join(numbers))
        page.get_by_role("button", name="Find people").click()
        expect(page.locator(".match").first).to_be_visible()


def _delete(page: Page) -> None:
    page.get_by_label("Actions for Northwind Logistics").click()
    page.get_by_role("link", name="Delete").click()
    expect(page.get_by_role("dialog")).to_be_visible()


def _named(page: Page) -> None:
    page.get_by_label("Name", exact=True).fill("Fabrikam")


def _sync(page: Page) -> None:
    page.get_by_text("Sync presence", exact=True).click()
    expect(page.get_by_role("button", name="Sign in to Microsoft")).to_be_visible()


def _tested(page: Page) -> None:
    page.get_by_label("User or row").fill(
        "userPrincipalName,givenName,surname,telephoneNumber,mobile,objectId,Titel\n"
        "zofia.nowak@northwind.example,Zofia,Nowak,020 7946 0906,4711,8f0c2a6e-52f4-4a5e-9a53-0d5f1f0a7c11,Dispatcher"
    )
    page.get_by_role("button", name="Test", exact=True).click()
    expect(page.locator("#outcome")).to_be_visible()


def _card(page: Page) -> None:
    page.locator(".person").nth(1).click()
    expect(page.locator(".card")).to_be_visible()


@contextmanager
def _stage() -> Iterator[Stage]:
    folder = tempfile.mkdtemp()
    try:
        with world(f"sqlite:///{folder}/product.db") as running:
            yield Stage(running)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _take(browser: Browser, stage: Stage, only: set[str]) -> None:
    """Take the pictures in order of name, so that the scene that adds directories follows the
    picture of their list.
    """
    for name in stage.scenes():
        if only and name not in only:
            continue
        for theme in THEMES:
            _picture(browser, stage, name, theme, WIDE)
            if name in _PHONES:
                _picture(browser, stage, name, theme, NARROW)


def _picture(
    browser: Browser, stage: Stage, name: str, theme: Theme, size: tuple[int, int]
) -> None:
    path, act = stage.scenes()[name]
    suffix = "-phone" if size == NARROW else ""
    with chromium.context(browser, stage.world.url, theme, size) as visitor:
        page = visitor.new_page()
        page.goto(path)
        if act:
            act(page)
        _rest(page)
        if name.startswith(("step-2", "setup-link", "dry-run")) and size == WIDE:
            page.set_viewport_size({"width": WIDE[0], "height": 1240})
        page.screenshot(path=IMAGES / f"{name}{suffix}-{theme}.png", animations="disabled")


def _rest(page: Page) -> None:
    """Wait until no request is pending, and move the mouse away from any element."""
    page.mouse.move(0, 0)
    page.wait_for_load_state("networkidle")
    page.evaluate("document.getElementById('toasts').replaceChildren(); scrollTo(0, 0)")


def main() -> None:
    """Take all pictures, or those named on the command line."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright, _stage() as stage:
        browser = chromium.launch(playwright)
        _take(browser, stage, set(sys.argv[1:]))
        browser.close()


if __name__ == "__main__":
    main()
