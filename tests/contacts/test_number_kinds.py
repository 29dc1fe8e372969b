"""Kinds of phone numbers that fail in other products, by public reports, from the SCIM value to the
agent's result.
"""

import pytest

from directories.models import Directory
from local.counting_tables import CountingTables
from scim.users import index_rows
from shared.app import App
from tests.contacts.conftest import make_company
from tests.contacts.people import ACCOUNT, Company, Person

DIRECT_DIAL = "+49 89 12345"


@pytest.mark.parametrize(
    "stored", [f"{DIRECT_DIAL} DW 67", f"{DIRECT_DIAL} Klappe 67", f"{DIRECT_DIAL} ext. 67"]
)
async def test_an_extension_is_found_by_the_base_and_by_direct_dial(
    agent: Person, fabrikam: Company, stored: str
) -> None:
    """TrevorPilley/phone-number-parser issue 689: both match exactly; a colleague's extension is a
    possible match.
    """
    await fabrikam.hire("Anna", stored)
    exact, possible = [("Anna", "exact")], [("Anna", "possible")]
    answers = await agent.lookup("+4989123450", "+498912345", "+49891234567", "+49891234568")
    assert answers == [possible, exact, exact, possible]


async def test_a_direct_dial_number_is_possible_for_its_exchange(
    agent: Person, fabrikam: Company
) -> None:
    """DIN 5008: 089 12345-67 is extension 67 of 089 12345, so the main number and other extensions
    are possible matches.
    """
    await fabrikam.hire("Anna", "089 12345-67")
    answers = await agent.lookup("+49891234567", "+498912345", "+49891234568", "+49891334568")
    assert answers == [[("Anna", "exact")], [("Anna", "possible")], [("Anna", "possible")], []]


async def test_an_exact_match_hides_colleagues_of_its_exchange(
    agent: Person, fabrikam: Company
) -> None:
    """If someone has exactly the number, possible matches of the exchange aren't shown."""
    await fabrikam.hire("Anna", "089 12345-67")
    await fabrikam.hire("Ben", "089 12345-68")
    assert await agent.lookup("+49891234568") == [[("Ben", "exact")]]


async def test_neighbours_without_extensions_are_no_match(agent: Person, fabrikam: Company) -> None:
    """A number that has the same beginning, or nearly the same end, is another line."""
    await fabrikam.hire("Anna", "+49 89 1234567")
    await fabrikam.hire("Ben", "+44 20 7946 0958")
    found = await agent.lookup("+49891234568", "+498912345670", "+442079460959", "+441379460958")
    assert found == [[], [], [], []]


async def test_the_same_national_number_of_another_country_is_no_match(
    agent: Person, contoso: Company
) -> None:
    """Both numbers have their country code, so they differ."""
    await contoso.hire("Anna", "+1 212 555 0102")
    assert await agent.lookup("+442125550102") == [[]]


async def test_each_of_several_numbers_in_a_field_is_possible(
    agent: Person, admin: Person, contoso: Company
) -> None:
    """ReagentX/imessage-exporter issue 673. The administrator sees which numbers the value
    contains.
    """
    await contoso.hire("Anna", "020 7946 0014 / 0015")
    anna = [("Anna", "possible")]
    assert await agent.lookup("+442079460014", "020 7946 0015") == [anna, anna]
    page = await admin.get(f"/api/directories/{contoso.id}/numbers")
    fault = page["people"][0]["numbers"][0]["fault"]
    assert "several numbers (+442079460014, +442079460015)" in fault


async def test_a_person_with_the_number_as_the_main_one_comes_first(
    agent: Person, contoso: Company
) -> None:
    """A main number or a shared desk: everyone with the number is shown."""
    await contoso.hire("Anna", "+442079460958", "other:+442079460000")
    await contoso.hire("Zoe Reception", "+442079460000")
    await contoso.hire("Ben", "+442079460959", "other:+442079460000")
    assert await agent.lookup("+442079460000") == [
        [("Zoe Reception", "exact"), ("Anna", "exact"), ("Ben", "exact")]
    ]


async def test_digits_without_a_plus_may_include_a_country_code(
    agent: Person, contoso: Company
) -> None:
    """They are a national number or one with a country code. If only one of the two has a match, it
    is exact.
    """
    await contoso.hire("Anna", "+39 06 9876 5432")
    assert await agent.lookup("390698765432") == [[("Anna", "exact")]]


@pytest.mark.parametrize(
    ("region", "stored", "arrives"),
    [
        ("BR", "(11) 98765-4301", "+551187654301"),  # FossifyOrg/Phone#899
        ("IT", "+39 06 1234 5601", "+39612345601"),  # aj3423/SpamBlocker#430
        ("GB", "+39 6 1234 5601", "+390612345601"),
        ("AR", "+54 9 11 2345 6789", "+541123456789"),
        ("GB", "+7 495 123 45 67", "84951234567"),
        ("GB", "+36 1 234 5678", "0612345678"),
        ("DE", "+49 89 636480", "01033089636480"),  # call by call
    ],
)
async def test_numbers_in_an_old_form_or_with_a_foreign_prefix_are_possible(
    app: App, agent: Person, region: str, stored: str, arrives: str
) -> None:
    """A network added or dropped a digit, and no one else has such a number."""
    company = await make_company(app, ACCOUNT, "Company", region)
    await company.hire("Anna", stored)
    assert await agent.lookup(arrives) == [[("Anna", "possible")]]


