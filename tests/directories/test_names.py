"""A directory's name is unique in its account; storage enforces it for all instances."""

import asyncio

import pytest

from directories import deletion, kind_change, names, service, store
from directories.audit import operator_actor
from directories.errors import KindFixed, NameTaken
from directories.service import NewDirectory
from local.counting_tables import CountingTables
from shared.app import App
from shared.messages import Message
from shared.settings import Settings
from shared.tables.port import Delete
from shared.tables.schema.base import DIRECTORIES, names_partition
from tests.clock import FixedClock
from tests.directories.made import ACCOUNT, OTHER_ACCOUNT, Made

ALEX = operator_actor(ACCOUNT)


@pytest.mark.parametrize("name", ["Contoso", "contoso", " CONTOSO ", "\uff23ontoso"])
async def test_a_name_that_looks_the_same_is_refused(app: App, made: Made, name: str) -> None:
    """409 for names that differ in case, spaces or full-width letters only. Another account may use
    the name.
    """
    with pytest.raises(NameTaken) as caught:
        await service.create(app, ALEX, NewDirectory(name))
    assert (caught.value.field, caught.value.status) == ("name", 409)
    await service.create(app, operator_actor(OTHER_ACCOUNT), NewDirectory(name))


async def test_of_concurrent_creations_with_one_name_one_succeeds(
    tables: CountingTables, clock: FixedClock
) -> None:
    """Each runs on another instance."""
    apps = [App(Settings(platform_sign_in=True), clock, tables) for _ in range(4)]
    answers = await asyncio.gather(
        *(service.create(one, ALEX, NewDirectory("Fabrikam")) for one in apps),
        return_exceptions=True,
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["NameTaken"] * 3 + ["tuple"]
    assert len(await service.list_directories(apps[0], ACCOUNT)) == 1
    for one in apps:
        await one.background.drain()


async def test_a_rename_reserves_the_new_name_and_frees_the_old_one(app: App, made: Made) -> None:
    """A directory may change the spelling of its own name."""
    other, _ = await service.create(app, ALEX, NewDirectory("Fabrikam"))
    with pytest.raises(NameTaken):
        await service.set_up(app, ALEX, other.id, name="contoso")
    await service.set_up(app, ALEX, made.id, name="CONTOSO")
    await service.set_up(app, ALEX, made.id, name="Contoso Ltd")
    assert (await service.set_up(app, ALEX, other.id, name="Contoso")).name == "Contoso"


async def test_a_deleted_directory_frees_its_name(app: App, made: Made) -> None:
    """After another directory uses the name, the deleted one can't be restored."""
    await deletion.delete(app, ALEX, made.id)
    again, _ = await service.create(app, ALEX, NewDirectory("Contoso"))
    with pytest.raises(NameTaken):
        await deletion.restore(app, ALEX, made.id)
    await service.set_up(app, ALEX, again.id, name="Contoso two")
    assert (await deletion.restore(app, ALEX, made.id)).is_active


async def test_a_name_reserved_by_a_killed_creation_is_free_after_a_minute(
    app: App, clock: FixedClock
) -> None:
    """The row of the name is stored before the directory."""
    await names.claim(app, ACCOUNT, "Fabrikam", "never-written-0000000")
    with pytest.raises(NameTaken):
        await service.create(app, ALEX, NewDirectory("Fabrikam"))
    clock.advance(61)
    await service.create(app, ALEX, NewDirectory("Fabrikam"))


async def test_names_of_the_first_release_are_reserved_too(app: App, made: Made) -> None:
    """That release stored no rows of names; the next creation in the account adds them."""
    partition = names_partition(ACCOUNT)
    rows = await store.index(app.tables, partition)
    await app.tables.transact(DIRECTORIES, partition, [Delete(row.key) for row in rows])
    with pytest.raises(NameTaken):
        await service.create(app, ALEX, NewDirectory("Contoso"))


async def test_the_kind_can_be_changed_while_nothing_is_provisioned(app: App, made: Made) -> None:
    """A wrong choice of kind doesn't require a deletion, unless users or another feature, such as
    presence, depend on it.
    """
    assert (await service.set_up(app, ALEX, made.id, kind="other")).kind == "other"

    async def connected(_app: App, _directory_id: str) -> Message:
        return Message("kind_fixed_presence")

    app.state(kind_change.KindReasons).reasons.append(connected)
    with pytest.raises(KindFixed):
        await service.set_up(app, ALEX, made.id, kind="entra")
    assert (await service.set_up(app, ALEX, made.id, kind="other", region="DE")).region == "DE"
