"""Erasure: a day after a user was deleted, no row contains personal data of the user (GDPR article
17).
"""

import math
from pathlib import Path
from typing import Any

import orjson
import pytest

from contacts import notes
from directories import deletion, erasure, inspector, maintenance, provisioning_log, totals
from directories.audit import operator_actor
from local.counting_tables import CountingTables
from shared.app import App
from shared.tables.port import StorageUnavailable
from tests.clock import FixedClock
from tests.failing_tables import FailingTables
from tests.local.transfer.filled import every_row
from tests.scim.client import ScimClient, ScimResponse
from tests.scim.conftest import ACCOUNT

NUMBER = "+44 20 7946 0958"
# In lower case and with the digits of the number in both orders, as keys have them.
WORDS = ("zoltan", "quixley", "zq@contoso", "zq.new@contoso", "emp-77041", "emp-77042")
DIGITS = ("2079460958", "8590649702")
PERSON: dict[str, Any] = {
    "userName": "zq@contoso.example",
    "externalId": "emp-77041",
    "displayName": "Zoltan Quixley",
    "name": {"givenName": "Zoltan", "familyName": "Quixley"},
    "emails": [{"type": "work", "value": "zq@contoso.example"}],
    "phoneNumbers": [{"type": "work", "value": NUMBER}],
}
DAY = 86_400.0


def found_in(path: Path) -> list[str]:
    """Return the rows that contain a name or number of the test's user."""
    found = []
    for (table, partition, key), value in every_row(path).items():
        text = f"{key} {value.decode()}".casefold()
        digits = text.replace(" ", "")
        if any(word in text for word in WORDS) or any(number in digits for number in DIGITS):
            found.append(f"{table} {partition} {key}: {text}")
    return found


async def created(scim: ScimClient) -> ScimResponse:
    """Create the test's user and return the response."""
    answer = await scim.post("/Users", PERSON)
    assert answer.status == 201
    return answer


async def patched(scim: ScimClient, identifier: str, path: str, value: object) -> int:
    """Replace one attribute of the user with PATCH, and return the status."""
    body = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "replace", "path": path, "value": value}],
    }
    return (await scim.call("PATCH", f"/Users/{identifier}", body)).status


async def lived(scim: ScimClient) -> str:
    """Create the user, change it, cause several errors, add it to a group and delete it; return its
    id.
    """
    administrator = operator_actor(ACCOUNT)
    directory = await inspector.switch(scim.app, administrator, scim.directory_id, on=True)
    refused = await scim.post("/Users", {**PERSON, "active": "perhaps"})
    assert refused.status == 400
    identifier = (await created(scim)).id
    assert (await scim.post("/Users", PERSON)).status == 409
    other = (await scim.user("other@contoso.example", externalId="emp-2")).id
    assert await patched(scim, other, "userName", "zq@contoso.example") == 409
    assert await patched(scim, identifier, "userName", "zq.new@contoso.example") == 200
    assert await patched(scim, identifier, "externalId", "emp-77042") == 200
    assert await patched(scim, identifier, "title", "Colonel") == 200
    assert await patched(scim, identifier, 'emails[value eq "zq@contoso.example"].x', "y") == 200
    assert await patched(scim, identifier, "active", "Zoltan Quixley") == 400
    assert (await scim.group("Sales", identifier)).status == 201
    draft = notes.Draft("Zoltan Quixley prefers +44 20 7946 0958")
    await notes.add(scim.app, directory, identifier, administrator, draft)
    assert (
        await scim.call("GET", "/Users", filter='userName eq "zq@contoso.example"')
    ).status == 200
    await scim.app.background.drain()
    assert (await scim.call("DELETE", f"/Users/{identifier}")).status == 204
    await scim.app.background.drain()
    return identifier


async def test_nothing_of_a_deleted_person_is_left(
    scim: ScimClient, app: App, clock: FixedClock, tmp_path: Path
) -> None:
    """Until a day after the deletion the provisioning log names the user; after it, no row of any
    table does.
    """
    assert found_in(tmp_path / "test.db") == []
    identifier = await lived(scim)
    clock.advance(DAY - 1)
    await maintenance.tidy(app, scim.directory_id)
    log = await provisioning_log.read(app, scim.directory_id, limit=200)
    assert any(line.event.name == "zq.new@contoso.example" for line in log.lines)
    clock.advance(DAY)
    await maintenance.tidy(app, scim.directory_id)
    assert found_in(tmp_path / "test.db") == []
    erased = await provisioning_log.read(app, scim.directory_id, limit=200)
    assert len(erased.lines) >= 8
    kinds = {line.event.kind for line in erased.lines if line.event.resource_id == identifier}
    assert {"user.created", "user.changed", "user.deleted"} <= kinds
    assert any(line.event.name == "other@contoso.example" for line in erased.lines)


