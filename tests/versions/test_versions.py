"""Rows of every released version are read by today's code; rows of a later release are refused, not misread.

`v1.json` holds a whole small deployment as the first release wrote it, and a sample of each kind of row added since. It
is never written again: a change of rows adds a file for its version.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

from contacts.unparsed_numbers import list_unparsed
from directories import (
    access_rows,
    access_tokens,
    audit_log,
    audit_relay,
    credential_usage,
    erasure,
    events,
    store,
    totals,
)
from directories.access_rows import Assertion
from directories.authenticate import authenticate
from directories.models import Directory
from local.check import check, check_links
from local.counting_tables import CountingTables
from presence import tenant_links
from presence.consent import auth_requests
from presence.store import codec, manifest
from presence.store.snapshot import load
from scim.groups import models as group_record
from scim.users import contact_cards
from scim.users import models as user_record
from shared import keys, row_versions
from shared.app import App
from shared.azure_functions import problem_response
from shared.row_versions import UnsupportedRowVersion
from shared.settings import Settings
from shared.tables.port import Row, Upsert
from tests.clock import FixedClock
from tests.directories.stored_events import stored_events
from tests.local.transfer.filled import ACCOUNT, TENANT, every_row, filled, scim_host
from tests.scim.client import ScimClient

FILES = sorted(Path(__file__).parent.glob("v*.json"))
NEWEST = FILES[-1]
TOKEN = "token-of-contoso-for-tests-only"


@dataclass(frozen=True, slots=True)
class One:
    """Tables that hold one row."""

    row: Row

    async def get(self, table: str, partition: str, key: str) -> Row:
        return self.row


# How the rows of each kind are read, by table and first part of the key ("" if the keys of a
# partition are ids).
READERS: dict[str, Callable[[str, bytes], Any]] = {
    "contacts user": user_record.decode,
    "contacts group": group_record.decode,
    "contacts list": contact_cards.decode,
    "contacts find": contact_cards.decode,
    "contacts sound": contact_cards.decode,
    "contacts num": contact_cards.decode,
    "contacts event": lambda _, value: events.decode(value),
    "directories directory": lambda _, value: store.decode("contoso", value, ""),
    "presence head": lambda _, value: manifest.decode(value),
    "presence delta": lambda _, value: codec.decode(value),
    "presence page": lambda _, value: codec.decode(value),
    "tenants tenant": lambda key, value: asyncio.run(
        tenant_links.tenant(One(Row(key, value, "")), TENANT)  # type: ignore[arg-type]
    ),
    "tenants directory": lambda key, value: asyncio.run(
        tenant_links.directory(One(Row(key, value, "")), "contoso")  # type: ignore[arg-type]
    ),
}


def rows_of(path: Path) -> list[dict[str, Any]]:
    """The rows of a version."""
    found: list[dict[str, Any]] = orjson.loads(path.read_bytes())
    return found


def kind_of(table: str, partition: str, key: str) -> str:
    """Return the kind of a row: its table and the first part of its key, or its partition if the
    keys there are ids.
    """
    if (table, partition) in {
        ("directories", "index|all"),
        ("directories", "index|audit"),
        ("work", "directory-removal"),
    }:
        return f"{table} {partition}"
    if partition.startswith("account|"):
        return f"{table} account"
    first, *more = key.split(keys.SEPARATOR)
    return (
        f"{table} membership"
        if first in ("user", "group") and len(more) == 2
        else f"{table} {first}"
    )


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
async def old(request: pytest.FixtureRequest, tables: CountingTables, clock: FixedClock) -> App:
    """Today's code over the rows of each version."""
    for row in rows_of(request.param):
        value = orjson.dumps(row["value"])
        await tables.transact(row["table"], row["partition"], [Upsert(row["key"], value)])
    clock.advance(400)
    return App(Settings.read({}), clock, tables)


async def _contoso(app: App) -> Directory:
    directory = await store.get(app.tables, "contoso")
    assert directory
    return directory


async def test_sample_has_every_kind_of_row(app: App) -> None:
    """The rows that today's code writes into a deployment, and a few kinds that only live for
    minutes.
    """
    async with scim_host(app) as host:
        await filled(app, host, people=3)
    found = {
        kind_of(*place) for place in every_row(Path(app.settings.tables.removeprefix("sqlite:///")))
    }
    sampled = {kind_of(row["table"], row["partition"], row["key"]) for row in rows_of(NEWEST)}
    assert found <= sampled, "a kind of row without a sample: add one to the newest version's file"
    assert {
        "directories access",
        "directories jti",
        "work attempt",
        "contacts gext",
        "contacts total",
    } <= sampled