@pytest.mark.parametrize(
    ("region", "stored", "arrives"),
    [
        ("AU", "13 11 14", "+61131114"),  # catamphetamine/libphonenumber-js#400
        ("AU", "13 11 14", "131114"),
        ("DE", "116117", "+49116117"),
        ("DE", "116117", "116117"),
        ("BR", "(11) 98765-4301", "0 15 11 98765-4301"),  # carrier selection
        ("AR", "011 15-2345-6789", "+5491123456789"),
        ("RU", "8 (495) 123-45-67", "+74951234567"),
        ("HU", "06 1 234 5678", "+3612345678"),
    ],
)
async def test_short_numbers_and_prefixes_of_the_region_are_exact(
    app: App, agent: Person, region: str, stored: str, arrives: str
) -> None:
    """The region's numbering plan shows which digits are prefixes and which are part of the
    number.
    """
    company = await make_company(app, ACCOUNT, "Company", region)
    await company.hire("Anna", stored)
    assert await agent.lookup(arrives) == [[("Anna", "exact")]]


@pytest.mark.parametrize(
    "arrives",
    [
        "anonymous",
        "sip:anonymous@anonymous.invalid",
        "+44 20 7946 ****",
        "+44207946XXXX",
        "+44207946095x",
    ],
)
async def test_masked_callers_have_no_match(agent: Person, contoso: Company, arrives: str) -> None:
    """Showing a wrong person is worse than showing no one."""
    await contoso.hire("Anna", "+44 20 7946 0958", "mobile:+44 20 7946 095")
    assert await agent.lookup(arrives) == [[]]


@pytest.mark.parametrize(
    ("region", "stored", "typed"),
    [
        ("GB", "+442079460958", "+44 (0)20 7946 0958"),  # FossifyOrg/Contacts#357
        ("GB", "+442079460958", "020 7946 0958"),
        ("GB", "+442079460958", "0044 20 7946 0958"),
        ("GB", "+442079460958", "442079460958"),
        ("GB", "+442079460958", "2079460958"),
        ("HU", "+3612345678", "06 1 234 5678"),
        ("RU", "+74951234567", "8 (495) 123-45-67"),
        ("US", "+12125550102", "(212) 555-0102"),
        ("US", "+12125550102", "1 212 555 0102"),
        ("DE", "+49 89 12345 DW 67", "089 12345-67"),
        ("IT", "+390612345678", "06 1234 5678"),
        ("GB", "+390612345678", "+39 06 1234 5678"),
        ("FR", "+33142685300", "01 42 68 53 00"),
        ("AU", "+61212345678", "0011 61 2 1234 5678"),
        ("GB", "tel:+442079460958", "tel:+442079460958"),
    ],
)
async def test_a_person_is_found_while_the_number_is_typed(
    app: App, agent: Person, region: str, stored: str, typed: str
) -> None:
    """From the third digit on, whatever separates the digits."""
    company = await make_company(app, ACCOUNT, "Company", region)
    await company.hire("Anna", stored)
    beginnings = [typed[:end] for end in range(1, len(typed) + 1)]
    assert await _without_anna(agent, company, beginnings, 3) == []


@pytest.mark.parametrize(
    ("region", "stored", "typed"),
    [
        # After the area code, 15 marks a mobile number.
        ("AR", "+54 9 11 2345 6789", "011 15 2345-6789"),
        ("AR", "+54 9 11 2345 6789", "+54 11 15 2345 6789"),
        ("GB", "+54 9 11 2345 6789", "00 54 11 15 2345 6789"),
        ("BR", "+55 11 2345 6789", "0 15 11 2345-6789"),  # carrier 15
        ("BR", "+55 11 96123 4567", "0 21 11 96123-4567"),
        ("BR", "+55 11 2345 6789", "90 41 11 2345 6789"),  # the same for a reverse-charge call
        ("MX", "+52 55 1234 5678", "044 55 1234 5678"),
        ("MX", "+52 55 1234 5678", "045 55 1234 5678"),
        ("CO", "+57 601 234 5678", "0 5 601 234 5678"),
        ("CO", "+57 321 123 4567", "0456 321 123 4567"),
        ("KR", "+82 2 212 3456", "082 2 212 3456"),
        ("CN", "+86 10 1234 5678", "12593 010 1234 5678"),
        ("BO", "+591 7123 4567", "012 7123 4567"),
        ("CR", "+506 2212 3456", "1900 2212 3456"),
        ("HU", "+36 20 123 4567", "+36 (0)20 123 4567"),
        ("FR", "+241 06 03 12 34", "00 241 06 03 12 34"),
    ],
)
async def test_a_prefix_of_national_calls_is_typed_through(
    app: App, agent: Person, region: str, stored: str, typed: str
) -> None:
    """Prefixes are those of libphonenumber (nationalPrefixForParsing); `bench.typed_numbers` types all of them."""
    company = await make_company(app, ACCOUNT, "Company", region)
    await company.hire("Anna", stored)
    beginnings = [typed[:end] for end in range(len(typed) + 1) if typed[end - 1 : end].isdigit()]
    assert await _without_anna(agent, company, beginnings, 4) == []


