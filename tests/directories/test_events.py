"""The provisioning log: events are written, read newest first, merged into lines, and limited."""

from datetime import timedelta

import pytest

from directories import events, provisioning_log, service, status
from directories.event_types import KINDS
from directories.events import Event, Marks, marks, write
from directories.maintenance import tidy
from directories.provisioning_log import (
    EventFilter,
    read,
)
from local.counting_tables import CountingTables
from shared.app import App
from shared.clock import timestamp
from shared.tables.port import StorageUnavailable
from tests.clock import FixedClock
from tests.directories.made import ACCOUNT, Made
from tests.directories.stored_events import log_refusal, stored_events
from tests.rounds import rounds

DIRECTORY = "d1"


async def put(app: App, *found: Event) -> None:
    """Write each event in a transaction of its own, and advance the clock by a second after
    each.
    """
    for event in found:
        await app.tables.transact("contacts", DIRECTORY, [write(event, app.clock)])
        app.clock.advance(1)  # type: ignore[attr-defined]


def created(app: App, name: str, **more: object) -> Event:
    """Return the event of a user's creation."""
    at = timestamp(app.clock.now())
    return Event(
        at,
        "user.created",
        resource_type="User",
        resource_id=f"id-{name}",
        name=name,
        users=1,
        active=True,
        **more,  # type: ignore[arg-type]
    )


async def fail(app: App, name: str, detail: str = "title is too long.") -> None:
    """Log a refused request about the user `name`."""
    await log_refusal(app, DIRECTORY, detail=detail, client="Entra", name=name, attribute="title")


@pytest.mark.parametrize(
    ("event", "found"),
    [
        (Event("t", "user.created", users=1, active=True), Marks(users=1, active=1)),
        (Event("t", "user.created", users=1, active=False), Marks(users=1)),
        (Event("t", "user.disabled", active=False), Marks(active=-1)),
        (Event("t", "user.enabled", active=True), Marks(active=1)),
        (
            Event("t", "user.deleted", users=-1, active=False, was_active=True),
            Marks(users=-1, active=-1),
        ),
        (Event("t", "user.deleted", users=-1, active=False), Marks(users=-1)),
        (Event("t", "group.created", groups=1), Marks(groups=1)),
        (Event("t", "group.deleted", groups=-1), Marks(groups=-1)),
        (Event("t", "request.refused", count=12), Marks(refused=12)),
        (Event("t", "user.changed", active=True), Marks()),
    ],
)
def test_the_key_has_the_counts_of_an_event(clock: FixedClock, event: Event, found: Marks) -> None:
    """Totals are computed from keys, without reading values."""
    key = write(event, clock).key
    assert marks(key) == found
    assert events.moment_of(key) == clock.now()


def test_an_event_is_decoded_as_it_was_encoded() -> None:
    """Every field is kept, and False isn't treated as absent."""
    event = Event(
        at="2026-01-01T00:00:00.000Z",
        kind="user.disabled",
        resource_type="User",
        resource_id="1",
        name="anna@contoso.example",
        external_id="x",
        was_external_id="y",
        active=False,
        changed=("active", "title"),
        client="Entra",
    )
    assert events.decode(events.encode(event)) == event
    assert events.decode(events.encode(Event("t", "user.changed"))).active is None


async def test_the_log_is_read_newest_first_page_by_page(any_app: App) -> None:
    """Pages have no gap and no overlap, on both engines."""
    names = [f"person{number}" for number in range(25)]
    directory_before = [line.event.name for line in (await read(any_app, "d-pages")).lines]
    assert directory_before == []
    for name in names:
        operation = write(created(any_app, name), any_app.clock)
        await any_app.tables.transact("contacts", "d-pages", [operation])
        any_app.clock.advance(1800)  # type: ignore[attr-defined]
    seen: list[str] = []
    before = ""
    for _ in rounds():
        page = await read(any_app, "d-pages", before, 10)
        seen += [line.event.name for line in page.lines]
        if not (before := page.before):
            break
    assert seen == names[::-1]


