"""A user's row becomes the JSON of a response without being decoded; the response is the same."""

from dataclasses import replace
from typing import Any

import orjson
import pytest

from scim.core.attributes import Attribute
from scim.core.schemas import USER
from scim.users import models
from scim.users.models import StoredUser, UserRecord, represent, represent_row
from shared.tables.port import Row

ID, GROUP = "0190163d-8694-739b-aea5-966c26f8ad91", "0190163d-8694-739b-aea5-966c26f8ad92"
BASE = "https://example.com/scim/d/v2"
HOSTILE = '"},"created":"2026","modified":"2026","version":7,"index":["active":'
RESOURCES: list[dict[str, Any]] = [
    {"userName": "ada"},
    {"userName": "ada", "active": False, "displayName": "Ada Lovelace \u00e9\U0001f600"},
    {"userName": "ada", "title": HOSTILE, "active": True, "nickName": "}", "locale": "{}},"},
    {"userName": "ada", "emails": [{"value": HOSTILE, "type": "work"}], "name": {"formatted": "}"}},
]


def _record(resource: dict[str, Any]) -> UserRecord:
    return UserRecord(
        id=ID,
        resource={"schemas": [USER.schema.id], **resource},
        created="2026-01-01T00:00:00.000Z",
        modified="2026-01-02T00:00:00.000Z",
        version=12,
        index=("name|ada", HOSTILE),
    )


def _expected(record: UserRecord, groups: tuple[str, ...], base_url: str) -> tuple[bytes, str]:
    user = StoredUser(record, groups, "tag")
    return orjson.dumps(represent(user, base_url)), user.etag


@pytest.mark.parametrize("resource", RESOURCES)
@pytest.mark.parametrize("groups", [(), (GROUP,), (GROUP, ID)])
@pytest.mark.parametrize("base_url", [BASE, 'https://a"b\\c'])
def test_the_json_of_a_row_is_that_of_its_record(
    resource: dict[str, Any],
    groups: tuple[str, ...],
    base_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The same bytes and the same ETag for any text in the resource, without decoding."""
    record = _record(resource)
    row = Row(f"user|{ID}", models.encode(record), "tag")
    monkeypatch.setattr(models, "decode", None)
    found = represent_row(row, groups, base_url)
    assert (found.json, found.etag) == _expected(record, groups, base_url)


@pytest.mark.parametrize("unknown", [{}, {"later": {"resource": {}}}])
def test_a_row_of_another_release_is_decoded(unknown: dict[str, Any]) -> None:
    """A later release may put its fields first, and the first release stored no index version."""
    record = replace(_record(RESOURCES[1]), unknown_fields=unknown)
    value = orjson.loads(models.encode(record))
    del value["index_version"], value["index_region"]
    row = Row(f"user|{ID}", orjson.dumps(dict(reversed(value.items()))), "tag")
    found = represent_row(row, (GROUP,), BASE)
    assert (found.json, found.etag) == _expected(record, (GROUP,), BASE)


def test_a_password_in_a_row_is_in_no_response() -> None:
    """RFC 7643 section 4.1.1: a password is never returned."""
    row = Row(f"user|{ID}", models.encode(_record({"userName": "a", "password": "secret"})), "")
    assert b"secret" not in represent_row(row, (), BASE).json


def test_only_one_attribute_is_called_active_and_none_created() -> None:
    """The JSON text is searched for these names, so no other attribute or sub-attribute may have
    them.
    """

    def names(attribute: Attribute) -> list[str]:
        return [attribute.name, *(sub.name for sub in attribute.sub_attributes)]

    placed = [
        name
        for _, attribute in USER.placed_attributes()
        if attribute.name != "meta"  # is not stored
        for name in names(attribute)
    ]
    assert placed.count("active") == 1
    assert "created" not in placed
