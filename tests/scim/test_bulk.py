"""Bulk requests (RFC 7644 section 3.7)."""

from typing import Any

import pytest

from tests.scim.client import ScimClient

BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"


def _bulk(*operations: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"schemas": [BULK], "Operations": list(operations), **more}


def _post(path: str, bulk_id: str, **data: Any) -> dict[str, Any]:
    return {"method": "POST", "path": path, "bulkId": bulk_id, "data": data}


@pytest.mark.clause("7644/3.7-bulk", "ipsie/bulk")
async def test_each_operation_has_its_result(scim: ScimClient) -> None:
    """RFC 7644 section 3.7.3: status as text, location and version; only an error has a body."""
    answer = await scim.post(
        "/Bulk",
        _bulk(_post("/Users", "a", userName="a@b.c"), _post("/Users", "b", userName="A@b.c")),
    )
    made, refused = answer.body["Operations"]
    assert (answer.status, made["status"], made["bulkId"], made["version"]) == (
        200,
        "201",
        "a",
        'W/"1"',
    )
    assert (await scim.get(made["location"].partition("/v2")[2])).status == 200
    assert (refused["status"], refused["response"]["scimType"]) == ("409", "uniqueness")


@pytest.mark.clause("7644/3.7.2")
async def test_a_reference_to_a_later_operation_waits_for_it(scim: ScimClient) -> None:
    """RFC 7644 section 3.7.2: bulkId references in any order, in data and in paths."""
    group = _post("/Groups", "g", displayName="Sales", members=[{"value": "bulkId:u"}])
    rename = {
        "method": "PATCH",
        "path": "/Users/bulkId:u",
        "data": {"Operations": [{"op": "add", "path": "title", "value": "X"}]},
    }
    answer = await scim.post("/Bulk", _bulk(group, rename, _post("/Users", "u", userName="a@b.c")))
    assert [each["status"] for each in answer.body["Operations"]] == ["201", "200", "201"]
    user = (await scim.get("/Users")).resources[0]
    assert user["title"] == "X"
    assert len(user["groups"]) == 1


@pytest.mark.clause("7644/3.7.1", "7644/3.7-continue")
async def test_circular_references_fail_alone(scim: ScimClient) -> None:
    """RFC 7644 section 3.7.1: an operation with an unresolvable reference gets 409; the others are
    executed.
    """
    one = _post("/Groups", "one", displayName="One", members=[{"value": "bulkId:two"}])
    two = _post("/Groups", "two", displayName="Two", members=[{"value": "bulkId:one"}])
    answer = await scim.post("/Bulk", _bulk(one, two, _post("/Users", "u", userName="a@b.c")))
    assert sorted(each["status"] for each in answer.body["Operations"]) == ["201", "409", "409"]


@pytest.mark.clause("7644/3.7.3")
async def test_it_stops_at_the_given_number_of_errors(scim: ScimClient) -> None:
    """RFC 7644 section 3.7, failOnErrors: later operations aren't executed."""
    bad = {"method": "DELETE", "path": "/Users/nobody"}
    answer = await scim.post(
        "/Bulk", _bulk(bad, bad, _post("/Users", "u", userName="a@b.c"), failOnErrors=2)
    )
    assert [each["status"] for each in answer.body["Operations"]] == ["404", "404"]
    assert (await scim.get("/Users")).body["totalResults"] == 0


@pytest.mark.clause("7644/3.7.4")
async def test_too_many_operations_are_refused_as_a_whole(scim: ScimClient) -> None:
    """RFC 7644 section 3.7.4: 413 for more than maxOperations of ServiceProviderConfig."""
    limit = (await scim.get("/ServiceProviderConfig")).body["bulk"]["maxOperations"]
    answer = await scim.post(
        "/Bulk", _bulk(*[{"method": "DELETE", "path": "/Users/x"}] * (limit + 1))
    )
    assert answer.status == 413


