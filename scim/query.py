"""Queries over resources of one type (RFC 7644 section 3.4.2): choose the way to read, and page by index.

`sorted_query` and `cursor_query` have the queries with `sortBy` and with `cursor`.
"""

import hashlib
from collections.abc import Sequence

from scim.cursor_query import list_by_cursor
from scim.list_query import ListQuery, Source
from scim.list_response import ListResponse, ShownItem
from scim.page_starts import Walk
from scim.scan import (
    BATCH,
    Page,
    check_members,
    deadline_of,
    index_response,
    matching,
    project,
    scan,
)
from scim.sorted_query import list_sorted
from scim.work_gates import page_turn, scan_turn
from shared.app import App
from shared.concurrency import TimeSlice


async def list_resources(app: App, source: Source, query: ListQuery) -> ListResponse:
    """Return the ListResponse of a query.

    Raises:
        ScimError: The cursor is damaged or expired, or the scan takes too long.
        ScanLimit: Too many scans of the directory are running.
    """
    if query.cursor is not None:
        return await list_by_cursor(app, source, query, query.cursor)
    if query.filter is None and not query.sort_by:
        async with page_turn(app, source.directory_id):
            return await _walked(app, source, query)
    ids = await source.lookup(query.filter.equalities()) if query.filter else None
    if ids == [] and not query.sort_by:
        return index_response(query, 0, [])
    if ids is not None and len(ids) <= BATCH:
        return await _selected(app, source, query, ids)
    async with scan_turn(app, source.directory_id):
        return await _selected(app, source, query, ids)


async def _selected(
    app: App, source: Source, query: ListQuery, ids: Sequence[str] | None
) -> ListResponse:
    """Return a page of a query that has a filter or an order; `ids` are the candidates, None for all resources."""
    if query.sort_by:
        return await list_sorted(app, source, query, ids)
    if ids is not None:
        return await _from_candidates(app, source, query, ids)
    return await _filtered(app, source, query)


async def _walked(app: App, source: Source, query: ListQuery) -> ListResponse:
    """Return a page of a list without a filter.

    Whether more pages follow is decided by the rows, because the total may be wrong for a moment.
    """
    total = await source.total()
    if query.count == 0:
        return index_response(query, total, [])
    start = query.start_index
    after = "" if start == 1 else await _walk(source, query).key_before(app, start)
    if after is None and start <= total:
        after = await source.key_of(start - 1)
    if after is None:
        return index_response(query, total, [])
    page, more = await source.page(after, query.count)
    return await _page_of(app, query, source, await project(app, query, page), more, total)


async def _filtered(app: App, source: Source, query: ListQuery) -> ListResponse:
    """Return a page of matches found by reading all resources; only the page is kept in memory."""
    first, before = query.start_index - 1, None
    if first and query.count:
        before = await _walk(source, query).key_before(app, query.start_index)
    total, page, deadline, time_slice = 0, Page(query), deadline_of(app), TimeSlice(app)
    async for found, _ in scan(source, ""):
        deadline.check()
        async for item in matching(query, found, time_slice):
            if item.key > before if before is not None else total >= first:
                page.add(item)
            total += 1
        check_members(page.items)
    return await _page_of(app, query, source, page.items, page.is_full, total)


async def _from_candidates(
    app: App, source: Source, query: ListQuery, ids: Sequence[str]
) -> ListResponse:
    """Return a page of the query's matches in the order of their row keys.

    Only the resources with the ids `ids`, which an index contains, are read and tested.
    """
    first, before = query.start_index - 1, None
    if first and query.count:
        before = await _walk(source, query).key_before(app, query.start_index)
    total, page, ordered, time_slice = 0, Page(query), sorted(ids), None
    # Without asynchronous generators: with one candidate, the usual case, they would take a tenth of the request.
    for at in range(0, len(ordered), BATCH):
        found = await source.read(ordered[at : at + BATCH])
        time_slice = time_slice or TimeSlice(app)
        for item in found:
            await time_slice.yield_when_over()
            if query.filter is None or query.filter.matches(item.resource):
                if item.key > before if before is not None else total >= first:
                    page.add(item)
                total += 1
    return await _page_of(app, query, source, page.items, page.is_full, total)


async def _page_of(
    app: App, query: ListQuery, source: Source, page: list[ShownItem], more: bool, total: int
) -> ListResponse:
    """Return the ListResponse of a page; if others follow, first store the start of the next page.

    `totalResults` is never less than the position of the page's last resource, nor equal to it if others follow.
    """
    if more and page:
        page_keys = [item.key for item in page]
        walk = _walk(source, query)
        page = page[: await walk.end_page(app, query.start_index, query.count, page_keys)]
    last = query.start_index + len(page) - 1 if page else 0
    return index_response(query, max(total, last + (1 if more and page else 0)), page)


def _walk(source: Source, query: ListQuery) -> Walk:
    """Return the list through which the query pages: all resources of a type, or a filter's matches."""
    name = source.resource_type.name
    if query.filter is not None:
        name = f"{name} {hashlib.sha256(query.filter.text.encode()).hexdigest()[:32]}"
    return Walk(source.directory_id, name)
