"""Inactive people aren't shown at any address that an agent can request."""

from urllib.parse import quote

from tests.openapi.conftest import Deployed
from tests.reach.test_reach import ask

NAME = "Lefthand"
NUMBER = "x31337x"  # has no E.164 form, so it would need attention


async def test_no_agent_sees_an_inactive_person(deployed: Deployed) -> None:
    """Lists, searches by every attribute, numbers, groups, cards, favourites and exports; active
    people are there.
    """
    for name, active in ((NAME, False), ("Righthand", True)):
        user = await deployed.json(
            "POST",
            "/scim/contoso/v2/Users",
            {
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
                "userName": f"{name}@example.com",
                "externalId": name,
                "displayName": name,
                "active": active,
                "emails": [{"value": f"{name}@example.com", "type": "work"}],
                "phoneNumbers": [{"value": NUMBER}, {"value": "+442079460958", "type": "mobile"}],
            },
        )
        if not active:
            gone = user["id"]
    people = [
        entry["id"] for entry in (await deployed.json("GET", "/scim/contoso/v2/Users"))["Resources"]
    ]
    members = [{"value": one} for one in people]
    group = await deployed.json(
        "POST", "/scim/contoso/v2/Groups", {"displayName": "All", "members": members}
    )
    one = "/api/directories/contoso"
    searches = [NAME, "+442079460958", "020 7946 0958", "31337", f"{NAME}@example.com"]
    paths = [
        "/api/contacts",
        f"{one}/contacts",
        f"{one}/contacts?group={group['id']}",
        f"{one}/numbers",
    ]
    paths += [f"/api/contacts?q={quote(text, safe='')}" for text in searches]
    paths += [f"{one}/contacts?group={group['id']}&q={quote(text, safe='')}" for text in searches]
    paths += [
        "/contacts",
        f"/contacts/list?directory=contoso&group={group['id']}",
        f"/contacts?person=contoso.{gone}",
    ]
    paths += [f"/contacts/list?q={quote(text, safe='')}" for text in searches]
    paths += [f"/contacts/list?favourites=1&ids={','.join(f'contoso.{one}' for one in people)}"]
    seen = 0
    for path in paths:
        answer = await ask(deployed, "GET", path, "Reader")
        assert answer.status == 200, path
        assert gone.encode() not in answer.body, path
        seen += b"Righthand" in answer.body
    assert seen > len(paths) // 2
    for path in (f"{one}/contacts/{gone}", f"/contacts/person?id=contoso.{gone}"):
        assert (await ask(deployed, "GET", path, "Reader", hx_request="true")).status == 404
    for form in ("csv", "vcard"):
        assert (
            NAME.encode()
            not in (await ask(deployed, "GET", f"{one}/export?format={form}", "Admin")).body
        )
