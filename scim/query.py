"""Queries over resources of one type (RFC 7644 section 3.4.2, RFC 9865): index lookups, scans, sorting, paging, cursors.

Memory is bounded: a response has at most MAX_ANSWER_BYTES, a scan keeps only the page, and a sort keeps sort keys.
"""

import base64
import binascii
import hashlib
import heapq
from collections.abc import AsyncIterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import Protocol

import orjson

from scim.core.errors import ScimError
from scim.core.filter_ast import Equality
from scim.core.filters import Filter
from scim.core.projection import Projection
from scim.core.schemas import ResourceType
from scim.core.sorting import SortKey, sorter
from scim.list_answer import Item, ListAnswer, ShownItem
from scim.page_starts import Walk
from scim.work_gates import page_turn, scan_turn
from shared import keys
from shared.app import App
from shared.clock import Clock
from shared.concurrency import TimeSlice
from shared.messages import Message

DEFAULT_COUNT = 100
MAX_COUNT = 1000
CURSOR_TIMEOUT = 3600
MAX_MEMBERS = 100_000  # of the groups in one answer that a filter or a sort makes
MAX_ANSWER_BYTES = 2 * 1024 * 1024  # of resources as JSON, unless a single one is larger
MAX_SCAN_SECONDS = 30.0  # clients wait no longer, and the platform doesn't tell when one has gone
_MAX_KEPT_BYTES = 1024 * 1024  # of resources that a sort keeps
_SCAN = 500  # resources read at a time
_BATCH = 32  # resources read by id at a time
# RFC 9865 section 2 calls cursorTimeout a minimum; instances' clocks may be an hour apart.
_MAX_CURSOR_AGE = CURSOR_TIMEOUT + 3600


class Source(Protocol):
    """A source of resources of one type."""

    @property
    def resource_type(self) -> ResourceType:
        """Return the type of the resources."""
        ...

    @property
    def directory_id(self) -> str:
        """Return the id of the directory that has the resources."""
        ...

    async def page(self, after: str, count: int) -> tuple[list[Item], bool]:
        """Return at most `count` resources after the key `after`, and whether there are more.

        Fewer are returned, but at least one, if they are very large.
        """
        ...

    async def read(self, ids: Sequence[str]) -> list[Item]:
        """Return the resources with these ids, in the order of `ids`; skip ids that don't exist."""
        ...

    async def key_of(self, number: int) -> str | None:
        """Return the key of the resource at this position, counted from 1, or None if there are fewer resources."""
        ...

    async def total(self) -> int:
        """Return how many resources there are."""
        ...

    async def lookup(self, equalities: Sequence[Equality]) -> list[str] | None:
        """Return the ids that match one of the equalities for which there is an index, or None if there is none."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ListQuery:
    """A client's query; `cursor` is None for paging by index, "" for the first page of paging by cursor."""

    projection: Projection
    filter: Filter | None = None
    start_index: int = 1
    count: int = DEFAULT_COUNT
    cursor: str | None = None
    sort_by: str = ""
    descending: bool = False


@dataclass(slots=True)
class _Page:
    """Collects the resources of a response, up to a number and a size.

    A page with fewer resources than requested is legal: `count` is a maximum (RFC 7644 section 3.4.2.4).
    """

    query: ListQuery
    items: list[ShownItem] = field(default_factory=list)
    is_full: bool = False
    _bytes: int = 0

    def add(self, item: Item) -> bool:
        """Add the resource and return True, or return False if the page is full. The first resource always fits."""
        if self.is_full or len(self.items) >= self.query.count:
            self.is_full = True
            return False
        shown = item.shown(self.query.projection)
        size = len(shown.json)
        if self.items and self._bytes + size > MAX_ANSWER_BYTES:
            self.is_full = True
            return False
        self.items.append(shown)
        self._bytes += size
        return True


