"""Queries over a kind of resource (RFC 7644 section 3.4.2, RFC 9865): index lookups, scans, sorting, paging, cursors.

Memory is bounded by a page: a scan keeps only the page asked for, a sort only the resources up to its end.
"""

import asyncio
import base64
import binascii
import hashlib
import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import orjson

from scim.core.errors import ScimError
from scim.core.filter_ast import Equality
from scim.core.filters import Filter
from scim.core.projection import Projection
from scim.core.schemas import ResourceType
from scim.core.sorting import root, sorter
from scim.page_starts import Walk
from shared import keys
from shared.app import App
from shared.clock import Clock
from shared.concurrency import TimeSlice
from shared.messages import Message

LIST_RESPONSE = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
DEFAULT_COUNT = 100
MAX_COUNT = 1000
CURSOR_TIMEOUT = 3600
MAX_MEMBERS = 100_000  # of the groups in one answer that a filter or a sort makes
_SCAN = 500
# RFC 9865 section 2 calls cursorTimeout a minimum; instances' clocks may be an hour apart.
_MAX_CURSOR_AGE = CURSOR_TIMEOUT + 3600


@dataclass(frozen=True, slots=True)
class Item:
    """A resource as clients see it, with the row key after which a walk continues."""

    key: str
    resource: dict[str, Any]


class Source(Protocol):
    """A source of resources of one type."""

    @property
    def resource_type(self) -> ResourceType:
        """The type of the resources."""
        ...

    @property
    def directory_id(self) -> str:
        """The directory that they are in."""
        ...

    async def page(self, after: str, count: int) -> tuple[list[Item], bool]:
        """Return at most `count` resources after the key `after`, and whether there are more.

        Fewer are returned, at least one, if they are very large.
        """
        ...

    async def read(self, ids: Sequence[str]) -> list[Item]:
        """Return the resources with these ids, in their order."""
        ...

    async def key_of(self, number: int) -> str | None:
        """Return the key of the resource with this number, from 1, or None if there are fewer."""
        ...

    async def total(self) -> int:
        """How many there are."""
        ...

    async def lookup(self, equalities: Sequence[Equality]) -> list[Item] | None:
        """Return candidates by an index that one of the equalities has; None if none has."""
        ...


@dataclass(frozen=True, slots=True)
class ListQuery:
    """A client's query; `cursor` is None for index paging, "" for the first cursor page."""

    projection: Projection
    filter: Filter | None = None
    start_index: int = 1
    count: int = DEFAULT_COUNT
    cursor: str | None = None
    sort_by: str = ""
    descending: bool = False


async def list_resources(app: App, source: Source, query: ListQuery) -> dict[str, Any]:
    """Return the ListResponse; raise ScimError for a cursor that is broken or too old."""
    if query.cursor is not None:
        return await _by_cursor(source, query, query.cursor, app.clock)
    if query.filter is None and not query.sort_by:
        return await _walked(app, source, query)
    found = await source.lookup(query.filter.equalities()) if query.filter else None
    if found is not None and query.filter:
        matching = [item for item in found if query.filter.matches(item.resource)]
        if query.sort_by:
            return _response(query, len(matching), _window(source, query, matching))
        return await _from_candidates(app, source, query, matching)
    if query.sort_by:
        total, window = await _sorted_scan(source, query, app.clock)
        return _response(query, total, window)
    return await _filtered(app, source, query)


async def _walked(app: App, source: Source, query: ListQuery) -> dict[str, Any]:
    """Return a page of everything. The walk ends only if nothing follows, whatever the total is."""
    total = await source.total()
    if query.count == 0:
        return _response(query, total, [])
    walk, start = _walk(source, query), query.start_index
    after = "" if start == 1 else await walk.key_before(app, start)
    if after is None and start <= total:
        after = await source.key_of(start - 1)
    if after is None:
        return _response(query, total, [])
    page, more = await source.page(after, query.count)
    return await _page_of(app, query, walk, page, more, total)


