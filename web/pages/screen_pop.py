"""Screen pop: `/contacts?number=…&pop=1` shows the agent who is calling.

The page opens the card of the only person who has the number, lists the people if there are
several, or else searches for the number. If the page is already open, it requests only the new list
and card, from `/contacts/pop`.
"""

from contacts import account_directories
from contacts.index_scan import Found, Page
from contacts.screen_pop import ScreenPop, find_caller
from shared.http import HttpError, Response
from shared.numbers.number import derive
from web.filters import readable_number
from web.page_request import PageRequest
from web.pages import person
from web.pages.contact_rows import key_of
from web.pages.organisation import Filters, list_values
from web.pages.person import Opened, open_card
from web.render import page

_MAX_SEARCH = 200  # characters of a search


async def show(visit: PageRequest) -> Response:
    """Show the Organisation page, or for htmx only its list and card, for the number of an incoming call."""
    text = visit.query.get("number", "")[:_MAX_SEARCH]
    chosen = visit.query.get("directory", "")[:64]
    directories = await account_directories.all_directories(visit.app, visit.reader)
    asked = [one for one in directories if one.id == chosen] if chosen else directories
    pop = await find_caller(visit.app, asked, text)
    card = await _card(visit, pop)
    if pop.outcome == "person" and card is None:
        pop = ScreenPop(pop.number, "none", (), 0)
    filters = Filters(q=pop.number if _has_digits(pop.number) else "", directory=chosen)
    found = None
    if pop.outcome != "none":
        found = Page([Found(directory=match.directory, card=match.card) for match in pop.matches])
    values = await list_values(visit, filters, directories, found=found, partial=visit.is_partial)
    values |= {
        "directories": directories,
        **(card.values if card else person.NO_CARD),
        "pop": pop,
        "count": _summary(visit, pop),
    }
    return page(visit, "pop.html" if visit.is_partial else "organisation.html", **values)


async def _card(visit: PageRequest, pop: ScreenPop) -> Opened | None:
    """Return the card of the only person; None if there are several, none, or the person was removed just now."""
    if pop.outcome != "person":
        return None
    (match,) = pop.matches
    try:
        return await open_card(visit, key_of(match.directory.id, match.card.id))
    except HttpError:
        return None


def _summary(visit: PageRequest, pop: ScreenPop) -> str:
    """Return the text above the list: how many people may be calling."""
    if not _has_digits(pop.number):
        return visit.t("pop_withheld")
    e164 = derive(pop.number, visit.settings.default_region).e164
    shown = readable_number(e164) if e164 else pop.number
    if pop.outcome == "none":
        return visit.t("pop_none", number=shown)
    is_exact = pop.matches[0].kind == "exact"
    return visit.counted("pop_exact" if is_exact else "pop_possible", pop.count, number=shown)


def _has_digits(number: str) -> bool:
    """Return whether the caller's number was sent.

    If it is withheld, telephone systems send a word such as `anonymous`.
    """
    return any(character.isdigit() for character in number)
