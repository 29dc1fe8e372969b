"""The Users endpoint: rules of RFC 7644 section 3, as Entra and Microsoft's validators use it."""

import asyncio
from typing import Any

import pytest

from local.counting_tables import CountingTables
from scim.users import index_rows, store
from scim.users.models import UserRecord
from shared.app import App
from shared.ids import new_id
from shared.tables.port import Row
from tests.clock import FixedClock
from tests.scim.client import ScimClient

WORK_PHONE = 'phoneNumbers[type eq "work"].value'


@pytest.mark.clause("7643/3.1-id", "7643/3.1-meta", "7643/3.1-location", "7644/3.3-201")
async def test_a_created_user_has_id_meta_and_location(scim: ScimClient) -> None:
    """RFC 7644 section 3.3: 201, a Location equal to meta.location, and the whole resource."""
    answer = await scim.user(externalId="x1", title="Engineer")
    assert answer.status == 201
    assert answer.headers["location"] == answer.body["meta"]["location"]
    assert answer.headers["location"].endswith(f"/scim/{scim.directory_id}/v2/Users/{answer.id}")
    assert answer.headers["content-type"] == "application/scim+json"
    assert answer.headers["etag"] == answer.body["meta"]["version"] == 'W/"1"'
    assert answer.body["meta"]["resourceType"] == "User"
    assert (await scim.get(f"/Users/{answer.id}")).body == answer.body


@pytest.mark.clause("7643/2.3.1", "7643/4.1.1-displayName", "entra/no-transform")
async def test_values_are_returned_as_they_were_sent(scim: ScimClient) -> None:
    """Microsoft Learn, "Develop a SCIM endpoint": no transformations, even of a number that isn't
    in E.164 format.
    """
    sent = [
        {"type": "work", "value": "(020) 7946-0018 x12"},
        {"type": "mobile", "value": "10-040-1308"},
        {"type": "other", "value": " +49 (0)30  123456 "},
    ]
    texts = {"displayName": " Mu\u0308ller,  ANNA ", "title": "Chief  \u200bOfficer "}
    answer = await scim.user("Anna.MÜLLER@Example.com", phoneNumbers=sent, **texts)
    stored = await scim.get(f"/Users/{answer.id}")
    for body in (answer.body, stored.body):
        assert body["phoneNumbers"] == sent
        assert body["userName"] == "Anna.MÜLLER@Example.com"
        assert {name: body[name] for name in texts} == texts


@pytest.mark.clause("7643/4.1.1-userName", "7644/3.3-409", "interop/case", "interop/conflict")
async def test_a_user_name_is_unique_in_any_case(scim: ScimClient) -> None:
    """RFC 7643 section 4.1.1: userName is unique and not caseExact. The 409 names the user that has
    it.
    """
    first = await scim.user("anna@example.com")
    again = await scim.user("ANNA@example.com")
    assert (again.status, again.body["scimType"]) == (409, "uniqueness")
    assert first.id in again.body["detail"]


@pytest.mark.clause("7644/3.3-409")
async def test_of_concurrent_posts_one_succeeds(scim: ScimClient) -> None:
    """Entra repeats a POST if the response is late: two users never have the same name."""
    answers = await asyncio.gather(*(scim.user("anna@example.com") for _ in range(8)))
    assert sorted(answer.status for answer in answers) == [201] + [409] * 7
    assert (await scim.get("/Users")).body["totalResults"] == 1


@pytest.mark.clause("7643/4.1.1-active", "entra/soft-delete")
async def test_a_disabled_user_is_still_found(scim: ScimClient) -> None:
    """Microsoft Learn, "Develop a SCIM endpoint": disabled users are returned by id and by filter;
    `active` is a boolean.
    """
    user = await scim.user()
    await scim.patch(f"/Users/{user.id}", {"op": "Replace", "path": "active", "value": "False"})
    assert (await scim.get(f"/Users/{user.id}")).body["active"] is False
    found = await scim.get("/Users", filter='userName eq "anna@example.com"')
    assert found.resources[0]["active"] is False


