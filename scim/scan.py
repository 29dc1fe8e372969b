"""Reading a query's matches: in portions, within limits of memory and time.

A page keeps at most MAX_RESPONSE_BYTES of resources, and a scan keeps only its page.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from scim.core.errors import ScimError
from scim.list_query import ListQuery, Source
from scim.list_response import Item, ListResponse, ShownItem
from shared.app import App
from shared.clock import Clock
from shared.concurrency import TimeSlice
from shared.messages import Message

MAX_MEMBERS = 100_000  # of the groups in one response that a filter or a sort makes
MAX_RESPONSE_BYTES = 2 * 1024 * 1024  # of resources as JSON, unless a single one is larger
MAX_SCAN_SECONDS = 30.0  # clients wait no longer, and the platform doesn't tell when one has gone
SCAN = 500  # resources read at a time
BATCH = 32  # resources read by id at a time


@dataclass(slots=True)
class Page:
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
        if self.items and self._bytes + size > MAX_RESPONSE_BYTES:
            self.is_full = True
            return False
        self.items.append(shown)
        self._bytes += size
        return True


@dataclass(frozen=True, slots=True)
class Deadline:
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


async def scan(source: Source, after: str) -> AsyncIterator[tuple[list[Item], bool]]:
    """Yield the resources after the key `after` in portions of at most SCAN, each with whether more follow."""
    more = True
    while more:
        page, more = await source.page(after, SCAN)
        yield page, more
        after = page[-1].key if page else after


async def batches(source: Source, ids: Sequence[str]) -> AsyncIterator[list[Item]]:
    """Yield the resources with these ids, a few at a time."""
    for at in range(0, len(ids), BATCH):
        yield await source.read(ids[at : at + BATCH])


def deadline_of(app: App) -> Deadline:
    """Return the time limit of a scan that starts now."""
    return Deadline(app.clock, app.clock.monotonic() + MAX_SCAN_SECONDS)


async def project(app: App, query: ListQuery, items: Sequence[Item]) -> list[ShownItem]:
    """Return the items with the query's projection applied."""
    if query.projection.is_usual and all(item.json for item in items):
        return [ShownItem(item.key, item.json) for item in items]
    shown, time_slice = list[ShownItem](), TimeSlice(app)
    for item in items:
        shown.append(item.shown(query.projection))
        await time_slice.yield_when_over()
    return shown


async def pages(source: Source) -> AsyncIterator[list[Item]]:
    """Yield all resources in portions of at most SCAN."""
    async for page, _ in scan(source, ""):
        yield page


async def matching(
    query: ListQuery, page: Sequence[Item], time_slice: TimeSlice
) -> AsyncIterator[Item]:
    """Yield the items that the filter accepts; let other requests run in between."""
    await time_slice.yield_when_over()  # reading the page took time, too
    for item in page:
        resource = item.resource
        if query.filter is None or query.filter.matches(resource):
            yield Item(item.key, resource, item.json)
        await time_slice.yield_when_over()


def check_members(items: Sequence[ShownItem]) -> None:
    """Raise 400 tooMany for groups with more members than a response can hold."""
    if sum(item.members for item in items) > MAX_MEMBERS:
        raise ScimError(400, Message("too_many_members"), "tooMany")


def index_response(query: ListQuery, total: int | None, items: Sequence[ShownItem]) -> ListResponse:
    """Return the ListResponse of a query without a cursor."""
    return ListResponse(
        total=total, start_index=query.start_index, resources=[item.json for item in items]
    )
