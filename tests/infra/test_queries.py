"""Every query of the templates and documents is valid for Azure, and matches lines that the product
writes.
"""

import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any

import pytest

from directories import (
    credential_expiry,
    credential_usage,
    maintenance,
    quarantine_warning,
    service,
)
from directories.audit import operator_actor
from directories.events import Event, write
from directories.models import Directory, Token
from presence.sync import dispatch
from shared import log
from shared.clock import timestamp
from shared.metrics import Metrics
from tests.clock import FixedClock
from tests.infra import kusto
from tests.presence.world import World

EVERY = kusto.every()
OURS = {name: query for name, query in EVERY.items() if kusto.events_of(query)}
CONVERSIONS: dict[str, Callable[[Any], object]] = {
    "tostring": str,
    "toint": int,
    "tolong": int,
    "todouble": float,
}


FAULTY = {
    "AppTraces | summarize last = max(TimeGenerated) by OperationId": "KS",
    "AppTraces | project NoSuchColumn": "KS142",
    "NoSuchTable | count": "KS204",
    "AppTraces | where Message has": "KS",
}


@cache
def _faults() -> dict[str, list[str]]:
    """Return the parser's errors for all queries, and for the faulty samples by their text.

    All are parsed at once, because the parser takes seconds to start.
    """
    return kusto.faults(EVERY | {query: query for query in FAULTY})


def test_kustos_parser_finds_no_fault() -> None:
    """Kusto's parser accepts every query. Azure validates a scheduled query rule when it is deployed, so a
    fault would stop the deployment.
    """
    assert len(kusto.of_alerts()) >= 9
    assert len(kusto.in_documents()) >= 6
    assert {name: _faults()[name] for name in EVERY if _faults()[name]} == {}


@pytest.mark.parametrize(("query", "code"), FAULTY.items())
def test_the_parser_finds_faults(query: str, code: str) -> None:
    """The parser reports a reserved word as a name, an unknown column or table, and an incomplete query."""
    found = _faults()[query]
    assert found
    assert found[0].startswith(code)


def test_tables_name_their_source() -> None:
    """Each table description of tests/kusto has the address of Microsoft's page, so that a reader can
    compare both.
    """
    assert [
        name
        for name, table in kusto.TABLES.items()
        if "learn.microsoft.com/azure/azure-monitor/" not in table["source"]
    ] == []


async def _quarantine(world: World) -> None:
    event = Event("t", "request.refused", count=4000)
    await world.app.tables.transact("contacts", "d1", [write(event, world.app.clock)])
    await quarantine_warning.warn(world.app, "d1")


async def _ending(world: World) -> None:
    owner = operator_actor("account")
    issued = await service.create(world.app, owner, service.NewDirectory("Contoso"))
    directory = await service.change(
        world.app, owner, issued[0].id, lambda one: replace(one, tokens=(_soon(world, one),))
    )
    credential_usage.accepted(world.app, directory.id, directory.tokens[0].id)
    await world.app.background.drain()
    await credential_expiry.warn(world.app, directory)


def _soon(world: World, directory: Directory) -> Token:
    expires = timestamp(world.app.clock.now() + timedelta(days=10))
    return replace(directory.tokens[0], expires=expires)


async def _stale(world: World) -> None:
    await world.linked(3)
    await world.interval()
    world.running.simulator.faults.on("graph.503", retry_after=None)
    for _ in range(12):
        await world.interval()


async def _credential(world: World) -> None:
    await world.linked(3)
    world.running.simulator.faults.on("AADSTS7000222", tenant="")
    for _ in range(12):
        await world.interval()


async def _poison(world: World) -> None:
    await dispatch.poisoned(world.app, b'{"v":1,"tenant_id":"t1","at":1}')


async def _presence_timer(world: World) -> None:
    await dispatch.due(world.app)


async def _maintenance_timer(world: World) -> None:
    await maintenance.run(world.app, world.app.clock.monotonic() + 60)


async def _failures(world: World) -> None:
    for name in ("http.error", "scim.error", "token.error"):
        log.failure(name, ValueError())


async def _metrics(world: World) -> None:
    clock = FixedClock()
    metrics = Metrics(clock)
    log.begin("scim_user", "d1")
    metrics.called("scim_user", 400, 0.1, 1)
    metrics.refused("uniqueness")
    clock.advance(60)
    metrics.called("scim_user", 200, 0.1, 1)
    log.end()


WRITERS: dict[str, list[Callable[[World], Awaitable[None]]]] = {
    "quarantine.near": [_quarantine],
    "presence.stale": [_stale],
    "presence.poison": [_poison],
    "credential.invalid": [_credential],
    "timer.run": [_presence_timer, _maintenance_timer],
    "http.error": [_failures],
    "scim.error": [_failures],
    "token.error": [_failures],
    "metrics.calls": [_metrics],
    "metrics.refusals": [_metrics],
    "credential.ending": [_ending],
}


def test_every_queried_event_has_a_writer_here() -> None:
    """WRITERS produces a real line of each event that a query filters by."""
    asked = {event for query in OURS.values() for event in kusto.events_of(query)}
    assert asked == set(WRITERS)


@pytest.mark.parametrize("event", WRITERS)
async def test_a_real_line_has_the_fields_that_queries_name(
    event: str, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Each writer's line of an event has every field that queries use, in a form that their conversion
    accepts.
    """
    caplog.set_level(logging.INFO, log.NAME)
    queries = [query for query in OURS.values() if event in kusto.events_of(query)]
    for writer in WRITERS[event]:
        caplog.clear()
        await writer(world)
        lines = [
            json.loads(record.getMessage()) for record in caplog.records if record.name == log.NAME
        ]
        found = [line for line in lines if line["event"] == event]
        assert found, f"{writer.__name__} wrote no {event}"
        for field, conversion in {
            k: v for q in queries for k, v in kusto.fields_of(q).items()
        }.items():
            assert all(CONVERSIONS[conversion](line[field]) is not None for line in found)


async def test_each_timer_logs_the_name_that_the_alert_queries(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Each timer logs the name that the query *Timer silent* compares; for another name the alert would
    fire always or never.
    """
    caplog.set_level(logging.INFO, log.NAME)
    await _presence_timer(world)
    await _maintenance_timer(world)
    lines = [
        json.loads(record.getMessage()) for record in caplog.records if record.name == log.NAME
    ]
    logged = {line["timer"] for line in lines if line["event"] == "timer.run"}
    assert all(f'"{name}", time(' in EVERY["alert Timer silent"] for name in logged)
    assert EVERY["alert Timer silent"].count(", time(") == len(logged)
