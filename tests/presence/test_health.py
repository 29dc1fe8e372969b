"""The health check, for monitors and administrators."""

import asyncio
from pathlib import Path

import pytest

from local.graph.simulator import CONTOSO, HOME_TENANT_ID
from presence.sync import dispatch
from shared.tables.port import StorageUnavailable, Upsert
from tests.presence.browser import Browser
from tests.presence.world import World

AAA = (
    b'{"v":1,"directory_id":"aaa","tenant_id":"c0a70500-3c1b-4b5e-9a51-1d2f6b8e0001","account":"x"}'
)


async def test_a_new_deployment_is_healthy(world: World, browser: Browser) -> None:
    """No timer has run yet, but the pipeline's smoke test must pass."""
    answer = await browser.send("GET", "/health")
    assert (answer.status, answer.json["status"]) == (200, "ok")


async def test_health_needs_no_sign_in_and_shows_no_data(world: World, browser: Browser) -> None:
    """The response has ages and counts, but no ids."""
    await world.linked(5)
    await world.interval()
    answer = await Browser(world, roles=()).send("GET", "/health", x_ms_client_principal="")
    assert answer.status == 200
    assert CONTOSO not in answer.body.decode()
    assert answer.json["checks"]["timer"] == {"ok": True, "lastRunSecondsAgo": 0}
    assert answer.json["checks"]["queue"] == {"ok": True, "newestHandledSecondsAgo": 0}


async def test_a_stopped_timer_is_503(world: World, browser: Browser) -> None:
    """The check compares the time of the timer's last run."""
    await world.linked(5)
    await world.interval()
    world.clock.advance(200)
    answer = await browser.send("GET", "/health")
    assert (answer.status, answer.json["status"]) == (503, "failing")


async def test_messages_that_are_never_processed_are_503(world: World, browser: Browser) -> None:
    """The check compares the age of the oldest message."""
    await world.linked(5)
    await world.interval()
    for _ in range(7):
        world.clock.advance(30)
        await dispatch.due(world.app)
    answer = await browser.send("GET", "/health")
    assert (answer.status, answer.json["checks"]["queue"]["ok"]) == (503, False)


async def test_a_stale_tenant_degrades_and_recovers(world: World, browser: Browser) -> None:
    """A tenant is stale after three intervals: "degraded" with 200, because one customer's outage
    is 503 only with `strict=1`.
    """
    await world.linked(5)
    await world.interval()
    world.running.simulator.faults.on("graph.503", retry_after=None)
    for _ in range(12):
        await world.interval()
    answer = await browser.send("GET", "/health")
    assert (answer.status, answer.json["status"]) == (200, "degraded")
    assert answer.json["checks"]["presence"] == {"ok": False, "staleTenants": 1}
    assert (await browser.send("GET", "/health?strict=1")).status == 503
    world.running.simulator.faults.off()
    for _ in range(12):
        await world.interval()
    assert (await browser.send("GET", "/health?strict=1")).status == 200


async def test_a_directory_shows_its_figures(world: World, browser: Browser) -> None:
    """Last sync, age, and counts of people, unknown, quarantined, calls and throttled calls."""
    ids = await world.linked(10)
    world.tenant().unlicensed = set(ids[:3])
    world.running.simulator.faults.on("graph.429", times=1, retry_after=2)
    await world.interval()
    world.clock.advance(7)
    health = (await browser.connection())["health"]
    shown = {
        name: health[name]
        for name in ("people", "unknown", "quarantined", "throttledTotal", "calls", "stale")
    }
    assert shown == {
        "people": 10,
        "unknown": 3,
        "quarantined": 0,
        "throttledTotal": 1,
        "calls": 2,
        "stale": False,
    }
    assert 7 <= health["ageSeconds"] <= 9
    assert health["lastSync"].startswith("2026-01-01T00:00:3")


async def test_a_poison_message_does_not_stop_later_syncs(world: World, browser: Browser) -> None:
    """The next interval syncs the tenant."""
    await world.linked(5)
    await dispatch.poisoned(world.app, b'{"v":1,"tenant_id":"x","at":1}')
    await dispatch.poisoned(world.app, b"\xff\xfe")
    await world.interval()
    assert (await world.head())["as_of"]


async def test_malformed_messages_are_ignored(world: World) -> None:
    """An exception would make the queue deliver them five times."""
    for body in (b"", b"{", b"[]", b'{"tenant_id":1,"at":2}', b'{"at":"x"}', b"\xff"):
        assert await dispatch.handle(world.app, body) is None


async def test_a_message_that_waited_too_long_is_ignored(world: World, browser: Browser) -> None:
    """After a delay of the queue, newer messages for the same tenants follow."""
    await world.linked(5)
    messages = await dispatch.due(world.app)
    world.clock.advance(61)
    assert [await dispatch.handle(world.app, message.encode()) for message in messages] == [
        None
    ] * len(messages)
    assert world.calls() == 0


async def test_a_tick_that_runs_twice_syncs_once(world: World, browser: Browser) -> None:
    """The platform's timer may run twice (azure-functions-host issue 2968)."""
    await world.linked(5)
    world.clock.advance(30)
    messages = [*await dispatch.due(world.app), *await dispatch.due(world.app)]
    outcomes = [await dispatch.handle(world.app, message.encode()) for message in messages]
    assert outcomes == ["synced", "recent"]


