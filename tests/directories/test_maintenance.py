"""The maintenance timer."""

import math

import orjson

from directories import access_tokens, credentials, deletion, maintenance, service, store
from directories.memory import settled
from directories.service import NewDirectory
from shared.clock import FixedClock
from shared.services import Services
from shared.tables.counting import CountingTables
from shared.tables.port import Upsert
from tests.directories.made import ACCOUNT, Made


async def a_day(services: Services) -> None:
    """Twenty-four runs, an hour apart."""
    for _ in range(24):
        await maintenance.run(services, math.inf)
        services.clock.advance(3600)  # type: ignore[attr-defined]


async def test_each_directory_is_tidied_once_a_day(
    services: Services, tables: CountingTables
) -> None:
    """An idle directory costs a handful of reads a day and no write."""
    for number in range(30):
        await service.create(services, ACCOUNT, NewDirectory(f"Directory {number}"))
    await a_day(services)
    with tables.measured() as calls:
        await a_day(services)
    assert calls.count(("transact", "directories")) == calls.count(("transact", "contacts")) == 0
    assert len(calls) <= 24 * 2 + 30 * 8


async def test_access_tokens_beyond_their_end_are_removed(
    services: Services, made: Made, clock: FixedClock
) -> None:
    """Expired access tokens and assertions to remember do not pile up; the live ones stay."""
    directory, secret, _ = await credentials.issue(services, ACCOUNT, made.id, "secrets")
    for _ in range(3):
        await access_tokens.issue(
            services,
            directory,
            secret.id,
            access_tokens.Assertion("iss", str(clock.elapsed), store.now(clock)),
        )
        clock.advance(1800)
    await maintenance.tidy(services, made.id)
    rows = await store.index(services.tables, made.id)
    assert [row.key.partition("|")[0] for row in rows] == ["access", "directory"]
    await settled(services)


async def test_removals_go_on_every_hour(services: Services, made: Made, clock: FixedClock) -> None:
    """A deleted directory is gone with the next run after its ten minutes."""
    await deletion.delete(services, ACCOUNT, made.id)
    clock.advance(601)
    await maintenance.run(services, math.inf)
    assert await store.get(services.tables, made.id) is None


async def test_an_index_row_without_a_directory_goes(services: Services, clock: FixedClock) -> None:
    """What a killed creation left is removed within a day."""
    entry = orjson.dumps({"v": 1, "created": store.now(clock)})
    await services.tables.transact("directories", store.ALL, [Upsert("gone", entry)])
    clock.advance(3601)
    await a_day(services)
    assert await store.index(services.tables, store.ALL) == []