@dataclass(frozen=True, slots=True)
class _Deadline:
    """The time limit of a scan. It is needed because the platform doesn't report that a client has disconnected."""

    clock: Clock
    at: float

    @property
    def is_over(self) -> bool:
        """Return whether the time is up."""
        return self.clock.monotonic() >= self.at

    def check(self) -> None:
        """Raise ScimError tooMany if the time is up."""
        if self.is_over:
            message = Message("scan_too_long", seconds=round(MAX_SCAN_SECONDS))
            raise ScimError(400, message, "tooMany")


async def list_resources(app: App, source: Source, query: ListQuery) -> ListAnswer:
    """Return the ListResponse of a query.

    Raises:
        ScimError: The cursor is damaged or expired, or the scan takes too long.
        ScanLimit: Too many scans of the directory are running.
    """
    if query.cursor is not None:
        return await _by_cursor(app, source, query, query.cursor)
    if query.filter is None and not query.sort_by:
        async with page_turn(app, source.directory_id):
            return await _walked(app, source, query)
    ids = await source.lookup(query.filter.equalities()) if query.filter else None
    if ids == [] and not query.sort_by:
        return _response(query, 0, [])
    is_many = ids is None or len(ids) > _BATCH
    async with scan_turn(app, source.directory_id) if is_many else nullcontext():
        if query.sort_by:
            return await _sorted(app, source, query, ids)
        if ids is not None:
            return await _from_candidates(app, source, query, ids)
        return await _filtered(app, source, query)


async def _walked(app: App, source: Source, query: ListQuery) -> ListAnswer:
    """Return a page of a list without a filter.

    Whether more pages follow is decided by the rows, because the total may be wrong for a moment.
    """
    total = await source.total()
    if query.count == 0:
        return _response(query, total, [])
    start = query.start_index
    after = "" if start == 1 else await _walk(source, query).key_before(app, start)
    if after is None and start <= total:
        after = await source.key_of(start - 1)
    if after is None:
        return _response(query, total, [])
    page, more = await source.page(after, query.count)
    return await _page_of(app, query, source, await _shown(app, query, page), more, total)


async def _filtered(app: App, source: Source, query: ListQuery) -> ListAnswer:
    """Return a page of matches found by reading all resources; only the page is kept in memory."""
    first, before = query.start_index - 1, None
    if first and query.count:
        before = await _walk(source, query).key_before(app, query.start_index)
    total, page, deadline, time_slice = 0, _Page(query), _deadline(app), TimeSlice(app)
    async for found, _ in _scan(source, "", _SCAN):
        deadline.check()
        async for item in _matching(query, found, time_slice):
            if item.key > before if before is not None else total >= first:
                page.add(item)
            total += 1
        _check_kept(page.items)
    return await _page_of(app, query, source, page.items, page.is_full, total)


async def _from_candidates(
    app: App, source: Source, query: ListQuery, ids: Sequence[str]
) -> ListAnswer:
    """Return a page of the query's matches in the order of their row keys.

    Only the resources with the ids `ids`, which an index contains, are read and tested.
    """
    first, before = query.start_index - 1, None
    if first and query.count:
        before = await _walk(source, query).key_before(app, query.start_index)
    total, page, time_slice = 0, _Page(query), TimeSlice(app)
    async for found in _batches(source, sorted(ids)):
        async for item in _matching(query, found, time_slice):
            if item.key > before if before is not None else total >= first:
                page.add(item)
            total += 1
    return await _page_of(app, query, source, page.items, page.is_full, total)


async def _scan(source: Source, after: str, count: int) -> AsyncIterator[tuple[list[Item], bool]]:
    """Yield all resources after the key `after`, at most `count` at a time, each time with whether more follow."""
    more = True
    while more:
        page, more = await source.page(after, count)
        yield page, more
        after = page[-1].key if page else after


