"""Notes of agents about a person: separate from SCIM data, searchable, audited, and erased with the
person.
"""

import asyncio
import base64
import re
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest

from contacts import agent_tidying, notes
from contacts.notes import Draft
from directories import audit_log, store
from directories.audit import Actor, operator_actor
from directories.deletion import remove_now
from local.check import check
from local.counting_tables import CountingTables
from shared.app import App
from shared.http import Response
from tests.openapi.conftest import ACCOUNT, Deployed, deployed

__all__ = ["deployed"]
ANNA = "aaaaaaaa-0000-4000-8000-000000000001"
BEN = "bbbbbbbb-0000-4000-8000-000000000002"
TEXT = "Transfer only after 10"


def agent(object_id: str, role: str = "Directory.Reader") -> str:
    """Return the header that App Service Authentication sets for this user."""
    name = {ANNA: "Anna Agent", BEN: "Ben Agent"}[object_id]
    found = {"tid": ACCOUNT, "oid": object_id, "name": name, "roles": role}
    claims = [{"typ": kind, "val": value} for kind, value in found.items()]
    return base64.b64encode(orjson.dumps({"auth_typ": "aad", "claims": claims})).decode()


class Desk:
    """A person with notes, and agents who write them."""

    def __init__(self, deployed: Deployed, person: str) -> None:
        self.deployed, self.person = deployed, person
        self.path = f"/api/directories/contoso/contacts/{person}/notes"

    async def call(
        self, method: str, path: str = "", body: Any = None, by: str = ANNA, **more: str
    ) -> Response:
        """Send a request as an agent and return the response."""
        self.deployed.app.clock.advance(0.01)  # type: ignore[attr-defined]
        role = more.pop("role", "Directory.Reader")
        headers = {name.replace("_", "-"): value for name, value in more.items()}
        sent = b"" if body is None else orjson.dumps(body)
        return await self.deployed.call(
            method, path or self.path, sent, **{"x-ms-client-principal": agent(by, role)}, **headers
        )

    async def add(self, text: str = TEXT, by: str = ANNA, **more: str) -> dict[str, Any]:
        """Add a note and return it."""
        answer = await self.call("POST", body={"text": text, **more}, by=by)
        assert answer.status == 201, answer.body
        found: dict[str, Any] = orjson.loads(answer.body)
        return found

    async def texts(self) -> list[str]:
        """Return the texts of the person's notes."""
        answer = await self.call("GET")
        return [one["text"] for one in orjson.loads(answer.body)["notes"]]

    async def form(self, by: str = ANNA, **fields: str) -> Response:
        """Send the form for notes as the page does, and return the response."""
        key = f"contoso.{self.person}"
        headers = {
            "x-ms-client-principal": agent(by),
            "hx-request": "true",
            "sec-fetch-site": "same-origin",
        }
        return await self.deployed.call(
            "POST",
            "/contacts/notes",
            urlencode({"key": key, **fields}).encode(),
            "application/x-www-form-urlencoded",
            **headers,
        )


async def hired(deployed: Deployed, name: str = "Dora Desk") -> Desk:
    """Create a person and return the desk for it."""
    body = {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": f"{name}@contoso.example",
        "displayName": name,
        "active": True,
    }
    deployed.app.clock.advance(0.01)  # type: ignore[attr-defined]
    person = await deployed.json("POST", "/scim/contoso/v2/Users", body)
    return Desk(deployed, person["id"])


