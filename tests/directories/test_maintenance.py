"""The maintenance timer."""

import math

import orjson

from directories import (
    access_rows,
    access_tokens,
    credentials,
    deletion,
    maintenance,
    service,
    store,
)
from directories.service import NewDirectory
from local.counting_tables import CountingTables
from shared.app import App
from shared.clock import FixedClock
from shared.tables.port import Upsert
from shared.tables.schema import ALL_DIRECTORIES
from tests.directories.made import ACCOUNT, Made


async def a_day(app: App) -> None:
    """Twenty-four runs, an hour apart."""
    for _ in range(24):
        await maintenance.run(app, math.inf)
        app.clock.advance(3600)  # type: ignore[attr-defined]


async def test_each_directory_is_tidied_once_a_day(app: App, tables: CountingTables) -> None:
    """An idle directory costs a handful of reads a day and no write."""
    for number in range(30):
        await service.create(app, ACCOUNT, NewDirectory(f"Directory {number}"))
    await a_day(app)
    with tables.measured() as calls:
        await a_day(app)
    assert calls.count(("transact", "directories")) == calls.count(("transact", "contacts")) == 0
    assert len(calls) <= 24 * 2 + 30 * 8


async def test_access_tokens_beyond_their_end_are_removed(
    app: App, made: Made, clock: FixedClock
) -> None:
    """Expired access tokens and assertions to remember do not pile up; the live ones stay."""
    directory, secret, _ = await credentials.issue(app, ACCOUNT, made.id, "secrets")
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
    assert [row.key.partition("|")[0] for row in rows] == ["access", "directory"]
    await app.background.drain()


async def test_removals_go_on_every_hour(app: App, made: Made, clock: FixedClock) -> None:
    """A deleted directory is gone with the next run after its ten minutes."""
    await deletion.delete(app, ACCOUNT, made.id)
    clock.advance(601)
    await maintenance.run(app, math.inf)
    assert await store.get(app.tables, made.id) is None


async def test_an_index_row_without_a_directory_goes(app: App, clock: FixedClock) -> None:
    """What a killed creation left is removed within a day."""
    entry = orjson.dumps({"v": 1, "created": store.now(clock)})
    await app.tables.transact("directories", ALL_DIRECTORIES, [Upsert("gone", entry)])
    clock.advance(3601)
    await a_day(app)
    assert await store.index(app.tables, ALL_DIRECTORIES) == []
