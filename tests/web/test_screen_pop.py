"""The screen pop page `/contacts?number=…&pop=1`: the card, a choice, or a search; without
JavaScript too.
"""

import re
from typing import Any

import pytest

from directories.audit import operator_actor
from directories.service import NewDirectory, create
from local.counting_tables import CountingTables
from shared.app import App
from shared.http import Response
from tests.contacts.people import Company
from tests.web.conftest import ACCOUNT, Visitor

NUMBER = "+442079460958"


@pytest.fixture
async def contoso(app: App) -> Company:
    """Return a company with four people, of whom two share a number."""
    directory, _ = await create(app, operator_actor(ACCOUNT), NewDirectory("Contoso", region="GB"))
    company = Company(app, directory)
    await company.hire("Anna Adams", NUMBER, title="Head of Sales")
    await company.hire("Ben Brown", "+442079460001")
    await company.hire("Cleo Clark", "+442079460001")
    await company.hire("Dora Dean", "9460777")
    return company


def text(response: Response) -> str:
    """Return the text of the page."""
    assert response.status == 200
    return response.body.decode()


def listed(page: str) -> list[str]:
    """Return the names in the list."""
    return re.findall(r'class="name ellipsis"><bdi>([^<]+)<', page)


def outcome(page: str) -> str:
    """Return the outcome in the list's attribute, which the page's script reads."""
    found = re.search(r'id="people"[^>]* data-pop="(\w+)"', page)
    assert found
    return found[1]


@pytest.mark.parametrize("number", ["%2B442079460958", "+442079460958", "020%207946%200958"])
async def test_the_only_exact_match_is_on_the_card(
    visit: Visitor, contoso: Company, number: str
) -> None:
    """Also if the plus sign wasn't percent-encoded. The search field has the number."""
    page = text(await visit("GET", f"/contacts?number={number}&pop=1"))
    assert (outcome(page), listed(page)) == ("person", ["Anna Adams"])
    assert 'id="card-name"><bdi>Anna Adams' in page
    assert re.search(r'<input [^>]*id="q"[^>]* value="(\+44|020 )', page)


async def test_several_matches_are_a_choice(visit: Visitor, contoso: Company) -> None:
    """A list of links, a text that asks to choose one, and no card."""
    page = text(await visit("GET", "/contacts?number=%2B442079460001&pop=1"))
    assert (outcome(page), listed(page)) == ("choice", ["Ben Brown", "Cleo Clark"])
    assert "2 people have +44 20 7946 0001. Choose who is calling." in page
    assert "card-name" not in page


async def test_a_single_possible_match_opens_no_card(visit: Visitor, contoso: Company) -> None:
    """It is listed with a warning."""
    page = text(await visit("GET", "/contacts?number=%2B442079460777&pop=1"))
    assert (outcome(page), listed(page)) == ("choice", ["Dora Dean"])
    assert "1 person may have +44 20 7946 0777." in page


async def test_an_unknown_number_is_searched(visit: Visitor, contoso: Company) -> None:
    """The list has people whose number contains the digits."""
    page = text(await visit("GET", "/contacts?number=%2B4420794609&pop=1"))
    assert outcome(page) == "none"
    assert listed(page) == ["Anna Adams"]
    assert 'value="+4420794609"' in page
    assert "No one has +44" in page


@pytest.mark.parametrize("number", ["", "anonymous", "+"])
async def test_a_withheld_number_is_reported_to_be_withheld(
    visit: Visitor, contoso: Company, number: str
) -> None:
    """The word isn't searched for, because no one would be found: everyone is listed."""
    page = text(await visit("GET", f"/contacts?number={number}&pop=1"))
    assert (outcome(page), len(listed(page))) == ("none", 4)
    assert "The caller's number is withheld." in page.replace("&#39;", "'")


async def test_an_open_page_gets_list_and_card_in_one_response(
    visit: Visitor, contoso: Company
) -> None:
    """The page's script requests `/contacts/pop` once per incoming call."""
    headers: dict[str, Any] = {"hx_request": "true"}
    page = text(await visit("GET", f"/contacts/pop?number=%2B{NUMBER[1:]}", **headers))
    assert "<!doctype" not in page
    assert 'hx-swap-oob="innerHTML:#card"' in page
    assert "card-name" in page


async def test_the_screen_pop_is_in_german(visit: Visitor, contoso: Company) -> None:
    """Its texts follow the browser's language."""
    path = "/contacts?number=%2B442079460001&pop=1"
    assert "2 Personen haben" in text(await visit("GET", path, accept_language="de"))


async def test_a_card_takes_no_more_round_trips_with_more_people(
    visit: Visitor, contoso: Company, tables: CountingTables
) -> None:
    """Number, person, the user's lists, groups and totals of the only directory, and presence
    twice.
    """
    path = f"/contacts?number=%2B{NUMBER[1:]}&pop=1"
    await visit("GET", path)
    await contoso.app.background.drain()
    with tables.measured() as few:
        await visit("GET", path)
    await contoso.fill(300)
    with tables.measured() as many:
        await visit("GET", path)
    assert len(few) == len(many) <= 6, (few, many)
