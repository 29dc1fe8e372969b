"""Loss of consent: how it happens, how it is detected, and who must act (Microsoft Learn,
"reference-error-codes").
"""

import pytest

from directories import provisioning_log
from directories.event_types import KINDS
from directories.provisioning_log import EventFilter
from local.graph.simulator import CONTOSO
from presence import tenant_links
from presence.graph.failure_reasons import REASONS
from presence.sync import dispatch
from tests.presence.browser import Browser
from tests.presence.world import DIRECTORY, World

AADSTS = [
    (700016, "deleted"),
    (7000229, "deleted"),
    (7000112, "disabled"),
    (70001, "disabled"),
    (90002, "tenant_not_found"),
    (90038, "tenant_not_found"),
    (53003, "blocked"),
    (530032, "blocked"),
    (530035, "blocked"),
]
OWN = [7000215, 7000222, 700027, 70021, 700211, 700212, 700213]


async def minutes(world: World, count: int) -> list[str]:
    """Run two syncs for each of this many minutes, and return their outcomes."""
    return [await world.tick() for _ in range(2 * count)]


def fault(world: World, code: int, tenant: str = CONTOSO) -> None:
    """Let the sign-in service return this AADSTS error from now on, and drop the cached token."""
    world.running.simulator.faults.on(f"AADSTS{code}", tenant=tenant)
    world.runtime.credential.drop(CONTOSO)


@pytest.mark.parametrize(("code", "reason"), AADSTS)
async def test_each_refusal_has_its_reason_and_becomes_a_loss(
    world: World, browser: Browser, code: int, reason: str
) -> None:
    """It is doubtful at first and lost after ten minutes: the page has a text and a remedy, and
    statuses are deleted.
    """
    ids = await world.linked(5)
    await world.tick()
    fault(world, code)
    assert await world.tick() == "failed"
    doubtful = await browser.connection()
    assert (doubtful["state"], doubtful["reason"]) == ("troubled", reason)
    assert len(await world.shown(ids)) == 5
    assert "lost" in await minutes(world, 12)
    lost = await browser.connection()
    assert (lost["state"], lost["reason"]) == ("lost", reason)
    assert lost["sentence"] == REASONS[reason].sentence.text()
    assert lost["remedy"]
    assert await world.shown(ids) == {}


async def test_nothing_is_lost_before_ten_minutes_are_over(world: World) -> None:
    """Several refusals over ten minutes are needed, because one may be a passing error."""
    await world.linked(5)
    await world.tick()
    fault(world, 700016)
    assert "lost" not in await minutes(world, 9)


async def test_a_revoked_permission_is_detected_in_the_token(
    world: World, browser: Browser
) -> None:
    """A token without `roles` isn't used for a call to Graph."""
    await world.linked(5)
    await world.tick()
    world.running.simulator.remove_role(CONTOSO)
    world.runtime.credential.drop(CONTOSO)
    calls = world.calls()
    assert await world.tick() == "failed"
    assert world.calls() == calls
    assert (await browser.connection())["reason"] == "no_role"


@pytest.mark.parametrize("status", [401, 403])
async def test_graphs_refusal_leads_to_one_try_with_a_fresh_token(
    world: World, status: int
) -> None:
    """The token may be older than the consent; if a new one is refused too, consent is doubtful."""
    ids = await world.linked(5)
    await world.tick()
    world.running.simulator.faults.on(f"graph.{status}", times=1)
    assert await world.tick() == "synced"
    assert await world.shown(ids) == world.truth(ids)
    world.running.simulator.faults.on(f"graph.{status}")
    assert await world.tick() == "failed"
    assert (await world.head())["trouble"]["reason"] == "refused"  # type: ignore[index]


@pytest.mark.parametrize("code", OWN)
async def test_our_own_fault_is_never_reported_as_the_companys(
    world: World, browser: Browser, code: int, caplog: pytest.LogCaptureFixture
) -> None:
    """The operator gets an alert, no status is deleted however long it lasts, and the company is
    told to do nothing.
    """
    ids = await world.linked(5)
    await world.tick()
    fault(world, code, tenant="")
    caplog.set_level("INFO")
    await minutes(world, 20)
    assert "credential.invalid" in caplog.text
    found = await browser.connection()
    assert (found["state"], found["reason"]) == ("troubled", "own_credential")
    assert len(await world.shown(ids)) == 5


