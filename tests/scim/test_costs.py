"""The cost of one request: bodies and filters made to be slow need milliseconds within the limits.

Tests count executed lines, or check limits, so that they don't depend on the machine's speed.
"""

import sys
from collections.abc import Callable
from typing import Any

import pytest

from local.counting_tables import CountingTables
from scim.bulk.bulk_ids import names_in, resolve
from scim.core.attribute_values import MAX_VALUES
from scim.core.errors import ScimError
from scim.core.patch import apply_patch, parse_patch
from scim.core.schemas import USER
from scim.users import contact_cards
from scim.users.models import MAX_BYTES
from shared import words
from shared.numbers import number
from shared.words import fold_case, search_key
from tests.scim.client import ScimClient


def steps(work: Callable[[], object]) -> int:
    """Return how many lines of Python `work` executes, which is the same on every machine."""
    count = 0

    def trace(*_: object) -> Any:
        nonlocal count
        count += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def patched(resource: dict[str, Any], *operations: dict[str, Any]) -> dict[str, Any]:
    """Return the resource after a PATCH with these operations."""
    return apply_patch(resource, parse_patch({"Operations": list(operations)}), USER)


def alike(count: int) -> list[dict[str, str]]:
    """Return elements that differ only in `type`, so that each must be compared with every
    other.
    """
    return [{"value": "x", "type": f"t{number}"} for number in range(count)]


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "add", "path": "emails", "value": alike(MAX_VALUES + 1)},
        {"op": "replace", "path": "emails", "value": alike(MAX_VALUES + 1)},
        {"op": "remove", "path": "emails", "value": alike(MAX_VALUES + 1)},
    ],
)
def test_an_attribute_has_a_maximum_number_of_values(operation: dict[str, Any]) -> None:
    """Comparing every element with every other would delay other requests for minutes."""
    with pytest.raises(ScimError) as refused:
        patched({"userName": "a"}, operation)
    assert (refused.value.status, refused.value.scim_type) == (400, "invalidValue")
    assert f"at most {MAX_VALUES}" in refused.value.detail


def test_the_maximum_includes_values_added_by_separate_paths() -> None:
    """One operation without a path may name many paths, each of which adds a value."""
    many = {"userName": "a", "emails": alike(MAX_VALUES - 5)}
    names = {f'emails[type eq "{number}"].value': "x" for number in range(6)}
    with pytest.raises(ScimError) as refused:
        patched(many, {"op": "add", "value": names})
    assert f"at most {MAX_VALUES}" in refused.value.detail


def test_a_user_above_the_maximum_can_lose_values() -> None:
    """A user stored before the limit existed can be reduced."""
    many = {"userName": "a", "emails": alike(MAX_VALUES + 9)}
    less = patched(many, {"op": "remove", "path": 'emails[type eq "t1"]'})
    assert len(less["emails"]) == MAX_VALUES + 8


@pytest.mark.parametrize("path", ["/Users", "/Users/x", "/Users/.search"])
async def test_a_request_is_not_longer_than_a_user_may_be(scim: ScimClient, path: str) -> None:
    """413 before the JSON is parsed; in a bulk request the limit applies to each operation."""
    body = {"userName": "a", "displayName": "x" * MAX_BYTES, "Operations": []}
    for method in ("PUT", "PATCH") if path == "/Users/x" else ("POST",):
        answer = await scim.call(method, path, body)
        assert (answer.status, str(MAX_BYTES) in answer.body["detail"]) == (413, True)
    if path == "/Users":
        many = {"Operations": [{"method": "POST", "path": path, "bulkId": "b", "data": body}]}
        assert (await scim.post("/Bulk", many)).body["Operations"][0]["status"] == "413"


async def test_a_user_has_a_maximum_size(scim: ScimClient) -> None:
    """413 for a PATCH that would exceed it, and the user doesn't change."""
    user = await scim.user(title="x" * 40_000)
    answer = await scim.patch(
        f"/Users/{user.id}", {"op": "add", "path": "nickName", "value": "x" * 40_000}
    )
    assert answer.status == 413
    assert "nickName" not in (await scim.get(f"/Users/{user.id}")).body


def test_a_card_has_a_maximum_size() -> None:
    """Up to thirty index rows of a user contain the card, and a list returns a hundred cards."""
    long = "x" * 50_000
    resource = {
        "userName": long,
        "displayName": long,
        "title": long,
        "externalId": long,
        "emails": [{"value": long}],
    }
    card = contact_cards.card_of(
        "id", {**resource, contact_cards.ENTERPRISE: {"department": long}}, long
    )
    assert len(contact_cards.encode(card)) < 2500


@pytest.mark.parametrize("form", ["/{}", '{}"', "/Users/{}/x"])
def test_finding_bulk_references_takes_linear_time(form: str) -> None:
    """Eight times as many `bulkId:` in a text need about as many steps of Python."""
    few, many = [form.format("bulkId:" * count) for count in (1000, 8000)]
    assert steps(lambda: names_in(many)) <= steps(lambda: names_in(few)) + 50
    assert resolve("/Users/bulkId:a/bulkId:b", {"a": "1"}) == "/Users/1/bulkId:b"


def test_the_references_of_a_bulk_operation_are_found_once() -> None:
    """They are found when the request is parsed, not each time that the operation is tried."""
    from scim.bulk.service import parse_bulk

    (operation,), _ = parse_bulk(
        {"Operations": [{"method": "PATCH", "path": "/Groups/bulkId:g", "data": ["bulkId:u"]}]}
    )
    assert operation.names == {"g", "u"}


@pytest.mark.parametrize(
    "kept", [words._search_key_cached, words._fold_case_cached, number._derive_cached]
)
def test_no_long_text_stays_in_memory(kept: Any) -> None:
    """The caches of derived keys skip long texts, because thousands of them would need
    gigabytes.
    """
    kept.cache_clear()
    long = "ﷺ" * 3000
    search_key(long), fold_case(long), number.derive(long, "GB")
    assert kept.cache_info().currsize == 0
    search_key("é"), fold_case("é"), number.derive("é", "GB")
    assert kept.cache_info().currsize == 1


@pytest.mark.parametrize("length", [0, 1, 8, 35])
async def test_a_part_of_an_id_reads_no_row(
    scim: ScimClient, tables: CountingTables, length: int
) -> None:
    """Text that isn't an id isn't looked up, because as a key prefix it would match other rows."""
    people = [(await scim.user(f"p{number}")).id for number in range(3)]
    group = await scim.group("Sales", *people)
    await scim.app.background.drain()
    for path, identifier in (("/Users", people[0]), ("/Groups", group.id)):
        part = identifier[:length] or "%20"
        with tables.measured() as calls:
            assert (await scim.get(f"{path}/{part}")).status == 404
            assert (await scim.get(path, filter=f'id eq "{part}"')).body["totalResults"] == 0
        assert calls == []
    refused = await scim.patch(
        f"/Users/{people[0][:8]}", {"op": "add", "path": "title", "value": "x"}
    )
    assert refused.status == 404
