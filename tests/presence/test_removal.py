"""Remove access: statuses and tokens gone at once, the second step shown, and checked (docs/entra-setup.md)."""

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
    """A directory that was connected through the wizard and synced."""
    ids = world.people(count)
    await world.provision(ids)
    await browser.connected()
    await browser.act("check")
    await world.tick()
    return ids


async def test_everything_of_the_tenant_is_gone_at_once(world: World, browser: Browser) -> None:
    """No row of presence is left, no status is shown, no token is kept, no message is sent."""
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
    """It may remember the link, but the tenant's head has the last word."""
    ids = await connected(world, browser)
    other = await world.restarted()
    assert await other.shown(ids)
    await browser.act("remove")
    assert await other.shown(ids) == {}


async def test_the_second_step_names_app_and_tenant(world: World, browser: Browser) -> None:
    """Deep link, Azure CLI and PowerShell, to be copied."""
    await connected(world, browser)
    left = (await browser.act("remove")).json["removal"]
    assert left["tenantId"] == CONTOSO
    for text in (left["portal"], left["az"], left["powershell"]):
        assert CLIENT_ID in text
        assert CONTOSO in text
    assert (await browser.connection())["removal"] == left


async def test_check_that_access_is_gone(world: World, browser: Browser) -> None:
    """Not yet, while the enterprise application exists; then yes; past every cache."""
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


async def test_an_outage_is_not_taken_for_gone(world: World, browser: Browser) -> None:
    """Neither is a fault of our own credential."""
    await connected(world, browser)
    await browser.act("remove")
    world.running.simulator.faults.on("token.503")
    assert (await browser.act("check-gone")).json["gone"] is False
    world.running.simulator.faults.off()
    world.running.simulator.application.secrets.clear()
    world.clock.advance(11)
    assert (await browser.act("check-gone")).json["gone"] is False


async def test_a_directory_that_shares_the_tenant_goes_on(world: World, browser: Browser) -> None:
    """Reference count: its people keep their statuses, those of the other are dropped."""
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


async def test_removing_during_a_sync_wins(world: World, browser: Browser) -> None:
    """The sync's answers come too late to be stored."""
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
    """The rows of presence go first; the page offers to remove again."""
    from presence.store import commits

    await connected(world, browser)
    await commits.remove(world.tables, CONTOSO, str((await world.row()).etag))
    assert (await browser.connection())["state"] == "troubled"
    assert (await browser.act("remove")).json["state"] == "removed"
    assert await tenant_links.tenant(world.tables, CONTOSO) is None


async def test_removing_twice_is_as_removing_once(world: World, browser: Browser) -> None:
    """Idempotent."""
    await connected(world, browser)
    await browser.act("remove")
    assert (await browser.act("remove")).json["state"] == "removed"


async def test_after_a_new_connection_everyone_is_found_again(
    world: World, browser: Browser
) -> None:
    """A tenant that was unlinked starts from nothing; instances that knew it do not mix the two."""
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


async def test_the_tenant_is_free_again_for_another_account(world: World, browser: Browser) -> None:
    """Ownership ends with the last link."""
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
    """No one presses Remove access for a directory that is gone; its presence goes within ten
    minutes.
    """
    await connected(world, browser)
    await directory_removal.remove_now(
        world.app, operator_actor(ACCOUNT), DIRECTORY, world.clock.monotonic() + 60
    )
    for _ in range(21):
        await world.interval()
    assert await world.dump() == []
    assert await has_nothing(world)
    assert await statuses(world.app, DIRECTORY, world.people(5)) == {}
