"""The page for testing an attribute mapping."""

from urllib.parse import urlencode

import pytest

from directories.audit import operator_actor
from directories.service import NewDirectory, create
from shared.app import App
from tests.web.conftest import ACCOUNT, Visitor

SENT = {"content_type": "application/x-www-form-urlencoded", "origin": "https://app.example.com"}
USER = """{"userName": "anna@contoso.example", "name": {"givenName": "Anna", "familyName": "Müller"},
 "phoneNumbers": [{"type": "work", "value": "030 901820"}, {"type": "work", "value": "12"}]}"""


@pytest.fixture
async def path(app: App) -> str:
    """Return the path of the page, for a directory with default region DE."""
    directory, _ = await create(app, operator_actor(ACCOUNT), NewDirectory("Contoso", region="DE"))
    return f"/directories/{directory.id}/dry-run"


async def _pasted(visit: Visitor, path: str, text: str, **headers: str) -> str:
    answer = await visit("POST", path, urlencode({"text": text}), **SENT, **headers)
    assert answer.status in (200, 422)
    return str(answer.body.decode())


async def test_a_user_is_shown_with_its_numbers_and_terms(visit: Visitor, path: str) -> None:
    """Name, E.164 format, the digits by which a number is found, its fault and remedy, and search
    terms.
    """
    shown = await _pasted(visit, path, USER)
    for words in ("Anna Müller", "+4930901820", "4930901820 (national)", "<code>muller</code>"):
        assert words in shown
    assert "internal extension" in shown
    assert "Map externalId to objectId" in shown


async def test_the_pasted_text_stays(visit: Visitor, path: str) -> None:
    """It is escaped in the form, so that it can be corrected and tested again."""
    shown = await _pasted(visit, path, '{"userName": "<script>"}')
    assert "&lt;script&gt;" in shown
    assert "<script>&" not in shown


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "Paste a SCIM user"),
        ("{", "JSON"),
        ('{"title": "Boss"}', "userName"),
        ("userName", "Paste two: headings and values."),
        ("x" * 16_385, "at most 16,384 characters"),
    ],
)
async def test_a_fault_is_named(visit: Visitor, path: str, text: str, words: str) -> None:
    """The same page shows a text with the remedy."""
    assert words in await _pasted(visit, path, text)


async def test_the_page_is_in_german(visit: Visitor, path: str) -> None:
    """All of its texts are."""
    shown = await _pasted(visit, path, USER, accept_language="de")
    assert "Suchbegriffe" in shown
    assert "Zuordnung testen" in shown
