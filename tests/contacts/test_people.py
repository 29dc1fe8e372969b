"""Lists, one contact, groups, and numbers that need attention: what is returned, and to which
user.
"""

import itertools
from typing import Any

import orjson
import pytest

from contacts import details, listing
from local.counting_tables import CountingTables
from scim.core.user_schema import ENTERPRISE_SCHEMA, USER_SCHEMA
from scim.users import contact_cards
from tests.contacts.people import OTHER_ACCOUNT, Company, Person
from tests.rounds import rounds


async def test_people_are_listed_by_name(
    agent: Person, contoso: Company, fabrikam: Company
) -> None:
    """In one directory or in all of the account, whatever the order of creation; accented letters
    sort with their base letter.
    """
    for company, name in (
        (contoso, "Zoe"),
        (fabrikam, "Édith"),
        (contoso, "anna"),
        (fabrikam, "Frank"),
    ):
        await company.hire(name)
    await contoso.hire("Gone", active=False)
    assert await agent.names(f"/api/directories/{contoso.id}/contacts") == ["anna", "Zoe"]
    assert await agent.names("/api/contacts") == ["anna", "Édith", "Frank", "Zoe"]


@pytest.mark.parametrize("limit", [1, 3, 10, 200])
async def test_pages_of_a_list_have_everyone_once(
    agent: Person, contoso: Company, fabrikam: Company, limit: int
) -> None:
    """In order over two directories, people with the same name included."""
    names = ["Same Name", "Same Name", *(f"Person {n:02}" for n in range(8))]
    for name, company in zip(names, itertools.cycle((contoso, fabrikam)), strict=False):
        await company.hire(name)
    found, cursor = list[str](), ""
    for _ in rounds():
        page = await agent.get(
            "/api/contacts", limit=limit, **({"cursor": cursor} if cursor else {})
        )
        found += [one["displayName"] for one in page["contacts"]]
        if not (cursor := page.get("nextCursor", "")):
            break
    assert found == sorted(names)


async def test_a_card_has_the_fields_of_a_list(agent: Person, contoso: Company) -> None:
    """Names as sent and the number in E.164 format; unknown values are absent."""
    await contoso.hire(
        "Anna", "020 7946 0958", mail="anna@contoso.example", title="Nurse", department="Care"
    )
    await contoso.hire("Bob")
    anna, bob = (await agent.get(f"/api/directories/{contoso.id}/contacts"))["contacts"]
    assert anna == {
        "id": anna["id"],
        "directory": {"id": contoso.id, "name": "Contoso"},
        "displayName": "Anna",
        "title": "Nurse",
        "department": "Care",
        "email": "anna@contoso.example",
        "userName": "anna@contoso.example",
        "number": "+442079460958",
    }
    assert bob.keys() == {"id", "directory", "displayName", "userName"}


async def test_a_contact_has_all_details(agent: Person, contoso: Company) -> None:
    """All numbers as sent and in E.164 format with type, extension, fault and remedy; e-mails;
    groups by name.
    """
    anna = await contoso.hire(
        "Anna Müller", "020 7946 0958 x12", "mobile:+447700900123", "home:1234", mail="a@b.example"
    )
    nurses = await contoso.group("Nurses", anna)
    await contoso.group("Alarm", anna)
    found = await agent.get(f"/api/directories/{contoso.id}/contacts/{anna}")
    assert (found["displayName"], found["number"]) == ("Anna Müller", "+442079460958")
    assert found["name"] == {"givenName": "Anna", "familyName": "Müller"}
    assert found["emails"] == [{"value": "a@b.example", "type": "work"}]
    work, mobile, home = found["numbers"]
    assert work == {
        "value": "020 7946 0958 x12",
        "type": "work",
        "e164": "+442079460958",
        "extension": "12",
    }
    assert (mobile["type"], mobile["e164"]) == ("mobile", "+447700900123")
    assert (home["value"], home["e164"]) == ("1234", None)
    assert "E.164" in home["fault"]
    assert [group["displayName"] for group in found["groups"]] == ["Alarm", "Nurses"]
    assert nurses in [group["id"] for group in found["groups"]]


def test_every_attribute_of_a_contact_is_in_its_schema() -> None:
    """CONTRIBUTING.md, "Add a SCIM attribute": AttributeTexts, SCHEMA_OF and the schema name the same."""
    schemas = {"": USER_SCHEMA, ENTERPRISE_SCHEMA.id: ENTERPRISE_SCHEMA}
    known = {urn: {one.name for one in schema.attributes} for urn, schema in schemas.items()}
    assert contact_cards.AttributeTexts.__annotations__.keys() == contact_cards.SCHEMA_OF.keys()
    assert not [name for name, urn in contact_cards.SCHEMA_OF.items() if name not in known[urn]]
    assert details.DETAIL.members <= contact_cards.SCHEMA_OF.keys()


