"""The browser of the tests, and pages that watch what they load."""

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright

Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = ("light", "dark")
WIDE, NARROW = (1280, 800), (360, 740)


def launch(playwright: Playwright) -> Browser:
    """Start Chromium's headless shell, else the machine's Chromium or Chrome, else Playwright's own."""
    names = ("chromium-headless-shell", "chromium", "google-chrome", "chromium-browser")
    own = next((path for name in names if (path := shutil.which(name))), None)
    return playwright.chromium.launch(executable_path=own, args=["--no-sandbox"])


@dataclass(slots=True)
class Watched:
    """The actions of a page: hosts that it asked, words in its console, bytes that came over the
    wire.
    """

    hosts: set[str] = field(default_factory=set)
    complaints: list[str] = field(default_factory=list)


def watch(page: Page) -> Watched:
    """Record the actions of `page` from now on."""
    watched = Watched()
    page.on("request", lambda request: watched.hosts.add(urlsplit(request.url).netloc))
    page.on("console", lambda said: _note(watched, said))
    page.on("pageerror", lambda error: watched.complaints.append(str(error)))
    return watched


def _note(watched: Watched, said: ConsoleMessage) -> None:
    """Chromium writes a line for each status of 400 and above; those are answers, not faults of the page."""
    if said.type in ("error", "warning") and not said.text.startswith("Failed to load resource"):
        watched.complaints.append(said.text)


@contextlib.contextmanager
def context(
    browser: Browser,
    url: str,
    theme: Theme = "light",
    size: tuple[int, int] = WIDE,
    language: str = "en-GB",
) -> Iterator[BrowserContext]:
    """A browser of its own for one visitor."""
    made = browser.new_context(
        base_url=url,
        viewport={"width": size[0], "height": size[1]},
        color_scheme=theme,
        locale=language,
        timezone_id="Europe/London",
        permissions=["clipboard-read", "clipboard-write"],
        reduced_motion="reduce",
    )
    try:
        yield made
    finally:
        made.close()


def sign_in(visitor: BrowserContext, url: str, role: str) -> None:
    """Be another person from now on: `admin`, `reader`, `none`, or signed out with `out`."""
    account = "00000000-0000-4000-8000-000000000001"
    value = "out" if role == "out" else f"{role}.{account}"
    visitor.add_cookies([{"name": "LocalSignIn", "value": value, "url": url}])
