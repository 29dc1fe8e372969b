"""The request inspector records requests without values, for an hour, on all instances, up to a
limit.
"""

from datetime import timedelta
from typing import Any

import orjson
import pytest

from directories import audit, inspector
from scim import redaction
from shared.app import App
from shared.http import Response
from shared.tables.port import query_all
from shared.tables.schema.base import DIRECTORIES
from shared.tables.schema.directories import AUDIT, INSPECTED
from tests.clock import FixedClock
from tests.openapi.conftest import Deployed, host_of

ONE = "/api/directories/contoso"
SECRETS = ("Zoë", "Müller", "zoe@example.com", "7946", "a21f0f", "Sales")
USER = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
    "userName": "zoe@example.com",
    "externalId": "a21f0f2-8d2a",
    "displayName": "Zoë Müller",
    "active": True,
    "emails": [{"type": "work", "value": "zoe@example.com"}],
    "phoneNumbers": [{"type": "work", "value": "+44 20 7946 0018"}],
}


async def _scim(deployed: Deployed, method: str, path: str, body: Any = None) -> Response:
    raw = b"" if body is None else orjson.dumps(body)
    assert isinstance(deployed.app.clock, FixedClock)
    deployed.app.clock.advance(1)
    agent = {"user-agent": "Okta SCIM Client 1.0.0"}
    address = f"/scim/contoso/v2{path}"
    answer = await deployed.call(method, address, raw, "application/scim+json", **agent)
    await deployed.app.background.drain()
    return answer


async def _seen(deployed: Deployed) -> list[dict[str, Any]]:
    await deployed.app.background.drain()
    found: list[dict[str, Any]] = (await deployed.json("GET", f"{ONE}/inspector"))["requests"]
    return found


async def test_requests_are_recorded_without_values(deployed: Deployed) -> None:
    """Method, attributes, operators, status and scimType; no name, number, address or id of a
    person.
    """
    await deployed.json("PUT", f"{ONE}/inspector")
    made = await _scim(deployed, "POST", "/Users", USER)
    identifier = orjson.loads(made.body)["id"]
    await _scim(deployed, "GET", "/Users?filter=userName%20eq%20%22zoe@example.com%22&count=1")
    patch = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [
            {"op": "Replace", "path": 'emails[value eq "zoe@example.com"].value', "value": "Zoë"},
            {
                "op": "add",
                "value": {"title": "Sales", 'phoneNumbers[type eq "work"].value': "7946"},
            },
        ],
    }
    await _scim(deployed, "PATCH", f"/Users/{identifier}", patch)
    await _scim(deployed, "POST", "/Users", {"displayName": "Zoë Müller"})
    refused, patched, listed, created = await _seen(deployed)
    text = orjson.dumps([refused, patched, listed, created]).decode()
    assert [secret for secret in (*SECRETS, identifier) if secret in text] == []
    assert (created["method"], created["path"], created["status"]) == ("POST", "/Users", 201)
    assert '"userName": "(text, 15)"' in created["body"]
    assert '"active": true' in created["body"]
    assert created["client"] == "Okta SCIM Client 1.0.0"
    assert set(listed["query"].split(" & ")) == {'filter=userName eq "…"', "count=1"}
    assert patched["path"] == "/Users/{id}"
    assert '"emails[value eq \\"…\\"].value"' in patched["body"]
    assert '"phoneNumbers[type eq \\"work\\"].value": "(text, 4)"' in patched["body"]
    assert (refused["status"], refused["scimType"]) == (400, "invalidValue")
    rows = await query_all(deployed.app.tables, DIRECTORIES, "contoso", *INSPECTED.all())
    assert all(secret.encode() not in row.value for row in rows for secret in SECRETS)


async def test_the_inspector_is_off_by_default_and_ends_after_an_hour(deployed: Deployed) -> None:
    """The recorded requests are deleted a day later."""
    await _scim(deployed, "GET", "/Users")
    assert await _seen(deployed) == []
    assert (await deployed.json("PUT", f"{ONE}/inspector"))["until"] is not None
    await _scim(deployed, "GET", "/Users")
    clock = deployed.app.clock
    assert isinstance(clock, FixedClock)
    clock.advance(3600)
    await _scim(deployed, "GET", "/Groups")
    assert [one["path"] for one in await _seen(deployed)] == ["/Users"]
    assert (await deployed.json("GET", f"{ONE}/inspector"))["until"] is None
    await inspector.tidy(deployed.app, "contoso")
    assert len(await _seen(deployed)) == 1
    clock.advance(timedelta(days=1, seconds=1).total_seconds())
    await inspector.tidy(deployed.app, "contoso")
    assert await _seen(deployed) == []


