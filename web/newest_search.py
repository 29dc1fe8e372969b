"""Stop a search of the Organisation page when the same page has sent a newer one.

Agents type faster than a large directory is searched for similar names. The browser then drops the older request, but the
platform doesn't report that. So the page numbers its searches, and an instance that has received a newer one stops the
older one. If another instance receives the newer one, the older one runs to its end, and its answer is not shown.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from shared.limits import LruCache
from web.page_request import PageRequest

HEADER = "x-search"  # the ID of the page, a point, and the number of the search
_MAX_LENGTH = 64
_MAX_PAGES = 4096


@dataclass(slots=True)
class _Newest:
    """The number of the newest search, by account and ID of the page."""

    numbers: LruCache[tuple[str, str], int] = field(default_factory=lambda: LruCache(_MAX_PAGES))


def newest_search(visit: PageRequest) -> Callable[[], bool]:
    """Return a function that returns whether this search is still the newest of its page.

    It always returns True for a request that the page didn't number.
    """
    page, _, number = visit.request.headers.get(HEADER, "")[:_MAX_LENGTH].partition(".")
    if not (page and number.isascii() and number.isdecimal()):
        return lambda: True
    key, own = (visit.account, page), int(number)
    numbers = visit.app.state(_Newest).numbers
    numbers.put(key, max(own, numbers.get(key) or 0))
    return lambda: (numbers.get(key) or own) <= own