async def test_a_dense_log_is_read_in_few_queries(app: App, tables: CountingTables) -> None:
    """The newest lines of 5,000 events of one minute don't need all of them."""
    for _ in range(50):
        operations = [write(created(app, "someone"), app.clock) for _ in range(100)]
        await tables.transact("contacts", DIRECTORY, operations)
        app.clock.advance(1)  # type: ignore[attr-defined]
    with tables.measured() as calls:
        page = await read(app, DIRECTORY, limit=50)
    assert len(page.lines) == 50
    assert len(calls) <= 6


async def test_repeated_failures_of_a_person_are_one_line_with_a_count(app: App) -> None:
    """Entra retries a failing user for 28 days: the line has the first time and the count."""
    for _ in range(3):
        await fail(app, "anna")
        app.clock.advance(1)  # type: ignore[attr-defined]
        await fail(app, "bob")
        app.clock.advance(3599)  # type: ignore[attr-defined]
    page = await read(app, DIRECTORY)
    assert [(line.event.name, line.count) for line in page.lines] == [("bob", 3), ("anna", 3)]
    assert page.lines[1].first == "2026-01-01T00:00:00.000Z"
    assert page.lines[1].event.at == "2026-01-01T02:00:00.000Z"


async def test_a_success_separates_failures(app: App) -> None:
    """Failures before and after a user's successful request are two lines."""
    await fail(app, "anna")
    app.clock.advance(1)  # type: ignore[attr-defined]
    await put(app, created(app, "anna"))
    app.clock.advance(100)  # type: ignore[attr-defined]
    await fail(app, "anna")
    kinds = [(line.event.kind, line.count) for line in (await read(app, DIRECTORY)).lines]
    assert kinds == [("request.refused", 1), ("user.created", 1), ("request.refused", 1)]


async def test_the_log_is_filtered(app: App) -> None:
    """By one user's history, by refused requests only, and by text that ignores case and
    accents.
    """
    await put(
        app,
        created(app, "anna", external_id="x-1"),
        created(app, "bob", changed=("title",)),
    )
    await fail(app, "Müller", "phoneNumbers is no number.")
    await put(app, created(app, "Müller"))

    async def names(wanted: EventFilter) -> list[str]:
        return [line.event.name for line in (await read(app, DIRECTORY, wanted=wanted)).lines]

    assert await names(EventFilter(person="ANNA")) == ["anna"]
    assert await names(EventFilter(person="x-1")) == ["anna"]
    assert await names(EventFilter(person="id-bob")) == ["bob"]
    assert await names(EventFilter(kinds=KINDS["refused"])) == ["Müller"]
    assert await names(EventFilter(kinds=KINDS["created"])) == ["Müller", "bob", "anna"]
    assert await names(EventFilter(kinds=KINDS["groups"])) == []
    assert await names(EventFilter(text="muller")) == ["Müller", "Müller"]
    assert await names(EventFilter(text="no number")) == ["Müller"]
    assert await names(EventFilter(text="TITLE")) == ["Müller", "bob"]
    assert await names(EventFilter(person="nobody")) == []


