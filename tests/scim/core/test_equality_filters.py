"""A filter that is one equality skips the parser, with the same result."""

from typing import Any

import pytest

from scim.core import filters
from scim.core.errors import ScimError
from scim.core.filters import parse_filter
from scim.core.schemas import USER

TEXTS = [
    'userName eq "ada@example.com"',
    'USERNAME eq "Ada"',
    'externalId eq "A-1"',
    'name.familyName eq "Lovelace"',
    'emails.value eq "ada@example.com"',
    'emails eq "ada@example.com"',
    'active eq "true"',
    'password eq "secret"',
    'unknown eq "x"',
    'meta.created eq "2026-01-01T00:00:00Z"',
    'name eq "x"',
    'userName eq "a%22b"',
    'userName eq "and"',
    'userName eq "it\'s"',
    'title eq "a\\tb"',
    'groups eq "x"',
    'schemas eq "x"',
]
PEOPLE: list[dict[str, Any]] = [
    {"userName": "ADA@example.com", "externalId": "A-1", "name": {"familyName": "lovelace"}},
    {"userName": "ada", "externalId": "a-1", "emails": [{"value": "ada@example.com"}]},
    {"userName": "it's", "active": True, "title": "a\tb"},
]


def _meaning(text: str) -> object:
    try:
        found = parse_filter(text, USER)
    except ScimError as error:
        return error.message
    accepted = [found.matches(person) for person in PEOPLE]
    return accepted, found.equalities(), found.is_exact_equality, found.text


@pytest.mark.parametrize("text", TEXTS)
def test_an_equality_without_the_parser_gives_the_parsers_result(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It matches the same users, gives the indexes the same equalities, and raises the same
    error.
    """
    filters._parse_cached.cache_clear()
    found = _meaning(text)
    filters._parse_cached.cache_clear()
    monkeypatch.setattr(filters, "_sample_equality", lambda *_: None)
    assert _meaning(text) == found
    filters._parse_cached.cache_clear()


def test_further_equalities_of_an_attribute_are_not_parsed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Entra sends such a filter for each person before it creates one: only the first is parsed."""
    parse_filter('userName eq "first"', USER)
    monkeypatch.setattr(filters, "_parse", None)
    assert parse_filter('userName eq "second"', USER).matches({"userName": "Second"})
