"""How consent is lost, how it is noticed, who is at fault (Entra: reference-error-codes)."""

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
    """Ticks of so many minutes."""
    return [await world.tick() for _ in range(2 * count)]


def fault(world: World, code: int, tenant: str = CONTOSO) -> None:
    """Microsoft answers so from now on; no token is in memory."""
    world.running.simulator.faults.on(f"AADSTS{code}", tenant=tenant)
    world.runtime.credential.drop(CONTOSO)


@pytest.mark.parametrize(("code", "reason"), AADSTS)
async def test_each_refusal_has_its_reason_and_becomes_a_loss(
    world: World, browser: Browser, code: int, reason: str
) -> None:
    """In doubt at once, lost after ten minutes; the page has a sentence and a remedy; statuses are dropped."""
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
    """Two or three hits over ten minutes, since one answer may be a passing error."""
    await world.linked(5)
    await world.tick()
    fault(world, 700016)
    assert "lost" not in await minutes(world, 9)


async def test_a_permission_taken_away_is_seen_in_the_token(world: World, browser: Browser) -> None:
    """A token without `roles`: no call to Graph is made with it."""
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
    """A token may be older than the consent: asked once more with a new one, then it is a matter of consent."""
    ids = await world.linked(5)
    await world.tick()
    world.running.simulator.faults.on(f"graph.{status}", times=1)
    assert await world.tick() == "synced"
    assert await world.shown(ids) == world.truth(ids)
    world.running.simulator.faults.on(f"graph.{status}")
    assert await world.tick() == "failed"
    assert (await world.head())["trouble"]["reason"] == "refused"  # type: ignore[index]


@pytest.mark.parametrize("code", OWN)
async def test_our_own_fault_is_never_told_as_theirs(
    world: World, browser: Browser, code: int, caplog: pytest.LogCaptureFixture
) -> None:
    """The operator is alarmed, nothing is dropped however long it takes, the company is told to do nothing."""
    ids = await world.linked(5)
    await world.tick()
    fault(world, code, tenant="")
    caplog.set_level("INFO")
    await minutes(world, 20)
    assert "credential.invalid" in caplog.text
    found = await browser.connection()
    assert (found["state"], found["reason"]) == ("troubled", "own_credential")
    assert len(await world.shown(ids)) == 5


async def test_an_ambiguous_answer_is_decided_by_our_home_tenant(world: World) -> None:
    """invalid_client for one tenant, while our own gives a token: then it is the tenant that removed us."""
    await world.linked(5)
    await world.tick()
    fault(world, 7000215, tenant=CONTOSO)
    await world.tick()
    assert (await world.head())["trouble"]["reason"] == "deleted"  # type: ignore[index]


@pytest.mark.parametrize("code", [50196, 90055, 90033])
async def test_throttling_by_the_login_service_is_no_loss(world: World, code: int) -> None:
    """State is kept, calls become rare (Entra: reference-error-codes)."""
    ids = await world.linked(5)
    await world.tick()
    fault(world, code)
    outcomes = await minutes(world, 20)
    assert "lost" not in outcomes
    assert outcomes.count("failed") < len(outcomes) / 2
    world.running.simulator.faults.off()
    await minutes(world, 6)
    assert await world.shown(ids) == world.truth(ids)


async def test_a_lost_tenant_costs_a_look_an_hour_and_comes_back_by_itself(
    world: World, browser: Browser
) -> None:
    """The timer leaves it out; once the company enables the app again, all statuses return without
    a click.
    """
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
    """A lost tenant stays lost until statuses come again."""
    await world.linked(5)
    await world.tick()
    world.running.simulator.delete_principal(CONTOSO)
    world.runtime.credential.drop(CONTOSO)
    await minutes(world, 12)
    world.running.simulator.faults.on("token.503")
    await world.tick(3700)
    found = await browser.connection()
    assert (found["state"], found["reason"]) == ("lost", "deleted")


async def test_trying_again_by_hand_ends_the_pause(world: World, browser: Browser) -> None:
    """The administrator repaired it and does not want to wait for the hour."""
    await world.linked(5)
    await world.tick()
    world.running.simulator.delete_principal(CONTOSO)
    world.runtime.credential.drop(CONTOSO)
    await minutes(world, 12)
    world.running.simulator.consent(CONTOSO)
    assert (await browser.act("retry")).status == 200
    assert await world.tick() == "synced"
    assert (await browser.connection(DIRECTORY))["state"] == "active"


def test_every_reason_has_a_sentence_and_a_remedy() -> None:
    """One machine, a sentence and a remedy per state."""
    assert all(
        text.endswith(".")
        for reason in REASONS.values()
        for text in (reason.sentence.text(), reason.remedy.text())
    )


async def test_the_directorys_log_tells_how_presence_came_and_went(
    world: World, browser: Browser
) -> None:
    """Connected, lost with its reason, back, removed: in the log of the people's events, which
    administrators read.
    """
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


async def test_trying_again_is_no_new_connection_in_the_log(world: World, browser: Browser) -> None:
    """Whoever presses Retry connects nothing, however often."""
    await world.linked(5)
    await browser.act("retry")
    lines = (
        await provisioning_log.read(
            world.app, DIRECTORY, wanted=EventFilter(kinds=KINDS["presence"])
        )
    ).lines
    assert [line.event.kind for line in lines] == ["presence.connected"]


async def test_trying_again_in_doubt_restarts_the_ten_minutes(
    world: World, browser: Browser
) -> None:
    """An administrator who presses Retry states that it is repaired: it is not lost sooner for
    that.
    """
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
    """msal repeats a refusal for sixty seconds; the next tick asks Microsoft ."""
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


async def test_a_refusal_is_not_served_again_from_memory(world: World) -> None:
    """Without any click: after the pause every instance asks the login service again."""
    await world.linked(5)
    world.running.simulator.options.token_lifetime = 1
    await world.tick()
    world.running.simulator.delete_principal(CONTOSO)
    assert await world.tick() == "failed"
    world.running.simulator.consent(CONTOSO)
    assert await world.tick(120) == "synced"  # the clock moved, the machine's own hardly


@pytest.mark.parametrize("asked", [0, 1, 100_000])
async def test_the_login_services_retry_after_is_kept_for_five_minutes_at_most(
    world: World, asked: int
) -> None:
    """A number that is a slip must not silence a tenant for a day."""
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
async def test_a_pause_of_a_wrong_clock_lasts_no_longer_than_a_pause(
    world: World, ahead: int
) -> None:
    """An instance with a clock that is ahead was throttled; the others wait five minutes at most."""
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
    """Hits count in a row: an answer that names another fault starts the count again."""
    await world.linked(5)
    await world.tick()
    for turn in range(12):
        world.running.simulator.faults.off()
        fault(world, 700016 if turn % 2 else 90033)
        assert "lost" not in await minutes(world, 2)
