"""Who is free: people whom Microsoft has just confirmed as available, and people who will be free soon."""

from collections.abc import Sequence
from dataclasses import replace

from contacts.condition import conditions_of
from contacts.free_people import FreePage, FreePerson
from contacts.index_scan import Found, Page
from contacts.listing import members_of_named
from contacts.people_query import Free, PeopleQuery
from contacts.search import find
from contacts.serializers import presence_of
from directories.models import Directory
from presence.presence_states import Readiness
from shared.app import App
from shared.clock import SECOND

_OLD_AFTER = 3 * SECOND  # of the status of a person who is recommended
_ORDER: dict[Readiness, int] = {"free": 0, "soon": 1}
_WANTED: dict[Free, tuple[Readiness, ...]] = {"now": ("free",), "soon": ("free", "soon")}


async def who_is_free(
    app: App, directories: Sequence[Directory], query: PeopleQuery, limit: int, cursor: str = ""
) -> FreePage:
    """Return the next people who can take a phone call now; if `query.free` is "soon", then also those who soon can.

    Each status is at most 15 seconds old: Microsoft Graph is queried for statuses older than three seconds.

    Round trips: one per directory for its presence, unless that was read within the last second; then at most four per
    directory, however many people it has. With a group, these four are instead one per page of members (at most four
    pages) and one per member. If at most 32 people are free, they are two per free person.

    Args:
        app: The App.
        directories: The directories to search, at most 100; with `query.group`, only the directory of that group.
        query: The search text and filters (`PeopleQuery.typed` parses a text such as "free now in Sales UK").
        limit: The maximum number of people.
        cursor: The cursor of the page before.

    Raises:
        HttpError: 400 for a cursor of another query, or too many directories.
    """
    query = query if query.free else replace(query, free="now")
    page = await find(app, directories, query, limit, cursor)
    confirmed = await confirmed_ready(app, page.found)
    people = [one for one in confirmed.people if one.readiness in _WANTED[query.free]]
    people.sort(key=lambda one: _ORDER[one.readiness])  # a person may have changed in between
    return FreePage(people=people, cursor=page.cursor, unconfirmed=confirmed.unconfirmed)


async def among(
    app: App, directories: Sequence[Directory], query: PeopleQuery, found: Sequence[Found]
) -> Page:
    """Return the people in `found` who match the query's filters.

    Free people are returned only if Microsoft confirms that they are free.

    One round trip per directory of these people, and another one per directory if the query names a
    group.
    """
    if query.group_name:
        found = await members_of_named(app, query.group_name, found)
    if not query.has_filters:
        return Page(list(found))
    plain = await conditions_of(app, directories, replace(query, free=""))
    searched = {one.id for one in plain.directories}
    (condition,) = plain.in_order
    meeting = [
        one
        for one in found
        if one.directory.id in searched
        and (condition is None or condition.meets(one.directory, one.card))
    ]
    if not query.free:
        return Page(meeting)
    known = await presence_of(app, [(one.directory, one.card) for one in meeting])
    wanted = _WANTED[query.free]

    def may_be_free(one: Found) -> bool:
        status = known.get((one.directory.id, one.card.external_id))
        return status is not None and status.readiness in wanted

    confirmed = await confirmed_ready(app, [one for one in meeting if may_be_free(one)])
    people = [one for one in confirmed.people if one.readiness in wanted]
    people.sort(key=lambda one: _ORDER[one.readiness])
    return Page([one.found for one in people], unconfirmed=confirmed.unconfirmed)


async def confirmed_ready(app: App, found: Sequence[Found]) -> FreePage:
    """Return the people in `found` who are free now or soon, with confirmed statuses.

    The order stays the same. At most one round trip per directory. Microsoft Graph is queried first
    for each status older than three seconds. Older ones are not reliable enough: about 2 % of
    people change status per second, and of the people who were free ten seconds ago, one in ten no
    longer is.
    """
    known = await presence_of(
        app, [(one.directory, one.card) for one in found], on_demand=True, old_after=_OLD_AFTER
    )
    now, people, unconfirmed = app.clock.now(), list[FreePerson](), 0
    for one in found:
        status = known.get((one.directory.id, one.card.external_id))
        if status is None or status.readiness == "no":
            continue
        if status.is_confirmed(now):
            people.append(FreePerson(one, status, status.readiness))
        elif status.readiness == "free":
            unconfirmed += 1
    return FreePage(people=people, unconfirmed=unconfirmed)