async def test_every_row_says_its_version(app: App) -> None:
    """But for index rows, which are written with the record that they stand for."""
    async with scim_host(app) as host:
        await filled(app, host, people=3)
    await access_tokens.issue(
        app,
        await _contoso(app),
        access_rows.BY_TRUST,
        Assertion("issuer", "id", "2027"),
    )
    await app.background.drain()
    rows = every_row(Path(app.settings.tables.removeprefix("sqlite:///")))
    without = {kind_of(*place) for place, value in rows.items() if "v" not in orjson.loads(value)}
    assert without == {
        f"contacts {family}"
        for family in ("name", "ext", "mail", "off", "gname", "member", "membership")
    }


@pytest.fixture
def app(tables: CountingTables, clock: FixedClock, tmp_path: Path) -> App:
    """The embedded engine of the fixture `tables`."""
    return App(Settings.read({"TABLES": f"sqlite:///{tmp_path}/test.db"}), clock, tables)


async def test_records_and_indexes_agree(old: App) -> None:
    """`check` reads every row and finds no fault."""
    assert (await check(old, await _contoso(old))).faults == []
    assert await check_links(old) == []


async def test_scim_reads_and_changes_old_people(old: App) -> None:
    """Found by each index, changed, deleted: a row becomes new when it is next written."""
    async with scim_host(old) as host:
        scim = ScimClient(host, old, "contoso", TOKEN)
        assert (await scim.get("/Users")).body["totalResults"] == 3
        for text in (
            'userName eq "Person0@example.com"',
            'externalId eq "00000000-0000-4000-8000-000000000000"',
            'emails[type eq "work"].value eq "person0@example.com"',
        ):
            (person,) = (await scim.get("/Users", filter=text)).resources
            assert person["displayName"] == "Person 0 Müller"
        assert len(person["groups"]) == 1
        changed = await scim.patch(
            f"/Users/{person['id']}", {"op": "replace", "path": "title", "value": "Boss"}
        )
        assert (changed.status, changed.body["title"]) == (200, "Boss")
        (group,) = (
            await scim.get("/Groups", filter='externalId eq "00000000-0000-4000-8000-000000000009"')
        ).resources
        assert group["displayName"] == "Support"
        assert (await scim.delete(f"/Users/{person['id']}")).status == 204
    assert (await check(old, await _contoso(old))).faults == []


async def test_old_directory_keeps_its_credentials(old: App) -> None:
    """Token, access token, client secret, trust, last use: no one has to set anything up again."""
    directory = await _contoso(old)
    assert (directory.account, directory.region, directory.is_active) == (ACCOUNT, "GB", True)
    assert len(directory.secrets) == 1
    assert directory.trust
    assert directory.trust.tenant_id == TENANT
    for plain in (TOKEN, "extdiracc_for-tests-only"):
        assert (await authenticate(old, "contoso", f"Bearer {plain}")).id == "contoso"
    calls = await credential_usage.read(old.tables, "contoso")
    assert calls.used
    assert calls.denied


async def test_old_log_and_numbers_are_shown(old: App) -> None:
    """Events with their marks, totals, numbers that need attention."""
    found = await stored_events(old.tables, "contoso")
    assert {stored.event.kind for stored in found} == {
        "user.created", "group.created", "connection.tested", "request.refused"
    }  # fmt: skip
    counted = await totals.read(old, "contoso")
    assert (counted.users, counted.groups, counted.active) == (3, 3, 2)
    (unparsed,), _ = await list_unparsed(old, await _contoso(old), 10)
    assert unparsed.numbers[0]["value"] == "not a number"


async def test_old_audit_events_are_shown(old: App) -> None:
    """In the log of the directory and the account; those that waited in an outbox arrive."""
    await audit_relay.relay_common(old, math.inf)
    await audit_relay.relay_waiting(old, audit_relay.Outbox("directories", "contoso"))
    for log in (audit_log.of_directory("contoso"), audit_log.of_account(ACCOUNT)):
        found = (await audit_log.read(old, log)).events
        assert [event.act.code for event in found] == [
            "directory.renamed",
            "consent.given",
            "consent.started",
        ]
        assert {event.actor.name for event in found} == {"Alex Weber"}
    assert await erasure.run(old, "contoso", math.inf)


