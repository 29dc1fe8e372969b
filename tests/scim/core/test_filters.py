"""Filters: the grammar, case rules, the forms that clients send, and errors."""

from typing import Any

import pytest

from scim.core.errors import ScimError, UnknownAttribute
from scim.core.filter_ast import Equality
from scim.core.filters import parse_filter
from scim.core.parser import MAX_TERMS
from scim.core.schemas import ENTERPRISE_URN, GROUP, USER, USER_URN

BABS: dict[str, Any] = {
    "schemas": [USER_URN, ENTERPRISE_URN],
    "id": "2819c223",
    "externalId": "aB1",
    "userName": "Babs@Contoso.com",
    "name": {"familyName": "O'Malley", "givenName": "Bárbara"},
    "title": "Tour Guide",
    "active": False,
    "emails": [
        {"value": "babs@contoso.com", "type": "work", "primary": True},
        {"value": "babs@home.org", "type": "home"},
    ],
    "phoneNumbers": [{"value": "+44 20 7946 0018", "type": "work"}],
    "meta": {"resourceType": "User", "lastModified": "2026-05-13T04:42:34Z"},
    ENTERPRISE_URN: {"department": "Tours", "manager": {"value": "26118915"}},
}


def _passes(text: str) -> bool:
    return parse_filter(text, USER).matches(BABS)


@pytest.mark.clause("7644/3.4.2.2-ops", "7644/3.4.2.2-gt", "interop/filter")
@pytest.mark.parametrize(
    "text",
    [
        'userName eq "babs@contoso.com"',
        'userName ne "x"',
        'userName co "CONTOSO"',
        'userName sw "babs"',
        'userName ew ".COM"',
        'title gt "tour"',
        'title ge "Tour Guide"',
        'title lt "Z"',
        'title le "tour guide"',
        "title pr",
        "active eq false",
        "active ne true",
        'id eq "2819c223"',
        'externalId sw "aB"',
        'meta.lastModified gt "2011-05-13T04:42:34Z"',
        'meta.lastModified eq "2026-05-13T06:42:34+02:00"',
        'meta.lastModified le "2026-05-13T04:42:34.000Z"',
        'meta.resourceType eq "User"',
        f'schemas eq "{ENTERPRISE_URN}"',
    ],
)
def test_every_operator_compares_by_the_attributes_type(text: str) -> None:
    """RFC 7644 section 3.4.2.2, table 3: dates compare as instants, and text ignores case unless
    caseExact is true.
    """
    assert _passes(text)


@pytest.mark.parametrize(
    "text",
    [
        'userName eq "babs"',
        'userName co "zz"',
        'title gt "Tour Guide"',
        "nickName pr",
        'nickName eq "x"',
        'nickName co ""',
        "active eq true",
        'meta.lastModified lt "2011-05-13T04:42:34Z"',
        'meta.created gt "2011-05-13T04:42:34Z"',
        'meta.created lt "2031-05-13T04:42:34Z"',
        'id eq "2819C223"',
        'externalId eq "ab1"',
        'externalId sw "AB"',
        'externalId co "b2"',
    ],
)
def test_a_different_value_does_not_match(text: str) -> None:
    """RFC 7644 section 3.4.2.2, table 3. Case counts for id and externalId (RFC 7643 section
    3.1).
    """
    assert not _passes(text)


@pytest.mark.clause("7644/3.4.2.2-case")
def test_text_ignores_case_beyond_ascii() -> None:
    """RFC 7643 section 2.2: caseExact false applies to letters of every script."""
    assert _passes('name.givenName eq "BÁRBARA"')


@pytest.mark.clause("7644/3.4.2.2-ops")
@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ('title eq "x" and active eq true or title pr', True),
        ('title pr or title eq "x" and active eq true', True),
        ('title eq "x" and (active eq true or title pr)', False),
        ("not (active eq true) and title pr", True),
        ("not(active eq true or title pr)", False),
        ("NOT (active eq true) AND (title pr OR nickName pr)", True),
        ("((title pr))", True),
    ],
)
def test_not_binds_before_and_before_or(text: str, passes: bool) -> None:
    """RFC 7644 section 3.4.2.2: the precedence is grouping, `not`, `and`, `or`."""
    assert _passes(text) is passes


@pytest.mark.clause("7644/3.4.2.2-path", "ipsie/filters")
@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ('emails[type eq "work" and value co "@contoso.com"]', True),
        ('emails[type eq "home" and value co "@contoso.com"]', False),
        ('emails.type eq "home" and emails.value co "@contoso.com"', True),
        ('emails[not (type eq "work")]', True),
        ("emails[primary eq true]", True),
        ('emails[type eq "other"]', False),
        ("addresses[type pr]", False),
        (f'{ENTERPRISE_URN}:manager[value eq "26118915"]', True),
    ],
)
def test_a_value_path_matches_a_single_element(text: str, passes: bool) -> None:
    """RFC 7644 section 3.4.2.2: one element must meet all conditions in the brackets."""
    assert _passes(text) is passes


