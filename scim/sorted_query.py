"""Queries with `sortBy` (RFC 7644 section 3.4.2.3).

Sort keys of all matches are kept in memory, and the resources only while they are small.
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, replace

from scim.core.sorting import SortKey, sorter
from scim.list_query import ListQuery, Source
from scim.list_response import ListResponse, ShownItem
from scim.scan import (
    SCAN,
    Page,
    batches,
    check_members,
    deadline_of,
    index_response,
    matching,
    pages,
)
from shared import keys
from shared.app import App
from shared.concurrency import TimeSlice

_MAX_ITEM_BYTES = 1024 * 1024  # of resources in memory during sorting


@dataclass(frozen=True, slots=True)
class _SortItem:
    """A resource during sorting; `item` is kept only while all resources are small."""

    sort_key: SortKey
    key: str
    item: ShownItem | None


async def list_sorted(
    app: App, source: Source, query: ListQuery, ids: Sequence[str] | None
) -> ListResponse:
    """Return a page in the order of `sortBy`.

    Sort keys and row keys of all matches are kept in memory, and the resources only while all of them are small.
    Large ones are read again by id, until the page is full.
    """
    sort_key, deadline = sorter(query.sort_by, source.resource_type), deadline_of(app)
    end = query.start_index - 1 + query.count
    total, items, item_bytes, time_slice = 0, list[_SortItem](), 0, TimeSlice(app)
    async for found in batches(source, sorted(ids)) if ids is not None else pages(source):
        deadline.check()
        async for item in matching(query, found, time_slice):
            total += 1
            shown = None
            if item_bytes <= _MAX_ITEM_BYTES:
                shown = item.shown(query.projection)
                item_bytes += len(shown.json)
            items.append(_SortItem(sort_key(item.resource), item.key, shown))
        # Not after every page: the further back the window, the more a sort costs.
        if len(items) > 2 * end + SCAN:
            items = _first(query, items, end)
        if item_bytes > _MAX_ITEM_BYTES:
            items = [replace(one, item=None) for one in items]
        check_members([one.item for one in items if one.item is not None])
    window = _first(query, items, end)[query.start_index - 1 :]
    if item_bytes <= _MAX_ITEM_BYTES:
        return index_response(query, total, [one.item for one in window if one.item is not None])
    page = Page(query)
    async for found in batches(source, [keys.split(one.key)[1] for one in window]):
        for item in found:
            page.add(item)
            await time_slice.yield_when_over()
        if page.is_full:
            break
    check_members(page.items)
    return index_response(query, total, page.items)


def _first(query: ListQuery, items: list[_SortItem], most: int) -> list[_SortItem]:
    pick = heapq.nlargest if query.descending else heapq.nsmallest
    return pick(most, items, key=lambda one: one.sort_key)
