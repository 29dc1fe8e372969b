"""People whose names only resemble the search text, on the Organisation page."""

import re

import pytest

from directories.audit import operator_actor
from directories.service import NewDirectory, create
from shared.app import App
from tests.contacts.people import Company
from tests.web.conftest import ACCOUNT, Visitor


@pytest.mark.parametrize(
    ("language", "text", "words", "count"),
    [
        ("en", "anna meyer", "Similar to “meyer” by sound", "1 found, 1 similar"),
        ("de", "anna meyer", "Klingt ähnlich wie „meyer“", "1 gefunden, 1 ähnlich"),
        ("en", "schleider", "Similar to “schleider”", "0 found, 1 similar"),
        ("de", "schleider", "Ähnlich wie „schleider“", "0 gefunden, 1 ähnlich"),
    ],
)
async def test_a_row_says_what_the_name_resembles(
    visit: Visitor, app: App, language: str, text: str, words: str, count: str
) -> None:
    """In the visitor's language, after the exact matches; the count distinguishes both."""
    directory, _ = await create(app, operator_actor(ACCOUNT), NewDirectory("Contoso", region="GB"))
    company = Company(app, directory)
    for name in ("Anna Meyer", "Anna Maier", "Karl Schneider"):
        await company.hire(name)
    path = f"/contacts/list?q={text.replace(' ', '+')}"
    page = await visit("GET", path, accept_language=language, hx_request="true")
    html = page.body.decode()
    assert re.findall(r'<span class="similar">(.*?)</span>', html) == [words]
    assert count in html
    if "Anna Meyer" in html:
        assert html.index("Anna Meyer") < html.index("Anna Maier")
