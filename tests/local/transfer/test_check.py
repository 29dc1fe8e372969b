"""The command `check` finds each kind of inconsistency between a directory's rows."""

import re
from collections.abc import Awaitable, Callable

import orjson
import pytest

from directories import store
from directories.events import Event, write
from local.check import check, check_links
from local.commands.check import report
from local.counting_tables import CountingTables
from shared.app import App
from shared.tables.port import Delete, Operation, Upsert
from shared.tables.schema.base import ALL_DIRECTORIES
from tests.clock import FixedClock
from tests.local.transfer.filled import TENANT, Deployment


async def _faults(app: App, directory_id: str = "contoso") -> list[str]:
    directory = await store.get(app.tables, directory_id)
    assert directory
    return (await check(app, directory)).faults


async def test_filled_deployment_has_no_fault(deployment: Deployment) -> None:
    """`check` accepts users, nested groups, refusals and presence that the product wrote."""
    assert await _faults(deployment.app) == []
    assert await check_links(deployment.app) == []


async def test_a_check_writes_nothing(deployment: Deployment, clock: FixedClock) -> None:
    """`check` needs no right to write and doesn't fold totals, so that it leaves a backup unchanged."""
    app, tables = deployment.app, deployment.app.tables
    for _ in range(6):
        changes = [write(Event("t", "user.changed"), clock) for _ in range(100)]
        await tables.transact("contacts", "contoso", changes)
    clock.advance(600)
    fresh = CountingTables(tables)
    elsewhere = App(app.settings, clock, fresh)
    assert await report(elsewhere) == 0
    await elsewhere.background.drain()
    assert "transact" not in {call for call, _ in fresh.calls}


@pytest.mark.parametrize(
    "family", ["name", "ext", "mail", "list", "find", "num", "off", "unparsed", "gname", "member"]
)
async def test_missing_row_is_found(deployment: Deployment, family: str) -> None:
    """`check` reports each row of a user or group that is missing."""
    app = deployment.app
    (row, *_) = await app.tables.query(
        "contacts", "contoso", f"{family}|", f"{family}|\ufffd", limit=1
    )
    await app.tables.transact("contacts", "contoso", [Delete(row.key)])
    assert any("missing" in fault or "no member row" in fault for fault in await _faults(app))


@pytest.mark.parametrize(
    ("operation", "said"),
    [
        (Upsert("find|ghost|nobody", b'{"v":1}'), "find row of nobody stands for nobody"),
        (Upsert("name|ghost", b'{"id":"nobody"}'), "name row of nobody stands for nobody"),
        (Upsert("name|person3@example.com", b'{"id":"nobody"}'), "names somebody else"),
        (Upsert("member|g|u", b"{}"), "member row of u in g has no counterpart"),
        (Upsert("user|u|g", b"{}"), "membership of u in g: one of them does not exist"),
        (Upsert("user|half", b"not JSON"), "user row of half can't be read"),
        (Upsert("user|half", b'{"v":1}'), "user row of half can't be read"),
        (Upsert("user|half", b"[]"), "user row of half can't be read"),
        (Upsert("what|is|this", b"{}"), "what row is of no known kind"),
    ],
)
async def test_strange_row_is_found(
    deployment: Deployment, operation: Operation, said: str
) -> None:
    """`check` reports kind and ID of a superfluous row, an incomplete row, and a row of no family."""
    await deployment.app.tables.transact("contacts", "contoso", [operation])
    assert any(said in fault for fault in await _faults(deployment.app))


async def _stale_card(app: App) -> None:
    (row, *_) = await app.tables.query("contacts", "contoso", "find|", "find|\ufffd", limit=1)
    value = orjson.dumps({**orjson.loads(row.value), "t": "Another title"})
    await app.tables.transact("contacts", "contoso", [Upsert(row.key, value)])


async def _wrong_total(app: App) -> None:
    value = orjson.dumps({"v": 1, "users": 1, "groups": 0, "active": 1, "hours": {}, "through": ""})
    await app.tables.transact("contacts", "contoso", [Upsert("total", value)])


async def _lost_index(app: App) -> None:
    await app.tables.transact("directories", ALL_DIRECTORIES, [Delete("contoso")])


@pytest.mark.parametrize(
    ("harm", "said"),
    [(_stale_card, "stale"), (_wrong_total, "totals say"), (_lost_index, "not in the index")],
)
async def test_damage_is_found(
    deployment: Deployment, harm: Callable[[App], Awaitable[None]], said: str
) -> None:
    """`check` reports an outdated card, wrong totals, and a directory that no list contains."""
    await harm(deployment.app)
    assert any(said in fault for fault in await _faults(deployment.app))


async def test_broken_link_is_found(deployment: Deployment) -> None:
    """`check` reports a tenant link without its presence or without its directory."""
    tables = deployment.app.tables
    await tables.transact("presence", TENANT, [Delete("head")])
    await tables.transact("tenants", "tenant", [Delete("directory|contoso")])
    said = "\n".join(await check_links(deployment.app))
    assert "no presence head" in said
    assert "not linked to it" in said


async def test_faults_name_no_person(deployment: Deployment) -> None:
    """A fault shows no key, because keys contain names and numbers."""
    rows = await deployment.app.tables.query("contacts", "contoso", "", "\ufffd")
    index = [
        row
        for row in rows
        if row.key.split("|")[0] in ("name", "ext", "mail", "list", "find", "num")
    ]
    for row in index[::3]:
        await deployment.app.tables.transact("contacts", "contoso", [Delete(row.key)])
    faults = "\n".join(await _faults(deployment.app)).lower()
    assert "missing" in faults
    said = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "", faults)  # IDs may contain 6497
    for personal in ("person", "example.com", "muller", "müller", "7946", "6497"):
        assert personal not in said
