"""The choice of a company on the Organisation page, searched by name in accounts with many of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from contacts import account_directories
from directories.models import Directory
from shared.http import Response
from shared.words import folded
from web.page_request import PageRequest
from web.render import page

MAX_SELECT = 20  # directories that a plain select offers; more are searched
_MAX_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Companies:
    """The directories offered; `more` is how many others match."""

    shown: Sequence[Directory]
    more: int


def matching(directories: Sequence[Directory], text: str) -> Companies:
    """Return the first directories by name that contain every word of the text."""
    words = folded(text).split()
    found = [one for one in directories if all(word in folded(one.name) for word in words)]
    found.sort(key=lambda one: (folded(one.name), one.id))
    return Companies(found[:_MAX_SHOWN], max(0, len(found) - _MAX_SHOWN))


async def show(visit: PageRequest) -> Response:
    """Show the companies whose names contain the text `company`."""
    if not visit.is_partial:
        return visit.go("/contacts")
    directories = await account_directories.all_directories(visit.app, visit.reader)
    found = matching(directories, visit.query.get("company", "")[:100])
    return page(visit, "companies.html", companies=found)
