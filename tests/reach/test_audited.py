"""Every route that changes something stores an audit event: the tests send a request to each of
them.
"""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest

from directories import audit_log
from directories.audit_acts import SETTINGS
from directories.audit_codes import ACT_CODES
from shared.http import Response
from tests.audited_rows import watched
from tests.openapi.conftest import ACCOUNT, Deployed, signed_in
from tests.openapi.test_description import METHODS
from web.routes import _NEW, _OF_DIRECTORY
from web.text_families import AUDIT_FIELDS

GUID = "99999999-9999-4999-8999-999999999999"
ADDRESS = "203.0.113.7"
ONE = "/api/directories/{directoryId}"
TRUST = {"tenantId": GUID, "subject": GUID, "audiences": ["api://x"]}


@dataclass(frozen=True, slots=True)
class Act:
    """A route with the body of a change, and the codes of the events that it must store."""

    route: str
    codes: frozenset[str]
    body: dict[str, Any] | None = None


def act(route: str, *codes: str, **body: Any) -> Act:
    """Return an Act whose body has these fields."""
    return Act(route, frozenset(codes), body or None)


# In an order in which each of them finds something to change. The ID of a path,
# and `{secret}` or `{link}` in a body, is that of the newest one.
ACTS = (
    act("POST /api/directories", "directory.created", "token.issued", name="Second"),
    act(f"PATCH {ONE}", "directory.renamed", name="Contoso Ltd"),
    act(f"POST {ONE}/tokens", "token.issued"),
    act(f"DELETE {ONE}/tokens/{{credentialId}}", "token.revoked"),
    act(f"POST {ONE}/secrets", "secret.issued"),
    act(f"DELETE {ONE}/secrets/{{credentialId}}", "secret.revoked"),
    act(f"PUT {ONE}/trust", "trust.set", **TRUST),
    act(f"DELETE {ONE}/trust", "trust.removed"),
    act(f"POST {ONE}/links", "setup_link.created"),
    act(f"DELETE {ONE}/links/{{linkId}}", "setup_link.revoked"),
    act("POST links", "setup_link.created", purpose="sign-in"),
    act("POST revoke-link", "setup_link.revoked", id="{link}"),
    act(f"DELETE {ONE}", "directory.deleted"),
    act(f"POST {ONE}/restore", "directory.restored"),
    act("POST new", "directory.created", "token.issued", name="Third", kind="entra", region="GB"),
    act("POST setup", "directory.changed", name="Contoso Ltd", region="FR"),
    act("POST connect", "token.issued", overlap="24"),
    act("POST advance", "directory.changed", step="presence"),
    act("POST presence", "directory.changed", choice="off"),
    act("POST strict", "directory.changed", strict="1"),
    act("POST region", "directory.changed", region="DE"),
    act("POST readers", "directory.changed", who="some", roles="Contoso.Agent"),
    act("POST rename", "directory.renamed", name="Contoso"),
    act("POST issue", "secret.issued", kind="client_secret", overlap="0", lifetime="90"),
    act("POST revoke", "secret.revoked", kind="client_secret", id="{secret}"),
    act("POST trust", "trust.set", tenantId=GUID, subject=GUID, audiences="api://x"),
    act(f"PUT {ONE}/inspector", "inspector.started"),
    act(f"DELETE {ONE}/inspector", "inspector.stopped"),
    act("POST inspector", "inspector.started", on="1"),
    act("POST delete", "directory.deleted", name="Contoso"),
    act("POST restore", "directory.restored"),
)
# Acts that need Microsoft are played in tests/presence/test_audited.py, those of a link's user in tests/setup.
ELSEWHERE = {f"POST {ONE}/presence", "POST confirm", "POST consent", "POST gone", "POST remove"}
# Notes of agents are played in tests/contacts/test_notes.py.
_NOTES = f"{ONE}/contacts/{{contactId}}/notes"
ELSEWHERE |= {f"POST {_NOTES}", f"PUT {_NOTES}/{{noteId}}", f"DELETE {_NOTES}/{{noteId}}"}
# POST, but nothing is stored: texts are looked up, a mapping is tried.
READ_ONLY = {
    "POST /api/contacts/lookup",
    "POST /api/contacts/pop",
    f"POST {ONE}/dry-run",
    "POST dry-run",
}


