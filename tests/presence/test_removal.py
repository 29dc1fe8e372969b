"""Removal of access: statuses and tokens are deleted at once, and the second step is shown and
checked (docs/entra-setup.md).
"""

import asyncio

from directories import deletion as directory_removal
from directories.audit import operator_actor
from local.graph.simulator import CLIENT_ID, CONTOSO
from presence import tenant_links
from presence.service import statuses
from presence.sync import dispatch
from presence.sync.sync_tenant import sync
from tests.presence.browser import Browser, has_nothing
from tests.presence.world import ACCOUNT, DIRECTORY, World
from tests.rounds import rounds


async def connected(world: World, browser: Browser, count: int = 5) -> list[str]:
    """Connect a directory with the wizard, sync it, and return its people's object ids."""
    ids = world.people(count)
    await world.provision(ids)
    await browser.connected()
    await browser.act("check")
    await world.tick()
    return ids


async def test_everything_of_the_tenant_is_gone_at_once(world: World, browser: Browser) -> None:
    """No row of presence, no status, no cached token, and no further message."""
    ids = await connected(world, browser)
    tokens = world.running.simulator.counters.calls("token", tenant=CONTOSO)
    answer = await browser.act("remove")
    assert answer.json["state"] == "removed"
    assert await world.dump() == []
    assert await world.shown(ids) == {}
    assert await dispatch.due(world.app) == []
    assert await world.tick() == "not linked"
    assert world.running.simulator.counters.calls("token", tenant=CONTOSO) == tokens
    await world.runtime.credential.token(CONTOSO)
    assert world.running.simulator.counters.calls("token", tenant=CONTOSO) == tokens + 1


async def test_another_instance_shows_nothing_within_a_second(
    world: World, browser: Browser
) -> None:
    """It may have cached the link, but it reads the tenant's manifest, which is gone."""
    ids = await connected(world, browser)
    other = await world.restarted()
    assert await other.shown(ids)
    await browser.act("remove")
    assert await other.shown(ids) == {}


async def test_the_second_step_names_app_and_tenant(world: World, browser: Browser) -> None:
    """The page has a link, an Azure CLI command and a PowerShell command to copy."""
    await connected(world, browser)
    left = (await browser.act("remove")).json["removal"]
    assert left["tenantId"] == CONTOSO
    for text in (left["portal"], left["az"], left["powershell"]):
        assert CLIENT_ID in text
        assert CONTOSO in text
    assert (await browser.connection())["removal"] == left


async def test_check_that_access_is_gone(world: World, browser: Browser) -> None:
    """No while the enterprise application exists, then yes; no cache is used."""
    await connected(world, browser)
    await browser.act("remove")
    assert (await browser.act("check-gone")).json["gone"] is False
    world.running.simulator.remove_role(CONTOSO)
    world.clock.advance(11)  # an answer serves everyone for ten seconds
    assert (await browser.act("check-gone")).json["gone"] is True
    world.running.simulator.delete_principal(CONTOSO)
    world.clock.advance(11)
    answer = (await browser.act("check-gone")).json
    assert (answer["gone"], "access is gone" in answer["sentence"]) == (True, True)


async def test_an_outage_is_not_reported_as_access_removed(world: World, browser: Browser) -> None:
    """A fault of the own credential isn't either."""
    await connected(world, browser)
    await browser.act("remove")
    world.running.simulator.faults.on("token.503")
    assert (await browser.act("check-gone")).json["gone"] is False
    world.running.simulator.faults.off()
    world.running.simulator.application.secrets.clear()
    world.clock.advance(11)
    assert (await browser.act("check-gone")).json["gone"] is False


async def test_another_directory_of_the_tenant_keeps_its_statuses(
    world: World, browser: Browser
) -> None:
    """Only people of the removed directory lose theirs."""
    ids = await connected(world, browser)
    await world.provision(ids[:2], "directory-two")
    await world.link("directory-two")
    await world.tick()
    await browser.act("remove")
    assert await world.shown(ids) == {}
    assert set(await world.shown(ids, "directory-two")) == set(ids[:2])
    world.running.simulator.counters.reset()
    assert await world.tick() == "synced"
    assert world.running.simulator.counters.ids_asked == 2


async def test_a_removal_during_a_sync_stays(world: World, browser: Browser) -> None:
    """The sync stores nothing afterwards."""
    ids = await connected(world, browser)
    world.running.simulator.faults.on("graph.hang")
    world.clock.advance(30)
    running = asyncio.create_task(sync(world.app, CONTOSO))
    for _ in rounds():
        if world.running.simulator.counters.running:
            break
        await asyncio.sleep(0)
    await browser.act("remove")
    world.running.simulator.faults.off()
    assert await running == "not linked"
    assert await world.dump() == []
    assert await world.shown(ids) == {}


async def test_a_removal_that_was_killed_half_way_can_be_repeated(
    world: World, browser: Browser
) -> None:
    """The rows of presence are deleted first, and the page still offers the removal."""
    from presence.store import commits

    await connected(world, browser)
    await commits.remove(world.tables, CONTOSO, str((await world.row()).etag))
    assert (await browser.connection())["state"] == "troubled"
    assert (await browser.act("remove")).json["state"] == "removed"
    assert await tenant_links.tenant(world.tables, CONTOSO) is None


async def test_a_removal_is_idempotent(world: World, browser: Browser) -> None:
    """A second removal changes nothing."""
    await connected(world, browser)
    await browser.act("remove")
    assert (await browser.act("remove")).json["state"] == "removed"


async def test_after_a_new_connection_everyone_is_found_again(
    world: World, browser: Browser
) -> None:
    """The new connection starts without rows; instances with cached data don't mix the two."""
    ids = await connected(world, browser)
    other = await world.restarted()
    await other.shown(ids)
    await browser.act("remove")
    await world.leave(ids[0])
    for one in ids:
        world.set(one, "DoNotDisturb", "Presenting")
    await browser.connected()
    await browser.act("check")
    assert await world.tick() == "synced"
    assert await other.shown(ids) == dict.fromkeys(ids[1:], "doNotDisturb")


async def test_the_tenant_is_free_for_another_account(world: World, browser: Browser) -> None:
    """An account owns a tenant until its last directory is disconnected."""
    from directories import service
    from directories.service import NewDirectory

    await connected(world, browser)
    await browser.act("remove")
    await service.create(
        world.app, operator_actor("account-two"), NewDirectory("Two", id="directory-two")
    )
    second = Browser(world, account="account-two", person="other")
    assert (await second.connected(directory_id="directory-two")).outcome == "consented"


async def test_a_deleted_directory_is_disconnected_by_the_timer(
    world: World, browser: Browser
) -> None:
    """Its presence is removed within ten minutes, without an action."""
    await connected(world, browser)
    await directory_removal.remove_now(
        world.app, operator_actor(ACCOUNT), DIRECTORY, world.clock.monotonic() + 60
    )
    for _ in range(21):
        await world.interval()
    assert await world.dump() == []
    assert await has_nothing(world)
    assert await statuses(world.app, DIRECTORY, world.people(5)) == {}