@pytest.mark.clause("ipsie/deactivate")
async def test_agents_do_not_see_a_disabled_user(scim: ScimClient, tables: CountingTables) -> None:
    """An inactive user has no rows for lists, searches and number lookups."""
    user = await scim.user(
        displayName="Anna", phoneNumbers=[{"type": "work", "value": "+442079460018"}]
    )
    for active, shown in ((False, set()), (True, {"list", "find", "num"})):
        await scim.patch(f"/Users/{user.id}", {"op": "replace", "path": "active", "value": active})
        found = await tables.query("contacts", scim.directory_id, "", "\ufffd", keys_only=True)
        assert {row.key.partition("|")[0] for row in found} & {"list", "find", "num"} == shown


@pytest.mark.clause("7644/3.4.1", "7644/3.6", "ipsie/delete", "interop/delete")
async def test_a_deleted_user_is_gone_and_its_name_is_free(scim: ScimClient) -> None:
    """RFC 7644 section 3.6: 204, then 404 and no match in queries; the name can be used again."""
    user = await scim.user()
    assert (await scim.delete(f"/Users/{user.id}")).status == 204
    assert (await scim.delete(f"/Users/{user.id}")).status == 404
    assert (await scim.get(f"/Users/{user.id}")).status == 404
    assert (await scim.get("/Users")).body["totalResults"] == 0
    assert (await scim.user()).status == 201


async def test_a_rename_frees_the_old_name_and_reserves_the_new_one(scim: ScimClient) -> None:
    """Entra sends a changed userPrincipalName as a PATCH of userName."""
    user = await scim.user("old@example.com")
    await scim.patch(
        f"/Users/{user.id}", {"op": "replace", "value": {"userName": "new@example.com"}}
    )
    assert (await scim.get("/Users", filter='userName eq "old@example.com"')).body[
        "totalResults"
    ] == 0
    assert (await scim.get("/Users", filter='userName eq "new@example.com"')).resources[0][
        "id"
    ] == user.id
    assert (await scim.user("old@example.com")).status == 201
    taken = await scim.patch(
        f"/Users/{user.id}", {"op": "replace", "value": {"userName": "OLD@example.com"}}
    )
    assert taken.status == 409
    assert (await scim.get(f"/Users/{user.id}")).body["userName"] == "new@example.com"


@pytest.mark.clause("7644/3.5.2-noop")
async def test_a_patch_without_effect_keeps_version_and_time(
    scim: ScimClient, clock: FixedClock
) -> None:
    """RFC 7644 section 3.5.2.1: adding an existing value doesn't change lastModified or the
    version.
    """
    user = await scim.user(title="Engineer")
    clock.advance(60)
    answer = await scim.patch(
        f"/Users/{user.id}", {"op": "Add", "path": "title", "value": "Engineer"}
    )
    assert answer.body["meta"] == user.body["meta"]


@pytest.mark.clause("7644/3.5.2-noop")
async def test_to_set_active_as_it_is_shown_has_no_effect(
    scim: ScimClient, clock: FixedClock
) -> None:
    """RFC 7644 section 3.5.2.1: a person without `active` is shown as active, and Entra sets it in
    each cycle (getsentry/self-hosted issue 3573).
    """
    user = await scim.user(title="Engineer")
    path = f"/Users/{user.id}"
    clock.advance(60)
    answer = await scim.patch(path, {"op": "Add", "path": "active", "value": "True"})
    assert (answer.body["active"], answer.body["meta"]) == (True, user.body["meta"])
    body = {"userName": "anna@example.com", "title": "Engineer"}
    assert (await scim.put(path, {**body, "active": True})).body["meta"] == user.body["meta"]
    explicit = await scim.user("b@example.com", active=True)
    answer = await scim.put(f"/Users/{explicit.id}", {"userName": "b@example.com"})
    assert answer.body["meta"] == explicit.body["meta"]
    changed = await scim.put(path, {**body, "title": "Captain", "active": True})
    assert changed.body["meta"]["version"] == 'W/"2"'