@pytest.mark.clause("entra/match", "ipsie/filters")
@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ('emails[type eq "work"].value eq "BABS@contoso.com"', True),
        ('emails[type eq "home"].value eq "babs@contoso.com"', False),
        ('emails[type eq "work"].display pr', False),
        ('emails[type eq "work"].value sw "babs" and userName pr', True),
    ],
)
def test_entra_matches_by_a_selected_value(text: str, passes: bool) -> None:
    """Microsoft Learn, "Develop a SCIM endpoint": Entra sends `emails[type eq "work"].value eq
    "…"`, which the RFC's grammar doesn't allow.
    """
    assert _passes(text) is passes


@pytest.mark.clause("7644/3.4.2.2-case", "entra/op-case")
@pytest.mark.parametrize(
    "text",
    [
        "externalId eq aB1",
        "username Eq babs@contoso.com",
        'USERNAME EQ "babs@contoso.com"',
        'email Co "contoso"',
        "active eq False",
        'active eq "False"',
        "meta.lastModified gt 2011-05-13T04:42:34Z",
        f'{USER_URN.upper()}:userName sw "babs"',
        "  userName   pr  ",
    ],
)
def test_known_misspellings_of_clients_are_accepted(text: str) -> None:
    """Entra sends a value without quotes and "False" as text; PingOne sends capitals and
    `email`.
    """
    assert _passes(text)


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ('emails co "contoso.com"', True),
        ('emails eq "babs@home.org"', True),
        ('manager eq "26118915"', True),
        (f'{ENTERPRISE_URN}:department eq "tours"', True),
        (f'{ENTERPRISE_URN}:manager.value eq "1"', False),
        (f"{ENTERPRISE_URN}:costCenter pr", False),
    ],
)
def test_a_complex_attribute_is_compared_by_its_value(text: str, passes: bool) -> None:
    """RFC 7644 section 3.4.2.2: `emails co "example.com"` compares `emails.value`. Attributes of
    extensions are named by URN (section 3.10).
    """
    assert _passes(text) is passes


@pytest.mark.clause("7644/3.4.2.2-ops")
@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ('emails.type ne "work"', False),
        ('emails.type ne "other"', True),
        ('emails[type ne "work"]', True),
        ("nickName eq null", True),
        ("title ne null", True),
        ("name eq null", False),
        ('addresses.country ne "GB"', True),
    ],
)
def test_ne_is_the_opposite_of_eq(text: str, passes: bool) -> None:
    """`ne` over several values matches if no value is equal; RFC 7644 table 3 leaves that open, and
    the oracle does the same.
    """
    assert _passes(text) is passes


def test_quoted_text_is_json() -> None:
    """RFC 7644 section 3.4.2.2: compValue is a JSON value, with JSON's escapes."""
    user = {"userName": 'a"b\\c/é'}
    assert parse_filter('userName eq "a\\"b\\\\c\\/\\u00e9"', USER).matches(user)


def test_brackets_and_words_inside_quotes_are_text() -> None:
    """A name may contain characters and operators of the grammar."""
    user = {"displayName": 'x] and (not "y") or z['}
    assert parse_filter('displayName eq "x] and (not \\"y\\") or z["', USER).matches(user)


@pytest.mark.clause("7644/3.4.2.2-invalid")
@pytest.mark.parametrize(
    ("text", "position", "expected"),
    [
        ("", 1, "an attribute"),
        ("userName", 9, "an operator"),
        ('userName xx "a"', 10, "an operator"),
        ("userName eq", 12, "a value to compare with"),
        ('userName eq "a', 13, 'a second "'),
        ('userName eq "a" b', 17, "and, or, or the end"),
        ('userName eq "a" and', 20, "an attribute"),
        ("(userName pr", 13, "and, or, or )"),
        ("userName pr)", 12, "and, or, or the end"),
        ("not userName pr", 5, "( after not"),
        ('emails[type eq "work"', 22, "and, or, or ]"),
        ('userName[type eq "a"]', 9, "after an attribute with sub-attributes"),
        ("active gt true", 11, "eq or ne"),
        ("active eq maybe", 11, "true or false"),
        ("meta.created gt yesterday", 17, "2026-01-31T08:30:00Z"),
        ('name eq "a"', 1, "name.formatted"),
        ("userName gt null", 13, "eq or ne"),
        ('userName eq "\\x"', 13, "JSON escapes"),
        ('userName eq "\\ud800"', 13, "Unicode"),
        ("userName eq \ud800", 1, "Unicode"),
        ('x509Certificates.value gt "a"', 27, "eq, ne, co"),
    ],
)
def test_a_fault_has_its_position_and_what_was_expected(
    text: str, position: int, expected: str
) -> None:
    """RFC 7644 section 3.12, invalidFilter: the detail shows the position to the administrator."""
    with pytest.raises(ScimError) as raised:
        parse_filter(text, USER)
    assert raised.value.scim_type == "invalidFilter"
    assert raised.value.detail.startswith(f"Filter, character {position}:")
    assert expected in raised.value.detail