async def _filtered(app: App, source: Source, query: ListQuery) -> dict[str, Any]:
    """Return a page of matches after reading everything once; memory holds the page only."""
    walk, first = _walk(source, query), query.start_index - 1
    before = await walk.key_before(app, query.start_index) if first and query.count else None
    total, after, more = 0, "", True
    kept, is_followed = list[Item](), False
    while more:
        page, more = await source.page(after, _SCAN)
        for number, item in enumerate(await _matching(query, page, app.clock), total):
            total = number + 1
            if item.key > before if before is not None else number >= first:
                if len(kept) < query.count:
                    kept.append(item)
                else:
                    is_followed = True
        _check_kept(kept)
        after = page[-1].key if page else after
    return await _page_of(app, query, walk, kept, is_followed, total)


async def _from_candidates(
    app: App, source: Source, query: ListQuery, matching: list[Item]
) -> dict[str, Any]:
    """Return a page of the matches in an index."""
    walk, first = _walk(source, query), query.start_index - 1
    in_order = sorted(matching, key=lambda item: item.key)
    before = await walk.key_before(app, query.start_index) if first and query.count else None
    numbered = enumerate(in_order)
    rest = [
        item
        for number, item in numbered
        if (number >= first if before is None else item.key > before)
    ]
    page = rest[: query.count]
    return await _page_of(app, query, walk, page, len(rest) > len(page), len(matching))


async def _page_of(
    app: App, query: ListQuery, walk: Walk, page: list[Item], more: bool, total: int
) -> dict[str, Any]:
    """Return the answer, after storing the start of the next page if one follows.

    `totalResults` is never below the number of the last resource, nor equal to it while others follow.
    """
    if more and page:
        page_keys = [item.key for item in page]
        page = page[: await walk.end_page(app, query.start_index, query.count, page_keys)]
    last = query.start_index + len(page) - 1 if page else 0
    return _response(query, max(total, last + (1 if more and page else 0)), page)


def _walk(source: Source, query: ListQuery) -> Walk:
    """Return the list that the query walks through: everything of a type, or a filter's matches."""
    name = source.resource_type.name
    if query.filter is not None:
        name = f"{name} {hashlib.sha256(query.filter.text.encode()).hexdigest()[:32]}"
    return Walk(source.directory_id, name)


async def _sorted_scan(source: Source, query: ListQuery, clock: Clock) -> tuple[int, list[Item]]:
    """Read everything once and keep the items that may still come into the window.

    If the window is far from the start, keep only the sort keys and read the window again.
    """
    total, after, kept, more = 0, "", list[Item](), True
    end = query.start_index - 1 + query.count
    sorted_by = root(query.sort_by, source.resource_type)
    is_far = end > MAX_COUNT
    while more:
        page, more = await source.page(after, _SCAN)
        matching = await _matching(query, page, clock)
        kept += [_part(item, sorted_by) for item in matching] if is_far else matching
        # Not after every page: the further back the window, the more a sort costs.
        if len(kept) > 2 * end + _SCAN:
            kept = _sorted(source, query, kept, end)
        _check_kept(kept)
        total += len(matching)
        after = page[-1].key if page else after
    window = _window(source, query, kept)
    if is_far:
        window = await source.read([keys.split(item.key)[1] for item in window])
    return total, window


def _part(item: Item, name: str) -> Item:
    return Item(item.key, {name: item.resource[name]} if name in item.resource else {})


async def _matching(query: ListQuery, page: Sequence[Item], clock: Clock) -> list[Item]:
    """Those whom the filter takes; a dear filter over large resources lets other requests through in between."""
    found, time_slice = list[Item](), TimeSlice(clock)
    for item in page:
        if query.filter is None or query.filter.matches(item.resource):
            found.append(item)
        await time_slice.yield_when_over()
    await asyncio.sleep(0)
    return found


