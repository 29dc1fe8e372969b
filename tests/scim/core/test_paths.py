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
def test_a_path_names_an_attribute_and_a_sub_attribute(
    text: str, attribute: str, sub: str | None
) -> None:
    """RFC 7644 section 3.5.2, figure 7. A URN contains colons and dots itself (go-scim issue
    75).
    """
    path = parse_path(text, USER)
    assert path.attribute is not None
    assert (path.attribute.name, path.sub and path.sub.name) == (attribute, sub)


def test_a_urn_alone_is_the_whole_extension() -> None:
    """RFC 7644 section 3.10: a path may be the URN of an extension."""
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
def test_a_selection_gives_the_values_of_a_new_element(text: str, terms: object) -> None:
    """Entra writes through a selection that matches nothing yet: these terms become the new
    element.
    """
    selection = parse_path(text, USER).selection
    assert selection is not None
    assert selection.terms == terms


@pytest.mark.clause("7644/3.5.2-path")
@pytest.mark.parametrize(
    "text",
    ["", " ", "a b", "name.", ".name", "name..givenName", "name.givenName.x", '"name"', "9lives"],
)
def test_a_malformed_path_is_refused(text: str) -> None:
    """RFC 7644 section 3.12: scimType invalidPath."""
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
    """RFC 7644 section 3.12: scimType invalidFilter or invalidPath."""
    with pytest.raises(ScimError) as raised:
        parse_path(text, USER)
    assert raised.value.scim_type in ("invalidFilter", "invalidPath")
    assert text in raised.value.detail


@pytest.mark.parametrize("text", ["favourite", "name.nick", "urn:x:y:z", 'favourite[a eq "b"].c'])
def test_an_unknown_attribute_has_an_error_of_its_own(text: str) -> None:
    """A PATCH ignores an unknown attribute but refuses a malformed path."""
    with pytest.raises(UnknownAttribute):
        parse_path(text, USER)


def test_a_huge_path_is_refused() -> None:
    """The work of the parser and the length of the error are bounded."""
    with pytest.raises(ScimError) as raised:
        parse_path("a" * 100_000, USER)
    assert len(raised.value.detail) < 500
