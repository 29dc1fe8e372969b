"""The letters A to Z above a long list of people, without a browser."""

import re

from directories.audit import operator_actor
from directories.service import NewDirectory, create
from local.counting_tables import CountingTables
from shared.app import App
from tests.contacts.people import Company
from tests.web.conftest import ACCOUNT, Visitor

_NAMES = ("Anna", "Özlem", "Otto", "Peter", "zoe", "Ζωή")


async def _names(visit: Visitor, query: str) -> list[str]:
    page = (await visit("GET", f"/contacts/list?{query}", hx_request="true")).body.decode()
    return re.findall(r'class="name ellipsis"><bdi>([^<]+)</bdi>', page)


async def _company(app: App, people: int) -> Company:
    directory, _ = await create(app, operator_actor(ACCOUNT), NewDirectory("Contoso"))
    company = Company(app, directory)
    for name in (*_NAMES, *(f"Berta {number:02}" for number in range(people))):
        await company.hire(name)
    return company


async def test_a_letter_starts_the_list(visit: Visitor, app: App, tables: CountingTables) -> None:
    """Names sort without case and accents, other scripts after Z; the cost is that of any list."""
    await _company(app, 60)
    assert await _names(visit, "from=o") == ["Otto", "Özlem", "Peter", "zoe", "Ζωή"]
    assert await _names(visit, "from=Ö") == ["Otto", "Özlem", "Peter", "zoe", "Ζωή"]
    assert await _names(visit, "from=pet") == ["Peter", "zoe", "Ζωή"]
    assert await _names(visit, "from=%7B") == ["Ζωή"]
    costs = []
    for query in ("from=b", ""):
        app.clock.advance(20)  # type: ignore[attr-defined]
        with tables.measured() as calls:
            await _names(visit, query)
        costs.append(len(calls))
    assert costs[0] == costs[1]


async def test_letters_are_offered_above_a_long_list_of_everyone(visit: Visitor, app: App) -> None:
    """Not above a search or a short list. They are links, so they work without JavaScript."""
    company = await _company(app, 35)
    offered = b'<nav class="letters"'
    assert offered in (await visit("GET", "/contacts")).body
    assert offered not in (await visit("GET", "/contacts?q=berta")).body
    page = (await visit("GET", f"/contacts?directory={company.id}&from=p")).body.decode()
    assert f'href="/contacts?directory={company.id}&amp;from=z"' in page
    assert re.findall(r'data-letter="(.)" aria-current="true"', page) == ["p"]


async def test_a_search_takes_precedence_over_a_letter(visit: Visitor, app: App) -> None:
    """A search ignores `from`. No value of `from` is an error."""
    await _company(app, 1)
    assert await _names(visit, "from=p&q=anna") == ["Anna"]
    for text in ("%00", "%7C", "~", "%2F%5C%23%3F", "%F0%9F%98%80", "x" * 300):
        assert (await visit("GET", f"/contacts?from={text}")).status == 200