async def _batches(source: Source, ids: Sequence[str]) -> AsyncIterator[list[Item]]:
    """Yield the resources with these ids, a few at a time."""
    for at in range(0, len(ids), _BATCH):
        yield await source.read(ids[at : at + _BATCH])


def _deadline(app: App) -> _Deadline:
    return _Deadline(app.clock, app.clock.monotonic() + MAX_SCAN_SECONDS)


async def _shown(app: App, query: ListQuery, items: Sequence[Item]) -> list[ShownItem]:
    """Return the items with the query's projection applied."""
    if query.projection.is_usual and all(item.json for item in items):
        return [ShownItem(item.key, item.json) for item in items]
    shown, time_slice = list[ShownItem](), TimeSlice(app)
    for item in items:
        shown.append(item.shown(query.projection))
        await time_slice.yield_when_over()
    return shown


async def _page_of(
    app: App, query: ListQuery, source: Source, page: list[ShownItem], more: bool, total: int
) -> ListAnswer:
    """Return the ListResponse of a page; if others follow, first store the start of the next page.

    `totalResults` is never less than the position of the page's last resource, nor equal to it if others follow.
    """
    if more and page:
        page_keys = [item.key for item in page]
        walk = _walk(source, query)
        page = page[: await walk.end_page(app, query.start_index, query.count, page_keys)]
    last = query.start_index + len(page) - 1 if page else 0
    return _response(query, max(total, last + (1 if more and page else 0)), page)


def _walk(source: Source, query: ListQuery) -> Walk:
    """Return the list through which the query pages: all resources of a type, or a filter's matches."""
    name = source.resource_type.name
    if query.filter is not None:
        name = f"{name} {hashlib.sha256(query.filter.text.encode()).hexdigest()[:32]}"
    return Walk(source.directory_id, name)


@dataclass(frozen=True, slots=True)
class _SortItem:
    """A resource during sorting; `item` is kept only while all resources are small."""

    sort_key: SortKey
    key: str
    item: ShownItem | None


async def _sorted(
    app: App, source: Source, query: ListQuery, ids: Sequence[str] | None
) -> ListAnswer:
    """Return a page in the order of `sortBy`.

    Sort keys and row keys of all matches are kept in memory, and the resources only while all of them are small.
    Large ones are read again by id, until the page is full.
    """
    sort_key, deadline = sorter(query.sort_by, source.resource_type), _deadline(app)
    end = query.start_index - 1 + query.count
    total, kept, kept_bytes, time_slice = 0, list[_SortItem](), 0, TimeSlice(app)
    async for found in _batches(source, sorted(ids)) if ids is not None else _pages(source):
        deadline.check()
        async for item in _matching(query, found, time_slice):
            total += 1
            shown = None
            if kept_bytes <= _MAX_KEPT_BYTES:
                shown = item.shown(query.projection)
                kept_bytes += len(shown.json)
            kept.append(_SortItem(sort_key(item.resource), item.key, shown))
        # Not after every page: the further back the window, the more a sort costs.
        if len(kept) > 2 * end + _SCAN:
            kept = _first(query, kept, end)
        if kept_bytes > _MAX_KEPT_BYTES:
            kept = [replace(place, item=None) for place in kept]
        _check_kept([place.item for place in kept if place.item is not None])
    window = _first(query, kept, end)[query.start_index - 1 :]
    if kept_bytes <= _MAX_KEPT_BYTES:
        return _response(query, total, [place.item for place in window if place.item is not None])
    page = _Page(query)
    async for found in _batches(source, [keys.split(place.key)[1] for place in window]):
        for item in found:
            page.add(item)
            await time_slice.yield_when_over()
        if page.is_full:
            break
    _check_kept(page.items)
    return _response(query, total, page.items)


async def _pages(source: Source) -> AsyncIterator[list[Item]]:
    async for page, _ in _scan(source, "", _SCAN):
        yield page


