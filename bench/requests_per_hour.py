"""Count the requests per hour of an open page and of Entra's cycles: `python -m bench.requests_per_hour`.

Uses a real Chromium and a real host with 60 people and a simulated Microsoft. The page's clock is
advanced by ten minutes in steps of a second, and every request is counted; the count times six is
shown. No status changes, and the user does nothing on the page unless the name of the row says
otherwise. An untouched page polls at its full rate only for the first two of the ten minutes. The
exit code is 1 if a page makes more requests than its bound.
"""

import sys
import tempfile
from collections import Counter
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, Request, sync_playwright

from tests.browser import chromium
from tests.browser.world import Made, World, world

_MINUTES = 10
_HIDE = """() => {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
_PEOPLE = 60
# Requests per hour, at most.
BOUNDS = {
    "agent: Organisation": 350,
    "agent: Organisation, touched": 720,
    "agent: Organisation, card and team open": 700,
    "agent: Organisation, hidden": 0,
    "administrator: list of directories": 150,
    "administrator: a directory": 180,
    "administrator: a directory, hidden": 0,
    "administrator: provisioning log": 0,
}


def measure(page: Page, *, hidden: bool, touched: bool) -> int:
    """Return the requests per hour of an open page, by the page's own clock.

    `touched` moves the mouse once a minute; `hidden` hides the page.
    """
    if hidden:
        page.evaluate(_HIDE)
    seen: Counter[str] = Counter()

    def note(request: Request) -> None:
        seen[urlsplit(request.url).path] += 1

    page.on("request", note)
    for second in range(_MINUTES * 60):
        if touched and second % 60 == 0:
            page.mouse.move(second, 100)
        page.clock.run_for(1000)
    page.wait_for_load_state("networkidle")
    page.remove_listener("request", note)
    return seen.total() * 60 // _MINUTES


def _open(browser: Browser, running: World, path: str) -> Page:
    page = browser.new_page(base_url=running.url, viewport={"width": 1280, "height": 800})
    page.clock.install()
    page.goto(path)
    page.wait_for_load_state("networkidle")
    return page


def _pages(browser: Browser, running: World, made: Made) -> dict[str, int]:
    addresses = {
        "agent: Organisation": "/contacts",
        "administrator: list of directories": "/",
        "administrator: a directory": f"/directories/{made.id}",
        "administrator: provisioning log": f"/directories/{made.id}/log",
    }
    found = {}
    for name in BOUNDS:
        page = _open(browser, running, addresses[name.partition(",")[0]])
        if "card" in name:
            page.locator(".people .person").first.click()
            page.locator("#card .card").wait_for()
            page.wait_for_load_state("networkidle")
        found[name] = measure(
            page, hidden=name.endswith("hidden"), touched=name.endswith("touched")
        )
        page.close()
    return found


def main() -> int:
    """Print the tables; return 1 if a bound is exceeded."""
    with tempfile.TemporaryDirectory() as folder, world(f"sqlite:///{folder}/bench.db") as running:
        made = running.add("Brightwater")
        first = running.provision(made.base, made.token, _PEOPLE, ("connect", "initial", "groups"))
        running.connect_presence(made)
        with sync_playwright() as playwright:
            browser = chromium.launch(playwright)
            found = _pages(browser, running, made)
            browser.close()
        cycle = running.provision(made.base, made.token, _PEOPLE, ("connect", "incremental"))
    print("| open page | requests an hour | bound |\n|---|---|---|")
    for name, count in found.items():
        print(f"| {name} | {count} | {BOUNDS[name]} |")
    changed = sum(cycle.done.get(what, 0) for what in ("updated", "created", "managers removed"))
    print("\n| Entra | requests |\n|---|---|")
    print(f"| first cycle, for each person | {first.requests / _PEOPLE:.1f} |")
    print(f"| later cycle, for each change | {cycle.requests / max(changed, 1):.1f} |")
    return int(any(count > BOUNDS[name] for name, count in found.items()))


if __name__ == "__main__":
    sys.exit(main())
