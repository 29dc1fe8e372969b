"""The manager's name in a contact and in exports, resolved when it is read."""

import csv
import io
from typing import Any

import pytest

from local.counting_tables import CountingTables
from scim.users.contact_cards import ENTERPRISE
from tests.contacts.people import Company, Person

MANAGER = "boss@contoso.example"


async def _report(company: Company, manager: object, name: str = "Anna") -> str:
    extension: dict[str, Any] = {ENTERPRISE: {"manager": manager}}
    return await company.hire(name, **extension)


async def _shown(agent: Person, company: Company, person: str) -> tuple[str | None, str | None]:
    found = await agent.get(f"/api/directories/{company.id}/contacts/{person}")
    return found.get("manager"), found.get("managerId")


async def _exported(admin: Person, company: Company) -> dict[str, str]:
    response = await admin.call("GET", f"/api/directories/{company.id}/export")
    lines = csv.DictReader(io.StringIO(response.body.decode("utf-8-sig"), newline=""))
    return {line["Display name"]: line["Manager"] for line in lines}


@pytest.mark.parametrize("by", ["id", "userName", "USERNAME", "externalId", "$ref"])
async def test_a_manager_is_found_by_id_user_name_or_external_id(
    agent: Person, admin: Person, contoso: Company, by: str
) -> None:
    """RFC 7643 section 4.3 requires the id, which Entra sends; other clients send a user name or
    their own id.
    """
    boss = await contoso.hire("Boss", mail=MANAGER, externalId="external-1")
    value = {
        "id": {"value": boss},
        "userName": {"value": MANAGER},
        "USERNAME": {"value": MANAGER.upper()},
        "externalId": {"value": "external-1"},
        "$ref": {"$ref": f"https://app.example/scim/x/v2/Users/{boss}"},
    }[by]
    anna = await _report(contoso, value)
    assert await _shown(agent, contoso, anna) == ("Boss", boss)
    assert (await _exported(admin, contoso))["Anna"] == "Boss"
    vcards = await admin.call("GET", f"/api/directories/{contoso.id}/export", format="vcard")
    assert b"X-MS-MANAGER:Boss\r\n" in vcards.body


async def test_a_manager_is_shown_while_present_and_active(
    agent: Person, admin: Person, contoso: Company
) -> None:
    """Entra provisions in any order, so the manager may be created after the report."""
    anna = await _report(contoso, {"value": MANAGER})
    assert await _shown(agent, contoso, anna) == (None, None)
    assert (await _exported(admin, contoso))["Anna"] == ""
    boss = await contoso.hire("Boss", mail=MANAGER)
    assert await _shown(agent, contoso, anna) == ("Boss", boss)
    other = await contoso.hire("Gone", mail="gone@contoso.example", active=False)
    ben = await _report(contoso, {"value": other}, "Ben")
    assert await _shown(agent, contoso, ben) == (None, None)
    assert (await _exported(admin, contoso))["Ben"] == ""


async def test_a_manager_costs_one_round_trip(
    agent: Person, contoso: Company, tables: CountingTables
) -> None:
    """It is read in parallel with the groups, and only for a single contact."""
    boss = await contoso.hire("Boss")
    anna = await _report(contoso, {"value": boss})
    path = f"/api/directories/{contoso.id}/contacts/{anna}"
    await agent.get(path)
    with tables.measured() as calls:
        await agent.get(path)
    assert [call for call in calls if call[1] == "contacts"] == [("query", "contacts")] * 2


async def test_an_export_resolves_managers_without_further_reads(
    admin: Person, contoso: Company, tables: CountingTables
) -> None:
    """Managers of the same chunk are already read; people who are each other's manager cause no
    loop.
    """
    ids = [await contoso.hire(f"P{n}", mail=f"p{n}@contoso.example") for n in range(5)]
    for n in range(20):
        await _report(contoso, {"value": ids[n % 5]}, f"R{n}")
    await admin.call("GET", f"/api/directories/{contoso.id}/export")
    with tables.measured() as calls:
        names = await _exported(admin, contoso)
    assert names["R7"] == "P2"
    assert [call for call in calls if call[1] == "contacts"].count(("query", "contacts")) == 1


async def test_reports_are_rows_of_their_manager(contoso: Company) -> None:
    """One query lists a manager's active reports."""
    anna = await _report(contoso, {"value": "Boss@Contoso.example"})
    extension: dict[str, Any] = {ENTERPRISE: {"manager": {"value": MANAGER}}}
    await contoso.hire("Gone", active=False, **extension)
    rows = await contoso.app.tables.query("contacts", contoso.id, "manager|", "manager}")
    assert [row.key for row in rows] == [f"manager|{MANAGER}|{anna}"]