async def test_refusals_among_an_import_are_found_by_their_keys(
    app: App, tables: CountingTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The values of 2,000 creations aren't read, and the number of queries is that of a read
    without a filter.
    """
    await fail(app, "anna")
    for _ in range(20):
        app.clock.advance(60)  # type: ignore[attr-defined]
        operations = [write(created(app, "x"), app.clock) for _ in range(100)]
        await tables.transact("contacts", DIRECTORY, operations)
    read_values = list[bytes]()

    def decoded(value: bytes) -> Event:
        read_values.append(value)
        return decode(value)

    decode = events.decode
    monkeypatch.setattr(events, "decode", decoded)
    with tables.measured() as calls:
        page = await read(app, DIRECTORY, wanted=EventFilter(kinds=KINDS["refused"]))
    assert [line.event.name for line in page.lines] == ["anna"]
    assert (len(read_values), page.before) == (1, "")
    with tables.measured() as unfiltered:
        await read(app, DIRECTORY, limit=5000)
    assert len(calls) == len(unfiltered)


async def test_a_rare_kind_is_found_page_by_page(app: App, tables: CountingTables) -> None:
    """A page may be empty although older events match; it has the position from which to
    continue.
    """
    await put(
        app,
        Event("t", "group.created", resource_type="Group", resource_id="g", name="Sales", groups=1),
    )
    for _ in range(40):
        app.clock.advance(3600)  # type: ignore[attr-defined]
        operations = [write(created(app, "x"), app.clock) for _ in range(100)]
        for _ in range(2):
            await tables.transact("contacts", DIRECTORY, operations)
            operations = [write(created(app, "y"), app.clock) for _ in range(100)]
    before, pages, found = "", 0, list[str]()
    while pages < 10:
        with tables.measured() as calls:
            page = await read(app, DIRECTORY, before, wanted=EventFilter(kinds=KINDS["groups"]))
        assert len(calls) <= 40
        found += [line.event.name for line in page.lines]
        pages += 1
        if not (before := page.before):
            break
    assert (found, pages) == (["Sales"], 2)


async def test_equal_refusals_of_a_minute_are_stored_once(app: App, tables: CountingTables) -> None:
    """A client that repeats a request causes one event a minute; the next one has the count."""
    with tables.measured() as calls:
        for _ in range(1000):
            await fail(app, "anna")
    assert calls.count(("transact", "contacts")) == 1
    app.clock.advance(61)  # type: ignore[attr-defined]
    await fail(app, "anna")
    (line,) = (await read(app, DIRECTORY)).lines
    assert line.count == 1001
    await app.background.drain()


async def test_a_flood_of_different_refusals_is_bounded(app: App, tables: CountingTables) -> None:
    """At most 60 refusals are stored in a minute; the others are counted."""
    for number in range(500):
        await fail(app, f"person{number}")
    rows = await tables.query("contacts", DIRECTORY, "event|", events.end())
    assert len(rows) == 60
    app.clock.advance(61)  # type: ignore[attr-defined]
    await fail(app, "last")
    counts = [line.count for line in (await read(app, DIRECTORY, limit=100)).lines]
    assert sum(counts) == 501
    await app.background.drain()


async def test_a_refusal_that_cannot_be_stored_raises_nothing(app: App, clock: FixedClock) -> None:
    """If storage fails, the line is lost, but the client gets its response."""

    class Broken(CountingTables):
        async def transact(self, table: str, partition: str, operations: object) -> list[str]:
            raise StorageUnavailable("down")

    await fail(App(app.settings, clock, Broken(app.tables)), "anna")


async def test_events_are_kept_for_the_retention(any_app: App, clock: FixedClock) -> None:
    """EVENT_RETENTION_DAYS: older events are removed, and the totals stay right."""
    from directories import totals

    directory_id = "d-retention"
    for name in ("old", "new"):
        operation = write(created(any_app, name), clock)
        await any_app.tables.transact("contacts", directory_id, [operation])
        clock.advance(timedelta(days=20).total_seconds())
    await tidy(any_app, directory_id)
    kept = await stored_events(any_app.tables, directory_id)
    assert [stored.event.name for stored in kept] == ["new"]
    assert (await totals.read(any_app, directory_id)).users == 2
    fresh = App(any_app.settings, clock, CountingTables(any_app.tables))
    assert (await totals.read(fresh, directory_id)).users == 2
    assert provisioning_log.EVERYTHING.has(kept[0].event)


@pytest.mark.parametrize(
    ("refusal", "done", "stays"),
    [("anna", "anna", False), ("anna", "bob", True), ("", "bob", False)],
)
async def test_a_refusal_is_not_shown_after_a_success(
    app: App, made: Made, refusal: str, done: str, stays: bool
) -> None:
    """A user's refusal ends with a success of that user; one without a user, such as a wrong path,
    with any success.
    """
    directory = await service.read(app, ACCOUNT, made.id)
    await log_refusal(app, made.id, client="Entra", name=refusal)
    app.clock.advance(1)  # type: ignore[attr-defined]
    assert (await status.glance(app, directory)).last_refusal is not None
    await app.tables.transact("contacts", made.id, [write(created(app, done), app.clock)])
    assert ((await status.glance(app, directory)).last_refusal is not None) is stays