def _first(query: ListQuery, places: list[_SortItem], most: int) -> list[_SortItem]:
    pick = heapq.nlargest if query.descending else heapq.nsmallest
    return pick(most, places, key=lambda place: place.sort_key)


async def _matching(
    query: ListQuery, page: Sequence[Item], time_slice: TimeSlice
) -> AsyncIterator[Item]:
    """Yield the items that the filter accepts; let other requests run in between."""
    await time_slice.yield_when_over()  # reading the page took time, too
    for item in page:
        resource = item.resource
        if query.filter is None or query.filter.matches(resource):
            yield Item(item.key, resource, item.json)
        await time_slice.yield_when_over()


def _check_kept(kept: Sequence[ShownItem]) -> None:
    """Raise 400 tooMany for groups with more members than a response can hold."""
    if sum(item.members for item in kept) > MAX_MEMBERS:
        raise ScimError(400, Message("too_many_members"), "tooMany")


async def _by_cursor(app: App, source: Source, query: ListQuery, cursor: str) -> ListAnswer:
    """Return a page of cursor paging (RFC 9865 section 2).

    The cursor contains the row key, so any instance can continue.
    """
    if query.sort_by:
        raise ScimError(400, Message("sort_and_cursor"), "invalidValue")
    after = _decode_cursor(source, cursor, app.clock) if cursor else ""
    ids = await source.lookup(query.filter.equalities()) if query.filter else None
    page = _Page(query)
    if ids is not None:
        async with scan_turn(app, source.directory_id) if len(ids) > _BATCH else nullcontext():
            after, more = await _candidates_after(app, source, query, ids, after, page)
    elif query.filter is None:
        async with page_turn(app, source.directory_id):
            found, more = await source.page(after, query.count) if query.count else ([], True)
            page.items = await _shown(app, query, found)
            after = found[-1].key if found else after
    else:
        async with scan_turn(app, source.directory_id):
            after, more = await _scanned_after(app, source, query, after, page)
    return ListAnswer(
        total=None if query.filter else await source.total(),
        start_index=None,
        resources=[item.json for item in page.items],
        next_cursor=_write_cursor(after, app.clock) if more and query.count else "",
    )


async def _candidates_after(
    app: App, source: Source, query: ListQuery, ids: Sequence[str], after: str, page: _Page
) -> tuple[str, bool]:
    """Fill the page with matches among the ids of an index; return the key at which it ends, and whether more follow."""
    time_slice = TimeSlice(app)
    async for found in _batches(source, sorted(ids)):
        later = [item for item in found if item.key > after]
        async for item in _matching(query, later, time_slice):
            if not page.add(item):
                return after, True
            after = item.key
    return after, False


async def _scanned_after(
    app: App, source: Source, query: ListQuery, after: str, page: _Page
) -> tuple[str, bool]:
    """Fill the page with matches after the key `after`; return the last key read, and whether more follow.

    After MAX_SCAN_SECONDS the page ends, even if it is empty; its cursor continues the scan.
    """
    deadline, time_slice = _deadline(app), TimeSlice(app)
    async for found, more in _scan(source, after, _SCAN):
        async for item in _matching(query, found, time_slice):
            if not page.add(item):
                return after, True
            after = item.key
        after = found[-1].key if found else after
        if more and (len(page.items) >= query.count or deadline.is_over):
            return after, True
    return after, False


def _write_cursor(key: str, clock: Clock) -> str:
    token = orjson.dumps([key, int(clock.now().timestamp())])
    return base64.urlsafe_b64encode(token).decode().rstrip("=")


def _decode_cursor(source: Source, cursor: str, clock: Clock) -> str:
    """Decode a client's cursor into a row key. Raise ScimError if it isn't a cursor of this source."""
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


def _response(query: ListQuery, total: int | None, items: Sequence[ShownItem]) -> ListAnswer:
    return ListAnswer(
        total=total, start_index=query.start_index, resources=[item.json for item in items]
    )
