"""Paths of PATCH operations."""

import pytest

from scim.core.errors import ScimError, UnknownAttribute
from scim.core.patch_path import parse_path
from scim.core.schemas import ENTERPRISE_URN, USER, USER_URN


@pytest.mark.clause("7644/3.10")
@pytest.mark.parametrize(
    ("text", "attribute", "sub"),
    [
        ("active", "active", None),
        (" active ", "active", None),
        ("name.GivenName", "name", "givenName"),
        (f"{USER_URN}:name.familyName", "name", "familyName"),
        ('emails[type eq "work"]', "emails", None),
        ('EMAILS[type eq "work"].VALUE', "emails", "value"),
        ("emails[type eq work].value", "emails", "value"),
        (f'{USER_URN}:emails[type eq "work"].value', "emails", "value"),
        (f"{ENTERPRISE_URN}:department", "department", None),
        (f"{ENTERPRISE_URN}:manager.value", "manager", "value"),
        ('manager[value eq "1"]', "manager", None),
        ('emails[value eq "a].b[c\\"d"].value', "emails", "value"),
    ],
)
def test_a_path_names_attribute_and_part(text: str, attribute: str, sub: str | None) -> None:
    """RFC 7644 section 3.5.2, figure 7; a URN has colons and dots of its own (go-scim#75)."""
    path = parse_path(text, USER)
    assert path.attribute is not None
    assert (path.attribute.name, path.sub and path.sub.name) == (attribute, sub)


def test_a_urn_alone_is_the_whole_extension() -> None:
    """RFC 7644 section 3.10."""
    path = parse_path(ENTERPRISE_URN, USER)
    assert (path.extension, path.attribute) == (ENTERPRISE_URN, None)


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ('emails[type eq "work"].value', (("type", "work"),)),
        ('emails[type eq "Work" and primary eq true]', (("type", "work"), ("primary", True))),
        ('roles[primary eq "True"].value', (("primary", True),)),
        ('roles[primary eq "False"].value', (("primary", False),)),
        ('emails[type eq "work" or type eq "home"]', None),
        ('emails[type ne "work"]', None),
        ("emails[type pr]", None),
    ],
)
def test_a_selection_tells_what_an_element_must_have(text: str, terms: object) -> None:
    """Entra writes through selections that match nothing yet: the element is made from these."""
    selection = parse_path(text, USER).selection
    assert selection is not None
    assert selection.terms == terms


@pytest.mark.clause("7644/3.5.2-path")
@pytest.mark.parametrize(
    "text",
    ["", " ", "a b", "name.", ".name", "name..givenName", "name.givenName.x", '"name"', "9lives"],
)
def test_a_malformed_path_is_refused(text: str) -> None:
    """RFC 7644 section 3.12, invalidPath."""
    with pytest.raises(ScimError) as raised:
        parse_path(text, USER)
    assert raised.value.scim_type == "invalidPath"
    assert not isinstance(raised.value, UnknownAttribute)


@pytest.mark.clause("7644/3.5.2-path")
@pytest.mark.parametrize(
    "text",
    [
        'emails[type eq "work"',
        'emails[type eq "work"]x',
        "emails[]",
        "[a]",
        "emails[type]",
        'title[type eq "work"]',
        "emails]",
        'emails[kind eq "work"].value',
        "emails[0].value",
    ],
)
def test_a_fault_in_the_brackets_is_refused(text: str) -> None:
    """RFC 7644 section 3.12: invalidFilter or invalidPath."""
    with pytest.raises(ScimError) as raised:
        parse_path(text, USER)
    assert raised.value.scim_type in ("invalidFilter", "invalidPath")
    assert text in raised.value.detail


@pytest.mark.parametrize("text", ["favourite", "name.nick", "urn:x:y:z", 'favourite[a eq "b"].c'])
def test_an_unknown_attribute_is_told_apart(text: str) -> None:
    """A PATCH passes over it, so it must not look like a malformed path."""
    with pytest.raises(UnknownAttribute):
        parse_path(text, USER)


def test_a_huge_path_is_refused() -> None:
    """Neither the parser nor the answer grows with it."""
    with pytest.raises(ScimError) as raised:
        parse_path("a" * 100_000, USER)
    assert len(raised.value.detail) < 500