async def test_a_note_has_an_author_and_an_expiry(deployed: Deployed) -> None:
    """It expires after 30 days, unless the author chooses another time within a year."""
    desk = await hired(deployed)
    note = await desk.add()
    assert (note["text"], note["author"], note["authorId"]) == (TEXT, "Anna Agent", ANNA)
    assert note["expires"].startswith("2026-01-31T00:00:00")
    later = await desk.add("On holiday", expires="2026-06-01T10:00:00+02:00")
    assert later["expires"] == "2026-06-01T08:00:00.000Z"
    assert await desk.texts() == [TEXT, "On holiday"]
    deployed.app.clock.advance(31 * 86_400)  # type: ignore[attr-defined]
    assert await desk.texts() == ["On holiday"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"text": ""}, "text"),
        ({"text": " \n "}, "text"),
        ({"text": "\u200b \u200d"}, "text"),
        ({"text": "\0\x07"}, "text"),
        ({"text": "x" * 301}, "text"),
        ({"text": 5}, "text"),
        ({}, "text"),
        ([], "text"),
        ({"text": "x", "expires": "tomorrow"}, "expires"),
        ({"text": "x", "expires": 5}, "expires"),
        ({"text": "x", "expires": "2025-12-31T00:00:00Z"}, "expires"),
        ({"text": "x", "expires": "2028-01-01T00:00:00Z"}, "expires"),
    ],
)
async def test_a_note_that_is_not_valid_is_refused(
    deployed: Deployed, body: Any, field: str
) -> None:
    """The error names the field, and nothing is stored."""
    desk = await hired(deployed)
    answer = await desk.call("POST", body=body)
    assert answer.status == 400
    assert orjson.loads(answer.body)["field"] == field
    assert await desk.texts() == []


async def test_a_note_has_no_character_that_is_not_seen(deployed: Deployed) -> None:
    """Control and format characters, such as one that turns the reading direction, are left out; joiners of words stay."""
    desk = await hired(deployed)
    note = await desk.add("Not\0 before\u202e 10\n\u0645\u06cc\u200c\u062e")
    assert note["text"] == "Not before 10 \u0645\u06cc\u200c\u062e"


async def test_a_person_has_at_most_ten_notes(deployed: Deployed) -> None:
    """Also if agents add notes concurrently. Expired notes don't count."""
    desk = await hired(deployed)
    answers = await asyncio.gather(*(desk.call("POST", body={"text": f"{n}"}) for n in range(14)))
    assert len(await desk.texts()) == sum(answer.status == 201 for answer in answers) <= 10
    while_full = 10 - len(await desk.texts())
    for n in range(while_full):
        await desk.add(f"more {n}")
    answer = await desk.call("POST", body={"text": "one too many"})
    assert (answer.status, orjson.loads(answer.body)["code"]) == (409, "notes_full")
    deployed.app.clock.advance(31 * 86_400)  # type: ignore[attr-defined]
    await desk.add("there is room again")
    assert await desk.texts() == ["there is room again"]


async def test_a_conflicting_change_of_a_note_is_refused(deployed: Deployed) -> None:
    """The API returns 412. The form shows the stored text and keeps the agent's own, so that
    nothing is lost.
    """
    desk = await hired(deployed)
    note = await desk.add()
    path, tag = f"{desk.path}/{note['id']}", f'"{note["version"]}"'
    changed = await desk.call("PUT", path, {"text": "After 11"}, role="Directory.Admin", by=BEN)
    assert changed.status == 200
    answer = await desk.call("PUT", path, {"text": "After 12"}, if_match=tag)
    assert (answer.status, orjson.loads(answer.body)["code"]) == (412, "note_changed")
    assert (await desk.call("DELETE", path, if_match=tag)).status == 412
    assert await desk.texts() == ["After 11"]
    again = await desk.add("Mine")
    await desk.call("PUT", f"{desk.path}/{again['id']}", {"text": "Newer"})
    fields = {"act": "change", "note": again["id"], "version": again["version"], "text": "Older"}
    shown = await desk.form(**fields)
    assert shown.status == 409
    assert "Anna Agent changed this note in the meantime" in shown.body.decode()
    assert re.search("<textarea[^>]*>Older</textarea>", shown.body.decode())
    version = re.findall('name="version" value="([^"]+)"', shown.body.decode())[-1]
    assert (await desk.form(**{**fields, "version": version})).status == 200
    assert await desk.texts() == ["After 11", "Older"]


