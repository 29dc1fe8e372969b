"""Whose number it is: exact, possible or none, in every directory of the account."""

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
async def test_formats_of_call_and_directory_need_not_agree(
    agent: Person, contoso: Company, stored: str, text: str
) -> None:
    """A space in the directory or a prefix from the telephone system hides no one."""
    await contoso.hire("Anna", stored)
    assert await agent.lookup(text) == [[("Anna", "exact")]]


async def test_every_number_of_a_person_leads_to_it(agent: Person, contoso: Company) -> None:
    """Work, mobile and others alike; the answers keep the order of the questions, repeated ones too."""
    await contoso.hire("Anna", "+442079460958", "mobile:+447700900123", "home:1234")
    anna = [("Anna", "exact")]
    answers = await agent.lookup(
        "07700 900123", "1234", "+442079460958", "+15551234567", "07700 900123"
    )
    assert answers == [anna, anna, anna, [], anna]


async def test_all_who_share_a_number_are_answered(
    agent: Person, contoso: Company, fabrikam: Company
) -> None:
    """Never silently the first: a shared desk, a person in two directories, each with its directory."""
    await contoso.hire("Zoe", "020 7946 0958")
    await contoso.hire("Anna", "+442079460958")
    await fabrikam.hire("Ben", "+44 20 7946 0958")
    assert await agent.lookup("+442079460958") == [
        [("Anna", "exact"), ("Zoe", "exact"), ("Ben", "exact")]
    ]
    response = await agent.call("POST", "/api/contacts/lookup", {"numbers": ["+442079460958"]})
    matches = orjson.loads(response.body)["numbers"][0]["matches"]
    assert [match["directory"]["name"] for match in matches] == ["Contoso", "Contoso", "Fabrikam"]


async def test_a_number_that_only_ends_alike_is_possible(
    agent: Person, contoso: Company, fabrikam: Company
) -> None:
    """From seven digits on; exact matches of any directory come before possible ones."""
    await contoso.hire("Anna", "+442012345678")
    await fabrikam.hire("Ben", "12345678")
    assert await agent.lookup("1234 5678") == [[("Ben", "exact"), ("Anna", "possible")]]
    assert await agent.lookup("+442012345678") == [[("Anna", "exact"), ("Ben", "possible")]]
    assert await agent.lookup("345678", "+443012345678") == [[], [("Ben", "possible")]]


async def test_a_national_number_is_read_as_of_each_directory(
    agent: Person, contoso: Company, fabrikam: Company
) -> None:
    """030 is Berlin in a German directory and nothing of the kind in a British one."""
    await fabrikam.hire("Berta", "+49 30 901820")
    await contoso.hire("Bob", "+44 30 901820")
    assert await agent.lookup("030 901820") == [[("Berta", "exact"), ("Bob", "possible")]]


async def test_an_extension_tells_colleagues_of_one_line_apart(
    agent: Person, contoso: Company
) -> None:
    """The one asked for, the line itself, then the others as possible; without an extension all are exact."""
    await contoso.hire("Other", "+442079460958;ext=13")
    await contoso.hire("Line", "+442079460958")
    await contoso.hire("Anna", "020 7946 0958 x12")
    assert await agent.lookup("020 7946 0958 ext. 12") == [
        [("Anna", "exact"), ("Line", "exact"), ("Other", "possible")]
    ]
    assert await agent.lookup("020 7946 0958") == [
        [("Anna", "exact"), ("Line", "exact"), ("Other", "exact")]
    ]


async def test_inactive_people_and_other_accounts_answer_no_number(
    agent: Person, contoso: Company, stranger: Company
) -> None:
    """A person who left is no contact, and a caller's name never leaks from another account."""
    await contoso.hire("Gone", "+442079460958", active=False)
    await stranger.hire("Strange", "+442079460958")
    assert await agent.lookup("+442079460958") == [[]]


async def test_a_lookup_may_name_its_directories(
    agent: Person, contoso: Company, fabrikam: Company, stranger: Company
) -> None:
    """One directory alone can be asked; another account's is not there."""
    await contoso.hire("Anna", "+442079460958")
    await fabrikam.hire("Ben", "+442079460958")
    assert await agent.lookup("+442079460958", directories=[fabrikam.id]) == [[("Ben", "exact")]]
    body = {"numbers": ["+442079460958"], "directories": [stranger.id]}
    assert (await agent.call("POST", "/api/contacts/lookup", body)).status == 404


@pytest.mark.parametrize("text", ["", "12", "anonymous", "+", "😀", "x" * 250, "1" * 250])
async def test_what_is_no_number_has_no_match(agent: Person, contoso: Company, text: str) -> None:
    """Call histories hold withheld and broken numbers; one of them spoils no request."""
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
async def test_a_wrong_body_is_told_its_field(agent: Person, body: object, field: str) -> None:
    """400 as RFC 9457 problem with the field, the fault and the remedy."""
    response = await agent.call("POST", "/api/contacts/lookup", body)
    assert response.status == 400
    assert response.headers["content-type"] == "application/problem+json"
    assert orjson.loads(response.body)["field"] == field


@pytest.mark.parametrize(
    "body", [b"", b"{", b'{"numbers":["\xff"]}', b'{"numbers":["\\ud800"]}', b"[" * 5000]
)
async def test_broken_json_is_a_problem_not_a_failure(agent: Person, body: bytes) -> None:
    """Malformed, cut, not UTF-8, lone surrogates, too deep: 400."""
    assert (await agent.call("POST", "/api/contacts/lookup", body)).status == 400
