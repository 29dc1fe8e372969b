"""Agents' pages in a frame of another site: who may embed them, how a user signs in, and incoming
calls.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Error,
    Frame,
    FrameLocator,
    Page,
    Playwright,
    expect,
)

from tests.browser import axe, chromium
from tests.browser.embedding import browser_with_third_party_cookies, site
from tests.browser.world import World, world

NUMBER, SHARED = "+442079460958", "+442079460001"


@dataclass(frozen=True, slots=True)
class Embedded:
    """A product, an origin that may embed it, and one that may not."""

    world: World
    allowed: str
    forbidden: str

    def page(self, origin: str, address: str, width: int = 420) -> str:
        """Return the URL of a page of `origin` that frames `address` of the product."""
        query = urlencode({"address": f"{self.world.url}{address}", "width": width})
        return f"{origin}/?{query}"


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    """Yield a product with three people, two of whom share a number; no user is signed in."""
    folder = tmp_path_factory.mktemp("embedded")
    tables = f"sqlite:///{folder}/product.db"
    with (
        site() as allowed,
        site() as forbidden,
        world(tables, asks_to_sign_in=True, EMBEDDING_ORIGINS=allowed) as running,
    ):
        made = running.add("Brightwater UK", "other")
        people = [("Anna Adams", NUMBER), ("Ben Brown", SHARED), ("Cleo Clark", SHARED)]
        for at, (name, number) in enumerate(people, 1):
            numbers = [{"type": "work", "value": number}]
            running.person(made, at, displayName=name, phoneNumbers=numbers, title="Guide")
        yield Embedded(running, allowed, forbidden)


@pytest.fixture
def private(browser: Browser, embedded: Embedded) -> Iterator[BrowserContext]:
    """Yield a browser that blocks third-party cookies, as private windows do, without a signed-in
    user.
    """
    with chromium.context(browser, embedded.world.url) as visitor:
        yield visitor


@pytest.fixture
def signed_in(private: BrowserContext) -> BrowserContext:
    """Return the browser after a sign-in, in which the user has permitted the frame to use the
    session.
    """
    private.request.get("/.local/sign-in?role=reader", max_redirects=0)
    private.grant_permissions(["storage-access"])
    return private


def frame(page: Page) -> FrameLocator:
    """Return the frame that embeds the product, as a locator."""
    return page.frame_locator("#people")


def inner(page: Page) -> Frame:
    """Return the frame that embeds the product, as a Playwright Frame."""
    found = page.frames[-1]
    assert found is not page.main_frame
    return found


def arrived(window: Page) -> None:
    """Wait until the window that signed in is fully loaded; before that its button has no
    effect.
    """
    expect(window.get_by_role("button", name="Close this window")).to_be_focused()
    window.wait_for_load_state()


def close(window: Page) -> None:
    """Close the window that signed in, by its button, which has the focus."""
    arrived(window)
    with window.expect_event("close"), contextlib.suppress(Error):  # closed before the key is up
        window.keyboard.press("Enter")


def answers(page: Page, kind: str) -> list[dict[str, Any]]:
    """Return the messages of this type that the embedding page received."""
    found: list[dict[str, Any]] = page.evaluate("answers")
    return [one for one in found if one["type"] == kind]


def ring(page: Page, message: dict[str, Any], kind: str = "directories.popped") -> dict[str, Any]:
    """Send a message to the frame, and return its reply."""
    page.evaluate("message => { answers.length = 0; ring(message) }", message)
    page.wait_for_function("kind => answers.some((one) => one.type === kind)", arg=kind)
    (answer,) = answers(page, kind)
    return answer


@pytest.mark.parametrize(
    ("who", "address"),
    [("forbidden", "/embed"), ("forbidden", "/contacts"), ("allowed", "/")],
)
def test_a_page_that_may_not_be_framed_is_not_shown(
    signed_in: BrowserContext, embedded: Embedded, who: str, address: str
) -> None:
    """An agent's page for an origin that isn't in the setting, and an administrator's page for any
    origin.
    """
    page = signed_in.new_page()
    page.goto(embedded.page(getattr(embedded, who), address))
    inner(page).wait_for_url(lambda url: url.startswith("chrome-error:"))


def test_a_signed_in_user_needs_no_sign_in_in_the_frame(
    playwright_of: Playwright, embedded: Embedded, tmp_path: Path
) -> None:
    """If the browser sends cookies to frames, the frame shows the caller without a click.

    The embedding page is told that the frame is ready, and who is signed in. With the same cookie
    it can't change anything itself.
    """
    with browser_with_third_party_cookies(playwright_of, tmp_path) as context:
        context.request.get(f"{embedded.world.url}/.local/sign-in?role=reader", max_redirects=0)
        page = context.new_page()
        query = urlencode({"number": NUMBER, "pop": 1})
        page.goto(embedded.page(embedded.allowed, f"/embed?{query}"))
        expect(frame(page).get_by_role("heading", name="Anna Adams")).to_be_focused()
        page.wait_for_function("answers.length > 1")
        told = page.evaluate("answers")
        assert [one["type"] for one in told] == ["directories.ready", "directories.popped"]
        assert told[1]["origin"] == embedded.world.url
        assert told[1]["person"]["displayName"] == "Anna Adams"
        change = (
            "action => { const form = document.createElement('form'); "
            "Object.assign(form, { action, method: 'post' }); document.body.append(form); form.submit(); }"
        )
        with page.expect_response("**/contacts/presence") as refused:
            page.evaluate(change, f"{embedded.world.url}/contacts/presence")
        assert "LocalSignIn" in refused.value.request.all_headers()["cookie"]
        assert refused.value.status == 403


def test_a_message_about_a_call_gets_a_reply(signed_in: BrowserContext, embedded: Embedded) -> None:
    """For a person, a choice, no one, and a message without a number; `id` identifies the call.

    Filters of the page don't hide the caller.
    """
    page = signed_in.new_page()
    page.goto(embedded.page(embedded.allowed, "/embed"))
    expect(frame(page).locator(".person")).to_have_count(3)
    frame(page).get_by_label("Favourites").press("Space")
    expect(frame(page).locator(".person")).to_have_count(0)

    found = ring(page, {"type": "directories.pop", "number": NUMBER, "id": 7})
    expect(frame(page).get_by_label("Favourites")).not_to_be_checked()
    assert (found["outcome"], found["id"], found["count"]) == ("person", 7, 1)
    expect(frame(page).get_by_role("heading", name="Anna Adams")).to_be_focused()

    found = ring(page, {"type": "directories.pop", "number": SHARED})
    assert (found["outcome"], found["count"], "person" in found) == ("choice", 2, False)
    expect(frame(page).get_by_text("Choose who is calling.")).to_be_visible()
    expect(frame(page).locator(".person").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(frame(page).get_by_role("heading", name="Ben Brown")).to_be_focused()

    found = ring(page, {"type": "directories.pop", "number": "+15551234567"})
    assert found["outcome"] == "none"
    expect(frame(page).get_by_role("searchbox")).to_have_value("+15551234567")
    expect(frame(page).get_by_role("searchbox")).to_be_focused()

    fault = ring(page, {"type": "directories.pop"}, "directories.error")
    assert fault["code"] == "number_missing"


def test_a_message_of_another_window_is_ignored(
    signed_in: BrowserContext, embedded: Embedded
) -> None:
    """Only the embedding window counts, and only with an origin of the setting."""
    page = signed_in.new_page()
    page.goto(embedded.page(embedded.allowed, "/embed"))
    expect(frame(page).locator(".person")).to_have_count(3)
    page.wait_for_function("answers.some((one) => one.type === 'directories.ready')")
    message = {"type": "directories.pop", "number": NUMBER}
    inner(page).evaluate("message => window.postMessage(message, '*')", message)
    assert ring(page, {**message, "number": SHARED, "id": "mine"})["id"] == "mine"
    assert [one.get("id") for one in answers(page, "directories.popped")] == ["mine"]
    expect(frame(page).locator("#card .card")).to_have_count(0)


def test_a_user_signs_in_within_a_frame(private: BrowserContext, embedded: Embedded) -> None:
    """Third-party cookies are blocked: a window signs in, and a click permits the frame to use the
    session.

    A call that came before is shown after it, and the frame can send changes.
    """
    page = private.new_page()
    page.goto(embedded.page(embedded.allowed, "/embed"))
    button = frame(page).get_by_role("button", name="Sign in")
    expect(button).to_be_visible()
    assert inner(page).evaluate("document.hasStorageAccess()") is False
    assert len(answers(page, "directories.signed_out")) == 1
    fault = ring(page, {"type": "directories.pop", "number": NUMBER}, "directories.error")
    assert fault["code"] == "signed_out"

    with page.expect_popup() as opened:
        button.press("Enter")
    close(opened.value)
    go_on = frame(page).get_by_role("button", name="Continue")
    expect(go_on).to_be_visible()
    private.grant_permissions(["storage-access"])  # a browser without a window shows no prompt
    go_on.press("Enter")
    expect(frame(page).get_by_role("heading", name="Anna Adams")).to_be_focused()

    change = "fetch('/contacts/presence', {method: 'POST', body: new URLSearchParams()}).then((answer) => answer.status)"
    assert inner(page).evaluate(change) == 204  # nothing changed


def test_an_expired_session_leads_to_the_sign_in_of_the_frame(
    signed_in: BrowserContext, embedded: Embedded
) -> None:
    """Microsoft's sign-in can't be shown in a frame; afterwards the search that it interrupted is
    answered.
    """
    page = signed_in.new_page()
    page.goto(embedded.page(embedded.allowed, "/embed"))
    search = frame(page).get_by_role("searchbox")
    expect(frame(page).locator(".person")).to_have_count(3)
    search.fill("anna")
    expect(frame(page).locator(".person")).to_have_count(1)
    signed_in.clear_cookies()
    search.fill("ben")
    expect(frame(page).get_by_role("button", name="Sign in")).to_be_visible()
    with page.expect_popup() as opened:
        frame(page).get_by_role("button", name="Sign in").click()
    close(opened.value)
    expect(frame(page).get_by_role("searchbox")).to_have_value("ben")
    expect(frame(page).locator(".person")).to_have_count(1)


def _faults(page: Page, embedded: Embedded, address: str, ready: str) -> list[str]:
    """Return the violations of a frame of 280 px in both themes, and a fault if it scrolls
    sideways.
    """
    page.goto(embedded.page(embedded.allowed, address, width=280))
    expect(frame(page).locator(ready).first).to_be_visible()
    found = [f"{address} {one}" for one in axe.in_both_themes(page, inner(page))]
    width = inner(page).evaluate("document.documentElement.scrollWidth")
    return found + ([f"{address} is {width} px wide"] if width > 280 else [])


def test_a_frame_of_280_pixels_has_no_fault(signed_in: BrowserContext, embedded: Embedded) -> None:
    """axe-core finds nothing in the list, a choice and a card, and nothing scrolls sideways."""
    page = signed_in.new_page()
    choice = urlencode({"number": SHARED, "pop": 1})
    card = urlencode({"number": NUMBER, "pop": 1})
    found = _faults(page, embedded, "/embed", ".person")
    found += _faults(page, embedded, f"/embed?{choice}", ".person")
    found += _faults(page, embedded, f"/embed?{card}", ".card")
    assert found == []


def test_the_sign_in_of_a_frame_has_no_fault(browser: Browser, embedded: Embedded) -> None:
    """In each of its steps. If the browser withholds the cookie (`SameSite=Lax`), Continue shows
    the remedy.

    The separate window that it offers shows the caller.
    """
    with chromium.context(browser, embedded.world.url) as visitor:
        page = visitor.new_page()
        found = _faults(page, embedded, "/embed", "[data-step=asking]")
        with page.expect_popup() as opened:
            frame(page).get_by_role("button", name="Sign in").click()
        window = opened.value
        arrived(window)
        found += axe.violations(window)
        kept = next(one for one in visitor.cookies() if one["name"] == "LocalSignIn")
        visitor.clear_cookies()
        url = embedded.world.url
        visitor.add_cookies(
            [{"name": "LocalSignIn", "value": kept["value"], "url": url, "sameSite": "Lax"}]
        )
        visitor.grant_permissions(["storage-access"])
        window.close()
        found += axe.violations(inner(page))
        ring(page, {"type": "directories.pop", "number": NUMBER}, "directories.error")
        frame(page).get_by_role("button", name="Continue").click()
        expect(frame(page).get_by_text("Your sign-in didn't arrive here")).to_be_visible()
        found += axe.violations(inner(page))
        with page.expect_popup() as opened:
            frame(page).get_by_role("link", name="Open in a window of its own").click()
        expect(opened.value.get_by_role("heading", name="Anna Adams")).to_be_focused()
        assert found == []