async def test_only_the_author_and_administrators_change_a_note(deployed: Deployed) -> None:
    """Another agent sees no form, and the API refuses the change."""
    desk = await hired(deployed)
    path = f"{desk.path}/{(await desk.add())['id']}"
    for method, body in (("PUT", {"text": "x"}), ("DELETE", None)):
        answer = await desk.call(method, path, body, by=BEN)
        assert (answer.status, orjson.loads(answer.body)["code"]) == (403, "note_of_another")
    card = await desk.call(
        "GET", f"/contacts/person?id=contoso.{desk.person}", by=BEN, hx_request="true"
    )
    assert TEXT in card.body.decode()
    assert 'value="change"' not in card.body.decode()
    assert (await desk.call("DELETE", path, by=BEN, role="Directory.Admin")).status == 204
    assert await desk.texts() == []


async def test_notes_are_searched_by_their_words(deployed: Deployed) -> None:
    """By the API and on the page, by beginnings of words in any order; a removed note isn't
    found.
    """
    desk, other = await hired(deployed), await hired(deployed, "Otto Other")
    note = await desk.add()
    await other.add("Speaks Müllerdeutsch")

    async def found(text: str) -> list[str]:
        answer = await desk.call("GET", f"/api/contacts/noted?q={text}")
        return [one["displayName"] for one in orjson.loads(answer.body)["contacts"]]

    assert await found("trans+10") == ["Dora Desk"]
    assert await found("mullerd") == ["Otto Other"]
    assert await found("") == ["Dora Desk", "Otto Other"]
    assert await found("nothing") == []
    page = await desk.call("GET", "/contacts?noted=1&q=transfer")
    assert re.findall("<bdi>([^<]+)</bdi>", page.body.decode()) == ["Dora Desk"]
    first = orjson.loads((await desk.call("GET", "/api/contacts/noted?limit=1")).body)
    path = f"/api/contacts/noted?limit=1&cursor={first['nextCursor']}"
    second = orjson.loads((await desk.call("GET", path)).body)
    assert second["contacts"][0]["displayName"] == "Otto Other"
    await desk.call("DELETE", f"{desk.path}/{note['id']}")
    assert await found("trans") == []


async def test_each_change_is_audited_with_the_note(deployed: Deployed) -> None:
    """Events of adding, changing and removing have the user and the note's id, never its text."""
    desk = await hired(deployed)
    note = await desk.add()
    await desk.call("PUT", f"{desk.path}/{note['id']}", {"text": "x"})
    await desk.call("DELETE", f"{desk.path}/{note['id']}")
    log = audit_log.of_account(ACCOUNT)
    events = (await audit_log.read(deployed.app, log, limit=3)).events
    assert [one.act.code for one in events] == ["note.removed", "note.changed", "note.added"]
    assert {(one.actor.id, one.actor.name, one.act.target) for one in events} == {
        (ANNA, "Anna Agent", note["id"])
    }
    assert TEXT not in repr(events)


