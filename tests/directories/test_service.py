"""Directories are created, listed and changed; each is visible to its own account only."""

import re

import orjson
import pytest

from directories import service, store
from directories.audit import operator_actor
from directories.errors import InvalidField, NotThere, Overtaken
from directories.models import is_directory_id
from directories.service import NewDirectory
from shared.app import App
from shared.tables.port import StorageUnavailable, Upsert
from shared.tables.schema.base import account_partition
from tests.clock import FixedClock
from tests.directories.made import ACCOUNT, OTHER_ACCOUNT, Made
from tests.failing_tables import FailingTables


async def test_a_directory_is_read_as_it_was_created(any_app: App) -> None:
    """Both engines keep name, kind, region and strictness; an omitted field has the deployment's
    default.
    """
    new = NewDirectory("  Contoso   Ltd ", kind="other", region="de", strict_numbers=True)
    directory, token = await service.create(any_app, operator_actor(ACCOUNT), new)
    plain, _ = await service.create(any_app, operator_actor(ACCOUNT), NewDirectory("Plain"))
    found = await service.read(any_app, ACCOUNT, directory.id)
    assert found == directory
    assert (found.name, found.kind, found.region, found.strict_numbers) == (
        "Contoso Ltd",
        "other",
        "DE",
        True,
    )
    assert (plain.kind, plain.region, plain.strict_numbers) == ("entra", "GB", False)
    assert len(token) > 43


async def test_ids_fit_every_client(app: App) -> None:
    """An id has 20 lower-case letters and digits, because Okta refuses underscores in a base URL
    (Okta, "SCIM FAQ").
    """
    ids = {
        (await service.create(app, operator_actor(ACCOUNT), NewDirectory(f"A{number}")))[0].id
        for number in range(20)
    }
    assert len(ids) == 20
    assert all(
        len(one) == 20 and one.isalnum() and one == one.lower() and is_directory_id(one)
        for one in ids
    )


async def test_the_plain_token_is_stored_nowhere(app: App, made: Made) -> None:
    """Only the token's SHA-256 hash is stored."""
    row = await app.tables.get("directories", made.id, "directory")
    assert row is not None
    assert made.token.encode() not in row.value
    assert made.directory.tokens[0].hash.encode() in row.value


async def test_accounts_do_not_see_each_other(app: App, made: Made) -> None:
    """SECURITY.md: another account's directory is as one that doesn't exist."""
    theirs, _ = await service.create(app, operator_actor(OTHER_ACCOUNT), NewDirectory("Theirs"))
    assert [found.id for found in await service.list_directories(app, ACCOUNT)] == [made.id]
    assert [found.id for found in await service.list_directories(app, OTHER_ACCOUNT)] == [theirs.id]
    with pytest.raises(NotThere):
        await service.read(app, OTHER_ACCOUNT, made.id)
    with pytest.raises(NotThere):
        await service.set_up(app, operator_actor(OTHER_ACCOUNT), made.id, name="Mine now")


async def test_directories_are_listed_in_order_of_creation(any_app: App, clock: FixedClock) -> None:
    """The order doesn't depend on the ids."""
    account = "33333333-3333-3333-3333-333333333333"
    for name in ("One", "Two", "Three"):
        await service.create(any_app, operator_actor(account), NewDirectory(name))
        clock.advance(1)
    assert [found.name for found in await service.list_directories(any_app, account)] == [
        "One",
        "Two",
        "Three",
    ]


@pytest.mark.parametrize(
    ("new", "field"),
    [
        (NewDirectory(" "), "name"),
        (NewDirectory("a" * 101), "name"),
        (NewDirectory("a\x07b"), "name"),
        (NewDirectory("A", region="ZZ"), "region"),
        (NewDirectory("A", region="Germany"), "region"),
        (NewDirectory("A", id="a_b_c_d"), "id"),
        (NewDirectory("A", id="abc"), "id"),
        (NewDirectory("A", token="short"), "token"),
        (NewDirectory("A", token="with space " * 4), "token"),
        (NewDirectory("A", token="extdiracc_" + "a" * 43), "token"),
    ],
)
async def test_a_wrong_field_is_named(app: App, new: NewDirectory, field: str) -> None:
    """The error names the field, the fault and the remedy."""
    with pytest.raises(InvalidField) as caught:
        await service.create(app, operator_actor(ACCOUNT), new)
    assert caught.value.field == field
    assert re.fullmatch(r"[^.]+\. [^.].+\.", caught.value.message.text())