def changing_routes(description: dict[str, Any]) -> Iterator[str]:
    """Yield every API method and path that isn't safe (RFC 9110 section 9.2.1), and every form of a
    page.
    """
    for path, item in description["paths"].items():
        if not path.startswith("/scim"):
            yield from (f"{m.upper()} {path}" for m in METHODS if m != "get" and m in item)
    yield from (f"{method} new" for method in _NEW if method != "GET")
    for page, methods in _OF_DIRECTORY.items():
        yield from (f"{method} {page}" for method in methods if method != "GET")


def test_every_changing_route_is_listed(description: dict[str, Any]) -> None:
    """A new route needs its audit event, or the reason why it has none."""
    played = {each.route for each in ACTS} | ELSEWHERE | READ_ONLY
    assert set(changing_routes(description)) == played


async def _newest(deployed: Deployed, sort: str) -> str:
    listed = await deployed.json("GET", f"/api/directories/contoso/{sort}s")
    found = listed[f"{sort}s"]
    return str(found[0 if sort == "link" else -1]["id"])


async def play(deployed: Deployed, each: Act) -> Response:
    """Send the request of an Act as its administrator, and return the response."""
    method, _, path = each.route.partition(" ")
    body = dict(each.body or {})
    if "{credentialId}" in path or "{linkId}" in path or body.get("id"):
        sort = next(name for name in ("link", "token", "secret") if name in f"{path}{body}")
        identifier = await _newest(deployed, sort)
        path = path.replace("{credentialId}", identifier).replace("{linkId}", identifier)
        body = {name: identifier if name == "id" else value for name, value in body.items()}
    headers = {
        "x-ms-client-principal": signed_in("Directory.Admin"),
        "x-forwarded-for": f"198.51.100.1, {ADDRESS}:50123",
    }
    if path.startswith("/"):
        path = path.replace("{directoryId}", "contoso")
        sent = orjson.dumps(body) if body else b""
        return await deployed.call(method, path, sent, **headers)
    page = "/directories/new" if path == "new" else f"/directories/contoso/{path}"
    form = "application/x-www-form-urlencoded"
    return await deployed.call(method, page, urlencode(body).encode(), form, **headers)