async def test_an_ambiguous_error_is_attributed_by_the_home_tenant(world: World) -> None:
    """invalid_client for one tenant while the home tenant gives a token: that tenant has removed
    the app.
    """
    await world.linked(5)
    await world.tick()
    fault(world, 7000215, tenant=CONTOSO)
    await world.tick()
    assert (await world.head())["trouble"]["reason"] == "deleted"  # type: ignore[index]


@pytest.mark.parametrize("code", [50196, 90055, 90033])
async def test_throttling_by_the_sign_in_service_is_no_loss(world: World, code: int) -> None:
    """The state of the connection stays, and calls become rare."""
    ids = await world.linked(5)
    await world.tick()
    fault(world, code)
    outcomes = await minutes(world, 20)
    assert "lost" not in outcomes
    assert outcomes.count("failed") < len(outcomes) / 2
    world.running.simulator.faults.off()
    await minutes(world, 6)
    assert await world.shown(ids) == world.truth(ids)


async def test_a_lost_tenant_is_tried_once_an_hour_and_recovers_by_itself(
    world: World, browser: Browser
) -> None:
    """Once the company enables the app again, all statuses return without an action."""
    ids = await world.linked(5)
    await world.tick()
    world.running.simulator.disable(CONTOSO)
    world.runtime.credential.drop(CONTOSO)
    await minutes(world, 12)
    assert await dispatch.due(world.app) == []
    world.clock.advance(3601)
    (message,) = await dispatch.due(world.app)
    assert await dispatch.handle(world.app, message.encode()) == "lost"
    world.running.simulator.tenants[CONTOSO].consents.clear()
    world.running.simulator.consent(CONTOSO)
    world.clock.advance(3601)
    (message,) = await dispatch.due(world.app)
    assert await dispatch.handle(world.app, message.encode()) == "synced"
    assert await world.shown(ids) == world.truth(ids)
    assert (await browser.connection())["state"] == "active"
    link = await tenant_links.tenant(world.tables, CONTOSO)
    assert link is not None
    assert (link.reason, link.paused_until) == ("", 0)


async def test_an_outage_does_not_bring_a_lost_tenant_back(world: World, browser: Browser) -> None:
    """A lost tenant stays lost until a sync succeeds."""
    await world.linked(5)
    await world.tick()
    world.running.simulator.delete_principal(CONTOSO)
    world.runtime.credential.drop(CONTOSO)
    await minutes(world, 12)
    world.running.simulator.faults.on("token.503")
    await world.tick(3700)
    found = await browser.connection()
    assert (found["state"], found["reason"]) == ("lost", "deleted")


async def test_the_retry_action_ends_the_pause(world: World, browser: Browser) -> None:
    """The administrator corrected the cause and doesn't have to wait for the hour."""
    await world.linked(5)
    await world.tick()
    world.running.simulator.delete_principal(CONTOSO)
    world.runtime.credential.drop(CONTOSO)
    await minutes(world, 12)
    world.running.simulator.consent(CONTOSO)
    assert (await browser.act("retry")).status == 200
    assert await world.tick() == "synced"
    assert (await browser.connection(DIRECTORY))["state"] == "active"


def test_every_reason_has_a_text_and_a_remedy() -> None:
    """The page shows both for each state of a connection."""
    assert all(
        text.endswith(".")
        for reason in REASONS.values()
        for text in (reason.sentence.text(), reason.remedy.text())
    )


