"""The schemas agree with RFC 7643 and pass Microsoft's discovery test."""

from typing import Any

import pytest
from scim2_models import Schema

from scim.core.schemas import (
    ENTERPRISE_URN,
    GROUP,
    GROUP_SCHEMA,
    RESOURCE_TYPES,
    SCHEMAS,
    USER,
    USER_SCHEMA,
    USER_URN,
)


def _listed(schema: Any) -> dict[str, Any]:
    return {attribute["name"]: attribute for attribute in schema.to_json()["attributes"]}


def _sub(attribute: dict[str, Any], name: str) -> dict[str, Any]:
    return next(sub for sub in attribute["subAttributes"] if sub["name"] == name)


def _values(value: Any) -> Any:
    if isinstance(value, dict):
        yield from (part for entry in value.values() for part in _values(entry))
    elif isinstance(value, list):
        yield from (part for entry in value for part in _values(entry))
    else:
        yield value


@pytest.mark.parametrize("urn", SCHEMAS)
def test_a_schema_has_no_nulls(urn: str) -> None:
    """Microsoft Learn, "Develop a SCIM endpoint", requirements of /Schemas: no null values."""
    assert None not in _values(SCHEMAS[urn].to_json())


@pytest.mark.clause("7643/7", "interop/discovery")
@pytest.mark.parametrize("urn", SCHEMAS)
def test_another_implementation_parses_every_schema(urn: str) -> None:
    """RFC 7643 section 7: scim2-models parses every characteristic."""
    assert Schema.model_validate(SCHEMAS[urn].to_json()).id == urn


_CHARACTERISTICS = {
    "type": (
        "string",
        "boolean",
        "decimal",
        "integer",
        "dateTime",
        "reference",
        "binary",
        "complex",
    ),
    "multiValued": (True, False),
    "required": (True, False),
    "caseExact": (True, False),
    "mutability": ("readOnly", "readWrite", "immutable", "writeOnly"),
    "returned": ("always", "never", "default", "request"),
    "uniqueness": ("none", "server", "global"),
}


@pytest.mark.clause("7643/7")
@pytest.mark.parametrize("urn", SCHEMAS)
def test_every_attribute_states_its_characteristics(urn: str) -> None:
    """RFC 7643 section 7, sub-attributes too: a client assumes the RFC's default for a missing one,
    which may differ.
    """
    attributes = SCHEMAS[urn].to_json()["attributes"]
    subs = [sub for attribute in attributes for sub in attribute.get("subAttributes", ())]
    for attribute in (*attributes, *subs):
        assert attribute["name"]
        assert attribute["description"]
        for characteristic, values in _CHARACTERISTICS.items():
            assert attribute[characteristic] in values, (attribute["name"], characteristic)


@pytest.mark.clause("7643/2.3.8")
def test_no_complex_attribute_has_a_complex_part() -> None:
    """RFC 7643 section 2.3.8. The RFC itself makes one exception: `subAttributes` in the schema of
    schemas.
    """
    found = {
        f"{attribute['name']}.{sub['name']}"
        for schema in SCHEMAS.values()
        for attribute in schema.to_json()["attributes"]
        for sub in attribute.get("subAttributes", ())
        if sub.get("type") == "complex"
    }
    assert found <= {"attributes.subAttributes"}


@pytest.mark.clause("7643/4.1.2-types", "interop/canonical")
@pytest.mark.parametrize("name", ["emails", "phoneNumbers", "addresses", "ims", "photos"])
def test_types_list_their_canonical_values(name: str) -> None:
    """Logic App template, Schema_Discoverability_Test: it finds a mapped emails[type eq
    "work"].value by the canonical values.
    """
    assert _sub(_listed(USER_SCHEMA)[name], "type")["canonicalValues"]