async def test_the_audit_log_has_who_started_and_stopped_the_inspector(deployed: Deployed) -> None:
    """One event each."""
    await deployed.json("PUT", f"{ONE}/inspector")
    assert isinstance(deployed.app.clock, FixedClock)
    deployed.app.clock.advance(1)
    await deployed.json("DELETE", f"{ONE}/inspector")
    rows = await query_all(deployed.app.tables, DIRECTORIES, "contoso", *AUDIT.all())
    acts = [audit.decode(row.key, row.value).act for row in rows]
    switched = [act for act in acts if act.code.startswith("inspector.")]
    assert [act.code for act in switched] == ["inspector.stopped", "inspector.started"]
    assert switched[0].old == switched[1].new


async def test_the_recording_is_bounded_over_several_instances(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each instance checks how many rows exist; a new recording starts without rows."""
    monkeypatch.setattr(inspector, "MAX_REQUESTS", 6)
    monkeypatch.setattr(inspector, "_AT_ONCE", 2)
    await deployed.json("PUT", f"{ONE}/inspector")
    settings = deployed.app.settings
    second = App(settings, deployed.app.clock, deployed.app.tables)
    other = Deployed(host_of(second), second)
    for _ in range(8):
        for instance in (deployed, other):
            await _scim(instance, "GET", "/Users?count=1")
            await instance.app.background.drain()
    assert 6 <= len(await _seen(deployed)) <= 6 + 2
    await deployed.json("PUT", f"{ONE}/inspector")
    assert await _seen(deployed) == []
    await other.host.stop()


async def test_without_the_inspector_a_request_costs_nothing_more(deployed: Deployed) -> None:
    """No further round trip. While it records, the response is the same."""
    before = (await _scim(deployed, "GET", "/Users")).body
    await deployed.json("PUT", f"{ONE}/inspector")
    assert (await _scim(deployed, "GET", "/Users")).body == before


async def test_the_page_shows_the_recorded_requests(deployed: Deployed) -> None:
    """The form starts it, and the page shows when it ends."""
    page, form = "/directories/contoso/inspector", "application/x-www-form-urlencoded"
    assert b"Record for one hour" in (await deployed.call("GET", page)).body
    assert (await deployed.call("POST", page, b"on=1", form)).status == 303
    shown = (await deployed.call("GET", page)).body.decode()
    assert "Recording until" in shown
    assert "Waiting for a request" in shown
    await _scim(deployed, "POST", "/Users", USER)
    await deployed.app.background.drain()
    shown = (await deployed.call("GET", page)).body.decode()
    assert "<b>POST</b> <code>/Users</code>" in shown
    assert "Müller" not in shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('userName eq "anna"', 'userName eq "…"'),
        ("externalId eq 12345 and active eq true", "externalId eq … and active eq true"),
        ('emails[type eq "work" and value co "@x"]', 'emails[type eq "work" and value co "…"]'),
        ('userName eq "anna müller', 'userName eq "…"'),
        ("active", "active"),
        ('a eq "x\\"secret\\" b"', "…"),
        ("Zoë Müller", "…"),
        ("userName EQ anna)secret", "…"),
        ("userName eq anna miller", "…"),
        ("not (title pr) or (nickName sw anna)", "not (title pr) or (nickName sw …)"),
        ("Anna Miller", "…"),
        ("urn:x:2.0:User:manager.value", "urn:x:2.0:User:manager.value"),
    ],
)
def test_literals_of_an_expression_are_replaced(text: str, shown: str) -> None:
    """Quoted or not, closed or not. Text that can't be parsed is replaced as a whole."""
    assert redaction.expression(text) == shown


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b"", ""),
        (b"{", "(no JSON)"),
        (b" " * (redaction.MAX_BODY + 1), "(65537 bytes)"),
        (
            b'["a","b","c","d","e"]',
            '[\n  "(text, 1)",\n  "(text, 1)",\n  "(text, 1)",\n  "(2 more)"\n]',
        ),
        (b'{"op":"anna","type":"anna","schemas":["anna"]}', None),
    ],
)
def test_any_body_is_recorded_in_a_bounded_form(body: bytes, shown: str | None) -> None:
    """Also if it isn't JSON, is too large, or has values in a text that SCIM defines."""
    found = redaction.shape_of(body)
    assert "anna" not in found
    assert len(found) <= 2001
    if shown is not None:
        assert found == shown
    nested = b'{"a":' * 200 + b"1" + b"}" * 200
    assert len(redaction.shape_of(nested)) <= 2001
