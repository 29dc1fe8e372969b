"""The order of people on a page of a search by name."""

from collections.abc import Mapping, Sequence

from contacts.index_scan import Found
from contacts.name_query import NameQuery
from presence.service import known_ids
from shared.app import App
from shared.concurrency import each
from shared.words import search_key


def identity_of(one: Found) -> tuple[str, str]:
    """Return the directory id and the user id of a person found."""
    return one.directory.id, one.card.id


async def ranked(app: App, found: Sequence[Found], query: NameQuery) -> list[Found]:
    """Sort the matches: matches by name first, then whole words, then people with presence, then alphabetically."""
    external_ids = dict[str, dict[str, str]]()
    for one in found:
        external_ids.setdefault(one.directory.id, {})[one.card.id] = one.card.external_id
    present = await with_presence(app, external_ids)

    def rank(one: Found) -> tuple[object, ...]:
        has_presence = identity_of(one) in present
        return (
            *query.closeness(one.card),
            not has_presence,
            search_key(one.card.name),
            one.card.id,
        )

    return sorted(found, key=rank)


async def with_presence(
    app: App, external_ids: Mapping[str, Mapping[str, str]]
) -> frozenset[tuple[str, str]]:
    """Return (directory id, user id) of the people whose status is known.

    `external_ids` has the people's external IDs by directory id and user id. No extra round trip, because the page
    needs these statuses anyway.
    """

    async def present(item: tuple[str, Mapping[str, str]]) -> list[tuple[str, str]]:
        directory_id, own = item
        known = await known_ids(app, directory_id, filter(None, own.values()))
        return [(directory_id, identifier) for identifier, one in own.items() if one in known]

    found_present = await each(external_ids.items(), present)
    return frozenset(place for own in found_present for place in own)