async def test_a_given_id_is_used_once(any_app: App) -> None:
    """A directory moved from another deployment keeps its id and token; a second one with that id
    is refused.
    """
    new = NewDirectory("Moved", id="5d1b8f2e-moved", token="token-of-the-old-deployment")
    directory, token = await service.create(any_app, operator_actor(ACCOUNT), new)
    assert (directory.id, token) == ("5d1b8f2e-moved", "token-of-the-old-deployment")
    with pytest.raises(InvalidField, match="taken"):
        await service.create(any_app, operator_actor(OTHER_ACCOUNT), new)
    assert (await service.read(any_app, ACCOUNT, directory.id)).account == ACCOUNT
    assert directory.id not in [
        found.id for found in await service.list_directories(any_app, OTHER_ACCOUNT)
    ]


async def test_concurrent_changes_are_both_kept(any_app: App) -> None:
    """A change that conflicts is applied to the newer version; with an ETag of the older one it is
    refused.
    """
    directory, _ = await service.create(any_app, operator_actor(ACCOUNT), NewDirectory("Old"))
    renamed = await service.set_up(any_app, operator_actor(ACCOUNT), directory.id, name="New")
    changed = await service.set_up(
        any_app, operator_actor(ACCOUNT), directory.id, strict_numbers=True
    )
    assert (changed.name, changed.strict_numbers) == ("New", True)
    with pytest.raises(Overtaken):
        await service.set_up(
            any_app, operator_actor(ACCOUNT), directory.id, renamed.etag, name="Newer"
        )


async def test_a_change_without_effect_writes_nothing(app: App, made: Made) -> None:
    """The same settings keep the version."""
    assert (
        await service.set_up(app, operator_actor(ACCOUNT), made.id, name="Contoso")
    ).etag == made.directory.etag


@pytest.mark.parametrize("transactions", [0, 1, 2])
async def test_a_creation_that_was_killed_leaves_no_directory(
    app: App, clock: FixedClock, transactions: int
) -> None:
    """Index rows are stored first and don't count without a directory; a later listing deletes
    them.
    """
    tables = FailingTables(app.tables, transactions)
    with pytest.raises(StorageUnavailable):
        await service.create(
            App(app.settings, clock, tables), operator_actor(ACCOUNT), NewDirectory("Half")
        )
    assert await service.list_directories(app, ACCOUNT) == []
    clock.advance(3601)
    assert await service.list_directories(app, ACCOUNT) == []
    assert await store.index(app.tables, account_partition(ACCOUNT)) == []


async def test_an_index_row_of_another_accounts_directory_shows_nothing(
    app: App, made: Made
) -> None:
    """The account in the directory's own record decides."""
    row = Upsert(made.id, orjson.dumps({"v": 1, "created": store.now(app.clock)}))
    await app.tables.transact("directories", account_partition(OTHER_ACCOUNT), [row])
    assert await service.list_directories(app, OTHER_ACCOUNT) == []


async def test_an_unknown_field_of_a_later_release_is_ignored(app: App, made: Made) -> None:
    """After a rollback to an older release, directories can be decoded."""
    row = await app.tables.get("directories", made.id, "directory")
    assert row is not None
    value = orjson.dumps({**orjson.loads(row.value), "colour": "red"})
    await app.tables.transact("directories", made.id, [Upsert("directory", value)])
    assert (await service.read(app, ACCOUNT, made.id)).name == "Contoso"
    await app.background.drain()
