"""Runs axe-core in a page for WCAG 2.2 AA and best practices, in both themes, wide and narrow."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Frame, Page

from tests.browser.chromium import WIDE

_AXE = Path(__file__).parent.parent.parent / ".tools/browser/node_modules/axe-core/axe.min.js"
_ALL = {
    "type": "tag",
    "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
# A theme changes colours alone, so the findings of all other rules are the same in both.
_COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}


def violations(page: Page | Frame, rules: dict[str, Any] = _ALL) -> list[str]:
    """Return the violations that axe finds: rule, help and elements."""
    if page.evaluate("typeof axe === 'undefined'"):
        # The page's policy doesn't bind the browser's tools.
        page.evaluate(_AXE.read_text())
    found: Any = page.evaluate(
        "rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']})", rules
    )
    return [
        f"{one['id']}: {[node['html'][:200] for node in one['nodes']]} {one['nodes'][0]['failureSummary']}"
        for one in found["violations"]
    ]


def in_both_themes(shown: Page, page: Page | Frame) -> list[str]:
    """Return the violations in `page` in the light and the dark theme.

    `shown` is the page itself, or the page around a frame.
    """
    found = [f"light: {one}" for one in violations(page)]
    shown.emulate_media(color_scheme="dark")
    found += [f"dark: {one}" for one in violations(page, _COLOURS)]
    shown.emulate_media(color_scheme="light")
    return found


def narrow(page: Page, width: int = 320) -> list[str]:
    """Return the violations in both themes at a width, and a fault if the page scrolls sideways
    (WCAG 1.4.10, Reflow).
    """
    page.set_viewport_size({"width": width, "height": 700})
    found = [f"{width} px, {one}" for one in in_both_themes(page, page)]
    needed = page.evaluate("document.documentElement.scrollWidth")
    page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
    return found + ([f"{needed} px wide at {width}"] if needed > width else [])


def faults(page: Page, width: int = 320) -> list[str]:
    """Return the violations in both themes, wide and at `width` px, and a fault if the page then
    scrolls sideways.
    """
    return in_both_themes(page, page) + narrow(page, width)
