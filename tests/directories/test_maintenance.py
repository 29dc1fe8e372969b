"""The maintenance timer's work for directories."""

import logging
import math
import zlib
from datetime import timedelta

import orjson
import pytest

from directories import (
    access_rows,
    access_tokens,
    credentials,
    deletion,
    maintenance,
    service,
    store,
)
from directories.audit import operator_actor
from directories.service import NewDirectory
from local.counting_tables import CountingTables
from shared.app import App
from shared.tables.port import Insert, Upsert
from shared.tables.schema.base import ALL_DIRECTORIES
from shared.tables.schema.contacts import TOTAL
from tests.clock import FixedClock
from tests.directories.made import ACCOUNT, Made


async def a_day(app: App) -> None:
    """Run the maintenance 24 times, an hour apart."""
    for _ in range(24):
        await maintenance.run(app, math.inf)
        app.clock.advance(3600)  # type: ignore[attr-defined]


async def test_each_directory_is_tidied_once_a_day(app: App, tables: CountingTables) -> None:
    """An idle directory costs a few reads a day and no write."""
    for number in range(30):
        await service.create(app, operator_actor(ACCOUNT), NewDirectory(f"Directory {number}"))
    await a_day(app)
    with tables.measured() as calls:
        await a_day(app)
    assert calls.count(("transact", "directories")) == calls.count(("transact", "contacts")) == 0
    # A run looks for audit events that wait, at the audit log of the account, and at how far it has come.
    assert len(calls) <= 24 * 8 + 30 * 15


async def test_expired_access_tokens_are_removed(app: App, made: Made, clock: FixedClock) -> None:
    """Expired access tokens and used assertions are deleted; valid tokens stay."""
    issued = await credentials.issue(app, operator_actor(ACCOUNT), made.id, "secrets")
    directory, secret = issued.directory, issued.credential
    for _ in range(3):
        await access_tokens.issue(
            app,
            directory,
            secret.id,
            access_rows.Assertion("iss", str(clock.elapsed), store.now(clock)),
        )
        clock.advance(1800)
    await maintenance.tidy(app, made.id)
    rows = await store.index(app.tables, made.id)
    families = [row.key.partition("|")[0] for row in rows]
    assert families == ["access", "audit", "audit", "audit", "directory"]
    await app.background.drain()


async def test_a_deleted_directory_is_removed_by_the_next_run(
    app: App, made: Made, clock: FixedClock
) -> None:
    """This applies after the ten minutes in which it can be restored."""
    await deletion.delete(app, operator_actor(ACCOUNT), made.id)
    clock.advance(601)
    await maintenance.run(app, math.inf)
    assert await store.get(app.tables, made.id) is None


async def test_an_index_row_without_a_directory_is_removed(app: App, clock: FixedClock) -> None:
    """The creation was killed in the middle; its row is removed within a day."""
    entry = orjson.dumps({"v": 1, "created": store.now(clock)})
    await app.tables.transact("directories", ALL_DIRECTORIES, [Upsert("gone", entry)])
    clock.advance(3601)
    await a_day(app)
    assert await store.index(app.tables, ALL_DIRECTORIES) == []


def _order(ids: list[str], first_hour: int) -> list[str]:
    """Return the ids in the order in which the runs of a day, from `first_hour` on, handle them."""
    return sorted(ids, key=lambda one: ((zlib.crc32(one.encode()) - first_hour) % 24, one))


async def test_one_bad_directory_does_not_stop_the_others(
    app: App, caplog: pytest.LogCaptureFixture
) -> None:
    """The totals row of one directory can't be decoded; the log names it, and the others are
    handled.
    """
    made = [
        (await service.create(app, operator_actor(ACCOUNT), NewDirectory(f"D{n}")))[0].id
        for n in range(6)
    ]
    for one in made:
        await app.tables.transact(
            "contacts", one, [Insert("event|00000000000000000000000000", b"{}")]
        )
    bad = made[2]
    await app.tables.transact("contacts", bad, [Insert(TOTAL.key, b'{"v":99}')])
    with caplog.at_level(logging.INFO):
        await a_day(app)
    failed = [one for one in caplog.messages if "maintenance.failed" in one]
    assert len(failed) == 1
    assert bad in failed[0]
    for one in made:
        assert await app.tables.get("contacts", one, TOTAL.key) is not None


async def test_a_run_continues_where_the_last_one_ended(
    app: App, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If runs end at their deadline, or hours have no run, no directory is skipped or repeated."""
    made = [
        (await service.create(app, operator_actor(ACCOUNT), NewDirectory(f"D{n}")))[0].id
        for n in range(20)
    ]
    await maintenance.run(app, math.inf)
    tidied = list[str]()

    async def tidy(app: App, directory_id: str, deadline: float) -> None:
        tidied.append(directory_id)
        clock.advance(10)

    monkeypatch.setattr(maintenance, "tidy", tidy)
    start = clock.at
    first_hour = int(start.timestamp()) // 3600 + 1
    for _ in range(40):
        clock.advance(2000)
        if clock.at >= start + timedelta(hours=24):
            break
        await maintenance.run(app, clock.monotonic() + 15)
    clock.at = start + timedelta(hours=23, minutes=59)
    for _ in range(20):
        await maintenance.run(app, clock.monotonic() + 15)
    hours = [(zlib.crc32(one.encode()) - first_hour) % 24 for one in tidied]
    expected = [
        one for one in _order(made, first_hour) if (zlib.crc32(one.encode()) - first_hour) % 24 < 23
    ]
    assert tidied[: len(expected)] == expected
    assert hours == sorted(hours)
