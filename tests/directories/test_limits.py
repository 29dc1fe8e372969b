"""The rate limit of a directory, Entra's quarantine thresholds, and the stored times of credential
use.
"""

import contextlib
import logging
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import azure.functions as func
import orjson
import pytest

import scim.endpoints
from directories import credential_usage, quarantine_warning, rate_limits, rejection_log
from directories.authenticate import Unauthenticated, authenticate
from directories.events import Event, write
from directories.quarantine_warning import judge
from directories.status import glance
from local.counting_tables import CountingTables
from local.host.host import Host
from local.host.hostfile import HostFile
from shared.app import App
from shared.http import Request
from shared.tables.metered import MeteredTables
from tests.clock import FixedClock
from tests.directories.made import Made
from tests.directories.stored_events import stored_events
from tests.openapi.conftest import ADDRESS, TOKEN, started, stopped


def served(app: App, directory_id: str, requests: int) -> int:
    """Return how many of this many requests at the same moment are permitted."""
    count = 0
    for _ in range(requests):
        try:
            rate_limits.charge_request(app, directory_id)
        except rate_limits.DirectoryRateExceeded:
            continue
        count += 1
    return count


def test_a_directory_has_its_rate_next_to_a_flood(app: App, clock: FixedClock) -> None:
    """Microsoft Learn, "Develop a SCIM endpoint": 25 requests a second per tenant, sustained,
    whatever another directory does.
    """
    flooded, calm = 0, 0
    for _ in range(120):
        clock.advance(0.5)
        flooded += served(app, "flood", 500)
        calm += served(app, "calm", 13)
    assert calm == 120 * 13
    assert (
        flooded
        <= rate_limits.DIRECTORY_BURST
        + 60 * rate_limits.DIRECTORY_RATE
        + rate_limits.DIRECTORY_RATE_ALONE
    )


def test_too_many_requests_get_a_429_with_retry_after(app: App) -> None:
    """RFC 6585 section 4: Retry-After in whole seconds."""
    served(app, "flood", int(rate_limits.DIRECTORY_BURST))
    with pytest.raises(rate_limits.DirectoryRateExceeded) as caught:
        rate_limits.charge_request(app, "flood")
    assert caught.value.response.status == 429
    assert int(caught.value.response.headers["Retry-After"]) >= 1


def test_an_expensive_request_counts_as_several(app: App, clock: FixedClock) -> None:
    """The round trips of bulk requests, scans and large groups are charged to the directory."""
    rate_limits.charge_request(app, "bulk")
    rate_limits.charge_work(app, "bulk", rate_limits.ROUND_TRIPS_PER_REQUEST)
    assert served(app, "bulk", 1) == 1
    rate_limits.charge_work(
        app,
        "bulk",
        round(
            (rate_limits.DIRECTORY_BURST + rate_limits.DIRECTORY_RATE_ALONE)
            * rate_limits.ROUND_TRIPS_PER_REQUEST
        ),
    )
    assert served(app, "bulk", 1) == 0
    clock.advance(0.9)
    assert served(app, "bulk", 1) == 0
    clock.advance(0.2)
    assert served(app, "bulk", 1) == 1


def test_requests_that_fill_groups_keep_the_full_rate(app: App, clock: FixedClock) -> None:
    """25 requests a second are served also if each is a PATCH with a hundred members, which costs
    205 round trips.
    """
    for _ in range(60):
        clock.advance(1.0)
        assert served(app, "other", 1) == 1
        for _ in range(25):
            assert served(app, "filling", 1) == 1
            rate_limits.charge_work(app, "filling", 205)


async def test_a_bulk_request_is_charged_for_its_round_trips(tmp_path: Path) -> None:
    """Two operations of a bulk request cost as much as two requests."""
    deployed = await started(tmp_path)
    metered = replace(deployed.app, tables=MeteredTables(deployed.app.tables))
    settled: list[int] = []
    with patch.object(
        rate_limits, "charge_work", lambda app, directory_id, trips, seconds: settled.append(trips)
    ):
        functions = func.FunctionApp()
        functions.register_functions(scim.endpoints.blueprint(metered))
        host = Host(functions, environment={}, host_file=HostFile(route_prefix=""))
        operations = [
            {"method": "POST", "path": "/Users", "bulkId": n, "data": {"userName": n}} for n in "ab"
        ]
        body = orjson.dumps({"Operations": operations})
        sent = {"authorization": f"Bearer {TOKEN}", "content-length": str(len(body))}
        await host.call(Request("POST", f"{ADDRESS}/scim/contoso/v2/Bulk", sent, body))
        await host.stop()
    assert (
        3 <= sum(settled) <= 5
    )  # the directory, a transaction for each, the note of the first call
    await metered.background.drain()
    await stopped(deployed)


def test_a_directory_alone_may_exceed_the_usual_rate(app: App, clock: FixedClock) -> None:
    """A first import delays no one if no other directory is active."""
    total = 0
    for _ in range(100):
        clock.advance(0.1)
        total += served(app, "import", 60)
    assert total == 6000


@pytest.mark.parametrize(
    ("successes", "failures", "outlook"),
    [
        (0, 0, "good"),
        (100, 2000, "good"),  # a high share of few is not evaluated
        (4000, 2600, "near"),
        (100_000, 2600, "good"),
        (6000, 5000, "beyond"),
        (8000, 5000, "near"),
        (1_000_000, 20_001, "near"),
        (1_000_000, 40_001, "beyond"),
    ],
)
def test_the_warning_comes_before_entras_thresholds(
    successes: int, failures: int, outlook: str
) -> None:
    """Microsoft Learn, "Quarantine status": more than 40 % failures if there are at least 5,000, or
    more than 40,000 failures.
    """
    assert judge(successes, failures).outlook == outlook


