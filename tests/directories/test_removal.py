"""Deletion of a directory and removal of its rows."""

import contextlib
import math

import pytest

from directories import deletion, service, store
from directories.audit import operator_actor
from directories.authenticate import Unauthenticated, authenticate
from directories.errors import NotThere
from directories.service import NewDirectory
from shared import keys
from shared.app import App
from shared.tables.port import Insert, StorageUnavailable
from shared.tables.schema.base import ALL_DIRECTORIES, account_partition
from tests.clock import FixedClock
from tests.directories.made import ACCOUNT, OTHER_ACCOUNT, Made
from tests.failing_tables import FailingTables


async def fill(app: App, directory_id: str, rows: int) -> None:
    """Store this many rows in the directory."""
    for start in range(0, rows, 100):
        operations = [
            Insert(keys.key("user", str(number)), b"{}")
            for number in range(start, min(rows, start + 100))
        ]
        await app.tables.transact("contacts", directory_id, operations)


async def left(app: App, directory_id: str) -> int:
    """Return how many rows of the directory are stored, in all tables and indexes."""
    own = [
        await store.index(app.tables, directory_id, table)
        for table in ("contacts", "directories", "presence")
    ]
    indexes = [
        row
        for partition in (ALL_DIRECTORIES, account_partition(ACCOUNT))
        for row in await store.index(app.tables, partition)
        if row.key == directory_id
    ]
    work = await store.index(app.tables, "directory-removal", "work")
    return sum(map(len, own)) + len(indexes) + len([row for row in work if row.key == directory_id])


async def test_a_deleted_directory_is_hidden_and_refuses_its_token_at_once(
    app: App, made: Made
) -> None:
    """It isn't listed or found, and its token gets 401."""
    await authenticate(app, made.id, made.header)
    await deletion.delete(app, operator_actor(ACCOUNT), made.id)
    assert await service.list_directories(app, ACCOUNT) == []
    with pytest.raises(NotThere):
        await service.read(app, ACCOUNT, made.id)
    with pytest.raises(Unauthenticated):
        await authenticate(app, made.id, made.header)


async def test_a_deletion_can_be_undone_for_ten_minutes(
    app: App, made: Made, clock: FixedClock
) -> None:
    """After the restoration, users and tokens are as before."""
    await fill(app, made.id, 3)
    await deletion.delete(app, operator_actor(ACCOUNT), made.id)
    clock.advance(599)
    await deletion.run(app, math.inf)
    deleted = await store.get(app.tables, made.id)
    assert deleted is not None
    assert deletion.is_restorable(app, deleted)
    await deletion.restore(app, operator_actor(ACCOUNT), made.id)
    assert (await authenticate(app, made.id, made.header)).id == made.id
    assert len(await store.index(app.tables, made.id, "contacts")) == 3
    assert await store.index(app.tables, "directory-removal", "work") == []
    await app.background.drain()


async def test_another_account_cannot_delete_or_restore(app: App, made: Made) -> None:
    """The error is that of a directory that doesn't exist."""
    with pytest.raises(NotThere):
        await deletion.delete(app, operator_actor(OTHER_ACCOUNT), made.id)
    await deletion.delete(app, operator_actor(ACCOUNT), made.id)
    with pytest.raises(NotThere):
        await deletion.restore(app, operator_actor(OTHER_ACCOUNT), made.id)


async def test_after_ten_minutes_every_row_is_removed(any_app: App, clock: FixedClock) -> None:
    """In all tables, on both engines; other directories keep their rows."""
    directory, _ = await service.create(any_app, operator_actor(ACCOUNT), NewDirectory("Gone"))
    stays, _ = await service.create(any_app, operator_actor(ACCOUNT), NewDirectory("Stays"))
    await fill(any_app, directory.id, 250)
    await fill(any_app, stays.id, 5)
    await deletion.delete(any_app, operator_actor(ACCOUNT), directory.id)
    clock.advance(601)
    assert (
        await deletion.run(any_app, math.inf) >= 1
    )  # the emulator may hold removals of other tests
    assert await left(any_app, directory.id) == 0
    assert len(await store.index(any_app.tables, stays.id, "contacts")) == 5
    with pytest.raises(NotThere):
        await deletion.restore(any_app, operator_actor(ACCOUNT), directory.id)


@pytest.mark.parametrize("transactions", range(1, 12))
async def test_a_removal_that_was_killed_is_completed_by_a_later_run(
    app: App, made: Made, clock: FixedClock, transactions: int
) -> None:
    """It may be killed after any of its transactions."""
    await fill(app, made.id, 250)
    dying = FailingTables(app.tables, transactions)
    mortal = App(app.settings, clock, dying)
    with contextlib.suppress(StorageUnavailable):
        await deletion.delete(mortal, operator_actor(ACCOUNT), made.id)
        clock.advance(601)
        await deletion.run(mortal, math.inf)
    clock.advance(601)
    if transactions == 1:  # the deletion never got as far as the directory, which is whole
        assert [found.id for found in await service.list_directories(app, ACCOUNT)] == [made.id]
        return
    await deletion.run(app, math.inf)
    assert await left(app, made.id) == 0


async def test_a_removal_stops_at_its_deadline_and_continues_later(
    app: App, made: Made, clock: FixedClock
) -> None:
    """A run must end before the platform ends it."""
    await fill(app, made.id, 50)
    await deletion.delete(app, operator_actor(ACCOUNT), made.id)
    clock.advance(601)
    assert await deletion.run(app, clock.monotonic()) == 0
    assert await left(app, made.id) > 50
    assert await deletion.run(app, math.inf) == 1
    assert await left(app, made.id) == 0


async def test_an_immediate_removal_is_checked_again(
    app: App, made: Made, clock: FixedClock
) -> None:
    """Another instance may accept a request and write after the removal; a later run removes that
    row.
    """
    await fill(app, made.id, 10)
    assert await deletion.remove_now(app, operator_actor(ACCOUNT), made.id, math.inf)
    assert await store.index(app.tables, made.id, "contacts") == []
    await fill(app, made.id, 1)
    clock.advance(60)
    assert await deletion.run(app, math.inf) == 0
    clock.advance(60)
    assert await deletion.run(app, math.inf) == 1
    assert await left(app, made.id) == 0


async def test_the_command_finishes_the_removal_of_a_deleted_directory(
    app: App, made: Made
) -> None:
    """The directory was deleted on a page, or by a command that was killed: it is hidden, but its
    rows are stored.
    """
    await app.tables.transact("contacts", made.id, [Insert("user|x", b"{}")])
    await deletion.delete(app, operator_actor(ACCOUNT), made.id)
    with pytest.raises(NotThere):
        await deletion.remove_now(
            app, operator_actor("00000000-0000-4000-8000-00000000000f"), made.id, math.inf
        )
    assert await deletion.remove_now(app, operator_actor(ACCOUNT), made.id, math.inf)
    assert await app.tables.query("contacts", made.id, "", "\ufffd") == []
    with pytest.raises(NotThere):
        await deletion.remove_now(app, operator_actor(ACCOUNT), made.id, math.inf)