async def test_the_provisioning_log_has_changes_of_the_connection(
    world: World, browser: Browser
) -> None:
    """Connected, lost with its reason, recovered, removed; administrators read it."""
    await world.linked(5)
    await world.tick()
    fault(world, 700016)
    await minutes(world, 12)
    world.running.simulator.faults.off()
    await minutes(world, 61)
    await browser.act("remove")
    wanted = EventFilter(kinds=KINDS["presence"])
    lines = (await provisioning_log.read(world.app, DIRECTORY, wanted=wanted)).lines
    told = [(line.event.kind, line.event.detail) for line in reversed(lines)]
    assert told == [
        ("presence.connected", ""),
        ("presence.lost", "deleted"),
        ("presence.back", ""),
        ("presence.removed", ""),
    ]


async def test_the_retry_action_logs_no_new_connection(world: World, browser: Browser) -> None:
    """However often it is used."""
    await world.linked(5)
    await browser.act("retry")
    lines = (
        await provisioning_log.read(
            world.app, DIRECTORY, wanted=EventFilter(kinds=KINDS["presence"])
        )
    ).lines
    assert [line.event.kind for line in lines] == ["presence.connected"]


async def test_the_retry_action_restarts_the_ten_minutes(world: World, browser: Browser) -> None:
    """The administrator states that the cause is corrected, so consent must not be lost sooner."""
    await world.linked(5)
    await world.tick()
    fault(world, 700016)
    await minutes(world, 5)
    await browser.act("retry")
    assert "lost" not in await minutes(world, 9)
    assert (await browser.connection())["since"]
    assert "lost" in await minutes(world, 4)


async def test_consent_given_again_within_a_minute_counts_at_once(
    world: World, browser: Browser
) -> None:
    """msal caches a refusal for sixty seconds; the next tick bypasses that."""
    await browser.connected()
    await browser.act("check")
    await world.tick()
    world.running.simulator.options.token_lifetime = 1
    world.runtime.credential.drop(CONTOSO)
    await world.tick()  # an application object with a token that is over is in memory
    world.running.simulator.delete_principal(CONTOSO)
    assert await world.tick() == "failed"
    world.running.simulator.consent(CONTOSO)
    assert (await browser.act("retry")).status == 200
    assert await world.tick() == "synced"


async def test_a_refusal_is_not_cached_beyond_the_pause(world: World) -> None:
    """After the pause each instance calls the sign-in service again, without an action."""
    await world.linked(5)
    world.running.simulator.options.token_lifetime = 1
    await world.tick()
    world.running.simulator.delete_principal(CONTOSO)
    assert await world.tick() == "failed"
    world.running.simulator.consent(CONTOSO)
    assert await world.tick(120) == "synced"  # the clock moved, the machine's own hardly


@pytest.mark.parametrize("asked", [0, 1, 100_000])
async def test_retry_after_of_the_sign_in_service_is_limited_to_five_minutes(
    world: World, asked: int
) -> None:
    """A mistaken value must not pause a tenant for a day."""
    ids = await world.linked(5)
    await world.tick()
    world.runtime.credential.drop(CONTOSO)
    world.running.simulator.faults.on("token.429", times=1, retry_after=asked)
    await world.tick()
    for _ in range(11):
        await world.tick()
    assert await world.shown(ids) == world.truth(ids)
    assert (await world.head())["trouble"]["reason"] == ""  # type: ignore[index]


@pytest.mark.parametrize("ahead", [600, 3000, 90_000])
async def test_a_pause_set_by_a_wrong_clock_ends_after_five_minutes(
    world: World, ahead: int
) -> None:
    """The instance that was throttled had a clock that is ahead of the others."""
    ids = await world.linked(5)
    await world.tick()
    world.running.simulator.faults.on("graph.429", times=2, retry_after=200)
    world.clock.advance(ahead)
    await world.tick()
    world.clock.advance(-ahead)
    outcomes = await minutes(world, 6)
    assert outcomes[-1] == "synced"
    assert await world.shown(ids) == world.truth(ids)


async def test_other_faults_in_between_do_not_lose_a_tenant(world: World) -> None:
    """Only consecutive refusals count; another error restarts the count."""
    await world.linked(5)
    await world.tick()
    for turn in range(12):
        world.running.simulator.faults.off()
        fault(world, 700016 if turn % 2 else 90033)
        assert "lost" not in await minutes(world, 2)