async def test_nearing_quarantine_is_logged_for_the_operator(
    app: App, caplog: pytest.LogCaptureFixture
) -> None:
    """The log event `quarantine.near` has the directory and the counts."""
    event = Event("t", "request.refused", count=4000)
    await app.tables.transact("contacts", "d1", [write(event, app.clock)])
    with caplog.at_level(logging.WARNING):
        await quarantine_warning.warn(app, "d1")
        await quarantine_warning.warn(app, "d2")
    assert [record.message for record in caplog.records if "quarantine.near" in record.message] == [
        '{"event":"quarantine.near","directory_id":"d1","outlook":"near","failures":4000,"successes":0}'
    ]


async def test_the_use_of_a_token_is_stored_at_most_every_five_minutes(
    app: App, tables: CountingTables, made: Made, clock: FixedClock
) -> None:
    """It is stored in the background, so that requests don't wait and a busy token causes few
    writes.
    """
    with tables.measured() as calls:
        for _ in range(100):
            await authenticate(app, made.id, made.header)
            await app.background.drain()
            clock.advance(2)
    assert calls.count(("transact", "directories")) == 1
    first = await credential_usage.read(tables, made.id)
    clock.advance(200)
    await authenticate(app, made.id, made.header)
    await app.background.drain()
    second = await credential_usage.read(tables, made.id)
    assert (first.latest, second.latest) == ("2026-01-01T00:00:00.000Z", "2026-01-01T00:06:40.000Z")


async def test_the_first_successful_request_is_an_event(
    app: App, made: Made, clock: FixedClock
) -> None:
    """It is logged once for all instances, so that the page can show that the connection works."""
    for instance in (app, App(app.settings, clock, CountingTables(app.tables))):
        credential_usage.served(instance, made.id)
        await instance.background.drain()
    found = await stored_events(app.tables, made.id)
    assert [stored.event.kind for stored in found] == ["connection.tested"]


@pytest.mark.parametrize(("header", "reason"), [(None, "missing"), ("Bearer nope", "wrong")])
async def test_a_failed_authentication_is_stored_with_its_reason(
    app: App, made: Made, header: str | None, reason: str
) -> None:
    """The administrator sees it; the client's response doesn't have it."""
    with pytest.raises(Unauthenticated):
        await authenticate(app, made.id, header)
    await app.background.drain()
    denied = (await credential_usage.read(app.tables, made.id)).denied
    assert denied == credential_usage.AuthFailures("2026-01-01T00:00:00.000Z", reason, 1)


async def test_the_first_success_after_a_failed_authentication_is_stored_at_once(
    app: App, made: Made, clock: FixedClock
) -> None:
    """An administrator who corrects the token sees within seconds that it works."""
    for header in (made.header, "Bearer wrong", made.header, made.header):
        with contextlib.suppress(Unauthenticated):
            await authenticate(app, made.id, header)
        await app.background.drain()
        clock.advance(10)
    assert (await credential_usage.read(app.tables, made.id)).latest == "2026-01-01T00:00:20.000Z"
    assert (await glance(app, made.directory)).denied is None


async def test_a_successful_request_after_a_refused_one_is_stored_at_most_every_two_seconds(
    app: App, tables: CountingTables, made: Made, clock: FixedClock
) -> None:
    """An import in which every second user is refused causes few further writes."""
    with tables.measured() as calls:
        for _ in range(100):
            credential_usage.failed(app, made.id)
            credential_usage.served(app, made.id)
            await app.background.drain()
            clock.advance(0.5)
    assert calls.count(("transact", "directories")) == 25


async def test_wrong_tokens_cause_few_writes(
    app: App, tables: CountingTables, made: Made, clock: FixedClock
) -> None:
    """Many wrong tokens cause one row and one log line a minute; an unknown directory causes
    none.
    """
    with tables.measured() as calls:
        for attempt in range(300):
            for directory_id in (made.id, "unknown0unknown0unkn"):
                with pytest.raises(Unauthenticated):
                    await authenticate(app, directory_id, f"Bearer wrong{attempt}")
            clock.advance(0.15)
        await app.background.drain()
    assert [call for call in calls if call[0] == "transact"] == [
        ("transact", "directories"),
        ("transact", "contacts"),
    ]
    clock.advance(16)
    with pytest.raises(Unauthenticated):
        await authenticate(app, made.id, "Bearer wrong")
    await app.background.drain()
    denied = (await credential_usage.read(tables, made.id)).denied
    assert denied is not None
    assert denied.count == 300
    assert len(await stored_events(tables, made.id)) == 2  # in 61 seconds
    assert await tables.query("directories", "unknown0unknown0unkn", "", "\ufffd") == []


async def test_the_warning_is_logged_within_the_request_that_is_the_500th(
    app: App, caplog: pytest.LogCaptureFixture
) -> None:
    """The host drops log lines written after the response, and an alert depends on this one."""
    event = Event("t", "request.refused", count=4000)
    await app.tables.transact("contacts", "d1", [write(event, app.clock)])
    with caplog.at_level(logging.WARNING):
        for _ in range(499):
            await rejection_log.note(app, "d1", Event("t", "request.refused", status=400))
        assert "quarantine.near" not in caplog.text
        await rejection_log.note(app, "d1", Event("t", "request.refused", status=400))
    assert caplog.text.count("quarantine.near") == 1