async def test_old_presence_is_read(old: App) -> None:
    """Head, pages and deltas make the snapshot; links name tenant and directory."""
    snapshot = await load(old.tables, TENANT)
    assert snapshot
    person = snapshot.entries["00000000-0000-4000-8000-000000000001"]
    assert (person.value.availability, person.value.activity) == ("Busy", "InAMeeting")
    (tenant,) = await tenant_links.tenants(old.tables)
    assert (tenant.owner, tenant.directories) == (ACCOUNT, ("contoso",))
    attempt = await auth_requests.consume(old.tables, "state-for-tests", "browser", 1767225700000)
    assert attempt
    assert attempt.directory_id == "contoso"


def _samples() -> list[Any]:
    seen: dict[str, dict[str, Any]] = {}
    for row in rows_of(NEWEST):
        seen.setdefault(kind_of(row["table"], row["partition"], row["key"]), row)
    return [pytest.param(kind, seen[kind], id=kind.replace(" ", "-")) for kind in READERS]


@pytest.mark.parametrize(("kind", "row"), _samples())
def test_row_of_a_later_release_is_refused(kind: str, row: dict[str, Any]) -> None:
    """Clearly, with rolling forward as the remedy; nothing is misread."""
    for version in (3, 77, "2", None, 1.5, 0):
        with pytest.raises(UnsupportedRowVersion, match="roll forward"):
            READERS[kind]("id", orjson.dumps({**row["value"], "v": version}))


@pytest.mark.parametrize(("kind", "row"), _samples())
def test_field_of_a_later_release_is_passed_over(kind: str, row: dict[str, Any]) -> None:
    """A release may add fields without a new version: the one before it goes on reading, so going back is possible."""
    key = row["key"]
    more = orjson.dumps({**row["value"], "added later": {"a": 1}})
    assert READERS[kind](key, more) == READERS[kind](key, orjson.dumps(row["value"]))


# Reads of rows that hold little: the table, the beginning of the key, and a use.
USES: dict[str, tuple[str, str, Callable[[App], Awaitable[Any]]]] = {
    "access": (
        "directories",
        "access|",
        lambda old: authenticate(old, "contoso", "Bearer extdiracc_for-tests-only"),
    ),
    "last use": ("directories", "used|", lambda old: credential_usage.read(old.tables, "contoso")),
    "sign-in": (
        "work",
        "attempt|",
        lambda old: auth_requests.consume(old.tables, "state-for-tests", "browser", 1767225700000),
    ),
}


@pytest.mark.parametrize("kind", USES)
async def test_small_row_of_a_later_release(old: App, clock: FixedClock, kind: str) -> None:
    """The same of rows that are read with others: more fields are passed over, another version is refused."""
    table, beginning, use = USES[kind]
    rows = [
        row for row in rows_of(NEWEST) if row["table"] == table and row["key"].startswith(beginning)
    ]

    async def store_again(**more: object) -> None:
        for row in rows:
            value = orjson.dumps({**row["value"], **more})
            await old.tables.transact(table, row["partition"], [Upsert(row["key"], value)])
        clock.advance(60)  # no instance remembers the previous rows

    expected = await use(old)
    assert expected
    await store_again(v=3)
    with pytest.raises(UnsupportedRowVersion, match="roll forward"):
        await use(old)
    await store_again(added_later={"a": 1})
    assert await use(old) == expected


def test_row_without_a_version_is_of_the_first() -> None:
    """The first release wrote small rows without one."""
    assert row_versions.decode(b'{"a":1}', "small") == {"a": 1}


async def test_later_row_answers_503_with_the_remedy(old: App) -> None:
    """A client repeats the request later; the operator reads the remedy. Nothing is overwritten."""
    (row, *_) = await old.tables.query("contacts", "contoso", "user|", "user|\ufffd", limit=1)
    later = orjson.dumps({**orjson.loads(row.value), "v": 2})
    await old.tables.transact("contacts", "contoso", [Upsert(row.key, later)])
    async with scim_host(old) as host:
        scim = ScimClient(host, old, "contoso", TOKEN)
        path = f"/Users/{row.key.partition('|')[2]}"
        for answer in (
            await scim.get(path),
            await scim.patch(path, {"op": "replace", "path": "title", "value": "Boss"}),
            await scim.delete(path),
        ):
            assert answer.status == 503
            assert "roll forward" in answer.body["detail"]
            assert answer.headers["retry-after"]
    after = await old.tables.get("contacts", "contoso", row.key)
    assert after
    assert after.value == later
    response = problem_response(UnsupportedRowVersion("user", 2, 1))
    assert response.status == 503
    assert b"roll forward" in response.body