def _check_kept(kept: Sequence[Item]) -> None:
    """400 tooMany for groups with so many members that no answer can hold them."""
    if sum(len(item.resource.get("members", ())) for item in kept) > MAX_MEMBERS:
        raise ScimError(400, Message("too_many_members"), "tooMany")


def _sorted(source: Source, query: ListQuery, items: list[Item], most: int) -> list[Item]:
    key = sorter(query.sort_by, source.resource_type)
    pick = heapq.nlargest if query.descending else heapq.nsmallest
    return pick(most, items, key=lambda item: key(item.resource))


def _window(source: Source, query: ListQuery, items: list[Item]) -> list[Item]:
    end = query.start_index - 1 + query.count
    return _sorted(source, query, items, end)[query.start_index - 1 :]


async def _by_cursor(source: Source, query: ListQuery, cursor: str, clock: Clock) -> dict[str, Any]:
    """Return a page of cursor paging (RFC 9865 section 2).

    The cursor holds the row key, so any instance can continue.
    """
    if query.sort_by:
        raise ScimError(400, Message("sort_and_cursor"), "invalidValue")
    after = _read_cursor(source, cursor, clock) if cursor else ""
    found = await source.lookup(query.filter.equalities()) if query.filter else None
    if found is not None and query.filter:
        behind = sorted((item for item in found if item.key > after), key=lambda item: item.key)
        matching = [item for item in behind if query.filter.matches(item.resource)]
        items, more = matching[: query.count], len(matching) > query.count
        after = items[-1].key if items else after
    else:
        items, after, more = await _scanned_behind(source, query, after, clock)
    body = _response(query, None if query.filter else await source.total(), items)
    del body["startIndex"]
    if more and query.count:
        body["nextCursor"] = _write_cursor(after, clock)
    return body


async def _scanned_behind(
    source: Source, query: ListQuery, after: str, clock: Clock
) -> tuple[list[Item], str, bool]:
    """Return the next matches after the key `after`, the last key, and whether more may follow."""
    items, more = list[Item](), True
    while more and len(items) < query.count:
        page, more = await source.page(
            after, query.count - len(items) if query.filter is None else _SCAN
        )
        matching = await _matching(query, page, clock)
        room = query.count - len(items)
        items += matching[:room]
        if len(matching) > room:
            return items, items[-1].key, True
        after = page[-1].key if page else after
        if query.filter is None:
            break
    return items, after, more


def _write_cursor(key: str, clock: Clock) -> str:
    token = orjson.dumps([key, int(clock.now().timestamp())])
    return base64.urlsafe_b64encode(token).decode().rstrip("=")


def _read_cursor(source: Source, cursor: str, clock: Clock) -> str:
    """Return the row key in a client's cursor. Raise an error unless it is one of the source's."""
    try:
        key, issued = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        age = clock.now().timestamp() - int(issued)
        family, _, identifier = key.partition(keys.SEPARATOR)
        if (
            family != source.resource_type.name.lower()
            or not identifier
            or keys.SEPARATOR in identifier
        ):
            raise ValueError("key")
        if not keys.is_key(key):  # a storage account answers an invalid row key with an error
            raise ValueError("key")
        after = str(key)
    except (binascii.Error, ValueError, TypeError, AttributeError, OverflowError):
        raise ScimError(
            400,
            Message("bad_cursor"),
            "invalidCursor",
        ) from None
    if age > _MAX_CURSOR_AGE:
        raise ScimError(400, Message("old_cursor"), "expiredCursor")
    return after


def _response(query: ListQuery, total: int | None, items: list[Item]) -> dict[str, Any]:
    return {
        "schemas": [LIST_RESPONSE],
        **({} if total is None else {"totalResults": total}),
        "itemsPerPage": len(items),
        "startIndex": query.start_index,
        "Resources": [query.projection.apply(item.resource) for item in items],
    }
