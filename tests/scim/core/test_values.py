"""Types that users and groups have no writable attribute of, read and compared all the same (RFC 7643 section 2.3)."""

from typing import Any

import pytest

from scim.core.attributes import Attribute, ResourceType, Schema
from scim.core.errors import ScimError
from scim.core.filters import parse_filter
from scim.core.patch import Operation, apply_patch
from scim.core.resources import read_resource, replace_resource
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
    return read_resource(attributes, THING)


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
    """RFC 7644 section 3.4.2.2: 10 is greater than 3, which as text it is not."""
    assert parse_filter(text, THING).matches(_thing(size=3, weight=0.5)) is passes


def test_a_missing_number_is_neither_greater_nor_less() -> None:
    """RFC 7644 section 3.4.2.2: no match."""
    assert not parse_filter("size gt 1 or size le 1", THING).matches(_thing())


@pytest.mark.parametrize("text", ["size eq big", "size co 1"])
def test_a_number_has_no_parts(text: str) -> None:
    """400 invalidFilter: the operator or the literal does not suit the type."""
    with pytest.raises(ScimError) as raised:
        parse_filter(text, THING)
    assert raised.value.scim_type == "invalidFilter"


@pytest.mark.clause("7643/2.3.5")
@pytest.mark.parametrize(
    "body", [{"size": "3"}, {"size": True}, {"made": "yesterday"}, {"made": 5}]
)
def test_numbers_and_dates_are_checked(body: dict[str, Any]) -> None:
    """RFC 7643 sections 2.3.3 to 2.3.5."""
    with pytest.raises(ScimError) as raised:
        read_resource(body, THING)
    assert raised.value.scim_type == "invalidValue"


def test_zero_and_dates_are_values() -> None:
    """Neither is "unassigned"."""
    thing = _thing(size=0, made="2026-01-31T08:30:00Z")
    assert (thing["size"], thing["made"]) == (0, "2026-01-31T08:30:00Z")
    assert apply_patch(thing, [Operation("replace", "weight", 0)], THING)["weight"] == 0


@pytest.mark.clause("7643/2.4-dup")
def test_plain_values_are_kept_once() -> None:
    """RFC 7643 section 2.4: a multi-valued attribute may be simple."""
    assert _thing(labels=["a", "b", "a", "", None])["labels"] == ["a", "b"]


def test_plain_values_are_added_removed_and_filtered() -> None:
    """The operations on elements work without sub-attributes."""
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
    """RFC 7644 section 3.4.2.3."""
    things = [_thing(size=10), _thing(size=9)]
    assert sorted(things, key=lambda thing: sort_key(thing, "size", THING)) == things[::-1]


@pytest.mark.clause("7644/3.5.1-immutable")
def test_an_immutable_attribute_is_set_once() -> None:
    """RFC 7643 section 2.2, RFC 7644 section 3.5.1: it may be set, repeated or left out, but not changed."""
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
    """RFC 7644 section 3.5.2: it may be added if it has no value, no more."""
    with pytest.raises(ScimError) as raised:
        apply_patch(_thing(serial="1"), [operation], THING)
    assert raised.value.scim_type == "mutability"
