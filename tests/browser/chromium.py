"""The browser of the tests, and pages whose requests and console are recorded."""

import contextlib
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Page,
    Playwright,
    expect,
)

from local.host.sign_in import COOKIE
from tests.browser.world import World
from tests.rounds import rounds

Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = ("light", "dark")
WIDE, NARROW = (1280, 800), (360, 740)


# The frame of a window, which Chromium draws as pages, and a simulated graphics processor take more time than our pages.
_FRAME = (
    "InitialWebUI",
    "PreloadTopChromeWebUI",
    "WebUIAvatarButton",
    "WebUIBackForwardButton",
    "WebUIHomeButton",
    "WebUILocationBar",
    "WebUIOmniboxAimPopup",
    "WebUIOmniboxFullPopup",
    "WebUIOmniboxPopup",
    "WebUIReloadButton",
    "WebUISplitTabsButton",
    "WebUIToolbar",
)
# Playwright turns these off (its chromiumSwitches.ts), and only the last switch of this name counts.
_PLAYWRIGHT = (
    "AimEnabled",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "ThirdPartyStoragePartitioning",
)
SWITCHES = (
    "--no-sandbox",
    "--disable-gpu",
    f"--disable-features={','.join((*_FRAME, *_PLAYWRIGHT))}",
)


def launch(playwright: Playwright) -> Browser:
    """Start the machine's Chromium or Chrome, or else Playwright's own."""
    names = ("chromium", "google-chrome", "chromium-browser")
    own = next((path for name in names if (path := shutil.which(name))), None)
    return playwright.chromium.launch(executable_path=own, args=SWITCHES)


@dataclass(slots=True)
class Watched:
    """The record of a page: hosts requested, console errors, and bytes received."""

    hosts: set[str] = field(default_factory=set)
    complaints: list[str] = field(default_factory=list)


def watch(page: Page) -> Watched:
    """Record the actions of `page` from now on."""
    watched = Watched()
    page.on("request", lambda request: watched.hosts.add(urlsplit(request.url).netloc))
    page.on("console", lambda said: _note(watched, said))
    page.on("pageerror", lambda error: watched.complaints.append(str(error)))
    return watched


def wait_until_settled(page: Page) -> None:
    """Wait until no htmx request is pending, for example the one for the team of a new card."""
    expect(page.locator(".htmx-request, .htmx-swapping, .htmx-settling")).to_have_count(0)


def wait_until(page: Page, is_there: Callable[[], bool]) -> None:
    """Wait until `is_there` returns True because of an event of the page, such as a request that a
    route holds.
    """
    for _ in rounds():
        if is_there():
            return
        page.wait_for_timeout(20)


def poll_until(page: Page, is_there: Callable[[], bool]) -> None:
    """Advance the page's installed clock until a poll makes `is_there` return True."""
    for _ in rounds():
        if is_there():
            return
        page.clock.fast_forward(2500)
        page.wait_for_timeout(50)
        wait_until_settled(page)  # or the clock's next jump would time a request out


def received(page: Page, *, keeps_files: bool = True) -> list[float]:
    """Return a list to which the bytes of each response are added, as the browser's network panel
    counts them.

    `keeps_files` is True if the page may use cached files.
    """
    found: list[float] = []
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": not keeps_files})
    session.on("Network.loadingFinished", lambda event: found.append(event["encodedDataLength"]))
    return found


# Written by Chromium for each response with status 400 or above, and by htmx for each request that a newer one or
# another page ends. For a request that fails, htmx writes `htmx:sendError`, too.
_EXPECTED = ("Failed to load resource", "htmx:sendAbort", "htmx:afterRequest")


def _note(watched: Watched, said: ConsoleMessage) -> None:
    """Record a console error or warning, except those that are `_EXPECTED`."""
    if said.type in ("error", "warning") and not said.text.startswith(_EXPECTED):
        watched.complaints.append(said.text)


@contextlib.contextmanager
def context(
    browser: Browser,
    url: str,
    theme: Theme = "light",
    size: tuple[int, int] = WIDE,
    language: str = "en-GB",
    *,
    script: bool = True,
) -> Iterator[BrowserContext]:
    """Open a browser context for one visitor; `script` is False to disable JavaScript."""
    made = browser.new_context(
        base_url=url,
        viewport={"width": size[0], "height": size[1]},
        color_scheme=theme,
        locale=language,
        timezone_id="Europe/London",
        permissions=["clipboard-read", "clipboard-write"],
        reduced_motion="reduce",
        java_script_enabled=script,
    )
    try:
        yield made
    finally:
        made.close()


@contextlib.contextmanager
def visitor(browser: Browser, world: World, **options: Any) -> Iterator[BrowserContext]:
    """Open a browser context of the administrator of `world`; `options` are those of `context`."""
    with context(browser, world.url, **options) as made:
        if world.session:
            made.add_cookies([{"name": COOKIE, "value": world.session, "url": world.url}])
        yield made


# A page with an unsaved token asks before it is left. A question that is open while the tab is closed can block both.
_LEAVE_SILENTLY = (
    "() => addEventListener('beforeunload', (event) => event.stopImmediatePropagation(), true)"
)


class UsedTab:
    """A tab that is cleared after each test, which takes a third of the time of a new one."""

    def __init__(self, browser: Browser, url: str) -> None:
        self._browser, self._url = browser, url
        self._stack = contextlib.ExitStack()
        self._page: Page | None = None

    def take(self) -> Page:
        """Return the tab, or a new one if there is none."""
        if self._page is None:
            visitor = self._stack.enter_context(context(self._browser, self._url))
            self._page = visitor.new_page()
        return self._page

    def clean(self) -> None:
        """Clear everything that a test left in the tab; close the tab if that fails."""
        page = self.take()
        try:
            for other in page.context.pages[1:]:
                other.close()
            page.unroute_all(behavior="ignoreErrors")
            page.context.set_offline(False)
            page.evaluate(_LEAVE_SILENTLY)
            page.goto("/health")  # runs no script, and has the store of the pages
            page.evaluate("() => { localStorage.clear(); sessionStorage.clear(); }")
            page.context.clear_cookies()
            page.emulate_media(color_scheme="light")
            page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
        except Error:
            self.close()

    def close(self) -> None:
        """Close the tab."""
        self._stack.close()
        self._page = None


def sign_in(visitor: BrowserContext, url: str, role: str) -> None:
    """Sign in as another user from now on: `admin`, `reader`, `none`, or `out` to sign out."""
    account = "00000000-0000-4000-8000-000000000001"
    value = "out" if role == "out" else f"{role}.{account}"
    visitor.add_cookies([{"name": COOKIE, "value": value, "url": url}])
