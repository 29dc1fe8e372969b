"""The call history page: one row per caller with company and calls; unknown numbers with companies
of similar numbers.
"""

import re
from urllib.parse import urlencode

import pytest

from directories.audit import operator_actor
from directories.service import NewDirectory, create
from local.counting_tables import CountingTables
from shared.app import App
from shared.http import Response
from tests.contacts.people import Company
from tests.web.conftest import ACCOUNT, Visitor

LOG = """28/11/2026 10:20\tIncoming\t+44 20 7946 0018
28/11/2026 10:10\tMissed\t020 7946 0018
28/11/2026 10:00\tOutgoing\t+44 7700 900123
28/11/2026 09:50\tIncoming\t+44 20 7946 0999
28/11/2026 09:40\tIncoming\t+44 20 8888 1234
28/11/2026 09:30\tMissed\t+1 206 555 0100"""


@pytest.fixture
async def contoso(app: App) -> Company:
    """Return a company with one person who has two numbers."""
    directory, _ = await create(app, operator_actor(ACCOUNT), NewDirectory("Contoso", region="GB"))
    company = Company(app, directory)
    await company.hire("Anna Adams", "+44 20 7946 0018", "mobile:+44 7700 900123", title="Head")
    return company


async def send(visit: Visitor, path: str = "/contacts/history", **fields: str) -> Response:
    """Send the form of the page and return the response."""
    return await visit("POST", path, urlencode(fields), sec_fetch_site="same-origin")


async def rows(visit: Visitor, **fields: str) -> list[str]:
    """Send the form and return the text of each row."""
    page = (await send(visit, **fields)).body.decode()
    found = re.findall(r'<li class="caller.*?</li>', page, re.DOTALL)
    return [" ".join(re.sub("<[^>]+>", " ", row).split()) for row in found]


async def test_calls_of_one_person_are_one_row(visit: Visitor, contoso: Company) -> None:
    """Calls from all numbers of the person, with title, company, directions and times; unknown
    numbers are separate.
    """
    first, *unknown = await rows(visit, numbers=LOG)
    assert first == (
        "AA Anna Adams Head · Contoso +44 20 7946 0018 and other numbers 3 calls Incoming Missed "
        "Outgoing 28/11/2026 10:20 · 28/11/2026 10:10 · 28/11/2026 10:00"
    )
    assert len(unknown) == 3
    page = (await send(visit, numbers=LOG)).body.decode()
    assert "1 of 4 callers known, 6 calls" in page
    assert 'href="tel:+442079460018"' in page
    assert 'href="tel:+442079460999"' in page


async def test_an_unknown_number_offers_companies_with_similar_numbers(
    visit: Visitor, contoso: Company
) -> None:
    """Companies with the same main number, else the same area code; the link lists their people
    with it.
    """
    _, line, area, none = await rows(visit, numbers=LOG)
    assert "Same main line as Contoso" in line
    assert "Same area code as Contoso" in area
    assert "No one has this number" in none
    page = (await send(visit, numbers=LOG)).body.decode()
    assert f'href="/contacts?directory={contoso.id}&amp;q=%2B44207946"' in page


@pytest.mark.parametrize(
    ("show", "count"), [("all", 4), ("people", 1), ("unknown", 3), ("missed", 2), ("nonsense", 4)]
)
async def test_the_list_is_filtered(
    visit: Visitor, contoso: Company, show: str, count: int
) -> None:
    """By known callers, unknown numbers and missed calls."""
    assert len(await rows(visit, numbers=LOG, show=show)) == count


async def test_a_log_of_a_hundred_calls_is_a_row_per_caller(
    visit: Visitor, contoso: Company
) -> None:
    """25 people who called four times each."""
    for n in range(25):
        await contoso.hire(f"Person {n:02}", f"+44 20 7946 10{n:02}")
    log = "\n".join(f"10:{n % 60:02} +44 20 7946 10{n % 25:02}" for n in range(100))
    found = await rows(visit, numbers=log)
    assert len(found) == 25
    assert all("4 calls" in row for row in found)


async def test_several_people_with_a_number_are_all_shown(visit: Visitor, contoso: Company) -> None:
    """Each person who shares the number is a row; the calls are listed once."""
    await contoso.hire("Ben Berg", "+44 20 7946 0018")
    found = await rows(visit, numbers="+44 20 7946 0018")
    assert len(found) == 2
    assert sum("+44 20 7946 0018" in row for row in found) == 1


async def test_a_log_without_a_number_is_reported(visit: Visitor) -> None:
    """After the button was pressed, and for a text without a number; not while the field is
    empty.
    """
    said = b"There is no number to look up"
    assert said in (await send(visit, numbers="", go="1")).body
    assert said in (await send(visit, numbers="12:33 3 min")).body
    assert said not in (await send(visit, numbers="")).body
    assert b"2 lines have no number" in (await send(visit, numbers="12:33\nx\n0207946")).body


async def test_the_log_is_exported(visit: Visitor, contoso: Company) -> None:
    """One line per call, safe in spreadsheets. Without a number the page gives the reason."""
    answer = await send(visit, "/contacts/export", numbers=f"{LOG}\n=cmd()1234567")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    lines = answer.body.decode("utf-8-sig").splitlines()
    assert lines[0] == '"Time","Direction","Duration","Number","Match","Name","Title","Company"'
    assert lines[1] == (
        '"28/11/2026 10:20","Incoming","","\'+44 20 7946 0018","Exact","Anna Adams","Head","Contoso"'
    )
    assert len(lines) == 8
    assert "'=cmd()1234567" in lines[-1]
    assert b"There is no number" in (await send(visit, "/contacts/export", numbers="")).body


async def test_companies_with_similar_numbers_cost_a_round_trip_per_area(
    visit: Visitor, contoso: Company, tables: CountingTables
) -> None:
    """Numbers with one beginning are searched together."""
    log = "\n".join(f"+44 20 7946 09{n:02}" for n in range(10))
    await rows(visit, numbers=log)
    with tables.measured() as calls:
        await rows(visit, numbers=log)
    assert len([call for call in calls if call[1] == "contacts"]) == 10 + 1