async def test_an_audit_event_of_a_killed_instance_is_delivered_later(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One transaction stores it with the note; maintenance copies it to the logs."""
    desk = await hired(deployed)

    async def killed(*_: Any) -> None:
        """Copy no event."""

    with monkeypatch.context() as patched:
        patched.setattr("directories.audit_relay.relay", killed)
        await desk.add()
    log = audit_log.of_account(ACCOUNT)
    newest = (await audit_log.read(deployed.app, log, limit=1)).events
    assert [one.act.code for one in newest] != ["note.added"]
    await agent_tidying.tidy(deployed.app, "contoso")
    newest = (await audit_log.read(deployed.app, log, limit=1)).events
    assert [one.act.code for one in newest] == ["note.added"]


async def _keys(app: App) -> list[str]:
    """Return the keys of the rows of notes."""
    rows = await app.tables.query("contacts", "contoso", "", "\ufffd", keys_only=True)
    return [row.key for row in rows if "|note|" in row.key or row.key.startswith("noted|")]


async def test_notes_are_erased_with_the_person(deployed: Deployed) -> None:
    """The transaction of the SCIM DELETE removes them, without a further round trip."""
    desk = await hired(deployed)
    await desk.add()
    await desk.add("Another")
    assert len(await _keys(deployed.app)) == 3
    deleted = await deployed.call("DELETE", f"/scim/contoso/v2/Users/{desk.person}")
    assert deleted.status == 204
    assert await _keys(deployed.app) == []
    assert (await desk.call("POST", body={"text": "too late"})).status == 404


async def test_expired_notes_are_removed_by_maintenance(deployed: Deployed) -> None:
    """Their text doesn't stay in storage."""
    desk = await hired(deployed)
    await desk.add()
    deployed.app.clock.advance(31 * 86_400)  # type: ignore[attr-defined]
    await agent_tidying.tidy(deployed.app, "contoso")
    assert await _keys(deployed.app) == []


async def test_notes_do_not_change_scim_responses(deployed: Deployed) -> None:
    """The resource, its ETag, groups and pages stay, and `check` finds no fault in the rows."""
    desk = await hired(deployed)
    body = {"displayName": "Everyone", "members": [{"value": desk.person}]}
    group = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], **body}
    await deployed.json("POST", "/scim/contoso/v2/Groups", group)
    path = f"/scim/contoso/v2/Users/{desk.person}"
    before = await deployed.json("GET", path)
    await desk.add()
    assert await deployed.json("GET", path) == before
    listed = await deployed.json("GET", "/scim/contoso/v2/Users")
    assert listed["Resources"] == [before]
    changes = {"Operations": [{"op": "replace", "path": "title", "value": "Head"}]}
    schema = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]}
    await deployed.json("PATCH", path, schema | changes)
    assert await desk.texts() == [TEXT]
    directory = await store.get(deployed.app.tables, "contoso")
    assert directory
    assert (await check(deployed.app, directory)).faults == []


async def test_a_concurrent_note_and_scim_change_are_both_kept(deployed: Deployed) -> None:
    """The one that is stored second reads the record again."""
    desk = await hired(deployed)
    path = f"/scim/contoso/v2/Users/{desk.person}"

    async def patch(n: int) -> None:
        change = {"op": "replace", "path": "title", "value": f"Title {n}"}
        schema = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
        await deployed.json("PATCH", path, {"schemas": [schema], "Operations": [change]})

    await asyncio.gather(*(patch(n) for n in range(3)), *(desk.add(f"{n}") for n in range(3)))
    assert sorted(await desk.texts()) == ["0", "1", "2"]


async def test_a_note_costs_one_read_and_one_transaction(
    tables: CountingTables, deployed: Deployed
) -> None:
    """A contact's notes are read together with the person."""
    desk = await hired(deployed)
    directory = await store.get(deployed.app.tables, "contoso")
    assert directory
    counting = CountingTables(deployed.app.tables)
    app = App(deployed.app.settings, deployed.app.clock, counting)
    actor = Actor(account=ACCOUNT, kind="person", id=ANNA, name="Anna Agent")
    with counting.measured() as calls:
        await notes.add(app, directory, desk.person, actor, Draft(TEXT))
    own = [call[0] for call in calls if call[1] == "contacts"]
    # The last one removes the event from the outbox once it is in the logs.
    assert own == ["query", "transact", "transact"]


async def test_notes_are_removed_with_the_directory(deployed: Deployed) -> None:
    """They are rows of its partition."""
    desk = await hired(deployed)
    await desk.add()
    deadline = deployed.app.clock.monotonic() + 60
    assert await remove_now(deployed.app, operator_actor(ACCOUNT), "contoso", deadline)
    assert await _keys(deployed.app) == []
