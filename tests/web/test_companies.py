"""The field on the Organisation page that selects a company, in accounts with few and with many."""

import re

from directories import service
from directories.audit import operator_actor
from directories.service import NewDirectory
from shared.app import App
from tests.web.conftest import ACCOUNT, Visitor


async def _make(app: App, count: int) -> list[str]:
    """Create this many directories and return their ids in order of creation."""
    made = [NewDirectory(f"Brightwater {number:04} Ltd", region="GB") for number in range(count)]
    return [(await service.create(app, operator_actor(ACCOUNT), new))[0].id for new in made]


async def test_few_companies_are_a_select(app: App, visit: Visitor) -> None:
    """A short list needs no search."""
    await _make(app, 3)
    body = (await visit("GET", "/contacts")).body
    assert body.count(b"<option") == 4 + 3  # those of presence
    assert b"data-company" not in body


async def test_many_companies_are_searched_by_name(app: App, visit: Visitor) -> None:
    """The page lists a few and counts the others; each is a link that works without JavaScript."""
    ids = await _make(app, 60)
    body = (await visit("GET", f"/contacts?directory={ids[59]}")).body.decode()
    assert body.count("<option") == 3  # those of presence
    assert "data-company-name>Brightwater 0059 Ltd<" in body
    assert "48 more." in body
    found = await visit("GET", "/contacts/companies?company=LTD%20005", hx_request="true")
    assert re.findall(r"<bdi>([^<]+)<", found.body.decode()) == [
        f"Brightwater {number:04} Ltd" for number in (5, *range(50, 60))
    ]
    assert f'href="/contacts?directory={ids[50]}"' in found.body.decode()
    none = await visit("GET", "/contacts/companies?company=fabrikam", hx_request="true")
    assert "No company has this name." in none.body.decode()
