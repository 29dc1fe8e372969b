"""Whose number it is: exact, possible or no match, in every directory of the account."""

import orjson
import pytest

from tests.contacts.people import Company, Person


@pytest.mark.parametrize(
    "text",
    [
        "+442079460958",
        "020 7946 0958",
        "0044 (20) 7946 0958",
        "tel:+44-20-7946-0958",
        "sip:+442079460958@sbc.example",
    ],
)
@pytest.mark.parametrize(
    "stored", ["+442079460958", "020 7946 0958", "+44 (0)20 7946 0958", "tel:+442079460958;ext=9"]
)
async def test_a_number_matches_in_any_format(
    agent: Person, contoso: Company, stored: str, text: str
) -> None:
    """A space in the directory, or a prefix from the telephone system, doesn't prevent a match."""
    await contoso.hire("Anna", stored)
    assert await agent.lookup(text) == [[("Anna", "exact")]]


async def test_every_number_of_a_person_matches(agent: Person, contoso: Company) -> None:
    """Numbers of all types. Results have the order of the request, repeated numbers included."""
    await contoso.hire("Anna", "+442079460958", "mobile:+447700900123", "home:1234")
    anna = [("Anna", "exact")]
    answers = await agent.lookup(
        "07700 900123", "1234", "+442079460958", "+15551234567", "07700 900123"
    )
    assert answers == [anna, anna, anna, [], anna]


async def test_everyone_with_a_shared_number_matches(
    agent: Person, contoso: Company, fabrikam: Company
) -> None:
    """A shared desk, or a person in two directories: each match has its directory, and none is
    omitted.
    """
    await contoso.hire("Zoe", "020 7946 0958")
    await contoso.hire("Anna", "+442079460958")
    await fabrikam.hire("Ben", "+44 20 7946 0958")
    assert await agent.lookup("+442079460958") == [
        [("Anna", "exact"), ("Zoe", "exact"), ("Ben", "exact")]
    ]
    response = await agent.call("POST", "/api/contacts/lookup", {"numbers": ["+442079460958"]})
    matches = orjson.loads(response.body)["numbers"][0]["matches"]
    assert [match["directory"]["name"] for match in matches] == ["Contoso", "Contoso", "Fabrikam"]


async def test_a_number_with_the_same_end_is_a_possible_match(
    agent: Person, contoso: Company, fabrikam: Company
) -> None:
    """At least seven digits must agree. Exact matches of all directories come first."""
    await contoso.hire("Anna", "+442012345678")
    await fabrikam.hire("Ben", "12345678")
    assert await agent.lookup("1234 5678") == [[("Ben", "exact"), ("Anna", "possible")]]
    assert await agent.lookup("+442012345678") == [[("Anna", "exact"), ("Ben", "possible")]]
    assert await agent.lookup("345678", "+443012345678") == [[], [("Ben", "possible")]]


async def test_a_national_number_depends_on_each_directorys_region(
    agent: Person, contoso: Company, fabrikam: Company
) -> None:
    """030 is Berlin in a German directory, and no area code in a British one."""
    await fabrikam.hire("Berta", "+49 30 901820")
    await contoso.hire("Bob", "+44 30 901820")
    assert await agent.lookup("030 901820") == [[("Berta", "exact"), ("Bob", "possible")]]


async def test_an_extension_distinguishes_colleagues_on_one_line(
    agent: Person, contoso: Company
) -> None:
    """The person with the extension and the line are exact, other extensions possible. Without an
    extension all are exact.
    """
    await contoso.hire("Other", "+442079460958;ext=13")
    await contoso.hire("Line", "+442079460958")
    await contoso.hire("Anna", "020 7946 0958 x12")
    assert await agent.lookup("020 7946 0958 ext. 12") == [
        [("Anna", "exact"), ("Line", "exact"), ("Other", "possible")]
    ]
    assert await agent.lookup("020 7946 0958") == [
        [("Anna", "exact"), ("Line", "exact"), ("Other", "exact")]
    ]


async def test_inactive_people_and_other_accounts_do_not_match(
    agent: Person, contoso: Company, stranger: Company
) -> None:
    """Agents don't see people who left; a name is never revealed to another account."""
    await contoso.hire("Gone", "+442079460958", active=False)
    await stranger.hire("Strange", "+442079460958")
    assert await agent.lookup("+442079460958") == [[]]


async def test_a_lookup_may_name_its_directories(
    agent: Person, contoso: Company, fabrikam: Company, stranger: Company
) -> None:
    """A lookup may be limited to some directories; another account's directory isn't found."""
    await contoso.hire("Anna", "+442079460958")
    await fabrikam.hire("Ben", "+442079460958")
    assert await agent.lookup("+442079460958", directories=[fabrikam.id]) == [[("Ben", "exact")]]
    body = {"numbers": ["+442079460958"], "directories": [stranger.id]}
    assert (await agent.call("POST", "/api/contacts/lookup", body)).status == 404


@pytest.mark.parametrize("text", ["", "12", "anonymous", "+", "😀", "x" * 250, "1" * 250])
async def test_text_that_is_no_number_has_no_match(
    agent: Person, contoso: Company, text: str
) -> None:
    """Call logs contain withheld and malformed numbers; one of them doesn't fail the request."""
    await contoso.hire("Anna", "12", "n/a", "+442079460958")
    assert await agent.lookup(text, "+442079460958") == [[], [("Anna", "exact")]]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ([], "body"),
        ({}, "numbers"),
        ({"numbers": []}, "numbers"),
        ({"numbers": "+442079460958"}, "numbers"),
        ({"numbers": ["1"] * 101}, "numbers"),
        ({"numbers": ["1", 2]}, "numbers[1]"),
        ({"numbers": ["1" * 251]}, "numbers[0]"),
        ({"numbers": ["1"], "directories": "x"}, "directories"),
        ({"numbers": ["1"], "directories": [1]}, "directories"),
    ],
)
async def test_a_wrong_body_gets_an_error_with_the_field(
    agent: Person, body: object, field: str
) -> None:
    """400 with an RFC 9457 problem that has the field, the fault and the remedy."""
    response = await agent.call("POST", "/api/contacts/lookup", body)
    assert response.status == 400
    assert response.headers["content-type"] == "application/problem+json"
    assert orjson.loads(response.body)["field"] == field


@pytest.mark.parametrize(
    "body", [b"", b"{", b'{"numbers":["\xff"]}', b'{"numbers":["\\ud800"]}', b"[" * 5000]
)
async def test_malformed_json_gets_a_400(agent: Person, body: bytes) -> None:
    """Malformed, truncated, not UTF-8, with lone surrogates, or too deep."""
    assert (await agent.call("POST", "/api/contacts/lookup", body)).status == 400
