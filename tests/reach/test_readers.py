"""Limiting a directory to agents with an app role or in an Entra group, at every address that shows
people.
"""

import base64
from typing import Any
from urllib.parse import quote

import orjson
import pytest

from directories import audit
from shared.http import Request, Response
from shared.tables.port import query_all
from shared.tables.schema.base import DIRECTORIES
from shared.tables.schema.directories import AUDIT
from tests.openapi.conftest import ACCOUNT, ADDRESS, Deployed

GROUP = "0b3d4f6a-2c1e-4b7a-8f9d-5e6a7b8c9d0e"
OBJECT_ID = "10a21f0f-8d2a-4f8e-bf98-7363c4aed4ef"
NUMBER = "+442079460958"
READER = ("roles", "Directory.Reader")
OVERAGE = ("_claim_names", '{"groups":"src1"}')
ONE = "/api/directories/contoso"


async def _ask(
    deployed: Deployed, claims: list[tuple[str, str]], method: str, path: str, body: Any = None
) -> Response:
    """Send a request as an agent with these claims; a body of bytes is a form."""
    own = [("tid", ACCOUNT), READER, *claims]
    principal = {"claims": [{"typ": kind, "val": value} for kind, value in own]}
    is_form = isinstance(body, bytes)
    raw = body if is_form else b"" if body is None else orjson.dumps(body)
    headers = {
        "x-ms-client-principal": base64.b64encode(orjson.dumps(principal)).decode(),
        "content-type": "application/x-www-form-urlencoded" if is_form else "application/json",
        "content-length": str(len(raw)),
    }
    if path.startswith(
        ("/contacts/list", "/contacts/person", "/contacts/presence", "/contacts/companies")
    ):
        headers["hx-request"] = "true"
    return await deployed.host.call(Request(method, ADDRESS + path, headers, raw))


async def _limited(deployed: Deployed, **readers: list[str]) -> str:
    """Limit the directory, create a person and a group in it, and return the person's id."""
    person = {
        "userName": "anna@contoso.example",
        "displayName": "Anna Arnold",
        "externalId": OBJECT_ID,
        "phoneNumbers": [{"type": "work", "value": NUMBER}],
    }
    made = await deployed.json("POST", "/scim/contoso/v2/Users", person)
    await deployed.json("POST", "/scim/contoso/v2/Groups", {"displayName": "Sales"})
    await deployed.json("PATCH", ONE, {"readers": readers})
    return str(made["id"])


def _reads(person_id: str) -> list[tuple[str, str, Any]]:
    """Return every request by which an agent reads people."""
    key = f"contoso.{person_id}"
    polled = quote(f"{key}~{OBJECT_ID}~x")
    return [
        ("GET", "/api/contacts", None),
        ("GET", "/api/contacts?q=anna", None),
        ("GET", "/api/contacts?q=contoso", None),
        ("POST", "/api/contacts/lookup", {"numbers": [NUMBER]}),
        ("POST", "/api/contacts/lookup", {"numbers": [NUMBER], "directories": ["contoso"]}),
        ("POST", "/api/contacts/pop", {"number": NUMBER}),
        ("GET", "/api/contacts?free=now", None),
        ("GET", "/api/contacts?company=contoso", None),
        ("GET", f"/contacts/pop?number={quote(NUMBER)}", None),
        ("GET", f"{ONE}/contacts", None),
        ("GET", f"{ONE}/contacts/{person_id}", None),
        ("GET", f"{ONE}/contacts/{person_id}/team", None),
        ("GET", f"{ONE}/contacts/{person_id}/notes", None),
        ("POST", f"{ONE}/contacts/{person_id}/notes", {"text": "Sales secret"}),
        ("GET", "/api/contacts/noted?q=arnold", None),
        ("GET", f"{ONE}/groups", None),
        ("GET", f"{ONE}/numbers", None),
        ("GET", f"{ONE}/export", None),
        ("GET", "/contacts", None),
        ("GET", "/contacts?directory=contoso", None),
        ("GET", "/contacts?favourites=1", None),
        ("POST", "/contacts/list", f"favourites=1&ids={key}".encode()),
        ("GET", "/contacts/list?q=anna", None),
        ("GET", f"/contacts/person?id={key}", None),
        ("GET", f"/contacts?person={key}", None),
        ("GET", "/contacts/companies?company=con", None),
        ("GET", f"/contacts/team?id={key}", None),
        ("POST", "/contacts/notes", f"key={key}&act=add&text=Sales".encode()),
        ("POST", "/contacts/favourite", f"key={key}&on=1".encode()),
        ("POST", "/contacts/statuses", f"of={polled}".encode()),
        ("POST", "/contacts/history", f"numbers={quote(NUMBER)}".encode()),
        ("POST", "/contacts/presence", f"shown={polled}&card={key}~x&list=x".encode()),
    ]


async def _known_before(deployed: Deployed, claims: list[tuple[str, str]], person_id: str) -> None:
    """Let the agent open the person's card, mark it as a favourite, and write a note."""
    key = f"contoso.{person_id}"
    assert b"Anna" in (await _ask(deployed, claims, "GET", f"/contacts/person?id={key}")).body
    await _ask(deployed, claims, "POST", "/contacts/favourite", f"key={key}&on=1".encode())
    note = {"text": "Calls back on Monday"}
    await _ask(deployed, claims, "POST", f"{ONE}/contacts/{person_id}/notes", note)
    await deployed.app.background.drain()


