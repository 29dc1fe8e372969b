"""Lines of the provisioning log: a refusal has the user and the attribute, a change has its
attributes.
"""

from typing import Any

import orjson
import pytest

from shared.http import Response
from tests.openapi.conftest import Deployed
from tests.rounds import rounds

EVENTS = "/api/directories/contoso/events"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH = ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]


async def _scim(deployed: Deployed, method: str, path: str, body: Any = None) -> Response:
    raw = b"" if body is None else orjson.dumps(body)
    return await deployed.call(method, f"/scim/contoso/v2{path}", raw, "application/scim+json")


async def _anna(deployed: Deployed) -> str:
    person = {"userName": "anna@contoso.example", "displayName": "Anna Arnold"}
    return str(orjson.loads((await _scim(deployed, "POST", "/Users", person)).body)["id"])


async def _lines(deployed: Deployed, query: str = "") -> list[dict[str, Any]]:
    await deployed.app.background.drain()
    found: list[dict[str, Any]] = (await deployed.json("GET", f"{EVENTS}{query}"))["events"]
    return found


def _patch(path: str, value: Any) -> dict[str, Any]:
    return {"schemas": PATCH, "Operations": [{"op": "replace", "path": path, "value": value}]}


@pytest.mark.parametrize(
    ("method", "body", "attribute"),
    [
        ("PATCH", _patch("userName", ""), "userName"),
        ("PATCH", _patch("emails[type eq", "x"), "emails[type eq"),
        ("PUT", {"title": "Chief"}, "userName"),
    ],
)
async def test_a_refusal_names_the_person_and_the_attribute(
    deployed: Deployed, method: str, body: Any, attribute: str
) -> None:
    """A PATCH doesn't contain the user's name, so it is read for the log."""
    path = f"/Users/{await _anna(deployed)}"
    answer = await _scim(deployed, method, path, body)
    assert answer.status == 400
    (line,) = await _lines(deployed, "?kind=refused")
    assert (line["name"], line["attribute"]) == ("anna@contoso.example", attribute)
    shown = (await deployed.call("GET", "/directories/contoso/log?kind=refused")).body.decode()
    assert "anna@contoso.example" in shown


async def test_equal_refusals_of_a_minute_are_one_line_with_the_name(deployed: Deployed) -> None:
    """The name is read once, for the refusal that is stored at once."""
    path = f"/Users/{await _anna(deployed)}"
    for _ in range(3):
        await _scim(deployed, "PATCH", path, _patch("userName", ""))
    from directories import rejection_log

    await rejection_log.store_held_back(deployed.app)
    (line,) = await _lines(deployed, "?kind=refused")
    assert (line["name"], line["count"]) == ("anna@contoso.example", 3)


async def test_a_changed_extension_is_named_by_its_attributes(deployed: Deployed) -> None:
    """`manager` and `department`, not the URN of the schema."""
    path = f"/Users/{await _anna(deployed)}"
    await _scim(deployed, "PATCH", path, _patch(f"{ENTERPRISE}:department", "Sales"))
    await _scim(deployed, "PATCH", path, _patch(f"{ENTERPRISE}:manager", "0a21f0f2"))
    changed = [line["changed"] for line in await _lines(deployed, "?kind=changed")]
    assert sorted(changed) == [["department"], ["manager"]]


async def test_an_unknown_attribute_is_a_line_that_names_it(deployed: Deployed) -> None:
    """A typing error in the client's mapping is logged once, with the remedy."""
    person = {"userName": "bob@contoso.example", "dispalyName": "Bob"}
    await _scim(deployed, "POST", "/Users", person)
    (line,) = await _lines(deployed, "?kind=mapping")
    assert line["attribute"] == "dispalyName"
    assert "not an attribute of User" in line["detail"]


async def test_the_log_has_no_values(deployed: Deployed) -> None:
    """Old and new values are personal data, which the log would keep longer than the directory."""
    path = f"/Users/{await _anna(deployed)}"
    await _scim(deployed, "PATCH", path, _patch("title", "Chief Secret Officer"))
    assert "Secret" not in orjson.dumps(await _lines(deployed)).decode()


async def test_the_log_is_exported_as_csv_part_by_part(deployed: Deployed) -> None:
    """With the filters of the page. A formula in a name stays text, and the Link header has the
    next part.
    """
    for number in range(5):
        person = {"userName": f"=cmd{number}@contoso.example"}
        await _scim(deployed, "POST", "/Users", person)
    await _scim(deployed, "POST", "/Users", {"displayName": "Nameless"})
    text, following = "", f"{EVENTS}?format=csv&kind=created&limit=2"
    for _ in rounds():
        answer = await deployed.call("GET", following)
        assert answer.headers["content-type"].startswith("text/csv")
        text += answer.body.decode()
        link = answer.headers.get("link", "")
        if not (following := link.partition("<")[2].partition(">")[0]):
            break
    lines = text.removeprefix("\ufeff").splitlines()
    assert lines[0].startswith('"Time","First time","Count","Event","Name"')
    assert len(lines) == 6
    assert all("\"'=cmd" in line for line in lines[1:])
    assert (await deployed.call("GET", f"{EVENTS}?format=xml")).status == 400
    shown = (await deployed.call("GET", "/directories/contoso/log?kind=created&q=cmd")).body
    assert b"format=csv&amp;limit=1000&amp;text=cmd&amp;kind=created" in shown