@pytest.mark.clause("7644/3.7.4")
async def test_a_payload_beyond_the_announced_size_is_refused(scim: ScimClient) -> None:
    """RFC 7644 section 3.7.4: 413 for more than maxPayloadSize; exactly that size is accepted."""
    limit = (await scim.get("/ServiceProviderConfig")).body["bulk"]["maxPayloadSize"]
    body = b'{"Operations": []}'
    assert (await scim.call("POST", "/Bulk", body + b" " * (limit - len(body)))).status == 200
    answer = await scim.call("POST", "/Bulk", body + b" " * (limit - len(body) + 1))
    assert (answer.status, answer.body["status"]) == (413, "413")
    assert str(limit) in answer.body["detail"]


async def test_a_malformed_operation_is_named_by_its_index(scim: ScimClient) -> None:
    """400 for this operation: the error names its index and its fault."""
    answer = await scim.post("/Bulk", _bulk(_post("/Users", "u", userName="a@b.c"), 7))  # type: ignore[arg-type]
    _, refused = answer.body["Operations"]
    assert refused["status"] == "400"
    assert "Operations[1]" in refused["response"]["detail"]


@pytest.mark.clause("7644/3.7-continue")
async def test_an_unknown_path_or_method_fails_alone(scim: ScimClient) -> None:
    """One operation with a fault doesn't stop the others."""
    answer = await scim.post(
        "/Bulk",
        _bulk(
            {"method": "POST", "path": "/Cars", "bulkId": "x", "data": {}},
            {"method": "GET", "path": "/Users"},
            _post("/Users", "u", userName="a@b.c"),
        ),
    )
    assert [each["status"] for each in answer.body["Operations"]] == ["400", "400", "201"]


async def test_the_version_of_an_operation_is_its_if_match(scim: ScimClient) -> None:
    """RFC 7644 section 3.7: `version` applies to the resource as If-Match does."""
    user = await scim.user()
    delete = {"method": "DELETE", "path": f"/Users/{user.id}", "version": 'W/"7"'}
    answer = await scim.post("/Bulk", _bulk(delete))
    assert answer.body["Operations"][0]["status"] == "412"


@pytest.mark.clause("7644/3.7-bulk")
async def test_a_location_is_an_absolute_uri(scim: ScimClient) -> None:
    """RFC 7644 section 3.7: every result has one, except a POST that failed."""
    user, group = await scim.user(), await scim.group()
    base = user.body["meta"]["location"].partition("/Users/")[0]
    rename = {"Operations": [{"op": "replace", "path": "displayName", "value": "Z"}]}
    answer = await scim.post(
        "/Bulk",
        _bulk(
            {"method": "PATCH", "path": f"/Groups/{group.id}", "data": rename},
            _post("/Users", "new", userName="new"),
            {"method": "DELETE", "path": "/Users/bulkId:new"},
            {"method": "DELETE", "path": "/Users/nobody"},
            _post("/Users", "taken", userName=user.body["userName"]),
        ),
    )
    renamed, made, deleted, missing, taken = answer.body["Operations"]
    assert renamed["location"] == f"{base}/Groups/{group.id}"
    assert deleted["location"] == made["location"]
    assert missing["location"] == f"{base}/Users/nobody"
    assert "location" not in taken


@pytest.mark.clause("7644/3.7.2-unique")
async def test_a_bulk_id_is_used_once(scim: ScimClient) -> None:
    """RFC 7644 section 3.7: bulkId is unique in the request; otherwise a reference would be
    ambiguous.
    """
    answer = await scim.post(
        "/Bulk", _bulk(_post("/Users", "a", userName="a"), _post("/Users", "a", userName="b"))
    )
    assert [each["status"] for each in answer.body["Operations"]] == ["201", "400"]


async def test_fail_on_errors_may_be_null(scim: ScimClient) -> None:
    """RFC 7643 section 2.5: null is the same as absent."""
    answer = await scim.post("/Bulk", _bulk(_post("/Users", "a", userName="a"), failOnErrors=None))
    assert answer.body["Operations"][0]["status"] == "201"
