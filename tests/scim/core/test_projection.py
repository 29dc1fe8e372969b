"""The parameters `attributes` and `excludedAttributes` (RFC 7644 sections 3.4.2.5 and 3.9)."""

from typing import Any

import pytest

from scim.core.attributes import Attribute, ResourceType, Schema
from scim.core.errors import ScimError
from scim.core.projection import Projection, parse_attributes
from scim.core.schemas import ENTERPRISE_URN, GROUP, USER, USER_URN

BABS: dict[str, Any] = {
    "schemas": [USER_URN, ENTERPRISE_URN],
    "id": "1",
    "userName": "babs",
    "name": {"givenName": "Babs", "familyName": "Jensen"},
    "emails": [{"value": "a@x.com", "type": "work"}, {"type": "home", "display": "H"}],
    "meta": {"resourceType": "User", "version": 'W/"1"'},
    ENTERPRISE_URN: {"department": "Tours", "manager": {"value": "9"}},
}
ALWAYS = {"schemas": BABS["schemas"], "id": "1"}


def _only(attributes: str) -> dict[str, Any]:
    return parse_attributes(attributes, None, USER).apply(BABS)


def _without(excluded: str) -> dict[str, Any]:
    return parse_attributes(None, excluded, USER).apply(BABS)


@pytest.mark.parametrize("both", [(None, None), ("", ""), (" ", None)])
def test_without_parameters_all_default_attributes_are_returned(
    both: tuple[str | None, str | None],
) -> None:
    """RFC 7644 section 3.4.2.5: the default set of attributes."""
    assert parse_attributes(*both, USER).apply(BABS) == BABS


@pytest.mark.clause("7644/3.4.2.5")
@pytest.mark.parametrize(
    ("attributes", "kept"),
    [
        ("userName", {"userName": "babs"}),
        ("USERNAME, name.givenname", {"userName": "babs", "name": {"givenName": "Babs"}}),
        ("name.givenName,name", {"name": BABS["name"]}),
        ("name,name.givenName", {"name": BABS["name"]}),
        (f"{USER_URN}:name.familyName", {"name": {"familyName": "Jensen"}}),
        ("emails.value", {"emails": [{"value": "a@x.com"}]}),
        (ENTERPRISE_URN, {ENTERPRISE_URN: BABS[ENTERPRISE_URN]}),
        (f"{ENTERPRISE_URN}:department", {ENTERPRISE_URN: {"department": "Tours"}}),
        (f"{ENTERPRISE_URN}:manager.value", {ENTERPRISE_URN: {"manager": {"value": "9"}}}),
        ("nickName,addresses.country", {}),
        ("favourite", {}),
        ("meta.version", {"meta": {"version": 'W/"1"'}}),
    ],
)
def test_only_requested_attributes_are_returned(attributes: str, kept: dict[str, Any]) -> None:
    """RFC 7644 section 3.9: by name, sub-attribute or URN. id and schemas are always returned (RFC
    7643 section 7).
    """
    assert _only(attributes) == ALWAYS | kept


@pytest.mark.clause("7644/3.4.2.5")
@pytest.mark.parametrize(
    ("excluded", "gone"),
    [
        ("userName", ["userName"]),
        ("id,schemas,NAME", ["name"]),
        (ENTERPRISE_URN, [ENTERPRISE_URN]),
        ("favourite", []),
        ("name.givenName,name.familyName", ["name"]),
        (f"{ENTERPRISE_URN}:department,{ENTERPRISE_URN}:manager", [ENTERPRISE_URN]),
    ],
)
def test_an_excluded_attribute_is_left_out(excluded: str, gone: list[str]) -> None:
    """RFC 7644 section 3.9; an attribute with `returned` "always" can't be excluded."""
    assert _without(excluded) == {name: value for name, value in BABS.items() if name not in gone}


def test_an_excluded_sub_attribute_is_left_out_of_every_element() -> None:
    """RFC 7644 section 3.9: excludedAttributes may name sub-attributes."""
    assert _without("emails.type")["emails"] == [{"value": "a@x.com"}, {"display": "H"}]


@pytest.mark.clause("7643/4.1.1-password")
def test_a_password_is_never_returned() -> None:
    """RFC 7643 section 7: `returned` "never" applies even if the attribute is requested."""
    for projection in (
        parse_attributes("password,id", None, USER),
        parse_attributes(None, "title", USER),
    ):
        assert "password" not in projection.apply({**BABS, "password": "x"})


@pytest.mark.clause("7644/3.4.2.5")
def test_both_parameters_exclude_each_other() -> None:
    """RFC 7644 section 3.9: they are mutually exclusive."""
    with pytest.raises(ScimError) as raised:
        parse_attributes("userName", "title", USER)
    assert raised.value.status == 400


def test_a_huge_list_is_refused() -> None:
    """No client sends a list of that length."""
    with pytest.raises(ScimError):
        parse_attributes("a," * 5000, None, USER)


@pytest.mark.parametrize(
    ("attributes", "excluded", "needed"),
    [
        (None, None, True),
        (None, "members", False),
        ("displayName", None, False),
        ("members.value", None, True),
    ],
)
def test_a_projection_says_whether_members_are_needed(
    attributes: str | None, excluded: str | None, needed: bool
) -> None:
    """Entra reads groups with excludedAttributes=members: the rows of 50,000 members aren't
    read.
    """
    assert parse_attributes(attributes, excluded, GROUP).has("members") is needed


def test_excluding_a_sub_attribute_still_needs_the_attribute() -> None:
    """Without members.display a group still has `members`."""
    assert parse_attributes(None, "members.display", GROUP).has("members")


def test_an_attribute_returned_on_request_must_be_requested() -> None:
    """RFC 7643 section 7: `returned` "request"."""
    kind = ResourceType(
        "X", "/X", Schema("urn:x", "X", "", (Attribute("a"), Attribute("b", returned="request")))
    )
    resource = {"a": 1, "b": 2}
    assert parse_attributes(None, None, kind).apply(resource) == {"a": 1}
    assert parse_attributes("b", None, kind).apply(resource) == {"b": 2}


def test_everything_is_the_same_object() -> None:
    """If nothing is left out, the resource is returned without a copy."""
    whole = Projection(None)
    assert whole.is_whole
    assert whole.apply(BABS) is BABS
