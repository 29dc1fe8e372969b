"""A name is used once in an account; storage decides between instances."""

import asyncio

import pytest

from directories import deletion, kind_change, names, service, store
from directories.audit import operator_actor
from directories.errors import KindFixed, NameTaken
from directories.service import NewDirectory
from local.counting_tables import CountingTables
from shared.app import App
from shared.clock import FixedClock
from shared.messages import Message
from shared.settings import Settings
from shared.tables.port import Delete
from shared.tables.schema.base import DIRECTORIES, names_partition
from tests.directories.made import ACCOUNT, OTHER_ACCOUNT, Made

ALEX = operator_actor(ACCOUNT)


@pytest.mark.parametrize("name", ["Contoso", "contoso", " CONTOSO ", "\uff23ontoso"])
async def test_a_name_that_looks_the_same_is_refused(app: App, made: Made, name: str) -> None:
    """Case, spaces and full-width letters make no other name; another account is free to use it."""
    with pytest.raises(NameTaken) as caught:
        await service.create(app, ALEX, NewDirectory(name))
    assert (caught.value.field, caught.value.status) == ("name", 409)
    await service.create(app, operator_actor(OTHER_ACCOUNT), NewDirectory(name))


async def test_two_instances_cannot_take_the_same_name(
    tables: CountingTables, clock: FixedClock
) -> None:
    """Neither remembers anything of the other."""
    apps = [App(Settings(platform_sign_in=True), clock, tables) for _ in range(4)]
    answers = await asyncio.gather(
        *(service.create(one, ALEX, NewDirectory("Fabrikam")) for one in apps),
        return_exceptions=True,
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["NameTaken"] * 3 + ["tuple"]
    assert len(await service.list_directories(apps[0], ACCOUNT)) == 1
    for one in apps:
        await one.background.drain()


async def test_a_rename_takes_the_new_name_and_frees_the_old_one(app: App, made: Made) -> None:
    """Renamed to itself in another spelling it keeps its name."""
    other, _ = await service.create(app, ALEX, NewDirectory("Fabrikam"))
    with pytest.raises(NameTaken):
        await service.set_up(app, ALEX, other.id, name="contoso")
    await service.set_up(app, ALEX, made.id, name="CONTOSO")
    await service.set_up(app, ALEX, made.id, name="Contoso Ltd")
    assert (await service.set_up(app, ALEX, other.id, name="Contoso")).name == "Contoso"


async def test_a_deleted_directory_frees_its_name(app: App, made: Made) -> None:
    """Delete and begin again with the same name; then the first one can't be restored."""
    await deletion.delete(app, ALEX, made.id)
    again, _ = await service.create(app, ALEX, NewDirectory("Contoso"))
    with pytest.raises(NameTaken):
        await deletion.restore(app, ALEX, made.id)
    await service.set_up(app, ALEX, again.id, name="Contoso two")
    assert (await deletion.restore(app, ALEX, made.id)).is_active


async def test_a_name_of_a_run_that_was_killed_is_free_after_a_minute(
    app: App, clock: FixedClock
) -> None:
    """The row was there before the directory, which never came."""
    await names.claim(app, ACCOUNT, "Fabrikam", "never-written-0000000")
    with pytest.raises(NameTaken):
        await service.create(app, ALEX, NewDirectory("Fabrikam"))
    clock.advance(61)
    await service.create(app, ALEX, NewDirectory("Fabrikam"))


async def test_directories_of_the_first_release_have_their_names(app: App, made: Made) -> None:
    """They have no row of their name; the first claim of the account adds it."""
    partition = names_partition(ACCOUNT)
    rows = await store.index(app.tables, partition)
    await app.tables.transact(DIRECTORIES, partition, [Delete(row.key) for row in rows])
    with pytest.raises(NameTaken):
        await service.create(app, ALEX, NewDirectory("Contoso"))


async def test_the_kind_can_be_changed_while_nothing_is_provisioned(app: App, made: Made) -> None:
    """A wrong choice in step 1 is no reason to delete; a connection of the features above counts,
    too.
    """
    assert (await service.set_up(app, ALEX, made.id, kind="other")).kind == "other"

    async def connected(_app: App, _directory_id: str) -> Message:
        return Message("kind_fixed_presence")

    app.state(kind_change.KindReasons).reasons.append(connected)
    with pytest.raises(KindFixed):
        await service.set_up(app, ALEX, made.id, kind="entra")
    assert (await service.set_up(app, ALEX, made.id, kind="other", region="DE")).region == "DE"
