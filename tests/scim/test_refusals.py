"""Refused requests in the provisioning log: which user they concerned, once per user."""

import asyncio

import pytest

from directories import rejection_log
from directories.event_types import KINDS
from directories.events import marks
from directories.provisioning_log import EventFilter, Line, read
from shared.tables import port
from tests.scim.client import ScimClient


async def lines(scim: ScimClient) -> list[Line]:
    """Return the refusals in the provisioning log, newest first."""
    return (
        await read(scim.app, scim.directory_id, wanted=EventFilter(kinds=KINDS["refused"]))
    ).lines


async def test_a_refused_person_is_named(scim: ScimClient) -> None:
    """The log names the person, the fault and the status, though nothing was stored."""
    await scim.user("anna@example.com")
    await scim.user("anna@example.com", externalId="other")
    (line,) = await lines(scim)
    event = line.event
    assert (event.resource_type, event.name, event.external_id) == (
        "User",
        "anna@example.com",
        "other",
    )
    assert (event.method, event.status, event.scim_type) == ("POST", 409, "uniqueness")


async def test_a_refused_change_names_the_resource(scim: ScimClient) -> None:
    """A PATCH identifies its user only by id, so the log has the id."""
    user = (await scim.user()).id
    await scim.patch(f"/Users/{user}", {"op": "remove"})
    (line,) = await lines(scim)
    assert (line.event.resource_id, line.event.status, line.event.scim_type) == (
        user,
        400,
        "noTarget",
    )


async def test_a_persons_repeated_failures_are_one_line(scim: ScimClient) -> None:
    """Retries for one user become one line, whatever other requests fail in between."""
    await scim.user("anna@example.com")
    await scim.user("bob@example.com")
    for _ in range(3):
        scim.app.clock.advance(3600)  # type: ignore[attr-defined]
        await scim.user("anna@example.com")
        scim.app.clock.advance(1)  # type: ignore[attr-defined]
        await scim.user("bob@example.com")
    assert [(line.event.name, line.count) for line in await lines(scim)] == [
        ("bob@example.com", 3),
        ("anna@example.com", 3),
    ]


async def test_refused_bulk_operations_are_logged(scim: ScimClient) -> None:
    """Each refused operation is a line with its own user."""
    schemas = ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"]
    broken = {"userName": "carl@example.com", "emails": "none"}
    operations = [{"method": "POST", "path": "/Users", "bulkId": "1", "data": broken}]
    await scim.post("/Bulk", {"schemas": schemas, "Operations": operations})
    assert [(line.event.resource_type, line.event.name) for line in await lines(scim)] == [
        ("User", "carl@example.com")
    ]


async def test_a_body_that_cannot_be_parsed_is_logged_without_a_user(scim: ScimClient) -> None:
    """The line still has the cause."""
    await scim.call("POST", "/Users", b"{")
    (line,) = await lines(scim)
    assert (line.event.name, line.event.status, line.event.resource_type) == ("", 400, "User")


async def test_a_search_that_finds_nothing_is_no_refusal(scim: ScimClient) -> None:
    """Entra searches for users before it creates them; only a wrong path is logged."""
    await scim.get("/Users/unknown")
    assert await lines(scim) == []
    await scim.get("/User")
    assert [line.event.status for line in await lines(scim)] == [404]


async def test_a_write_that_no_transaction_can_hold_is_logged(
    scim: ScimClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the storage detects it, but the line has the user and the reason's code as usual.

    The storage's limit is lowered here, because those of users and groups are stricter.
    """
    monkeypatch.setattr(port, "MAX_OPERATIONS", 3)
    answer = await scim.user("anna@example.com")
    assert answer.status == 413
    (line,) = await lines(scim)
    assert (line.event.name, line.event.status) == ("anna@example.com", 413)
    assert line.event.said is not None
    assert line.event.said["code"] == "too_large_to_store"


@pytest.mark.parametrize("is_closed", [True, False])
async def test_refusals_that_wait_are_stored_without_a_further_one(
    scim: ScimClient, monkeypatch: pytest.MonkeyPatch, is_closed: bool
) -> None:
    """After the window, or when the instance closes; the quarantine warning counts all of them."""
    monkeypatch.setattr(rejection_log, "WINDOW_SECONDS", 0.05)
    for _ in range(9):
        await scim.post("/Users", {"userName": ""})
    if is_closed:
        await rejection_log.store_held_back(scim.app)
    else:
        await asyncio.sleep(0.1)
        await scim.app.background.drain()
    rows = await scim.app.tables.query("contacts", scim.directory_id, "event|", "event|\ufffd")
    assert sum(marks(row.key).refused for row in rows) == 9