@pytest.mark.clause("interop/filter")
@pytest.mark.parametrize(
    "text",
    [
        "favourite pr",
        "emails.foo pr",
        'emails[foo eq "a"]',
        "userName pr and urn:x:y pr",
        'password sw "a"',
    ],
)
def test_an_unknown_attribute_is_named(text: str) -> None:
    """400 invalidFilter names it. A password counts as unknown, so that filters can't guess it."""
    with pytest.raises(UnknownAttribute) as raised:
        parse_filter(text, USER)
    assert raised.value.scim_type == "invalidFilter"


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5_000 + "userName pr" + ")" * 4_000,
        "(" * 500 + "userName pr" + ")" * 500,
        "not (" * 200 + "userName pr" + ")" * 200,
        " or ".join(["userName pr"] * 600),
        f'userName eq "{"a" * 10_000}"',
    ],
)
def test_a_huge_filter_is_refused(text: str) -> None:
    """400 for a filter that is too long or too deep, never a RecursionError."""
    with pytest.raises(ScimError) as raised:
        parse_filter(text, USER)
    assert raised.value.status == 400


def test_a_filter_with_as_many_comparisons_as_permitted_is_accepted() -> None:
    """Clients look up many people in one request."""
    text = " or ".join([f'userName eq "user{n}@x.com"' for n in range(MAX_TERMS)])
    assert parse_filter(text, USER).matches({"userName": f"user{MAX_TERMS - 1}@x.com"})


@pytest.mark.parametrize(
    ("text", "path", "value"),
    [
        ('userName eq "Babs"', "userName", "Babs"),
        ('USERNAME EQ "Babs"', "userName", "Babs"),
        (f'{USER_URN}:userName eq "Babs"', "userName", "Babs"),
        ("externalId eq jyoung", "externalId", "jyoung"),
        ('id eq "1"', "id", "1"),
        ('emails eq "a@x.com"', "emails.value", "a@x.com"),
        ('emails.value eq "a@x.com"', "emails.value", "a@x.com"),
        ('emails[value eq "a@x.com"]', "emails.value", "a@x.com"),
        ('emails[type eq "WORK"].value eq "a@x.com"', 'emails[type eq "work"].value', "a@x.com"),
        (
            'emails[value eq "a@x.com" and type eq "work"]',
            'emails[type eq "work"].value',
            "a@x.com",
        ),
        ('phoneNumbers.value eq "+1"', "phoneNumbers.value", "+1"),
        ('phoneNumbers[type eq "work"].value eq "+1"', 'phoneNumbers[type eq "work"].value', "+1"),
        ('displayName eq "x"', "displayName", "x"),
        ('groups.value eq "g"', "groups.value", "g"),
        ('groups[value eq "g"]', "groups.value", "g"),
    ],
)
def test_one_equality_can_be_looked_up(text: str, path: str, value: str) -> None:
    """The store looks it up in an index by canonical path and value; no other condition remains."""
    parsed = parse_filter(text, USER)
    assert (parsed.equalities(), parsed.is_exact_equality) == ([Equality(path, value)], True)


def test_members_can_be_looked_up() -> None:
    """`members`, `members.value` and `members[value eq …]` give the same equality."""
    for text in ('members eq "u"', 'members.value eq "u"', 'members[value eq "u"]'):
        assert parse_filter(text, GROUP).equalities() == [Equality("members.value", "u")]


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ('userName eq "a" and active eq true', ["userName"]),
        ('(userName eq "a" and externalId eq "b") and title pr', ["userName", "externalId"]),
        (
            'emails[type eq "work"].value eq "a" and active eq true',
            ['emails[type eq "work"].value'],
        ),
        (
            'emails[type eq "work" and value eq "a" and primary eq true]',
            ['emails[type eq "work"].value'],
        ),
        ('emails[type eq "work" or value eq "a"]', []),
        ('userName eq "a" or userName eq "b"', []),
        ('not (userName eq "a")', []),
        ('userName sw "a"', []),
        ("userName eq null", []),
        ("active eq true", []),
    ],
)
def test_only_what_must_hold_is_an_equality(text: str, paths: list[str]) -> None:
    """The store may use an index only for a term that every match fulfils. It then applies the
    whole filter to the results.
    """
    parsed = parse_filter(text, USER)
    assert [equality.path for equality in parsed.equalities()] == paths
    assert not parsed.is_exact_equality


def test_a_known_filter_is_parsed_once() -> None:
    """Parsed filters are cached: the same text returns the same object."""
    assert parse_filter("title pr", USER) is parse_filter("title pr", USER)
