"""Parts of a page that change without a new page: how to reach and press one, and which element the
response fills.
"""

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Locator, Page

Press = Callable[[Page], object]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a page that a request fills.

    `before` opens the element to press. `comes` finds the element with the response, or is None if
    pressing changes data. `is_search` is True if a failure replaces the list, so that old results
    don't look like the response.
    """

    page: str
    press: Press
    comes: Callable[[Page], Locator] | None = None
    before: Press | None = None
    is_search: bool = False


def _button(name: str) -> Press:
    return lambda page: page.get_by_role("main").get_by_role("button", name=name).first.click()


def _link(name: str) -> Press:
    return lambda page: page.get_by_role("main").get_by_role("link", name=name).first.click()


def _submit(name: str) -> Press:
    return lambda page: page.get_by_role("dialog").get_by_role("button", name=name).click()


def _menu(name: str) -> Press:
    def press(page: Page) -> None:
        page.get_by_label("Actions for").first.click()
        page.locator("details[open]").get_by_role("link", name=name).click()

    return press


def _typed(label: str, text: str) -> Press:
    return lambda page: page.get_by_label(label, exact=True).fill(text)


def _searched(text: str) -> Press:
    return lambda page: page.get_by_role("searchbox").fill(text)


def _chosen(label: str, index: int) -> Press:
    return lambda page: page.get_by_label(label, exact=True).select_option(index=index)


def _then(*presses: Press) -> Press:
    def press(page: Page) -> None:
        for each in presses:
            each(page)

    return press


def _dialog(page: Page) -> Locator:
    return page.get_by_role("dialog")


def _of(selector: str) -> Callable[[Page], Locator]:
    return lambda page: page.locator(selector).first


def _delete(page: Page) -> None:
    """Open the dialog for deletion and type the name."""
    _menu("Delete")(page)
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox").fill(dialog.locator(".typed").inner_text())


def _starred_only(page: Page) -> None:
    page.get_by_label("Favourites").press("Space")


def _at_the_end(page: Page) -> None:
    page.locator(".person").last.scroll_into_view_if_needed()


PARTS = {
    "rename": Part("directories", _menu("Rename"), _dialog),
    "delete": Part("directories", _menu("Delete"), _dialog),
    "renamed": Part("directories", _submit("Rename"), before=_menu("Rename")),
    "deleted": Part("directories", _submit("Delete directory"), before=_delete),
    "added": Part("step 1", _button("Next Step"), before=_typed("Name", "Slow Ltd")),
    "saved": Part("step 1 again", _button("Next Step"), _of("#token-title")),
    "another token": Part("step 2", _submit("Issue"), before=_link("Issue a new token")),
    "step 2 done": Part("step 2", _button("Next Step")),
    "wizard done": Part("step 2 other", _button("Finish")),
    "choice": Part(
        "step 3 undecided", lambda page: page.get_by_text("Sync presence", exact=True).click()
    ),
    "consent": Part(
        "step 3 removed",
        _button("Sign in to Microsoft"),
        before=lambda page: page.get_by_text("Sync presence", exact=True).click(),
    ),
    "finished": Part("step 3", _button("Finish")),
    "remove access": Part("step 3", _link("Remove access to Azure"), _dialog),
    "access removed": Part(
        "step 3", _submit("Remove access to Azure"), before=_link("Remove access to Azure")
    ),
    "check that access is gone": Part(
        "step 3 removed", _button("Check that access is gone"), _of("#gone .notice")
    ),
    "strict numbers": Part(
        "directory", lambda page: page.get_by_role("switch").dispatch_event("click")
    ),
    "export": Part("directory", _link("CSV file")),
    "rename here": Part("directory", _menu("Rename"), _dialog),
    "delete here": Part("numbers fine", _menu("Delete"), _dialog),
    "issue": Part("credentials", _link("Issue a new one"), _dialog),
    "issued": Part("credentials", _submit("Issue"), before=_link("Issue a new one")),
    "revoke": Part("credentials", _link("Revoke"), _dialog),
    "revoked": Part("credentials", _submit("Revoke"), before=_link("Revoke")),
    "log search": Part("log", _searched("person3@"), _of(".event:only-child")),
    "log filter": Part("log filtered", _chosen("Events", 0), _of(".event.good")),
    "search": Part(
        "organisation",
        _searched("driver 07"),
        _of("#count:text('1 found')"),
        is_search=True,
    ),
    "one directory": Part(
        "organisation", _chosen("Directory", 2), _of("#count:text('12')"), is_search=True
    ),
    "favourites": Part(
        "organisation", _starred_only, _of(":text('No favourites yet')"), is_search=True
    ),
    "card": Part("organisation", lambda page: page.locator(".person").first.click(), _of(".card")),
    "more people": Part("organisation", _at_the_end, _of(".part:nth-of-type(2)")),
    "another card": Part(
        "person", lambda page: page.locator(".person").nth(3).click(), _of(".card")
    ),
    "numbers": Part(
        "call history",
        _then(_typed("Numbers", "020 7946 0001"), _button("Find people")),
        _of(".match"),
    ),
}