async def test_every_change_stores_its_audit_event(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its code, its actor and the client address that the platform saw.

    The event is in the transaction of the change, so that neither exists without the other.
    """
    log = audit_log.of_account(ACCOUNT)
    seen = {event.id for event in (await audit_log.read(deployed.app, log, limit=200)).events}
    for each in ACTS:
        deployed.app.clock.advance(1)  # type: ignore[attr-defined]
        with watched(deployed.app.tables, monkeypatch) as stored_with_act:
            answer = await play(deployed, each)
        assert answer.status < 400, (each.route, answer.body)
        assert each.codes <= set(stored_with_act), each.route
        events = (await audit_log.read(deployed.app, log, limit=200)).events
        fresh = [event for event in events if event.id not in seen]
        assert each.codes <= {event.act.code for event in fresh}, each.route
        assert {event.actor.kind for event in fresh} == {"person"}, each.route
        assert {event.actor.address for event in fresh} == {ADDRESS}, each.route
        fields = {name for event in fresh for name in (*event.act.old, *event.act.new)}
        assert fields <= set(AUDIT_FIELDS), each.route
        seen |= {event.id for event in fresh}


EXPORTS = (
    ("/api/directories/contoso/export", "people.exported"),
    ("/api/directories/contoso/audit?format=csv", "audit.exported"),
    ("/api/directories/contoso/events?format=csv", "log.exported"),
    ("/api/directories/contoso/numbers?format=csv", "people.exported"),
    ("/api/audit?format=csv", "audit.exported"),
)


def test_every_export_is_listed(description: dict[str, Any]) -> None:
    """A GET that returns a file exports data, so it needs an audit event."""
    played = {path.partition("?")[0].replace("contoso", "{directoryId}") for path, _ in EXPORTS}
    files = {
        path
        for path, item in description["paths"].items()
        if {"text/csv", "text/vcard"} & set(_media_types(item.get("get", {})))
    }
    assert files == played


def _media_types(operation: dict[str, Any]) -> list[str]:
    return list(operation.get("responses", {}).get("200", {}).get("content", {}))


@pytest.mark.parametrize(("path", "code"), EXPORTS)
async def test_an_export_has_an_audit_event(deployed: Deployed, path: str, code: str) -> None:
    """It is stored before the response is sent."""
    deployed.app.clock.advance(1)  # type: ignore[attr-defined]
    assert (await deployed.call("GET", path)).status == 200
    (newest,) = (await audit_log.read(deployed.app, audit_log.of_account(ACCOUNT), limit=1)).events
    assert newest.act.code == code
    assert code in ACT_CODES


async def test_the_api_lists_events_by_page_and_filter(deployed: Deployed) -> None:
    """Newest first by cursor; filtered by action, actor, directory and time. A wrong value is
    named.
    """
    await deployed.json("PATCH", "/api/directories/contoso", {"name": "Contoso Ltd"})
    deployed.app.clock.advance(86_400)  # type: ignore[attr-defined]
    await deployed.json("PATCH", "/api/directories/contoso", {"strictNumbers": True})
    first = await deployed.json("GET", "/api/audit?limit=1")
    assert first["events"][0]["new"] == {"strictNumbers": True}
    rest = await deployed.json("GET", f"/api/audit?cursor={first['nextCursor']}")
    assert len(rest["events"]) == 3
    assert "nextCursor" not in rest
    for query, count in (
        ("act=credentials", 1),
        ("act=directory.renamed", 1),
        ("actor=PYTHON", 2),
        ("actor=nobody", 0),
        ("directory=contoso", 4),
        ("directory=other", 0),
        ("since=2026-01-02", 1),
        ("until=2026-01-02", 3),
        ("since=2026-01-01T12:00:00%2B02:00&until=2026-01-01T23:59:59Z", 0),
    ):
        found = await deployed.json("GET", f"/api/audit?{query}")
        assert len(found["events"]) == count, query
    for query in ("act=x", "since=soon", "until=9999-99-99", "cursor=x", "limit=0", "format=xml"):
        answer = await deployed.call("GET", f"/api/directories/contoso/audit?{query}")
        assert answer.status == 400, query
        assert orjson.loads(answer.body)["field"] == query.partition("=")[0]


async def test_the_csv_contains_no_formula(deployed: Deployed) -> None:
    """OWASP, "CSV Injection": a directory's name that looks like a formula stays text."""
    await deployed.json("PATCH", "/api/directories/contoso", {"name": '=HYPERLINK("x")'})
    answer = await deployed.call("GET", "/api/audit?format=csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert b'"=HYPERLINK' not in answer.body
    assert b"\"'=HYPERLINK" in answer.body


async def test_pages_show_events_in_the_users_language(deployed: Deployed) -> None:
    """The directory's tab and the account's page, in English and German, filtered too."""
    await deployed.json("PATCH", "/api/directories/contoso", {"name": "<b>Contoso</b>"})
    for path in ("/directories/contoso/audit", "/audit", "/audit?actor=nobody&since=x"):
        for language, words in (("en", "Directory renamed"), ("de", "Verzeichnis umbenannt")):
            answer = await deployed.call("GET", path, b"", **{"accept-language": language})
            assert answer.status == 200
            assert (words.encode() in answer.body) == ("?" not in path), path
            assert b"<b>Contoso</b>" not in answer.body


async def test_another_account_sees_no_events(deployed: Deployed) -> None:
    """The log belongs to the account of the signed-in user."""
    claims = [{"typ": "tid", "val": GUID}, {"typ": "roles", "val": "Directory.Admin"}]
    header = base64.b64encode(orjson.dumps({"claims": claims})).decode()
    answer = await deployed.call("GET", "/api/audit", b"", **{"x-ms-client-principal": header})
    assert orjson.loads(answer.body) == {"events": []}


def test_every_setting_has_a_label_in_the_log() -> None:
    """A new setting of a directory is shown by its label in each language, not by its field's
    name.
    """
    assert set(SETTINGS) <= set(AUDIT_FIELDS)


async def test_the_inspectors_events_are_shown_with_labels(deployed: Deployed) -> None:
    """They aren't shown as changed settings of the directory; the values of readers have labels
    too.
    """
    await deployed.call("PUT", "/api/directories/contoso/inspector")
    await deployed.json("PATCH", "/api/directories/contoso", {"readers": {"roles": ["Agent.A"]}})
    for language, words in (
        ("en", ("Request inspector switched on", "Requests recorded until", "App roles: Agent.A")),
        ("de", ("Anfragen-Inspektor eingeschaltet", "Anfragen aufgezeichnet bis", "App-Rollen:")),
    ):
        answer = await deployed.call("GET", "/audit", b"", **{"accept-language": language})
        assert all(one in answer.body.decode() for one in words)
    found = await deployed.json("GET", "/api/audit?act=inspector.started")
    assert set(found["events"][0]["new"]) == {"inspectUntil"}