async def test_a_contact_costs_one_round_trip_and_one_per_group(
    agent: Person, contoso: Company, tables: CountingTables
) -> None:
    """The record is read with its memberships; the names of the groups are read in parallel."""
    anna = await contoso.hire("Anna")
    await contoso.group("Nurses", anna)
    path = f"/api/directories/{contoso.id}/contacts/{anna}"
    await agent.get(path)
    with tables.measured() as calls:
        await agent.get(path)
    assert [call for call in calls if call[1] == "contacts"] == [
        ("query", "contacts"),
        ("get", "contacts"),
    ]


async def test_an_inactive_or_unknown_person_or_one_of_another_directory_is_not_found(
    agent: Person, contoso: Company, fabrikam: Company
) -> None:
    """404 with a text, never an empty card."""
    gone = await contoso.hire("Gone", active=False)
    elsewhere = await fabrikam.hire("Ben")
    for identifier in (gone, elsewhere, "nobody", "a%7Cb", "x" * 900):
        response = await agent.call("GET", f"/api/directories/{contoso.id}/contacts/{identifier}")
        assert (response.status, b"no such person" in response.body) == (404, True), identifier


async def test_a_groups_people_are_shown_and_searched(agent: Person, contoso: Company) -> None:
    """The `group` parameter filters lists and searches, page by page; inactive members aren't
    returned.
    """
    ids = [await contoso.hire(name) for name in ("Zoe Nurse", "Anna Nurse", "Ben Nurse")]
    await contoso.hire("Anna Other")
    gone = await contoso.hire("Gone Nurse", active=False)
    group = await contoso.group("Nurses", *ids, gone)
    path = f"/api/directories/{contoso.id}/contacts"
    assert await agent.names(path, group=group) == ["Anna Nurse", "Ben Nurse", "Zoe Nurse"]
    assert await agent.names(path, group=group, q="anna") == ["Anna Nurse"]
    first = await agent.get(path, group=group, limit=2)
    second = await agent.get(path, group=group, limit=2, cursor=first["nextCursor"])
    assert "nextCursor" not in second
    together = [one["displayName"] for page in (first, second) for one in page["contacts"]]
    assert sorted(together) == ["Anna Nurse", "Ben Nurse", "Zoe Nurse"]
    assert (await agent.call("GET", path, group="unknown")).status == 404
    assert (await agent.call("GET", "/api/contacts", group=group)).status == 400


async def test_groups_are_listed_by_name(
    agent: Person, contoso: Company, fabrikam: Company
) -> None:
    """Id and name, page by page, of this directory only."""
    anna = await contoso.hire("Anna")
    nurses, alarm = await contoso.group("Nurses", anna), await contoso.group("Älarm")
    await fabrikam.group("Elsewhere")
    path = f"/api/directories/{contoso.id}/groups"
    found = [(group["id"], group["displayName"]) for group in (await agent.get(path))["groups"]]
    assert found == [(alarm, "Älarm"), (nurses, "Nurses")]
    first = await agent.get(path, limit=1)
    second = await agent.get(path, limit=1, cursor=first["nextCursor"])
    assert [page["groups"][0]["id"] for page in (first, second)] == [nurses, alarm]