async def _without_anna(
    agent: Person, company: Company, beginnings: list[str], digits: int
) -> list[str]:
    """Return the texts with at least so many digits for which a search doesn't return Anna alone."""
    path = f"/api/directories/{company.id}/contacts"
    return [
        text
        for text in beginnings
        if sum(map(str.isdigit, text)) >= digits and await agent.names(path, q=text) != ["Anna"]
    ]


@pytest.mark.parametrize("number", ["+12125550102", "+442079460958", "+4915123456789", "+6834012"])
async def test_any_four_digits_of_the_middle_or_end_are_found(
    agent: Person, contoso: Company, number: str
) -> None:
    """An agent may remember only four consecutive digits, or more."""
    await contoso.hire("Anna", number)
    path, digits = f"/api/directories/{contoso.id}/contacts", number[1:]
    parts = [
        digits[start : start + length]
        for length in (4, 5, 6, 8)
        for start in range(len(digits) - length + 1)
    ]
    assert [part for part in parts if await agent.names(path, q=part) != ["Anna"]] == []


async def test_all_numbers_of_a_person_with_three_are_found_by_their_middle(
    agent: Person, contoso: Company
) -> None:
    """The maximum number of index rows suffices for the parts of three numbers."""
    await contoso.hire("Anna", "+442079460958", "mobile:+447700900123", "other:+12125550102")
    path = f"/api/directories/{contoso.id}/contacts"
    for part in ("7946", "79460", "0090", "9001", "5550", "2555"):
        assert await agent.names(path, q=part) == ["Anna"], part


async def test_a_longer_run_of_digits_than_any_number_has_no_match(
    agent: Person, contoso: Company
) -> None:
    """The keys of numbers have at most 15 digits (E.164)."""
    await contoso.hire("Anna", "4" * 16, "other:" + "1" * 200)
    assert await agent.lookup("4" * 16, "4" * 15, "1" * 200) == [[], [], []]


async def test_a_person_has_at_most_fourteen_rows_of_numbers(contoso: Company) -> None:
    """A change may replace each row by a delete and an insert, and a transaction has 100
    operations.
    """
    numbers = [f"other:+49 89 1234{n:02d}-67" for n in range(12)]
    user = contoso.person("Anna", *numbers)
    rows = index_rows.index_rows(user, "DE")
    digits = [key for key in rows if key.startswith(("num|", "exchange|")) or _is_part(key)]
    assert len(digits) == 14


def _is_part(key: str) -> bool:
    part = key.split("|")[1]
    return key.startswith("find|") and part.replace(".", "").isdecimal()


async def test_a_lookup_costs_one_round_trip_and_one_more_in_open_plans(
    agent: Person, contoso: Company, fabrikam: Company, tables: CountingTables
) -> None:
    """The second one is only for a number without an exact match in a region where extensions are
    dialled after the number.
    """
    await contoso.hire("Anna", "+442079460958")
    await fabrikam.hire("Berta", "+49 89 12345-67")

    async def cost(directory: Directory, number: str) -> int:
        with tables.measured() as calls:
            await agent.lookup(number, directories=[directory.id])
        return len([call for call in calls if call[1] == "contacts"])

    assert await cost(contoso.directory, "+442079460958") == 1
    assert await cost(contoso.directory, "+442079460000") == 1
    assert await cost(fabrikam.directory, "+49891234567") == 1
    assert await cost(fabrikam.directory, "+49891234500") == 2


@pytest.mark.parametrize(
    ("region", "stored", "first", "rest"),
    [
        ("AR", "+5491123456789", "011 1", "5 2345 6789"),
        ("AR", "+5492901123456", "02901 1", "5 123456"),
        ("BR", "+5511987654321", "0 15 1", "1 98765-4321"),
        ("BR", "+5511987654321", "011 9", "8765-4321"),
    ],
)
async def test_a_national_form_with_digits_of_its_own_is_found_while_it_is_typed(
    app: App, agent: Person, region: str, stored: str, first: str, rest: str
) -> None:
    """Argentina's 15 before mobile numbers, Brazil's carriers after the trunk zero: the number has neither."""
    company = await make_company(app, ACCOUNT, "Typed", region)
    await company.hire("Ana Silva", stored)
    for end in range(len(rest) + 1):
        text = first + rest[:end]
        found = await agent.names(f"/api/directories/{company.id}/contacts", q=text)
        assert found == ["Ana Silva"], text
