"""Bodies of POST and PUT as clients send them."""

from typing import Any

import pytest

from scim.core.errors import ScimError
from scim.core.resources import parse_resource, replace_resource
from scim.core.schemas import ENTERPRISE_URN, GROUP, GROUP_URN, USER, USER_URN


def _user(**attributes: Any) -> dict[str, Any]:
    return parse_resource({"userName": "babs", **attributes}, USER)


def _fault(body: object) -> tuple[str | None, str]:
    with pytest.raises(ScimError) as raised:
        parse_resource(body, USER)
    return raised.value.scim_type, raised.value.detail


@pytest.mark.clause("7643/2.1")
def test_names_match_in_any_case() -> None:
    """RFC 7643 section 2.1: attribute names are case-insensitive."""
    assert parse_resource({"USERNAME": "babs", "Name": {"GIVENNAME": "Babs"}}, USER) == {
        "schemas": [USER_URN],
        "userName": "babs",
        "name": {"givenName": "Babs"},
    }


@pytest.mark.clause("7643/2.3.1", "7643/4.1.2-phone", "entra/no-transform")
def test_values_are_kept_exactly_as_sent() -> None:
    """Microsoft Learn, "Develop a SCIM endpoint": "Transformations of data shouldn't happen".
    Numbers, case and spaces stay.
    """
    phones = [{"type": "Work", "value": " 10-040-1308 "}]
    assert _user(phoneNumbers=phones)["phoneNumbers"] == phones


@pytest.mark.clause("entra/unknown")
def test_unknown_attributes_and_schemas_are_ignored() -> None:
    """Entra's default mapping sends attributes that a target lacks, OneLogin's template an old
    schema.
    """
    assert (
        _user(
            schemas=["urn:scim:schemas:core:1.0", "urn:x"], favourite="red", **{"urn:x": {"a": 1}}
        )
        == _user()
    )


@pytest.mark.clause("7643/3.1-meta", "7644/3.3-ignore")
def test_read_only_attributes_are_ignored() -> None:
    """RFC 7644 section 3.3: read-only attributes of a request are ignored."""
    assert _user(id=None, meta={"resourceType": "User"}, groups=[{"value": "1"}]) == _user()


@pytest.mark.clause("7643/4.1.1-password", "ipsie/password")
def test_a_password_is_not_kept() -> None:
    """Okta sends a password; this provider stores none, because no one signs in with it."""
    assert "password" not in _user(password="t1meMa$heen")


@pytest.mark.clause("7643/2.2", "7643/2.5")
@pytest.mark.parametrize("empty", [None, "", [], [None], {}])
def test_null_and_empty_are_absent(empty: object) -> None:
    """RFC 7643 section 2.5: null, an empty array and absence are the same. An Entra expression may
    send "".
    """
    assert _user(name=empty, title="x") == _user(title="x")


@pytest.mark.clause("7643/2.5")
@pytest.mark.parametrize("roles", [None, [], "", [{"value": ""}]])
def test_empty_roles_are_absent(roles: object) -> None:
    """Entra sends "roles": [] in every POST."""
    assert _user(roles=roles) == _user()


@pytest.mark.clause("7643/2.3.2")
@pytest.mark.parametrize(("sent", "read"), [("True", True), ("false", False), (True, True)])
def test_booleans_may_be_text(sent: object, read: bool) -> None:
    """Without aadOptscim062020 Entra sends "True"; OneLogin's templates send "true"."""
    assert _user(active=sent)["active"] is read


@pytest.mark.clause("7643/4.3-manager", "entra/manager")
@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("26118915", "26118915"),
        ({"value": "1"}, "1"),
        ([{"$ref": "x", "value": "1"}], "1"),
        ({"Value": "1"}, "1"),
    ],
)
def test_a_manager_comes_back_as_an_object(sent: object, kept: str) -> None:
    """apache/directory-scimple issue 1242: Entra sends the bare id, but can parse only an
    object.
    """
    assert _user(**{ENTERPRISE_URN: {"manager": sent}})[ENTERPRISE_URN]["manager"]["value"] == kept


@pytest.mark.clause("7643/4.3-manager")
def test_a_managers_display_name_is_read_only() -> None:
    """RFC 7643 section 4.3. OneLogin sends it; it is ignored."""
    sent = {"value": "1", "displayName": "Boss"}
    assert _user(**{ENTERPRISE_URN: {"manager": sent}})[ENTERPRISE_URN]["manager"] == {"value": "1"}


@pytest.mark.clause("7643/3.3")
def test_the_extension_is_listed_when_it_is_used() -> None:
    """RFC 7643 section 3: `schemas` lists the URNs of the schemas whose attributes have values."""
    assert _user(**{ENTERPRISE_URN: {"department": "x"}})["schemas"] == [USER_URN, ENTERPRISE_URN]
    assert _user(schemas=[USER_URN, ENTERPRISE_URN])["schemas"] == [USER_URN]


def test_a_misspelt_extension_urn_is_accepted() -> None:
    """Microsoft's example bodies omit the last colon of the URN."""
    misspelt = "urn:ietf:params:scim:schemas:extension:enterprise:2.0User"
    assert _user(**{misspelt: {"department": "x"}})[ENTERPRISE_URN] == {"department": "x"}


def test_two_values_of_one_type_stay() -> None:
    """Microsoft's Postman collection sends two e-mail addresses of type "work"."""
    emails = [{"type": "work", "value": "a@x.com"}, {"type": "work", "value": "b@x.com"}]
    assert _user(emails=emails)["emails"] == emails


