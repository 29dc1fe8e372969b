"""Screen pop: JSON for the contact centre's own code, with the person whose number is calling."""

from typing import Any
from urllib.parse import parse_qsl

import orjson
import pytest

from contacts import number_lookup
from contacts.screen_pop import as_dialled
from local.counting_tables import CountingTables
from tests.contacts.people import Company, Person

NUMBER = "+442079460958"


async def popped(agent: Person, number: str, **more: Any) -> dict[str, Any]:
    """Return the JSON for an incoming call from this number."""
    response = await agent.call("POST", "/api/contacts/pop", {"number": number, **more})
    assert response.status == 200, response.body
    found: dict[str, Any] = orjson.loads(response.body)
    return found


def names(found: dict[str, Any]) -> list[str]:
    """Return the names of the people in the JSON."""
    return [one["displayName"] for one in found["contacts"]]


async def test_the_only_exact_match_is_the_person(agent: Person, contoso: Company) -> None:
    """The response has all of the person's details; possible matches are omitted."""
    anna = await contoso.hire("Anna", NUMBER, title="Head of Sales", mail="anna@contoso.example")
    await contoso.hire("Ben", "9460958")
    found = await popped(agent, "020 7946 0958")
    assert (found["outcome"], found["count"], names(found)) == ("person", 1, ["Anna"])
    assert found["person"]["id"] == anna
    assert found["person"]["numbers"][0]["e164"] == NUMBER
    assert found["person"]["emails"] == [{"value": "anna@contoso.example", "type": "work"}]


async def test_several_exact_matches_are_a_choice(
    agent: Person, contoso: Company, fabrikam: Company
) -> None:
    """People who share a line, in any directory; none of them is omitted."""
    await contoso.hire("Anna", NUMBER)
    await fabrikam.hire("Ben", NUMBER)
    found = await popped(agent, NUMBER)
    assert (found["outcome"], sorted(names(found))) == ("choice", ["Anna", "Ben"])
    assert "person" not in found


async def test_a_possible_match_is_a_choice(agent: Person, contoso: Company) -> None:
    """Showing a wrong person is worse than a choice, even with a single candidate."""
    await contoso.hire("Anna", "9460958")
    found = await popped(agent, NUMBER)
    assert (found["outcome"], found["contacts"][0]["match"]) == ("choice", "possible")


@pytest.mark.parametrize("number", ["+15551234567", "anonymous", "x" * 250])
async def test_a_number_of_no_one_is_none(agent: Person, contoso: Company, number: str) -> None:
    """The outcome is "none" for withheld, malformed and unknown numbers alike."""
    await contoso.hire("Anna", NUMBER)
    found = await popped(agent, number)
    assert (found["outcome"], found["count"], found["contacts"]) == ("none", 0, [])


async def test_the_response_has_the_url_of_the_page(agent: Person) -> None:
    """The URL is for the agent's browser; its plus sign is percent-encoded."""
    page = (await popped(agent, NUMBER))["page"]
    assert page == "/contacts?number=%2B442079460958&pop=1"
    assert dict(parse_qsl(page.partition("?")[2]))["number"] == NUMBER


@pytest.mark.parametrize(
    ("sent", "number"),
    [
        (" 442079460958", NUMBER),
        (" 44 20 7946 0958", "+44 20 7946 0958"),
        ("tel: 442079460958", f"tel:{NUMBER}"),
        ("sip: 442079460958@sbc.example", f"sip:{NUMBER}@sbc.example"),
        (" 49 30 901820", "+49 30 901820"),
        (" 020 7946 0958", "020 7946 0958"),
        (" 7946 0958", "7946 0958"),
        ("442079460958 ", "442079460958"),
        (NUMBER, NUMBER),
    ],
)
def test_a_plus_that_arrives_as_a_space_is_restored(sent: str, number: str) -> None:
    """An unencoded `+` in a query is decoded as a space (URL Standard, "urlencoded parsing"). The
    space counts as a plus if the digits after it are a number with a country code.
    """
    assert as_dialled(sent, "GB") == number


async def test_a_screen_pop_may_be_limited_to_directories(
    agent: Person, contoso: Company, fabrikam: Company, stranger: Company
) -> None:
    """As for a lookup, another account's directory isn't found."""
    await contoso.hire("Anna", NUMBER)
    await fabrikam.hire("Ben", NUMBER)
    found = await popped(agent, NUMBER, directories=[fabrikam.id])
    assert (found["outcome"], names(found)) == ("person", ["Ben"])
    body = {"number": NUMBER, "directories": [stranger.id]}
    assert (await agent.call("POST", "/api/contacts/pop", body)).status == 404


async def test_a_screen_pop_is_never_refused_for_its_round_trips(
    agent: Person, contoso: Company, fabrikam: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lookup of many numbers may be, but not that of one incoming call."""
    monkeypatch.setattr(number_lookup, "MAX_LOOKUPS", 1)
    await contoso.hire("Anna", NUMBER)
    await fabrikam.hire("Berta", "+49 30 901820")
    assert (await popped(agent, "020 7946 0958"))["outcome"] == "person"


async def test_a_screen_pop_costs_three_round_trips(
    agent: Person, contoso: Company, tables: CountingTables
) -> None:
    """One each for the number, the person and the presence; the list of directories is cached for
    seconds.

    The number is the same in a larger directory.
    """
    await contoso.hire("Anna", NUMBER, externalId="00000000-0000-4000-8000-000000000001")
    await popped(agent, NUMBER)
    with tables.measured() as few:
        await popped(agent, NUMBER)
    await contoso.fill(300)
    with tables.measured() as many:
        assert (await popped(agent, NUMBER))["outcome"] == "person"
    assert len(few) == len(many) <= 3, (few, many)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ([], "body"),
        ({}, "number"),
        ({"number": 442079460958}, "number"),
        ({"number": "  "}, "number"),
        ({"number": "1" * 251}, "number"),
        ({"number": "1", "directories": "x"}, "directories"),
        ({"number": "1", "directories": ["x"] * 101}, "directories"),
    ],
)
async def test_a_wrong_body_gets_an_error_with_the_field(
    agent: Person, body: object, field: str
) -> None:
    """400 with an RFC 9457 problem that has the field, the fault and the remedy."""
    response = await agent.call("POST", "/api/contacts/pop", body)
    assert response.status == 400
    assert orjson.loads(response.body)["field"] == field


async def test_a_cross_site_request_is_refused(agent: Person) -> None:
    """SECURITY.md, cross-site requests: browsers send the sign-in cookie with them."""
    headers = {"origin": "https://evil.example", "cookie": "AppServiceAuthSession=x"}
    body = {"number": NUMBER}
    assert (await agent.call("POST", "/api/contacts/pop", body, headers=headers)).status == 403
