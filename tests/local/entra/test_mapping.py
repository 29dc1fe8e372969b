"""The request bodies that the simulator derives from its people are those of Entra."""

from local.entra import Company, mapping
from local.entra.mapping import ENTERPRISE, MANAGER


def test_a_flattened_body_has_the_sent_attributes() -> None:
    """Flattening a user's body gives the same attributes as the mapping, so that sent and returned users
    can be compared.
    """
    for person in Company().people(0, 100):
        values = mapping.target_attributes(person) | {MANAGER: "id-1"}
        received = mapping.flatten(mapping.post_body(values))
        assert {name: received[name] for name in values} == values


def test_an_attribute_that_is_not_set_is_not_sent() -> None:
    """A missing value is left out, because Entra never provisions nulls (Learn, "Clear attribute values")."""
    without = next(each for each in Company().people(0, 500) if each.business_phone is None)
    body = mapping.post_body(mapping.target_attributes(without))
    assert all(each["type"] != "work" for each in body.get("phoneNumbers", ()))


def test_the_manager_is_sent_as_a_bare_id() -> None:
    """`manager` is a string instead of an object, as Entra sends it (apache/directory-scimple#1242)."""
    assert mapping.post_body({MANAGER: "id-1"})[ENTERPRISE] == {"manager": "id-1"}


def test_the_default_dialect_capitalises_and_sends_booleans_as_text() -> None:
    """PATCH has "Add", "Replace" and "Remove", and "True" instead of true (Learn, "Known issues with SCIM
    2.0 compliance").
    """
    body = mapping.patch_body({"active": False, "title": "CTO"}, {"active": True}, "default")
    assert body["Operations"] == [
        {"op": "Replace", "path": "active", "value": "False"},
        {"op": "Add", "path": "title", "value": "CTO"},
    ]


def test_the_flag_dialect_sends_single_values_without_a_path() -> None:
    """With aadOptscim062020, single values are in one operation without a path (Learn, "Known issues with
    SCIM 2.0 compliance").
    """
    mail = 'emails[type eq "work"].value'
    changes = {"name.givenName": "A", f"{ENTERPRISE}:department": "B", mail: "c@d", "active": False}
    body = mapping.patch_body(changes, changes, "flag")
    assert body["Operations"] == [
        {"op": "replace", "value": {"name.givenName": "A", f"{ENTERPRISE}:department": "B"}},
        {"op": "replace", "path": mail, "value": "c@d"},
        {"op": "replace", "path": "active", "value": False},
    ]


def test_members_are_removed_by_value_list_or_by_path() -> None:
    """The default dialect removes members by a list of values, the flag's dialect by a path (Learn, "Known
    issues with SCIM 2.0 compliance").
    """
    assert mapping.members_patch("remove", ["1"], "default")["Operations"] == [
        {"op": "Remove", "path": "members", "value": [{"$ref": None, "value": "1"}]}
    ]
    assert mapping.members_patch("remove", ["1"], "flag")["Operations"] == [
        {"op": "remove", "path": 'members[value eq "1"]'}
    ]


def test_text_true_is_not_the_boolean_true() -> None:
    """A returned "True" differs from a sent true, so a server that stores text is detected."""
    assert mapping.difference({"active": True}, {"active": "True"}) == {"active": True}
    assert mapping.difference({"active": True}, {"active": True}) == {}