async def test_a_search_in_a_very_large_group_reads_no_more_than_in_a_small_one(
    agent: Person, contoso: Company, tables: CountingTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each match is checked for membership, so pages may be short; every member is returned
    once.
    """
    monkeypatch.setattr(listing, "MAX_MEMBER_IDS", 3)
    monkeypatch.setattr(listing, "MAX_QUERY_ROWS", 2)
    people = [await contoso.hire(f"Anna {number:02}") for number in range(20)]
    group = await contoso.group("Everyone", *people[::2])
    path, found, cursor = f"/api/directories/{contoso.id}/contacts", list[str](), ""
    for _ in rounds():
        with tables.measured() as calls:
            page = await agent.get(path, q="anna", group=group, limit=4, cursor=cursor)
        assert len([call for call in calls if call == ("get", "contacts")]) <= 1 + 4 * 4
        found += [one["id"] for one in page["contacts"]]
        if not (cursor := page.get("nextCursor", "")):
            break
    assert sorted(found) == sorted(people[::2])


async def test_numbers_needing_attention_are_listed_with_the_remedy(
    agent: Person, contoso: Company
) -> None:
    """The unreadable numbers of each person, page by page; people without one aren't listed."""
    for n in range(5):
        await contoso.hire(f"Person {n}", f"12{n}4", "mobile:+447700900123")
    await contoso.hire("Fine", "+442079460958")
    path, found, cursor = f"/api/directories/{contoso.id}/numbers", list[str](), ""
    for _ in rounds():
        page = await agent.get(path, limit=2, **({"cursor": cursor} if cursor else {}))
        found += [one["displayName"] for one in page["people"]]
        (number,) = page["people"][0]["numbers"]
        assert number["type"] == "work"
        assert "E.164" in number["fault"]
        if not (cursor := page.get("nextCursor", "")):
            break
    assert found == [f"Person {n}" for n in range(5)]


@pytest.mark.parametrize("what", ["contacts", "contacts/ID", "numbers", "all", "search"])
async def test_an_unchanged_response_gets_a_304(agent: Person, contoso: Company, what: str) -> None:
    """RFC 9110 section 13.1.2: the ETag is weak and depends on the content; If-None-Match may list
    several.
    """
    anna = await contoso.hire("Anna", "1234")
    base = f"/api/directories/{contoso.id}"
    paths = {"all": "/api/contacts", "search": f"{base}/contacts?q=anna"}
    path = paths.get(what, f"{base}/{what.replace('ID', anna)}")
    first = await agent.call("GET", path)
    tag = first.headers["etag"]
    assert tag.startswith('W/"')
    for condition in (tag, f'"other", {tag}', tag.removeprefix("W/"), "*"):
        again = await agent.call("GET", path, headers={"if-none-match": condition})
        assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
    if what != "contacts/ID":
        await contoso.hire("Anna Anders", "12345")
        changed = await agent.call("GET", path, headers={"if-none-match": tag})
        assert changed.status == 200
        assert changed.headers["etag"] != tag


_PATHS = ["contacts", "contacts/any", "numbers", "groups", "export"]


@pytest.mark.parametrize("path", _PATHS)
async def test_another_accounts_directory_does_not_exist(
    admin: Person, stranger: Company, path: str
) -> None:
    """404, as for a directory that never existed, so that the response doesn't reveal it."""
    await stranger.hire("Strange")
    theirs = await admin.call("GET", f"/api/directories/{stranger.id}/{path}")
    none = await admin.call("GET", f"/api/directories/nowhere0000000000000/{path}")
    assert theirs.status == none.status == 404
    assert theirs.body == none.body
    assert await admin.names("/api/contacts") == []


@pytest.mark.parametrize(
    "path", ["/api/contacts", *(f"/api/directories/ID/{path}" for path in _PATHS)]
)
async def test_only_readers_and_administrators_have_access(
    agent: Person, contoso: Company, path: str
) -> None:
    """401 without a sign-in, 403 without a role; only administrators may export a directory."""
    path = path.replace("ID", contoso.id)
    assert (await Person(agent.host, account="").call("GET", path)).status == 401
    assert (await Person(agent.host, role="Other").call("GET", path)).status == 403
    assert (await agent.call("GET", path)).status in ({403} if "export" in path else {200, 404})


async def test_a_cross_site_lookup_is_refused(agent: Person) -> None:
    """Requests other than GET must come from the same origin."""
    body = {"numbers": ["+442079460958"]}
    headers = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
    assert (await agent.call("POST", "/api/contacts/lookup", body, headers=headers)).status == 403
    assert (
        await Person(agent.host, account="").call("POST", "/api/contacts/lookup", body)
    ).status == 401


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "201"}, "limit"),
        ({"limit": "-1"}, "limit"),
        ({"limit": "ten"}, "limit"),
        ({"limit": "٣"}, "limit"),
        ({"limit": "1" * 50}, "limit"),
        ({"q": "x" * 201}, "q"),
        ({"cursor": "!"}, "cursor"),
        ({"cursor": "bm9uc2Vuc2U"}, "cursor"),
        ({"cursor": "ü"}, "cursor"),
        ({"cursor": "x" * 3000}, "cursor"),
    ],
)
async def test_a_wrong_parameter_is_named(
    agent: Person, contoso: Company, query: dict[str, Any], field: str
) -> None:
    """400 with an RFC 9457 problem that has the field and the remedy."""
    response = await agent.call("GET", f"/api/directories/{contoso.id}/contacts", **query)
    assert response.status == 400
    problem = orjson.loads(response.body)
    assert (problem["status"], problem["field"]) == (400, field)
    assert problem["detail"].removeprefix("The ").startswith(field)


async def test_a_cursor_of_another_query_is_refused(agent: Person, contoso: Company) -> None:
    """400, because continuing would silently skip people."""
    for n in range(3):
        await contoso.hire(f"Sam {n}")
    path = f"/api/directories/{contoso.id}/contacts"
    cursor = (await agent.get(path, limit=1))["nextCursor"]
    assert (await agent.call("GET", path, q="sam", cursor=cursor)).status == 400


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_other_methods_get_a_405_with_allow(
    agent: Person, contoso: Company, method: str
) -> None:
    """RFC 9110 section 15.5.6. These addresses are read-only."""
    for path in ("/api/contacts", *(f"/api/directories/{contoso.id}/{path}" for path in _PATHS)):
        response = await agent.call(method, path)
        assert (response.status, response.headers["allow"]) == (405, "GET, HEAD")


async def test_head_has_the_response_of_get_without_a_body(agent: Person, contoso: Company) -> None:
    """RFC 9110 section 9.3.2."""
    response = await agent.call("HEAD", f"/api/directories/{contoso.id}/contacts")
    assert (response.status, response.body) == (200, b"")


async def test_an_account_without_directories_has_no_people(agent: Person) -> None:
    """An empty page, not an error."""
    assert await Person(agent.host, account=OTHER_ACCOUNT).get("/api/contacts", q="anna") == {
        "contacts": []
    }
    assert await agent.lookup("+442079460958") == [[]]
