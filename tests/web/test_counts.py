"""The displayed number of people found, which is true after each page."""

import re

from directories.audit import operator_actor
from directories.service import NewDirectory, create
from shared.app import App
from tests.contacts.people import Company
from tests.rounds import rounds
from tests.web.conftest import ACCOUNT, Visitor


async def _counts(visit: Visitor, query: str) -> list[str]:
    """Return the displayed count after each page."""
    said, address = list[str](), f"/contacts/list?{query}"
    for _ in rounds():
        page = (await visit("GET", address, hx_request="true")).body.decode()
        said += re.findall(r'<p id="count"[^>]*>([^<]*)</p>', page)
        following = re.search(r'hx-get="(/contacts/list[^"]*)"', page)
        if following is None:
            return said
        address = following[1].replace("&amp;", "&")
    return said


async def test_the_count_is_exact_after_the_last_page(visit: Visitor, app: App) -> None:
    """The text "40 or more" is shown only while further people may follow, for names and for
    numbers.
    """
    directory, _ = await create(app, operator_actor(ACCOUNT), NewDirectory("Contoso", region="GB"))
    company = Company(app, directory)
    for n in range(103):
        await company.hire(f"Anna Schmidt {n:03}", f"+44 20 7946 0{n:03}")
    for query in ("q=schmidt", "q=7946", "q=%2B44+20+7946"):
        assert await _counts(visit, query) == ["40 or more found", "80 or more found", "103 found"]
    assert len(await _counts(visit, "")) == 1


async def test_an_empty_page_with_a_cursor_is_no_empty_list(visit: Visitor, app: App) -> None:
    """A later page may have people, so the list doesn't say that no one was found."""
    directory, _ = await create(app, operator_actor(ACCOUNT), NewDirectory("Contoso", region="GB"))
    company = Company(app, directory)
    for n in range(5):
        await company.hire(f"Anna {n}", f"+44 20 7946 000{n}")
    assert (await _counts(visit, "q=7946"))[-1] == "5 found"
    page = (await visit("GET", "/contacts/list?q=zzzz", hx_request="true")).body
    assert b"No one found" in page