@pytest.mark.clause("7643/2.4-dup")
def test_a_repeated_value_is_kept_once() -> None:
    """RFC 7643 section 2.4: the same type and value are not returned twice."""
    email = {"type": "work", "value": "a@x.com"}
    primary = {**email, "primary": True}
    assert _user(emails=[email, primary])["emails"] == [primary]
    assert _user(emails=[primary, email])["emails"] == [primary]


@pytest.mark.clause("7643/2.4-primary")
def test_one_value_is_primary() -> None:
    """RFC 7643 section 2.4: `primary` is true at most once; the first one keeps it."""
    emails = [{"value": "a@x.com", "primary": "True"}, {"value": "b@x.com", "primary": True}]
    assert [email["primary"] for email in _user(emails=emails)["emails"]] == [True, False]


def test_an_element_without_a_value_is_dropped() -> None:
    """A phone number that has only a type would be shown as an empty line."""
    assert "phoneNumbers" not in _user(
        phoneNumbers=[{"type": "work", "value": None, "primary": True}]
    )


@pytest.mark.clause("7643/4.1.1-userName")
@pytest.mark.parametrize("name", [None, "", "  "])
def test_a_missing_user_name_is_named(name: object) -> None:
    """RFC 7643 section 4.1.1: userName is required. The detail names it, and the mapping to
    correct.
    """
    scim_type, detail = _fault({"userName": name})
    assert (scim_type, detail.split()[0]) == ("invalidValue", "userName")


def test_a_user_without_a_name_is_accepted() -> None:
    """Guests and room accounts have no given or family name; Entra would retry an error for 28
    days.
    """
    assert _user()["userName"] == "babs"


@pytest.mark.parametrize(
    ("attributes", "named"),
    [
        ({"active": "maybe"}, "active"),
        ({"active": 2}, "active"),
        ({"userName": 7}, "userName"),
        ({"title": 7.5}, "title"),
        ({"title": True}, "title"),
        ({"title": ["x", "y"]}, "title"),
        ({"title": [{"value": "x"}, {"value": "y"}]}, "title"),
        ({"title": {"text": "x"}}, "title"),
        ({"name": "Babs"}, "name"),
        ({"name": {"givenName": {}}}, "name.givenName"),
        ({"emails": "a@x.com"}, "emails"),
        ({"emails": [{"address": "a@x.com"}]}, "emails"),
        ({"emails": [{"value": 1.5}]}, "emails.value"),
        ({"x509Certificates": [{"value": "%%"}]}, "x509Certificates.value"),
        ({ENTERPRISE_URN: {"department": 5.5}}, f"{ENTERPRISE_URN}:department"),
        ({ENTERPRISE_URN: "x"}, ENTERPRISE_URN),
        ({"displayName": "\ud800"}, "displayName"),
    ],
)
def test_a_wrong_type_names_the_attribute(attributes: dict[str, Any], named: str) -> None:
    """RFC 7644 section 3.12, invalidValue: the value is not compatible with the attribute's type."""
    scim_type, detail = _fault({"userName": "babs", **attributes})
    assert (scim_type, detail.split()[0]) == ("invalidValue", named)


@pytest.mark.clause("7643/8")
@pytest.mark.parametrize("body", [None, [], "x", 1, [{}]])
def test_a_body_that_is_no_object_is_bad_syntax(body: object) -> None:
    """RFC 7644 section 3.12: 400 with scimType invalidSyntax."""
    assert _fault(body)[0] == "invalidSyntax"


@pytest.mark.clause("7643/2.3.6")
def test_a_certificate_is_kept_as_sent() -> None:
    """RFC 7643 section 2.3.6: a binary value is base64 text."""
    assert _user(x509Certificates=[{"value": "MIID Qz=="}])["x509Certificates"] == [
        {"value": "MIID Qz=="}
    ]


@pytest.mark.clause("7643/4.2")
def test_a_group_is_created_without_members() -> None:
    """Entra creates a group with a schema URN of its own and without members."""
    body = {
        "schemas": [
            GROUP_URN,
            "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group",
        ],
        "externalId": "8aa1",
        "displayName": "Sales",
        "meta": {"resourceType": "Group"},
    }
    assert parse_resource(body, GROUP) == {
        "schemas": [GROUP_URN],
        "externalId": "8aa1",
        "displayName": "Sales",
    }


def test_a_put_clears_what_it_leaves_out() -> None:
    """RFC 7644 section 3.5.1: read-write attributes that the request omits are cleared."""
    assert replace_resource(_user(title="x"), _user(nickName="B"), USER) == _user(nickName="B")


@pytest.mark.clause("7644/3.5.1")
def test_a_put_keeps_what_is_read_only() -> None:
    """RFC 7644 section 3.5.1: read-only values of the request are ignored, and stored ones stay."""
    stored = {**_user(), "id": "1", "meta": {"version": 'W/"1"'}}
    assert replace_resource(stored, _user(title="x"), USER) == {**stored, "title": "x"}


def test_a_put_of_the_same_changes_nothing() -> None:
    """The stored object itself is returned, so that lastModified and the ETag stay."""
    stored = {**_user(title="x"), "id": "1"}
    assert replace_resource(stored, _user(title="x"), USER) is stored


@pytest.mark.clause("7643/3.3")
def test_a_put_without_the_extension_drops_it() -> None:
    """RFC 7644 section 3.5.1 applies to extensions too: an omitted one is cleared."""
    assert (
        replace_resource(_user(**{ENTERPRISE_URN: {"department": "x"}}), _user(), USER) == _user()
    )
