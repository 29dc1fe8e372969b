"""Attribute types that no writable attribute of a user or group has (RFC 7643 section 2.3)."""

from typing import Any

import pytest

from scim.core.attributes import Attribute, ResourceType, Schema
from scim.core.errors import ScimError
from scim.core.filters import parse_filter
from scim.core.patch import Operation, apply_patch
from scim.core.resources import parse_resource, replace_resource
from scim.core.sorting import sort_key

THING = ResourceType(
    "Thing",
    "/Things",
    Schema(
        "urn:thing",
        "Thing",
        "",
        (
            Attribute("size", type="integer"),
            Attribute("weight", type="decimal"),
            Attribute("made", type="dateTime"),
            Attribute("labels", multi_valued=True),
            Attribute("serial", mutability="immutable"),
        ),
    ),
)


def _thing(**attributes: Any) -> dict[str, Any]:
    return parse_resource(attributes, THING)


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ("size eq 3", True),
        ("size eq 3.0", True),
        ("size ne 3", False),
        ("size gt 2", True),
        ("size gt 3", False),
        ("size ge 3", True),
        ("size lt 10", True),
        ("weight le 0.5", True),
        ("weight lt 5e-1", False),
        ("size pr", True),
    ],
)
def test_numbers_are_compared_as_numbers(text: str, passes: bool) -> None:
    """RFC 7644 section 3.4.2.2: 10 is greater than 3, although "10" sorts before "3" as text."""
    assert parse_filter(text, THING).matches(_thing(size=3, weight=0.5)) is passes


def test_a_missing_number_is_neither_greater_nor_less() -> None:
    """RFC 7644 section 3.4.2.2: a missing value doesn't match."""
    assert not parse_filter("size gt 1 or size le 1", THING).matches(_thing())


@pytest.mark.parametrize("text", ["size eq big", "size co 1"])
def test_an_operator_or_literal_for_text_does_not_fit_a_number(text: str) -> None:
    """400 invalidFilter."""
    with pytest.raises(ScimError) as raised:
        parse_filter(text, THING)
    assert raised.value.scim_type == "invalidFilter"


@pytest.mark.clause("7643/2.3.5")
@pytest.mark.parametrize(
    "body", [{"size": "3"}, {"size": True}, {"made": "yesterday"}, {"made": 5}]
)
def test_numbers_and_dates_are_checked(body: dict[str, Any]) -> None:
    """RFC 7643 sections 2.3.3 to 2.3.5: decimal, integer and dateTime have their formats."""
    with pytest.raises(ScimError) as raised:
        parse_resource(body, THING)
    assert raised.value.scim_type == "invalidValue"


def test_zero_and_dates_are_values() -> None:
    """0 and a date aren't treated as unassigned."""
    thing = _thing(size=0, made="2026-01-31T08:30:00Z")
    assert (thing["size"], thing["made"]) == (0, "2026-01-31T08:30:00Z")
    assert apply_patch(thing, [Operation("replace", "weight", 0)], THING)["weight"] == 0


@pytest.mark.clause("7643/2.4-dup")
def test_plain_values_are_kept_once() -> None:
    """RFC 7643 section 2.4: elements of a multi-valued attribute may be simple values."""
    assert _thing(labels=["a", "b", "a", "", None])["labels"] == ["a", "b"]


def test_plain_values_are_added_removed_and_filtered() -> None:
    """Operations on elements work for simple values, which have no sub-attributes."""
    thing = _thing(labels=["a", "b"])
    assert apply_patch(thing, [Operation("add", "labels", ["b", "c"])], THING)["labels"] == [
        "a",
        "b",
        "c",
    ]
    assert apply_patch(thing, [Operation("remove", "labels", ["a"])], THING)["labels"] == ["b"]
    assert parse_filter('labels eq "B"', THING).matches(thing)
    assert not parse_filter('labels ne "b"', THING).matches(thing)
    assert parse_filter("labels pr", THING).matches(thing)


def test_numbers_are_sorted_as_numbers() -> None:
    """RFC 7644 section 3.4.2.3: the order follows the attribute's type."""
    things = [_thing(size=10), _thing(size=9)]
    assert sorted(things, key=lambda thing: sort_key(thing, "size", THING)) == things[::-1]


@pytest.mark.clause("7644/3.5.1-immutable")
def test_an_immutable_attribute_is_set_once() -> None:
    """RFC 7643 section 2.2 and RFC 7644 section 3.5.1: it may be set, repeated or omitted, but not
    changed.
    """
    assert apply_patch(_thing(), [Operation("add", "serial", "1")], THING)["serial"] == "1"
    stored = _thing(serial="1")
    assert replace_resource(stored, _thing(), THING) is stored
    with pytest.raises(ScimError) as raised:
        replace_resource(stored, _thing(serial="2"), THING)
    assert raised.value.scim_type == "mutability"


@pytest.mark.clause("7644/3.5.2-readonly")
@pytest.mark.parametrize(
    "operation", [Operation("replace", "serial", "2"), Operation("remove", "serial")]
)
def test_an_immutable_attribute_is_not_patched(operation: Operation) -> None:
    """RFC 7644 section 3.5.2: a PATCH may only add it, if it has no value."""
    with pytest.raises(ScimError) as raised:
        apply_patch(_thing(serial="1"), [operation], THING)
    assert raised.value.scim_type == "mutability"
