"""The list of free people: their number, its filters, and a link to those who are free soon."""

from collections.abc import Iterable, Mapping
from urllib.parse import urlencode

from contacts.index_scan import Found, Page
from contacts.people_query import PeopleQuery
from web.page_request import PageRequest

_MAX_CHOICES = 50


def count_free(visit: PageRequest, query: PeopleQuery, page: Page, count: int) -> str:
    """Return the text for `count` people who are free now or soon, as far as the list has shown them."""
    if query.free == "soon":
        return visit.counted("people_free_soon_more" if page.cursor else "people_free_soon", count)
    if page.unconfirmed:
        return visit.counted("people_free_unconfirmed", count, unconfirmed=page.unconfirmed)
    return visit.counted("people_free_more" if page.cursor else "people_free", count)


def choices_of(found: Iterable[Found]) -> Mapping[str, list[str]]:
    """Return departments, companies and offices of the people shown, as choices for the filters."""
    values: dict[str, dict[str, None]] = {"department": {}, "company": {}, "office": {}}
    for one in found:
        values["department"][one.card.department] = None
        values["company"][one.card.organization or one.directory.name] = None
        values["office"][one.card.place] = None
    return {name: sorted(filter(None, own))[:_MAX_CHOICES] for name, own in values.items()}


def soon_address(query: PeopleQuery, others: Mapping[str, str]) -> str:
    """Return the address of the people who are free soon, "" if the list shows them already.

    `others` are fields of the address besides the query.
    """
    if query.free != "now":
        return ""
    names = ("company", "department", "office", "group")
    fields = {"q": query.text, **{name: getattr(query, name) for name in names}}
    fields |= {**others, "free": "soon"}
    return f"/contacts?{urlencode({name: value for name, value in fields.items() if value})}"
