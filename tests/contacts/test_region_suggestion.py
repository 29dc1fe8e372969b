"""The suggested default region: the one for which most of the directory's numbers are valid."""

from typing import Any

import pytest

from contacts.region_suggestion import suggest_region
from local.counting_tables import CountingTables
from shared.app import App
from shared.numbers.region_fit import RegionFit
from tests.contacts.conftest import make_company
from tests.contacts.people import ACCOUNT, Company, Person

GERMAN = ("030 901820", "089 636480", "0211 80001", "0151 23456789", "040 428280")
FRENCH = ("01 42 68 53 00", "06 12 34 56 78", "04 91 13 71 00")


async def _with(app: App, region: str, *numbers: str, **more: Any) -> Company:
    company = await make_company(app, ACCOUNT, "Company", region)
    for place, number in enumerate(numbers):
        await company.hire(f"Person {place}", number, **more)
    return company


@pytest.mark.parametrize(
    ("region", "numbers", "suggested"),
    [
        ("GB", GERMAN, "DE"),
        ("US", GERMAN, "DE"),
        ("DE", FRENCH, "FR"),
        ("GB", ("(206) 555-0100", "(212) 555-0123", "425-555-0199"), "US"),
        ("US", ("020 7946 0018", "0161 496 0000", "07400 123456", "0131 496 0111"), "GB"),
        ("GB", ("11 2345-6789", "(11) 98765-4301", "(21) 2345-6789"), "BR"),
    ],
)
async def test_the_region_of_most_numbers_is_suggested(
    app: App, region: str, numbers: tuple[str, ...], suggested: str
) -> None:
    """If a directory was created with a wrong region, its national numbers can't be parsed."""
    company = await _with(app, region, *numbers, "+1 206 555 0100" if suggested == "US" else "n/a")
    found = await suggest_region(app, company.directory)
    assert found is not None
    assert (found.region, found.fits >= found.count * 0.8) == (suggested, True)


@pytest.mark.parametrize(
    ("region", "numbers"),
    [
        ("DE", GERMAN),
        ("GB", ("+49 30 901820", "+49 89 636480", "+49 211 80001")),
        ("GB", GERMAN[:2]),
        ("GB", ("1234", "4417", "n/a", "see mobile")),
        ("GB", ()),
    ],
)
async def test_no_region_is_suggested_without_a_reason(
    app: App, region: str, numbers: tuple[str, ...]
) -> None:
    """The numbers are valid in the default region, have country codes, or are too few."""
    company = await _with(app, region, *numbers)
    assert await suggest_region(app, company.directory) is None


async def test_the_data_of_people_decides_between_equal_regions(app: App) -> None:
    """Country codes of other numbers, countries of addresses, and languages decide."""
    numbers = ("044 668 18 00", "043 210 00 00", "041 210 10 10")
    swiss = await _with(app, "GB", *numbers, preferredLanguage="de-CH")
    found = await suggest_region(app, swiss.directory)
    assert found == RegionFit("CH", 3, 0, 3)


async def test_a_suggestion_costs_one_round_trip(app: App, tables: CountingTables) -> None:
    """It reads one page of people, whatever the directory's size."""
    company = await _with(app, "GB", *GERMAN)
    with tables.measured() as calls:
        await suggest_region(app, company.directory)
    assert len(calls) == 1


async def test_the_api_suggests_the_region_with_the_numbers(app: App, admin: Person) -> None:
    """The first page of numbers that need attention has the suggestion."""
    company = await _with(app, "GB", *GERMAN)
    page = await admin.get(f"/api/directories/{company.id}/numbers")
    assert page["suggestedRegion"] == {"region": "DE", "fits": 5, "fitsNow": 0, "count": 5}
    assert len(page["people"]) == 5