async def test_a_change_moves_version_and_time(scim: ScimClient, clock: FixedClock) -> None:
    """RFC 7643 section 3.1: every change updates lastModified and version; created stays."""
    user = await scim.user(title="Engineer")
    clock.advance(60)
    answer = await scim.patch(
        f"/Users/{user.id}", {"op": "Replace", "path": "title", "value": "Captain"}
    )
    assert answer.body["meta"]["version"] == 'W/"2"'
    assert (
        answer.body["meta"]["created"]
        == user.body["meta"]["created"]
        < answer.body["meta"]["lastModified"]
    )


@pytest.mark.clause("7644/3.5.2-order")
async def test_a_patch_is_all_or_nothing(scim: ScimClient) -> None:
    """RFC 7644 section 3.5.2: if one operation fails, the user doesn't change."""
    user = await scim.user(title="Engineer")
    answer = await scim.patch(
        f"/Users/{user.id}",
        {"op": "Replace", "path": "title", "value": "Captain"},
        {"op": "Replace", "path": "userName", "value": ""},
    )
    assert answer.status == 400
    assert (await scim.get(f"/Users/{user.id}")).body == user.body


async def test_concurrent_patches_are_all_kept(scim: ScimClient) -> None:
    """The later of two writers reads the user again, so that neither change is lost."""
    user = await scim.user()
    names = ("title", "nickName", "displayName", "userType")
    changes = [
        scim.patch(f"/Users/{user.id}", {"op": "Add", "path": name, "value": "X"}) for name in names
    ]
    assert {answer.status for answer in await asyncio.gather(*changes)} == {200}
    body = (await scim.get(f"/Users/{user.id}")).body
    assert all(body[name] == "X" for name in names)


@pytest.mark.clause("7644/3.5.1", "okta/update")
async def test_put_clears_omitted_attributes(scim: ScimClient) -> None:
    """RFC 7644 section 3.5.1: id and created stay."""
    user = await scim.user(title="Engineer", nickName="Ann")
    answer = await scim.put(
        f"/Users/{user.id}", {"userName": "anna@example.com", "nickName": "Ann", "id": "other"}
    )
    assert (answer.status, answer.id) == (200, user.id)
    assert "title" not in answer.body


@pytest.mark.clause("7644/3.5.1")
async def test_put_never_creates(scim: ScimClient) -> None:
    """RFC 7644 section 3.5.1: a PUT to an unknown id gets 404."""
    assert (await scim.put("/Users/nobody", {"userName": "x"})).status == 404


@pytest.mark.clause("7644/3.14")
async def test_if_match_guards_a_change(scim: ScimClient) -> None:
    """RFC 7644 section 3.14: 412 unless the current version is named."""
    user = await scim.user()
    body = {"schemas": [], "Operations": [{"op": "replace", "path": "title", "value": "X"}]}
    stale = await scim.call("PATCH", f"/Users/{user.id}", body, headers={"if-match": 'W/"9"'})
    assert stale.status == 412
    fresh = await scim.call(
        "PATCH", f"/Users/{user.id}", body, headers={"if-match": user.headers["etag"]}
    )
    assert fresh.status == 200


@pytest.mark.clause("7644/3.14")
async def test_if_none_match_gets_a_304_for_the_current_version(scim: ScimClient) -> None:
    """RFC 7644 section 3.14: a client that has the version gets no body."""
    user = await scim.user()
    answer = await scim.call(
        "GET", f"/Users/{user.id}", headers={"if-none-match": user.headers["etag"]}
    )
    assert (answer.status, answer.body) == (304, None)


async def test_index_rows_follow_every_change(scim: ScimClient, tables: CountingTables) -> None:
    """After many changes and a deletion, only the user's events are stored."""
    user = await scim.user(
        externalId="x",
        emails=[{"type": "work", "value": "a@b.c"}],
        phoneNumbers=[{"type": "work", "value": "+442079460018"}],
        name={"givenName": "Anna", "familyName": "Müller"},
    )
    await scim.patch(
        f"/Users/{user.id}", {"op": "Replace", "path": WORK_PHONE, "value": "nonsense"}
    )
    await scim.patch(
        f"/Users/{user.id}", {"op": "Replace", "path": "name.familyName", "value": "Schmidt"}
    )
    await scim.patch(f"/Users/{user.id}", {"op": "Replace", "path": "active", "value": False})
    await scim.delete(f"/Users/{user.id}")
    rows = await tables.query("contacts", scim.directory_id, "", "\ufffd")
    assert {row.key.partition("|")[0] for row in rows} <= {"event", "total"}


