"""The dry run of an attribute mapping: it shows the result of a POST without storing anything."""

from typing import Any

import orjson
import pytest

from shared.tables.schema.base import TABLES
from tests.openapi.conftest import ACCOUNT, Deployed, signed_in, started, stopped

PATH = "/api/directories/contoso/dry-run"
ANNA = {
    "userName": "anna@contoso.example",
    "externalId": "0f0e0d0c-0b0a-4908-8706-050403020100",
    "name": {"givenName": "Anna", "familyName": "Müller"},
    "emails": [{"type": "work", "value": "anna@contoso.example"}],
    "phoneNumbers": [{"type": "work", "value": "+49 30 901820"}, {"type": "home", "value": "12"}],
}


@pytest.fixture
async def deployed(tmp_path: Any) -> Any:
    """Return the whole app with the directory `contoso`."""
    found = await started(tmp_path)
    yield found
    await stopped(found)


async def _rows(deployed: Deployed) -> list[tuple[str, bytes]]:
    tables = deployed.app.tables
    found = []
    for table in TABLES:
        for partition in ("contoso", "index|all", f"account|{ACCOUNT}"):
            rows = await tables.query(table, partition, "", "\U0010ffff")
            found += [(row.key, row.value) for row in rows]
    return found


async def test_the_outcome_is_that_of_a_post(deployed: Deployed) -> None:
    """It has the person, numbers with keys and faults, search terms, and the resource that a POST
    would store.
    """
    found = await deployed.json("POST", PATH, {"user": ANNA})
    assert found["accepted"]
    assert found["person"]["displayName"] == "Anna Müller"
    assert found["searchTerms"][:2] == ["anna", "muller"]
    work, home = found["numbers"]
    assert work["e164"] == "+4930901820"
    assert work["keys"][0] == {"digits": "4930901820", "kind": "international"}
    assert home["e164"] is None
    assert "internal extension" in home["fault"]
    stored = await deployed.json("POST", "/scim/contoso/v2/Users", ANNA)
    assert {name: stored[name] for name in found["resource"]} == found["resource"]


async def test_nothing_is_stored(deployed: Deployed) -> None:
    """Neither the person, nor an event of the provisioning log, nor a remark about the mapping."""
    before = await _rows(deployed)
    await deployed.json("POST", PATH, {"user": {**ANNA, "nonsense": 1, "title": [1, 2]}})
    await deployed.json("POST", PATH, {"user": {"userName": ""}})
    await deployed.app.background.drain()
    assert await _rows(deployed) == before


async def test_a_refusal_is_the_error_of_a_post(deployed: Deployed) -> None:
    """Status, scimType and detail are those of the POST's response."""
    wrong = {**ANNA, "emails": "anna@contoso.example"}
    found = await deployed.json("POST", PATH, {"user": wrong})
    body = orjson.dumps(wrong)
    answer = await deployed.call("POST", "/scim/contoso/v2/Users", body, "application/scim+json")
    error = orjson.loads(answer.body)
    refusal = found["refusal"]
    assert not found["accepted"]
    assert (refusal["status"], refusal["detail"]) == (answer.status, error["detail"])
    assert (refusal["attribute"], refusal["scimType"]) == ("emails", error["scimType"])


async def test_a_strict_directory_refuses_a_number_here_too(deployed: Deployed) -> None:
    """With strict numbers the dry run shows the error that Entra would get."""
    await deployed.json("PATCH", "/api/directories/contoso", {"strictNumbers": True})
    found = await deployed.json("POST", PATH, {"user": ANNA})
    assert found["refusal"]["reason"] == "strict_number"


async def test_ignored_values_are_named(deployed: Deployed) -> None:
    """A misspelt target attribute, and a value of a wrong type."""
    found = await deployed.json("POST", PATH, {"user": {**ANNA, "titel": "x", "locale": [1, 2]}})
    assert [one["attribute"] for one in found["remarks"]] == ["titel", "locale"]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
