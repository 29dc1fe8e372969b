"""The audit log: each administrator's action is stored with its event in one transaction.

The event appears in the logs of the directory and of the account.
"""

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson
import pytest

from directories import (
    audit,
    audit_log,
    audit_relay,
    credentials,
    deletion,
    maintenance,
    service,
    store,
)
from directories.audit import Actor, AuditEvent
from directories.credentials import Replacement
from directories.models import TrustedIdentity
from directories.service import NewDirectory
from shared.app import App
from shared.http import Request
from shared.keys import Family
from shared.tables.port import StorageUnavailable, query_all
from shared.tables.schema.base import DIRECTORIES, account_audit_partition
from shared.tables.schema.directories import ACCOUNT_AUDIT, AUDIT, AUDIT_OUTBOX
from tests.clock import FixedClock
from tests.directories.made import ACCOUNT, Made
from tests.failing_tables import FailingTables

GUID = "2f9b6a1e-6c1f-4b61-9d0c-5b8d5f6a7c3e"
ALEX = Actor(account=ACCOUNT, kind="person", id=GUID, name="Alex Weber", address="203.0.113.7")


@dataclass(eq=False)
class TickingClock(FixedClock):
    """A clock that advances by a millisecond whenever it is read, so that events have an order."""

    def now(self) -> datetime:
        self.advance(0.001)
        return super().now()


@pytest.fixture
def clock() -> FixedClock:
    """Return the clock of these tests."""
    return TickingClock()


async def events(app: App, family: Family, partition: str) -> list[AuditEvent]:
    """Return the events of a log or an outbox, oldest first."""
    rows = await query_all(app.tables, DIRECTORIES, partition, *family.all())
    return [audit.decode(family.parts_of(row.key)[0], row.value) for row in reversed(rows)]


async def log(app: App, directory_id: str) -> list[AuditEvent]:
    """Return the audit events of a directory, oldest first."""
    return await events(app, AUDIT, directory_id)


async def account_log(app: App) -> list[AuditEvent]:
    """Return the audit events of the account, oldest first."""
    return await events(app, ACCOUNT_AUDIT, account_audit_partition(ACCOUNT))


def codes(found: Sequence[AuditEvent]) -> list[str]:
    """Return the code of each event's action."""
    return [event.act.code for event in found]


async def test_an_event_names_actor_action_object_address_and_time(any_app: App) -> None:
    """NIST SP 800-53, control AU-3."""
    directory, _ = await service.create(any_app, ALEX, NewDirectory("Contoso"))
    before = store.now(any_app.clock)
    await service.set_up(any_app, ALEX, directory.id, name="Contoso Ltd")
    event = (await log(any_app, directory.id))[-1]
    assert event.actor == ALEX
    assert (event.act.code, event.act.old, event.act.new) == (
        "directory.renamed",
        {"name": "Contoso"},
        {"name": "Contoso Ltd"},
    )
    assert event.directory_id == directory.id
    assert before < event.at < store.now(any_app.clock)


async def test_every_change_of_a_directory_has_an_audit_event(app: App, made: Made) -> None:
    """Settings with old and new values, credentials with their ids, trusted identity, deletion,
    restoration.
    """
    first = made.directory.tokens[0].id
    await service.set_up(app, ALEX, made.id, region="DE", strict_numbers=True)
    second = (await credentials.issue(app, ALEX, made.id, "tokens")).credential
    await credentials.revoke(app, ALEX, made.id, "tokens", first)
    await credentials.rotate(app, ALEX, made.id, "tokens", Replacement(1))
    secret = (await credentials.issue(app, ALEX, made.id, "secrets")).credential
    await credentials.revoke(app, ALEX, made.id, "secrets", secret.id)
    await credentials.set_trust(
        app, ALEX, made.id, TrustedIdentity(tenant_id=GUID, subject=GUID, audiences=("api://x",))
    )
    await credentials.set_trust(app, ALEX, made.id, None)
    await deletion.delete(app, ALEX, made.id)
    await deletion.restore(app, ALEX, made.id)
    found = await log(app, made.id)
    assert codes(found) == [
        "directory.created",
        "token.issued",
        "directory.changed",
        "token.issued",
        "token.revoked",
        "token.changed",
        "token.issued",
        "secret.issued",
        "secret.revoked",
        "trust.set",
        "trust.removed",
        "directory.deleted",
        "directory.restored",
    ]
    assert found[2].act.old == {"region": "GB", "strict_numbers": False}
    assert found[2].act.new == {"region": "DE", "strict_numbers": True}
    assert [event.act.target for event in found[3:6]] == [second.id, first, second.id]
    assert found[10].act.old == found[9].act.new
    assert found[9].act.new["tenant_id"] == GUID


async def test_no_event_has_a_secret(app: App, made: Made) -> None:
    """No event contains a token or secret, in plain text or as a hash."""
    issued = await credentials.issue(app, ALEX, made.id, "tokens")
    token, plain = issued.credential, issued.plain
    rows = await query_all(app.tables, DIRECTORIES, made.id, *AUDIT.all())
    stored = b"".join([row.value for row in rows]).decode()
    assert plain not in stored
    assert token.hash not in stored


async def test_an_account_log_has_the_events_of_all_directories(app: App, made: Made) -> None:
    """The outbox is empty afterwards."""
    other, _ = await service.create(app, ALEX, NewDirectory("Fabrikam"))
    found = await account_log(app)
    assert [event.directory_id for event in found] == [made.id, made.id, other.id, other.id]
    assert await events(app, AUDIT_OUTBOX, made.id) == []


