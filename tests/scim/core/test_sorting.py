"""The parameters sortBy and sortOrder (RFC 7644 section 3.4.2.3)."""

from typing import Any

import pytest

from scim.core.errors import ScimError
from scim.core.schemas import ENTERPRISE_URN, USER
from scim.core.sorting import sort_key


def _sorted(path: str, *users: dict[str, Any], descending: bool = False) -> list[str]:
    ordered = sorted(users, key=lambda user: sort_key(user, path, USER), reverse=descending)
    return [user["id"] for user in ordered]


def test_text_is_ordered_without_case() -> None:
    """RFC 7644 section 3.4.2.3: the order ignores case if caseExact is false."""
    users = [{"id": "1", "title": "b"}, {"id": "2", "title": "A"}, {"id": "3", "title": "C"}]
    assert _sorted("title", *users) == ["2", "1", "3"]


def test_exact_text_is_ordered_with_case() -> None:
    """RFC 7644 section 3.4.2.3: case counts for externalId, because it is caseExact."""
    users = [{"id": "1", "externalId": "a"}, {"id": "2", "externalId": "B"}]
    assert _sorted("externalId", *users) == ["2", "1"]


@pytest.mark.clause("7644/3.4.2.3")
def test_a_missing_value_comes_last_ascending_and_first_descending() -> None:
    """RFC 7644 section 3.4.2.3."""
    users: list[dict[str, Any]] = [
        {"id": "1"},
        {"id": "2", "title": "b"},
        {"id": "3", "title": "a"},
    ]
    assert _sorted("title", *users) == ["3", "2", "1"]
    assert _sorted("title", *users, descending=True)[0] == "1"


@pytest.mark.clause("7644/3.4.2.3", "7644/3.4.2.3-multi")
def test_several_values_are_ordered_by_the_primary_one() -> None:
    """RFC 7644 section 3.4.2.3: the primary value, else the first."""
    users: list[dict[str, Any]] = [
        {"id": "1", "emails": [{"value": "a"}, {"value": "z", "primary": True}]},
        {"id": "2", "emails": [{"value": "m"}, {"value": "a"}]},
    ]
    assert _sorted("emails", *users) == ["2", "1"]
    assert _sorted("emails.value", *users) == ["2", "1"]


@pytest.mark.clause("7643/2.3.5")
def test_dates_are_ordered_as_instants() -> None:
    """RFC 7643 section 2.3.5: times with different offsets are compared as instants."""
    users = [
        {"id": "1", "meta": {"created": "2026-01-01T01:00:00Z"}},
        {"id": "2", "meta": {"created": "2026-01-01T01:30:00+02:00"}},
    ]
    assert _sorted("meta.created", *users) == ["2", "1"]


def test_parts_and_extensions_can_be_sorted_by() -> None:
    """RFC 7644 section 3.10: the standard attribute notation."""
    users = [
        {
            "id": "1",
            "name": {"familyName": "b"},
            "active": True,
            ENTERPRISE_URN: {"department": "b"},
        },
        {
            "id": "2",
            "name": {"familyName": "a"},
            "active": False,
            ENTERPRISE_URN: {"department": "a"},
        },
    ]
    assert _sorted("NAME.familyName", *users) == ["2", "1"]
    assert _sorted(f"{ENTERPRISE_URN}:department", *users) == ["2", "1"]
    assert _sorted("active", *users) == ["2", "1"]


@pytest.mark.parametrize(
    "path", ["favourite", "name", "password", ENTERPRISE_URN, 'emails[type eq "work"]', "a b"]
)
def test_an_attribute_without_an_order_is_refused(path: str) -> None:
    """400 invalidPath names the attribute as the request has it."""
    with pytest.raises(ScimError) as raised:
        sort_key({}, path, USER)
    assert (raised.value.status, raised.value.scim_type) == (400, "invalidPath")