@pytest.mark.clause("7643/4.1.2-types")
def test_phone_numbers_list_the_types_that_entra_maps() -> None:
    """Entra's default mapping writes work, mobile and fax numbers."""
    types = _sub(_listed(USER_SCHEMA)["phoneNumbers"], "type")["canonicalValues"]
    assert {"work", "mobile", "fax"} <= set(types)


@pytest.mark.clause("7643/7", "ipsie/schema")
@pytest.mark.parametrize("name", ["id", "externalId", "active", "displayName", "title", "userName"])
def test_every_mapped_attribute_is_listed(name: str) -> None:
    """Schema_Discoverability_Test looks for each mapped attribute; RFC 7643 section 3.1 permits
    listing common ones.
    """
    assert name in _listed(USER_SCHEMA)


def test_name_is_declared_required() -> None:
    """SCIM_Null_Update_Test clears each attribute that isn't required, and must not clear both
    parts of a name.
    """
    assert _listed(USER_SCHEMA)["name"]["required"] is True


@pytest.mark.clause("7643/3.1-externalId", "interop/case")
def test_user_name_ignores_case_and_external_id_does_not() -> None:
    """RFC 7643 sections 3.1 and 4.1.1."""
    attributes = _listed(USER_SCHEMA)
    assert (attributes["userName"]["caseExact"], attributes["externalId"]["caseExact"]) == (
        False,
        True,
    )


@pytest.mark.clause("7643/4.1.1-password", "ipsie/password")
def test_a_password_is_not_in_the_schema() -> None:
    """RFC 7643 section 4.1.1: a provider that stores no passwords offers no such attribute to
    map.
    """
    assert "password" not in _listed(USER_SCHEMA)


@pytest.mark.clause("7643/4.2-immutable")
def test_the_parts_of_a_member_are_immutable() -> None:
    """RFC 7643 section 8.7.1: the sub-attributes of `members` are immutable."""
    members = _listed(GROUP_SCHEMA)["members"]
    assert _sub(members, "value")["mutability"] == "immutable"


@pytest.mark.clause("7643/5", "9865/4")
def test_pagination_is_part_of_the_configuration() -> None:
    """RFC 9865 section 4: ServiceProviderConfig has `pagination`."""
    pagination = _listed(SCHEMAS["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"])[
        "pagination"
    ]
    names = {sub["name"] for sub in pagination["subAttributes"]}
    assert names >= {
        "cursor",
        "index",
        "defaultPaginationMethod",
        "defaultPageSize",
        "maxPageSize",
        "cursorTimeout",
    }


@pytest.mark.clause("7643/2.1")
@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("USERNAME", "userName"),
        ("Name.GivenName", "name.givenName"),
        (f"{USER_URN.upper()}:userName", "userName"),
        (f"{ENTERPRISE_URN}:department", f"{ENTERPRISE_URN}:department"),
        (f"{ENTERPRISE_URN.lower()}:manager.value", f"{ENTERPRISE_URN}:manager.value"),
        ("manager", f"{ENTERPRISE_URN}:manager"),
        (ENTERPRISE_URN, ENTERPRISE_URN),
        (f"{ENTERPRISE_URN.replace(':User', 'User')}:department", f"{ENTERPRISE_URN}:department"),
    ],
)
def test_a_name_is_found_in_any_case_with_and_without_urn(text: str, path: str) -> None:
    """RFC 7643 section 2.1: names and URNs ignore case. RFC 7644 section 3.10: names may include
    the URN. Entra's misspelt URN is accepted too.
    """
    target = USER.find(text)
    assert target is not None
    assert target.text == path


def test_an_attribute_of_another_type_is_not_found() -> None:
    """A group has no userName."""
    assert GROUP.find("userName") is None


@pytest.mark.clause("7643/6", "7644/3.2", "interop/discovery", "interop/rt-id")
def test_resource_types_have_their_endpoints() -> None:
    """RFC 7644 section 3.2: /Users and /Groups."""
    assert {name: kind.endpoint for name, kind in RESOURCE_TYPES.items()} == {
        "User": "/Users",
        "Group": "/Groups",
    }
