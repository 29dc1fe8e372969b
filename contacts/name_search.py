"""Searches people by name in three stages: exactly, with a typing error, and by sound.

People who are only similar are marked as such. The exact search takes one round trip per directory if it finds five
people. Otherwise at most three more follow: the rest of the exact search, then ranges that contain similar people.
"""

from collections.abc import Sequence

from contacts.condition import Condition
from contacts.cursors import decode_cursor
from contacts.exact_search import MIN_EXACT, ExactSearch
from contacts.index_scan import Page
from contacts.name_query import NameQuery
from contacts.name_ranking import ranked
from contacts.similar_search import MAX_SIMILAR, SimilarSearch
from directories.models import Directory
from shared.app import App


async def search(
    app: App,
    directories: Sequence[Directory],
    query: NameQuery,
    limit: int,
    cursor: str = "",
    condition: Condition | None = None,
) -> Page:
    """Return the next matches; on the first page, also similar people if fewer than `MIN_EXACT` people match.

    If the query is for free people, similar people are never added: an agent could take them for matches and not notice
    that none of the matches is free. Raise HttpError 400 for a cursor of another query.
    """
    exact = ExactSearch(app, directories, query, limit, condition)
    await exact.read(decode_cursor(cursor) if cursor else None)
    found = await ranked(app, exact.found, query)
    is_enough = len(found) >= MIN_EXACT or len(found) >= limit
    if cursor or is_enough or (condition is not None and condition.wanted):
        return Page(found, exact.cursor)
    similar = SimilarSearch(app, directories, query, condition, exact)
    await similar.read()
    found = await ranked(app, [*exact.found, *similar.matches], query)
    more = await similar.nearest(min(MAX_SIMILAR, limit - len(found)))
    return Page([*found, *more], similar.cursor)


async def search_exactly(
    app: App,
    directories: Sequence[Directory],
    query: NameQuery,
    limit: int,
    cursor: str,
    condition: Condition | None = None,
) -> Page:
    """Return the next matches, without similar people; with a `condition`, only those who meet it.

    Raises:
        HttpError: 400 for a cursor of another query.
    """
    exact = ExactSearch(app, directories, query, limit, condition)
    await exact.read(decode_cursor(cursor) if cursor else None)
    return Page(await ranked(app, exact.found, query), exact.cursor)