@pytest.mark.parametrize("claims", [[], [("groups", "x")], [("roles", "Sales")], [OVERAGE]])
async def test_no_read_of_an_agent_without_the_role_or_group_shows_the_directory(
    deployed: Deployed, claims: list[tuple[str, str]]
) -> None:
    """Search, lookup, card, export, history, presence and API show neither its people nor its
    name.
    """
    person_id = await _limited(deployed, roles=["Sales.Contoso"], groups=[GROUP])
    await deployed.json("PATCH", ONE, {"readers": None})
    await _known_before(deployed, claims, person_id)
    await deployed.json("PATCH", ONE, {"readers": {"roles": ["Sales.Contoso"], "groups": [GROUP]}})
    for method, path, body in _reads(person_id):
        answer = await _ask(deployed, claims, method, path, body)
        assert answer.status in (200, 204, 303, 403, 404), (path, answer.status)
        for secret in (b"Anna", b"Contoso<", b'"Contoso"', b"Sales", b"Monday", OBJECT_ID.encode()):
            assert secret not in answer.body, (path, secret)


@pytest.mark.parametrize(
    "claims", [[("roles", "Sales.Contoso")], [("groups", GROUP)], [("roles", "Directory.Admin")]]
)
async def test_agents_with_the_role_or_group_and_administrators_see_the_directory(
    deployed: Deployed, claims: list[tuple[str, str]]
) -> None:
    """Either the app role or the group is enough."""
    person_id = await _limited(deployed, roles=["Sales.Contoso"], groups=[GROUP])
    for path in ("/api/contacts?q=anna", f"{ONE}/contacts/{person_id}", "/contacts/list?q=anna"):
        assert b"Anna" in (await _ask(deployed, claims, "GET", path)).body
    found = await _ask(deployed, claims, "POST", "/api/contacts/lookup", {"numbers": [NUMBER]})
    assert b"Anna" in found.body


async def test_by_default_every_agent_sees_every_directory(deployed: Deployed) -> None:
    """No limit is set by default, and null removes it."""
    await _limited(deployed, roles=["Sales"])
    assert (await deployed.json("GET", ONE))["readers"] == {"roles": ["Sales"], "groups": []}
    await deployed.json("PATCH", ONE, {"readers": None})
    assert (await deployed.json("GET", ONE))["readers"] is None
    assert b"Anna" in (await _ask(deployed, [], "GET", "/api/contacts?q=anna")).body


async def test_an_agent_in_too_many_groups_is_told_why_directories_are_missing(
    deployed: Deployed,
) -> None:
    """Entra then omits groups from the token: a clear error, and a notice above the visible
    directories.
    """
    await _limited(deployed, groups=[GROUP])
    for path in ("/api/contacts?q=anna", f"{ONE}/contacts"):
        refused = await _ask(deployed, [OVERAGE], "GET", path)
        assert (refused.status, orjson.loads(refused.body)["code"]) == (403, "groups_unknown")
    await deployed.json("POST", "/api/directories", {"name": "Fabrikam"})
    answer = await _ask(deployed, [OVERAGE], "GET", "/api/contacts")
    assert "more than 200" in orjson.loads(answer.body)["notice"]
    assert b"in more than 200" in (await _ask(deployed, [OVERAGE], "GET", "/contacts")).body
    answer = await _ask(deployed, [], "GET", "/api/contacts")
    assert "notice" not in orjson.loads(answer.body)


@pytest.mark.parametrize(
    ("readers", "field"),
    [
        ({}, "readers"),
        ({"roles": ["two words"]}, "readers.roles"),
        ({"roles": ["x" * 121]}, "readers.roles"),
        ({"groups": ["sales"]}, "readers.groups"),
        ({"roles": [f"r{number}" for number in range(51)]}, "readers.roles"),
        ({"roles": "Sales"}, "readers.roles"),
        ({"people": []}, "readers.people"),
    ],
)
async def test_wrong_readers_are_refused_with_the_field(
    deployed: Deployed, readers: dict[str, Any], field: str
) -> None:
    """400 names the field, and nothing is stored."""
    answer = await deployed.call("PATCH", ONE, orjson.dumps({"readers": readers}))
    assert (answer.status, orjson.loads(answer.body)["field"]) == (400, field)
    assert (await deployed.json("GET", ONE))["readers"] is None


async def test_readers_are_set_in_a_form_of_the_directorys_page(deployed: Deployed) -> None:
    """One role or group per line. A wrong line gets the fault, and the typed text stays."""
    page = "/directories/contoso/readers"
    form = "application/x-www-form-urlencoded"
    wrong = await deployed.call("POST", page, b"who=some&roles=&groups=sales", form)
    assert wrong.status == 422
    assert b"is not the object ID of a group" in wrong.body
    assert b">sales</textarea>" in wrong.body
    groups = f"who=some&roles=Sales%0AService&groups={GROUP.upper()}".encode()
    assert (await deployed.call("POST", page, groups, form)).status == 303
    stored = (await deployed.json("GET", ONE))["readers"]
    assert stored == {"roles": ["Sales", "Service"], "groups": [GROUP]}
    shown = (await deployed.call("GET", "/directories/contoso")).body.decode()
    assert "Only agents with one of 2 app roles, one group" in shown
    assert (await deployed.call("POST", page, b"who=all&roles=Sales", form)).status == 303
    assert (await deployed.json("GET", ONE))["readers"] is None


async def test_a_limit_is_in_the_audit_log(deployed: Deployed) -> None:
    """Who set the limit, its values, and that all agents had access before."""
    limit = {"roles": ["Sales"], "groups": []}
    await deployed.json("PATCH", ONE, {"readers": limit})
    rows = await query_all(deployed.app.tables, DIRECTORIES, "contoso", *AUDIT.all())
    acts = [audit.decode(row.key, row.value).act for row in rows]
    changed = next(act for act in acts if act.code == "directory.changed")
    assert (changed.old, changed.new) == ({"readers": None}, {"readers": limit})