async def test_a_row_is_read_by_its_headings(deployed: Deployed, separator: str) -> None:
    """Headings are target attributes, or source attributes of Entra and Okta, in any case."""
    headings = (
        *("UserPrincipalName", "object id", "givenName", "Surname", "telephoneNumber"),
        *('emails[type eq "work"].value', "accountEnabled", "Fax2"),
    )
    cells = ("anna@x.example", "abc", "Anna", "Müller", "030 901820", "a@x.example", "True", "1")
    quoted = ['"' + one.replace('"', '""') + '"' for one in headings]
    text = f"\ufeff{separator.join(quoted)}\r\n{separator.join(cells)}\r\n"
    found = await deployed.json("POST", PATH, {"csv": text})
    assert found["accepted"]
    person = found["person"]
    assert (person["userName"], person["email"]) == ("anna@x.example", "a@x.example")
    assert (person["externalId"], person["displayName"]) == ("abc", "Anna Müller")
    assert found["numbers"][0]["value"] == "030 901820"
    assert [one["attribute"] for one in found["remarks"]] == ["Fax2"]


async def test_two_columns_for_one_attribute_are_named(deployed: Deployed) -> None:
    """A remark states that the second column is ignored."""
    found = await deployed.json("POST", PATH, {"csv": "userName,mail,email\nanna,a@x.de,b@x.de"})
    assert [one["reason"] for one in found["remarks"]] == ["column_twice"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "row_count"),
        ("userName,title", "row_count"),
        ("userName\nanna\nben", "row_count"),
        ("userName,title\nanna", "row_lengths"),
        ('userName\n"anna', "row_quotes"),
        (
            ",".join("abc" for _ in range(101)) + "\n" + ",".join("x" for _ in range(101)),
            "row_too_many",
        ),
        ("title\nBoss", "missing"),
        ("userName,emails[\nanna,x", "in_path"),
        ('userName,emails[type eq "work"\nanna,x', ""),
    ],
)
async def test_a_malformed_row_gets_a_reason(deployed: Deployed, text: str, reason: str) -> None:
    """The outcome has the fault and the remedy; the response is never a server error."""
    refusal = (await deployed.json("POST", PATH, {"csv": text}))["refusal"]
    assert refusal["detail"]
    assert not reason or refusal["reason"] == reason


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 400, "user"),
        ([], 400, "user"),
        ({"user": {}, "csv": ""}, 400, "user"),
        ({"csv": 5}, 400, "csv"),
        ({"csv": "x" * 16_385}, 413, "csv"),
    ],
)
async def test_a_wrong_body_names_the_field(
    deployed: Deployed, body: Any, status: int, field: str
) -> None:
    """400 or 413 with an RFC 9457 problem that has the field, the fault and the remedy."""
    answer = await deployed.call("POST", PATH, orjson.dumps(body))
    assert (answer.status, orjson.loads(answer.body)["field"]) == (status, field)


@pytest.mark.parametrize(
    "user",
    [
        None,
        1,
        "x",
        [],
        {"Operations": []},
        {"Resources": [{}]},
        {"userName": 5},
        {"userName": None},
    ],
)
async def test_json_that_is_no_user_gets_a_reason(deployed: Deployed, user: Any) -> None:
    """Lists of users, PATCH messages and plain values have an outcome with a reason, not an
    error.
    """
    assert (await deployed.json("POST", PATH, {"user": user}))["refusal"]["detail"]


async def test_nesting_is_bounded(deployed: Deployed) -> None:
    """A body that is nested much deeper than a user is refused, and the next request succeeds."""
    deep = b'{"user":' + b'{"name":' * 900 + b"1" + b"}" * 901
    found = await deployed.call("POST", PATH, deep)
    assert (found.status, orjson.loads(found.body)["accepted"]) == (200, False)


async def test_the_body_is_bounded(deployed: Deployed) -> None:
    """413 for more than 64 KiB, which is the limit of a user sent by SCIM."""
    large = orjson.dumps({"user": {"title": "x" * 65_537}})
    assert (await deployed.call("POST", PATH, large)).status == 413


async def test_an_agent_has_no_access_to_the_dry_run(deployed: Deployed) -> None:
    """Only administrators need it."""
    body = orjson.dumps({"user": ANNA})
    sent = {"x-ms-client-principal": signed_in("Directory.Reader")}
    assert (await deployed.call("POST", PATH, body, **sent)).status == 403
