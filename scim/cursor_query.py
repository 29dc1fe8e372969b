"""Queries with `cursor` (RFC 9865), whose cursors any instance can continue."""

import base64
import binascii
from collections.abc import Sequence
from contextlib import nullcontext

import orjson

from scim.core.errors import ScimError
from scim.list_query import CURSOR_TIMEOUT, ListQuery, Source
from scim.list_response import ListResponse
from scim.scan import BATCH, Page, batches, deadline_of, matching, project, scan
from scim.work_gates import page_turn, scan_turn
from shared import keys
from shared.app import App
from shared.clock import Clock
from shared.concurrency import TimeSlice
from shared.messages import Message

# RFC 9865 section 2 calls cursorTimeout a minimum; instances' clocks may be an hour apart.
_MAX_CURSOR_AGE = CURSOR_TIMEOUT + 3600


async def list_by_cursor(app: App, source: Source, query: ListQuery, cursor: str) -> ListResponse:
    """Return a page of cursor paging (RFC 9865 section 2).

    The cursor contains the row key, so any instance can continue.
    """
    if query.sort_by:
        raise ScimError(400, Message("sort_and_cursor"), "invalidValue")
    after = _decode_cursor(source, cursor, app.clock) if cursor else ""
    ids = await source.lookup(query.filter.equalities()) if query.filter else None
    page = Page(query)
    if ids is not None:
        async with scan_turn(app, source.directory_id) if len(ids) > BATCH else nullcontext():
            after, more = await _candidates_after(app, source, query, ids, after, page)
    elif query.filter is None:
        async with page_turn(app, source.directory_id):
            found, more = await source.page(after, query.count) if query.count else ([], True)
            page.items = await project(app, query, found)
            after = found[-1].key if found else after
    else:
        async with scan_turn(app, source.directory_id):
            after, more = await _scanned_after(app, source, query, after, page)
    return ListResponse(
        total=None if query.filter else await source.total(),
        start_index=None,
        resources=[item.json for item in page.items],
        next_cursor=_encode_cursor(after, app.clock) if more and query.count else "",
    )


async def _candidates_after(
    app: App, source: Source, query: ListQuery, ids: Sequence[str], after: str, page: Page
) -> tuple[str, bool]:
    """Fill the page with matches among the ids of an index; return the key at which it ends, and whether more follow."""
    time_slice = TimeSlice(app)
    async for found in batches(source, sorted(ids)):
        later = [item for item in found if item.key > after]
        async for item in matching(query, later, time_slice):
            if not page.add(item):
                return after, True
            after = item.key
    return after, False


async def _scanned_after(
    app: App, source: Source, query: ListQuery, after: str, page: Page
) -> tuple[str, bool]:
    """Fill the page with matches after the key `after`; return the last key read, and whether more follow.

    After MAX_SCAN_SECONDS the page ends, even if it is empty; its cursor continues the scan.
    """
    deadline, time_slice = deadline_of(app), TimeSlice(app)
    async for found, more in scan(source, after):
        async for item in matching(query, found, time_slice):
            if not page.add(item):
                return after, True
            after = item.key
        after = found[-1].key if found else after
        if more and (len(page.items) >= query.count or deadline.is_over):
            return after, True
    return after, False


def _encode_cursor(key: str, clock: Clock) -> str:
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
