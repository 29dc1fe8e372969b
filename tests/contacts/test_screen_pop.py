"""Screen pop: whom an incoming call's number brings on the screen, as JSON for the contact centre's own code."""

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
    """Return the answer to a call."""
    response = await agent.call("POST", "/api/contacts/pop", {"number": number, **more})
    assert response.status == 200, response.body
    found: dict[str, Any] = orjson.loads(response.body)
    return found


def names(found: dict[str, Any]) -> list[str]:
    """Return the names of the people of an answer."""
    return [one["displayName"] for one in found["contacts"]]


async def test_the_only_exact_match_is_the_person(agent: Person, contoso: Company) -> None:
    """With everything about them in the same answer; whoever only resembles the number is left out."""
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
    """Of a shared line, in any directory; never silently the first."""
    await contoso.hire("Anna", NUMBER)
    await fabrikam.hire("Ben", NUMBER)
    found = await popped(agent, NUMBER)
    assert (found["outcome"], sorted(names(found))) == ("choice", ["Anna", "Ben"])
    assert "person" not in found


async def test_a_number_that_only_ends_alike_is_a_choice(agent: Person, contoso: Company) -> None:
    """A wrong person is worse than a choice, also if there is only one candidate."""
    await contoso.hire("Anna", "9460958")
    found = await popped(agent, NUMBER)
    assert (found["outcome"], found["contacts"][0]["match"]) == ("choice", "possible")


@pytest.mark.parametrize("number", ["+15551234567", "anonymous", "x" * 250])
async def test_a_number_of_no_one_is_none(agent: Person, contoso: Company, number: str) -> None:
    """Withheld and broken numbers get the same answer as those that no one has."""
    await contoso.hire("Anna", NUMBER)
    found = await popped(agent, number)
    assert (found["outcome"], found["count"], found["contacts"]) == ("none", 0, [])


async def test_the_answer_names_the_page_that_shows_the_same(agent: Person) -> None:
    """The address is for an agent's browser; the plus in it is percent-encoded."""
    page = (await popped(agent, NUMBER))["page"]
    assert page == "/contacts?number=%2B442079460958&pop=1"
    assert dict(parse_qsl(page.partition("?")[2]))["number"] == NUMBER


@pytest.mark.parametrize(
    ("sent", "meant"),
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
def test_a_plus_that_arrives_as_a_space_is_restored(sent: str, meant: str) -> None:
    """In a query an unencoded `+` means a space (URL Standard, "urlencoded parsing"): it counts as a plus if the
    digits after it are a number with a country code.
    """
    assert as_dialled(sent, "GB") == meant


async def test_directories_can_be_named(
    agent: Person, contoso: Company, fabrikam: Company, stranger: Company
) -> None:
    """As for a lookup: one alone can be asked, and another account's is not there."""
    await contoso.hire("Anna", NUMBER)
    await fabrikam.hire("Ben", NUMBER)
    found = await popped(agent, NUMBER, directories=[fabrikam.id])
    assert (found["outcome"], names(found)) == ("person", ["Ben"])
    body = {"number": NUMBER, "directories": [stranger.id]}
    assert (await agent.call("POST", "/api/contacts/pop", body)).status == 404


async def test_many_large_directories_are_answered_too(
    agent: Person, contoso: Company, fabrikam: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lookup of many numbers may be refused for its round trips; a call that rings is not."""
    monkeypatch.setattr(number_lookup, "MAX_LOOKUPS", 1)
    await contoso.hire("Anna", NUMBER)
    await fabrikam.hire("Berta", "+49 30 901820")
    assert (await popped(agent, "020 7946 0958"))["outcome"] == "person"


async def test_a_ring_takes_three_round_trips(
    agent: Person, contoso: Company, tables: CountingTables
) -> None:
    """One for the number, one for the person, one for the presence; the directories are remembered for seconds.

    The same with 3 and 300 colleagues.
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
async def test_a_wrong_body_is_told_its_field(agent: Person, body: object, field: str) -> None:
    """400 as RFC 9457 problem with the field, the fault and the remedy."""
    response = await agent.call("POST", "/api/contacts/pop", body)
    assert response.status == 400
    assert orjson.loads(response.body)["field"] == field


async def test_another_sites_page_cannot_ask(agent: Person) -> None:
    """The sign-in cookie goes along with a request of any site (SECURITY.md, cross-site requests)."""
    headers = {"origin": "https://evil.example", "cookie": "AppServiceAuthSession=x"}
    body = {"number": NUMBER}
    assert (await agent.call("POST", "/api/contacts/pop", body, headers=headers)).status == 403