async def test_log_lines_contain_no_personal_data(
    world: World, browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    """They have tenant ids and counts, no object ids and no tokens."""
    caplog.set_level("INFO")
    ids = await world.linked(5)
    await world.interval()
    world.running.simulator.delete_principal(CONTOSO)
    world.runtime.credential.drop(CONTOSO)
    for _ in range(40):
        await world.interval()
    assert "presence.lost" in caplog.text
    assert "timer.run" in caplog.text
    assert not any(one in caplog.text for one in ids)


async def test_a_tenant_whose_syncs_never_end_is_stale(world: World, browser: Browser) -> None:
    """No sync can record that it is stale, so the poison queue's function does."""
    await world.linked(5)
    await world.interval()
    (message, *_) = await dispatch.due(world.app)
    for _ in range(3):
        world.clock.advance(50)
        await dispatch.due(world.app)
        await dispatch.poisoned(world.app, message.encode())
    answer = await browser.send("GET", "/health")
    assert answer.json["checks"]["presence"] == {"ok": False, "staleTenants": 1}
    for _ in range(22):
        await world.interval()
    assert (await browser.send("GET", "/health?strict=1")).status == 200


async def test_a_tenant_that_stays_stale_stays_reported(world: World, browser: Browser) -> None:
    """Each failing sync records it again."""
    await world.linked(5)
    await world.interval()
    world.running.simulator.faults.on("graph.503", retry_after=None)
    for _ in range(120):
        await world.interval()
        if world.clock.elapsed > 600:
            assert (await browser.send("GET", "/health")).json["checks"]["presence"][
                "staleTenants"
            ] == 1


async def test_a_sweep_that_fails_for_one_directory_continues_with_the_others(
    world: World, browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    """A row of a later release, or a storage error at that moment."""
    await browser.connected()
    await world.tables.transact("tenants", "tenant", [Upsert("directory|aaa", AAA)])
    await world.tables.transact("directories", "aaa", [Upsert("directory", b'{"v":99}')])
    caplog.set_level("INFO")
    for _ in range(21):
        await world.interval()
    assert (await browser.connection())["state"] == "active"


async def test_the_timer_waits_for_no_tenant(world: World, browser: Browser) -> None:
    """The timer function calls Microsoft only after it has sent its messages, so a hanging sign-in
    service delays nothing.
    """
    await browser.connected()
    simulator = world.running.simulator
    before = simulator.counters.calls()
    for _ in range(41):
        world.clock.advance(30)
        await dispatch.due(world.app)
    assert simulator.counters.calls() == before


async def test_rows_of_a_later_release_stop_no_other_tenant(world: World, browser: Browser) -> None:
    """docs/operations.md: after a rollback, a tenant whose row has a newer version isn't synced,
    the others are.
    """
    await world.linked(5)
    for key in ("tenant|0", "directory|0"):
        await world.tables.transact("tenants", "tenant", [Upsert(key, b'{"v":99}')])
    assert "synced" in [outcome for _ in range(2) for outcome in await world.interval()]


async def test_presence_is_stale_after_three_intervals_and_not_before(
    world: World, browser: Browser
) -> None:
    """After more than 90 seconds: one or two lost syncs cause no alert."""
    await world.linked(5)
    await world.interval()
    world.running.simulator.faults.on("graph.503", retry_after=None)

    async def stale() -> int:
        await world.interval()
        return int(
            (await browser.send("GET", "/health")).json["checks"]["presence"]["staleTenants"]
        )

    assert [await stale() for _ in range(2)] == [0, 0]
    assert 1 in [await stale() for _ in range(4)]


async def test_health_has_version_sign_in_and_storage(world: World, browser: Browser) -> None:
    """A deployment's smoke test reads them; the version is the project's."""
    answer = await browser.send("GET", "/health")
    project = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    assert f'version = "{answer.json["version"]}"' in project
    assert answer.json["signIn"] == "on"
    assert answer.json["checks"]["storage"] == {"ok": True, "engine": "local"}
    assert "credential" not in answer.json["checks"]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ("status 403 AuthorizationPermissionMismatch", "forbidden"),
        ("ServiceRequestError", "unavailable"),
    ],
)
async def test_a_missing_role_is_distinguished_from_an_outage(
    world: World, browser: Browser, monkeypatch: pytest.MonkeyPatch, error: str, reason: str
) -> None:
    """A new role assignment takes up to ten minutes to propagate."""

    async def refuse(*_: object, **__: object) -> None:
        raise StorageUnavailable(error)

    monkeypatch.setattr(world.app.tables, "query", refuse)
    answer = await browser.send("GET", "/health")
    assert answer.status == 503
    assert answer.json["checks"] == {"storage": {"ok": False, "reason": reason}}


async def test_the_own_credential_is_checked_on_request(world: World, browser: Browser) -> None:
    """With `credential=1`, at Microsoft for the home tenant, at most once a minute."""
    answer = await browser.send("GET", "/health?credential=1")
    assert answer.json["checks"]["credential"] == {"ok": True, "state": "accepted"}
    world.running.simulator.faults.on("AADSTS7000222", tenant="")
    world.clock.advance(61)
    answer = await browser.send("GET", "/health?credential=1")
    assert answer.json["checks"]["credential"]["ok"] is False
    assert answer.status == 200  # pages and SCIM work without it


async def test_strangers_cause_one_test_at_microsoft_a_minute(
    world: World, browser: Browser
) -> None:
    """`/health` needs no sign-in: twenty requests at once wait for the same answer."""
    await asyncio.gather(*(browser.send("GET", "/health?credential=1") for _ in range(20)))
    counters = world.running.simulator.counters
    assert counters.calls("tenant-information") == 1
    # One for the credential, and one for the role in it.
    assert counters.calls("token", tenant=HOME_TENANT_ID) == 2