@pytest.mark.parametrize("transactions", range(4))
async def test_an_action_and_its_event_are_stored_together_if_an_instance_is_killed(
    app: App, made: Made, transactions: int
) -> None:
    """Whichever transaction is the last one, both are stored or neither is."""
    dying = FailingTables(app.tables, transactions)
    mortal = App(app.settings, app.clock, dying)
    try:
        await service.set_up(mortal, ALEX, made.id, name="Contoso Ltd")
    except StorageUnavailable:
        assert transactions < 2
    is_renamed = (await service.read(app, ACCOUNT, made.id)).name == "Contoso Ltd"
    assert is_renamed == (transactions > 1)  # the first one claims the name
    assert ("directory.renamed" in codes(await log(app, made.id))) == is_renamed
    await maintenance.tidy(app, made.id)
    assert ("directory.renamed" in codes(await account_log(app))) == is_renamed
    assert await events(app, AUDIT_OUTBOX, made.id) == []


async def test_an_account_log_survives_the_directory(
    app: App, made: Made, clock: FixedClock
) -> None:
    """It keeps even events that were in the directory's outbox when it was purged. The actor of the
    purge is the timer.
    """
    dying = FailingTables(app.tables, 2)
    await service.set_up(App(app.settings, clock, dying), ALEX, made.id, name="Contoso Ltd")
    await deletion.delete(app, ALEX, made.id)
    clock.advance(3600)
    assert await deletion.run(app, math.inf) == 1
    assert await query_all(app.tables, DIRECTORIES, made.id) == []
    found = await account_log(app)
    assert codes(found) == [
        "directory.created",
        "token.issued",
        "directory.renamed",
        "directory.deleted",
        "directory.removed",
        "directory.purged",
    ]
    assert found[-1].actor == audit.system_actor(ACCOUNT, "maintenance_timer")
    assert found[-1].directory_name == "Contoso Ltd"


async def test_events_of_other_partitions_reach_the_directory(app: App, made: Made) -> None:
    """An event about presence is in the outbox of another partition until both logs have it."""
    acts = [audit.Act("presence.connected", GUID)]
    waiting = audit.new_events(app.clock, ALEX, acts, made.id)
    links = audit_relay.LINKS
    await app.tables.transact(links.table, links.partition, audit_relay.outbox_rows(waiting))
    await audit_relay.relay_common(app, math.inf)
    assert codes(await log(app, made.id))[-1] == "presence.connected"
    assert (await account_log(app))[-1].directory_name == "Contoso"
    assert await query_all(app.tables, links.table, links.partition) == []


async def test_a_later_release_may_add_fields(app: App) -> None:
    """Unknown fields of a stored event are ignored."""
    (event,) = audit.new_events(app.clock, ALEX, [audit.Act("directory.deleted")], "contoso")
    stored = orjson.loads(audit.encode(event))
    stored["later"] = stored["actor"]["later"] = stored["act"]["later"] = 1
    assert audit.decode(event.id, orjson.dumps(stored)) == event


async def test_events_older_than_the_retention_are_removed(
    app: App, made: Made, clock: FixedClock
) -> None:
    """AUDIT_RETENTION_DAYS applies to both logs; the removal ends at the maintenance's deadline."""
    clock.advance(364 * 86_400)
    await service.set_up(app, ALEX, made.id, name="Contoso Ltd")
    await maintenance.run(app, clock.monotonic() + 60)
    await maintenance.tidy(app, made.id)
    assert len(await account_log(app)) == len(await log(app, made.id)) == 3
    clock.advance(2 * 86_400)
    of_account = audit_log.of_account(ACCOUNT)
    assert not await audit_log.trim(app, of_account, clock.monotonic())
    assert len(await account_log(app)) == 3
    await audit_log.trim_accounts(app, math.inf)
    await maintenance.tidy(app, made.id)
    assert codes(await account_log(app)) == codes(await log(app, made.id)) == ["directory.renamed"]


async def test_concurrent_changes_of_instances_have_one_event_each(
    any_app: App, clock: FixedClock
) -> None:
    """A change that is retried after a conflict has one event, with the values of the attempt that
    was stored.
    """
    directory, _ = await service.create(any_app, ALEX, NewDirectory("Contoso"))
    several = [App(any_app.settings, clock, any_app.tables) for _ in range(4)]
    await asyncio.gather(
        *(
            service.set_up(one, ALEX, directory.id, name=f"Contoso {number}")
            for number, one in enumerate(several)
        )
    )
    renames = [
        event.act
        for event in await log(any_app, directory.id)
        if event.act.code == "directory.renamed"
    ]
    assert len(renames) == 4
    names = ["Contoso", *(act.new["name"] for act in renames)]
    assert sorted(act.old["name"] for act in renames) == sorted(names[:-1])


async def test_an_unknown_action_raises_an_error(app: App) -> None:
    """The log couldn't show an action without a text, so a developer must learn of it."""
    with pytest.raises(audit.UnknownAct):
        audit.new_events(app.clock, ALEX, [audit.Act("directory.exploded")], "contoso")


@pytest.mark.parametrize(
    ("header", "address"),
    [
        ("203.0.113.7:50123", "203.0.113.7"),
        ("203.0.113.7", "203.0.113.7"),
        ("198.51.100.1, 203.0.113.7:50123", "203.0.113.7"),
        ("198.51.100.1,[2001:db8::1]:443", "2001:db8::1"),
        ("2001:DB8::1", "2001:db8::1"),
        ("203.0.113.7, <script>", ""),
        ("203.0.113.7, 999.1.1.1:2", ""),
        ("", ""),
    ],
)
def test_the_client_address_is_the_last_of_x_forwarded_for(header: str, address: str) -> None:
    """The platform appends the last entry; the client can send the others. The port is removed."""
    request = Request("GET", "https://app.example/", {"x-forwarded-for": header})
    assert request.client_address == address
