"""The characteristics of an extension's attributes apply as those of core attributes do (RFC 7643
sections 2.2 and 7).

The extension is invented and exists only here.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from scim.core import filters, patch_path, projection, sorting
from scim.core.attributes import Attribute, Schema
from scim.core.schemas import USER
from tests.scim.client import ScimClient, ScimResponse

URN = "urn:example:params:scim:schemas:badge:2.0:User"
BADGE = Schema(
    URN,
    "Badge",
    "Badges",
    (
        Attribute("number", required=True),
        Attribute("serial", mutability="immutable"),
        Attribute("printed", mutability="readOnly"),
        Attribute("pin", mutability="writeOnly", returned="never"),
        Attribute("secret", returned="never"),
        Attribute("history", returned="request"),
        Attribute("colour", returned="always"),
        Attribute("chip", uniqueness="server"),
        Attribute("locker", uniqueness="global", case_exact=True),
        Attribute(
            "door",
            type="complex",
            multi_valued=True,
            sub_attributes=(
                Attribute("value"),
                Attribute("code", returned="never"),
                Attribute("log", returned="request"),
            ),
        ),
    ),
)


@pytest.fixture(autouse=True)
def _extension() -> Iterator[None]:
    """Add one more extension to the resource type User during a test."""
    before = USER.extensions
    _set((*before, BADGE))
    yield
    _set(before)


def _set(extensions: tuple[Schema, ...]) -> None:
    object.__setattr__(USER, "extensions", extensions)
    USER.__post_init__()
    for kept in (
        filters._parse_cached,
        patch_path._parse_cached,
        projection.parse_attributes,
        sorting.sorter,
    ):
        kept.cache_clear()


async def _user(scim: ScimClient, name: str = "anna@example.com", **badge: Any) -> ScimResponse:
    extension: dict[str, Any] = {URN: {"number": "1", **badge}}
    return await scim.user(name, **extension)


def _put(badge: dict[str, Any] | None) -> dict[str, Any]:
    return {"userName": "anna@example.com", **({} if badge is None else {URN: badge})}


@pytest.mark.clause("7643/2.2-chars")
async def test_required(scim: ScimClient) -> None:
    """A resource with the extension must have its required attributes; the extension itself may be
    absent.
    """
    extension: dict[str, Any] = {URN: {"colour": "red"}}
    refused = await scim.user("b@example.com", **extension)
    assert (refused.status, refused.body["scimType"]) == (400, "invalidValue")
    assert f"{URN}:number" in refused.body["detail"]
    assert (await scim.user("c@example.com")).status == 201
    person = await _user(scim)
    path = f"/Users/{person.id}"
    assert (await scim.put(path, _put({"colour": "red"}))).status == 400
    for operation in (
        {"op": "remove", "path": f"{URN}:number"},
        {"op": "replace", "path": f"{URN}:number", "value": ""},
        {"op": "replace", "value": {URN: {"number": None}}},
    ):
        assert (await scim.patch(path, operation)).status == 400
    plain = await scim.user("d@example.com")
    half = {"op": "add", "path": f"{URN}:colour", "value": "red"}
    assert (await scim.patch(f"/Users/{plain.id}", half)).status == 400
    whole = {"op": "add", "value": {URN: {"colour": "red", "number": "9"}}}
    assert (await scim.patch(f"/Users/{plain.id}", whole)).status == 200
    assert (await scim.patch(path, {"op": "remove", "path": URN})).status == 200


@pytest.mark.clause("7643/2.2-chars")
async def test_returned(scim: ScimClient) -> None:
    """The values "never", "request" and "always" apply in every kind of response, to attributes and
    sub-attributes.
    """
    door = {"value": "A", "code": "1234", "log": "x"}
    parts: dict[str, Any] = {
        "secret": "s",
        "pin": "1",
        "history": "h",
        "colour": "red",
        "door": [door],
    }
    person = await _user(scim, **parts)
    path = f"/Users/{person.id}"
    usual = {"number": "1", "colour": "red", "door": [{"value": "A"}]}
    assert person.body[URN] == usual
    assert (await scim.get(path)).body[URN] == usual
    assert (await scim.get("/Users")).resources[0][URN] == usual
    patched = await scim.patch(path, {"op": "add", "path": "title", "value": "x"})
    assert patched.body[URN] == usual
    assert (await scim.put(path, _put({"number": "1", **parts}))).body[URN] == usual

    async def asked(**query: str) -> Any:
        return (await scim.get(path, **query)).body.get(URN)

    assert await asked(attributes="userName") == {"colour": "red"}
    assert await asked(attributes=f"{URN}:history") == {"colour": "red", "history": "h"}
    assert await asked(attributes=f"{URN}:secret,{URN}:pin") == {"colour": "red"}
    assert await asked(attributes=f"{URN}:door.log") == {"colour": "red", "door": [{"log": "x"}]}
    assert await asked(attributes=f"{URN}:door.code") == {"colour": "red"}
    assert await asked(attributes=URN) == usual
    assert await asked(excludedAttributes=URN) == {"colour": "red"}
    assert await asked(excludedAttributes=f"{URN}:colour") == usual


async def test_an_attribute_that_is_never_returned_cannot_be_filtered_or_sorted_by(
    scim: ScimClient,
) -> None:
    """Filters and sort orders would let a client guess the value."""
    await _user(scim, secret="s")
    for query in (
        {"filter": f'{URN}:secret eq "s"'},
        {"filter": f"{URN}:secret pr"},
        {"filter": f'{URN}:door[code eq "1"]'},
        {"filter": f'{URN}:door.code eq "1"'},
        {"sortBy": f"{URN}:secret"},
    ):
        assert (await scim.get("/Users", **query)).status == 400, query


@pytest.mark.clause("7643/2.2-chars", "7644/3.5.1-immutable")
async def test_mutability(scim: ScimClient) -> None:
    """In POST, PUT and PATCH a read-only value isn't stored, an immutable one can be set once, and
    a write-only one isn't stored.
    """
    person = await _user(scim, printed="no", serial="1", pin="1")
    path = f"/Users/{person.id}"
    assert person.body[URN] == {"number": "1", "serial": "1"}
    for answer in (
        await scim.put(path, _put({"number": "1", "serial": "2"})),
        await scim.patch(path, {"op": "replace", "path": f"{URN}:serial", "value": "2"}),
        await scim.patch(path, {"op": "replace", "value": {URN: {"serial": "2"}}}),
        await scim.patch(path, {"op": "remove", "path": f"{URN}:serial"}),
        await scim.patch(path, {"op": "remove", "path": URN}),
        await scim.patch(path, {"op": "replace", "path": f"{URN}:printed", "value": "x"}),
    ):
        assert (answer.status, answer.body["scimType"]) == (400, "mutability"), answer.body
    assert (await scim.put(path, _put({"number": "2"}))).body[URN] == {"number": "2", "serial": "1"}
    same = await scim.put(path, _put({"number": "2", "serial": "1", "printed": "x"}))
    assert same.body[URN] == {"number": "2", "serial": "1"}


@pytest.mark.clause("7643/2.2-chars")
async def test_uniqueness(scim: ScimClient) -> None:
    """409 with scimType uniqueness names the attribute and its owner; caseExact decides whether
    case counts.
    """
    first = await _user(scim, "a@example.com", chip="C1", locker="L1")
    for badge in ({"chip": "c1"}, {"locker": "L1"}):
        taken = await _user(scim, "b@example.com", **badge)
        assert (taken.status, taken.body["scimType"]) == (409, "uniqueness")
        assert f"{URN}:{next(iter(badge))}" in taken.body["detail"]
        assert first.id in taken.body["detail"]
    second = await _user(scim, "b@example.com", chip="C2", locker="l1")
    assert second.status == 201
    change = {"op": "replace", "path": f"{URN}:chip", "value": "C1"}
    assert (await scim.patch(f"/Users/{second.id}", change)).status == 409
    await scim.patch(f"/Users/{first.id}", {"op": "remove", "path": f"{URN}:chip"})
    assert (await scim.patch(f"/Users/{second.id}", change)).status == 200
    await scim.delete(f"/Users/{second.id}")
    assert (await _user(scim, "c@example.com", chip="C1", locker="l1")).status == 201