@pytest.mark.clause("7643/3.1-id", "7643/9.3")
async def test_another_directory_knows_nothing_of_a_user(
    scim: ScimClient, other_scim: ScimClient
) -> None:
    """Ids, names and tokens are valid in their own directory only."""
    user = await scim.user()
    assert (await other_scim.get(f"/Users/{user.id}")).status == 404
    assert (await other_scim.user()).status == 201
    crossed = ScimClient(scim.host, scim.app, scim.directory_id, other_scim.token)
    assert (await crossed.get("/Users")).status == 401


async def test_after_each_change_the_index_rows_are_those_of_a_new_derivation(
    scim: ScimClient, app: App
) -> None:
    """None is missing, outdated or extra. A row with the same value isn't rewritten (its tag
    stays), because that costs as much as a change.
    """
    user = await scim.user(
        externalId="x",
        displayName="Anna Müller",
        emails=[{"type": "work", "value": "a@b.c"}],
        phoneNumbers=[
            {"type": "work", "value": "+442079460018 x12"},
            {"type": "other", "value": "nonsense"},
        ],
    )
    changes: list[dict[str, Any]] = [
        {"op": "replace", "path": "title", "value": "Captain"},
        {"op": "replace", "path": "nickName", "value": "Ann"},
        {"op": "replace", "path": "externalId", "value": "y"},
        {"op": "replace", "path": 'phoneNumbers[type eq "mobile"].value', "value": "+447700900123"},
        {"op": "replace", "path": 'phoneNumbers[type eq "other"].value', "value": "more nonsense"},
        {"op": "replace", "path": WORK_PHONE, "value": "+442079460018 x34"},
        {"op": "replace", "path": "active", "value": False},
        {"op": "replace", "path": "displayName", "value": "Anna Schmidt"},
        {"op": "replace", "path": 'emails[type eq "work"].value', "value": "c@b.a"},
        {"op": "replace", "path": "active", "value": True},
        {"op": "replace", "path": "userName", "value": "ANNA@example.com"},
        {"op": "remove", "path": "phoneNumbers"},
    ]
    before = await _beside(app, scim.directory_id)
    for change in changes:
        assert (await scim.patch(f"/Users/{user.id}", change)).status == 200
        stored = await store.get(app, scim.directory_id, user.id)
        assert stored is not None
        after = await _beside(app, scim.directory_id)
        assert {key: row.value for key, row in after.items()} == index_rows.index_rows(
            stored.record, "GB"
        ), change
        kept = before.keys() & after.keys()
        written = {key for key in kept if before[key].etag != after[key].etag}
        assert written == {key for key in kept if before[key].value != after[key].value}, change
        before = after


async def _beside(app: App, directory_id: str) -> dict[str, Row]:
    found = await app.tables.query("contacts", directory_id, "", "\ufffd")
    return {
        row.key: row for row in found if row.key.partition("|")[0] not in ("event", "total", "user")
    }


async def test_a_change_after_a_new_region_rewrites_the_card(app: App) -> None:
    """National numbers depend on the directory's region; after it changes, no row keeps the old
    form.
    """
    number = [{"type": "work", "value": "030 1234567"}]
    user = UserRecord(
        id=new_id(app.clock),
        resource={"userName": "anna", "title": "Cook", "phoneNumbers": number},
        created="",
        modified="",
    )
    await app.tables.transact("contacts", "d", store.insertion(user, "DE"))
    stored = await store.get(app, "d", user.id)
    assert stored is not None
    new = stored.record.changed(
        {**user.resource, "phoneNumbers": [*number, {"value": "+447700900123"}]}, ""
    )
    await app.tables.transact(
        "contacts", "d", store.replacement(stored.record, new, stored.tag, "IT")
    )
    after = await _beside(app, "d")
    assert {key: row.value for key, row in after.items()} == index_rows.index_rows(new, "IT")
