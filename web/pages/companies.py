"""The field that selects a company on the Organisation page; with many companies, they are searched by name."""

from collections.abc import Sequence
from dataclasses import dataclass

from contacts import account_directories
from directories.models import Directory
from shared.http import Response
from shared.words import folded
from web.page_request import PageRequest
from web.render import page

MAX_SELECT = 20  # up to this many, a select lists them; beyond, they are searched by name
_MAX_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Companies:
    """The directories offered; `more` counts the further ones that match."""

    shown: Sequence[Directory]
    more: int


def matching(directories: Sequence[Directory], text: str) -> Companies:
    """Return the directories with names that contain every word of the text, sorted by name.

    Only the first `_MAX_SHOWN` are returned; the others are counted.
    """
    words = folded(text).split()
    found = [one for one in directories if all(word in folded(one.name) for word in words)]
    found.sort(key=lambda one: (folded(one.name), one.id))
    return Companies(found[:_MAX_SHOWN], max(0, len(found) - _MAX_SHOWN))


async def show(visit: PageRequest) -> Response:
    """Show the companies that match the query parameter `company`, as a part for htmx."""
    if not visit.is_partial:
        return visit.go("/contacts")
    directories = await account_directories.all_directories(visit.app, visit.reader)
    found = matching(directories, visit.query.get("company", "")[:100])
    return page(visit, "companies.html", companies=found)