@pytest.mark.parametrize(
    "name",
    [
        "zoltan.o'quixley@contoso.example",
        "Zoltan Quixley",
        "Quixley, Zoltan (ZQ)",
        'zoltan "zq" quixley',
        "contoso\\zoltan",
    ],
)
async def test_a_name_of_several_words_is_erased_from_the_events_of_others(
    scim: ScimClient, app: App, clock: FixedClock, tmp_path: Path, name: str
) -> None:
    """User names may contain spaces, quotes and brackets, and a client may send them in place of an id."""
    identifier = (await scim.post("/Users", {**PERSON, "userName": name})).id
    other = (await scim.user("other@contoso.example", externalId="emp-2")).id
    quoted = orjson.dumps(name).decode()
    assert await patched(scim, other, "userName", name) == 409
    for path in (f"emails[value eq {quoted}].value", f"bla {name}"):
        assert await patched(scim, other, path, 5) == 400
    assert await patched(scim, other, f"roles[value eq {quoted}].badge", "x") == 200
    operations: list[dict[str, Any]] = [
        {"method": "POST", "path": f"/Users/{name}", "bulkId": "a", "data": PERSON},
        {"method": name, "path": "/Users"},
        {"method": "PATCH", "path": f"/Users/{name}", "data": {"Operations": [{"op": "x"}]}},
    ]
    await scim.post("/Bulk", {"Operations": operations})
    await scim.app.background.drain()
    assert (await scim.call("DELETE", f"/Users/{identifier}")).status == 204
    clock.advance(2 * DAY)
    await maintenance.tidy(app, scim.directory_id)
    assert found_in(tmp_path / "test.db") == []


async def test_a_name_that_is_part_of_another_name_is_not_erased_there(
    scim: ScimClient, app: App, clock: FixedClock
) -> None:
    """The log of `zoltan.meyer@contoso.example` keeps its reasons after `zoltan` was erased."""
    identifier = (await scim.user("zoltan", externalId="7001")).id
    await scim.user("zoltan.meyer@contoso.example")
    other = (await scim.user("other@contoso.example")).id
    assert await patched(scim, other, "userName", "zoltan.meyer@contoso.example") == 409
    assert (await scim.call("DELETE", f"/Users/{identifier}")).status == 204
    clock.advance(2 * DAY)
    await maintenance.tidy(app, scim.directory_id)
    log = await provisioning_log.read(app, scim.directory_id, limit=200)
    (refused,) = [line.event for line in log.lines if line.event.is_refusal]
    assert "zoltan.meyer@contoso.example" in refused.detail


async def test_totals_are_the_same_after_an_erasure(
    scim: ScimClient, app: App, clock: FixedClock
) -> None:
    """The totals come from the keys of events; an erasure changes only values."""
    await lived(scim)
    before = await totals.read(app, scim.directory_id)
    clock.advance(2 * DAY)
    await maintenance.tidy(app, scim.directory_id)
    after = await totals.read(app, scim.directory_id)
    assert (after.users, after.groups) == (before.users, before.groups) == (1, 1)


async def test_a_person_who_was_created_again_keeps_the_new_events(
    scim: ScimClient, app: App, clock: FixedClock
) -> None:
    """A user that is created again has a new id; only the events of the old id are erased."""
    await lived(scim)
    again = (await created(scim)).id
    clock.advance(2 * DAY)
    await maintenance.tidy(app, scim.directory_id)
    log = await provisioning_log.read(app, scim.directory_id, limit=200)
    names = {line.event.name for line in log.lines if line.event.resource_id == again}
    assert names == {"zq@contoso.example"}


async def test_nothing_is_left_of_a_deleted_directory(
    scim: ScimClient, app: App, clock: FixedClock, tmp_path: Path
) -> None:
    """The audit log of its account stays, but contains no provisioned user."""
    await created(scim)
    await deletion.delete(app, operator_actor(ACCOUNT), scim.directory_id)
    clock.advance(3600)
    assert await deletion.run(app, math.inf) == 1
    rows = every_row(tmp_path / "test.db")
    assert found_in(tmp_path / "test.db") == []
    assert any(partition.endswith(ACCOUNT) for _, partition, _ in rows)


@pytest.mark.parametrize("transactions", range(7))
async def test_an_erasure_that_was_killed_is_completed_by_the_next_run(
    scim: ScimClient, app: App, clock: FixedClock, tmp_path: Path, transactions: int
) -> None:
    """This applies after each of its transactions."""
    await lived(scim)
    clock.advance(2 * DAY)
    dying = FailingTables(app.tables, transactions)
    try:
        await erasure.run(App(app.settings, clock, dying), scim.directory_id, math.inf)
    except StorageUnavailable:
        assert transactions < 6
    assert await erasure.run(app, scim.directory_id, math.inf)
    assert found_in(tmp_path / "test.db") == []


async def test_an_erasure_of_many_users_takes_several_passes(
    scim: ScimClient, app: App, clock: FixedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pass has a maximum number of deletions, and a deadline ends it between two pages."""
    monkeypatch.setattr(erasure, "MAX_DELETIONS", 2)
    for number in range(5):
        identifier = (await scim.user(f"zoltan{number}@contoso.example")).id
        assert (await scim.call("DELETE", f"/Users/{identifier}")).status == 204
    clock.advance(2 * DAY)
    assert not await erasure.run(app, scim.directory_id, clock.monotonic())
    assert await erasure.run(app, scim.directory_id, math.inf)
    assert found_in(tmp_path / "test.db") == []
    writes = app.tables
    assert isinstance(writes, CountingTables)
    writes.calls.clear()
    assert await erasure.run(app, scim.directory_id, math.inf)
    assert writes.calls == [("get", "contacts"), ("query", "contacts")]
