"""Limits on calls to Microsoft per user, concurrent actions in the wizard, and a timer that never
ran.
"""

import asyncio
from collections import Counter

import pytest

from local.graph.simulator import CONTOSO
from presence import tenant_links
from tests.presence.browser import Browser
from tests.presence.world import DIRECTORY, World


def asked(world: World) -> int:
    """Return the number of calls for tokens and metadata."""
    counters = world.running.simulator.counters
    return counters.calls("token") + counters.calls("discovery")


async def test_repeated_checks_cost_one_call(world: World, browser: Browser) -> None:
    """The result is shared by all users and instances for ten seconds."""
    await browser.connected()
    await browser.act("check")
    await browser.act("remove")
    other = Browser(await world.restarted())
    first = await browser.act("check-gone")
    before = asked(world)
    answers = [await one.act("check-gone") for one in (browser, other) for _ in range(20)]
    assert {answer.status for answer in answers} == {200}
    assert {answer.body for answer in answers} == {first.body}
    assert asked(world) == before


async def test_a_user_may_cause_ten_calls_to_microsoft_a_minute(
    world: World, browser: Browser
) -> None:
    """Of 50 connection attempts 40 get 429; the others share one metadata document."""
    answers = [await browser.act("connect") for _ in range(50)]
    assert Counter(answer.status for answer in answers) == {200: 10, 429: 40}
    refused = answers[-1]
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert refused.json["code"] == "microsoft_calls_limited"
    assert asked(world) == 1
    colleague = Browser(world, person="person-two")
    assert (await colleague.act("connect")).status == 200
    world.clock.advance(60)
    assert (await browser.act("connect")).status == 200


async def test_the_calls_to_one_tenant_are_limited_for_all_users_together(
    world: World, browser: Browser
) -> None:
    """One check in eleven seconds needs a call, whoever sends it."""
    await browser.connected()
    await browser.act("check")
    before = asked(world)
    for number in range(30):
        await Browser(world, person=f"person-{number}").act("check-gone")
        world.clock.elapsed += 0.1
        link = await tenant_links.directory(world.tables, DIRECTORY)
        assert link is not None
        if link.gone_code:
            world.clock.advance(11)
    assert asked(world) - before < 80  # 330 seconds: 10 + 55 checks


@pytest.mark.parametrize(
    "actions", [("retry",), ("retry", "remove"), ("check", "connect", "retry", "remove")]
)
async def test_concurrent_actions_on_two_instances_never_fail_with_500(
    world: World, browser: Browser, actions: tuple[str, ...]
) -> None:
    """Each of 200 concurrent actions succeeds, or gets 409 or 429 with a remedy."""
    await browser.connected()
    await browser.act("check")
    other = Browser(await world.restarted())
    acts = [
        (browser, other)[number % 2].act(actions[number % len(actions)]) for number in range(200)
    ]
    answers = await asyncio.gather(*acts)
    assert {answer.status for answer in answers} <= {200, 409, 429}
    assert all(answer.json["detail"] for answer in answers if answer.status != 200)
    link = await tenant_links.directory(world.tables, DIRECTORY)
    assert link is not None
    assert link.state in ("linked", "removed")


async def test_health_fails_if_the_timer_never_runs(
    world: World, browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    """After one interval with a connected tenant (azure-functions-host issues 11828 and 10404)."""
    caplog.set_level("INFO")
    await browser.connected()
    await browser.act("check")
    assert (await browser.send("GET", "/health")).status == 200
    world.clock.advance(60)
    answer = await browser.send("GET", "/health")
    assert (answer.status, answer.json["checks"]["timer"]["ok"]) == (503, False)
    assert answer.json["checks"]["timer"]["lastRunSecondsAgo"] is None
    assert "timer.overdue" in caplog.text
    world.clock.advance(3600)
    found = await browser.connection()
    assert (found["state"], found["reason"]) == ("troubled", "timer_stopped")
    await world.interval()
    assert (await browser.send("GET", "/health")).status == 200
    assert (await browser.connection())["state"] == "active"


async def test_a_timer_that_stopped_is_reported_on_the_directorys_page(
    world: World, browser: Browser
) -> None:
    """Presence must not be shown as active after the timer has stopped."""
    await world.linked(5)
    await world.interval()
    assert (await browser.connection())["state"] == "active"
    world.clock.advance(600)
    found = await browser.connection()
    assert (found["reason"], found["health"]["stale"]) == ("timer_stopped", True)


async def test_health_fails_if_no_function_reads_the_queue(world: World, browser: Browser) -> None:
    """The timer sends messages that aren't processed."""
    from presence.sync import dispatch

    await world.linked(5)
    for _ in range(3):
        world.clock.advance(30)
        await dispatch.due(world.app)
    answer = await browser.send("GET", "/health")
    assert (answer.status, answer.json["checks"]["queue"]["ok"]) == (503, False)
    assert CONTOSO not in answer.body.decode()
