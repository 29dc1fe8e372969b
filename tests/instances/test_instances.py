"""Three real instances over one storage, with requests sent to random ones: every response is
right.

Each test is small enough for `make test`; `python -m tests.instances.nightly` repeats them under
kills and faults.
"""

import asyncio
from collections import Counter
from collections.abc import Callable

import pytest

from tests.instances.cluster import Client, adding, patch, replacing, together
from tests.rounds import rounds

pytestmark = pytest.mark.slow
Route = Callable[[int], int | None]
ROUTES: dict[str, Route] = {"random": lambda page: None, "alternating": lambda page: page % 3}


async def walk_by_index(client: Client, route: Route) -> list[str]:
    """Return the ids of all pages by startIndex."""
    start, seen = 1, list[str]()
    for page in rounds():
        path = f"/Users?startIndex={start}&count=20&attributes=userName"
        body = (await client.scim("GET", path, at=route(page))).body
        seen += [one["id"] for one in body["Resources"]]
        start += body["itemsPerPage"]
        if not body["itemsPerPage"] or start > body["totalResults"]:
            return seen
    raise AssertionError


async def walk_by_cursor(client: Client, route: Route) -> list[str]:
    """Return the ids of all pages by cursor."""
    cursor, seen = "", list[str]()
    for page in rounds():
        path = f"/Users?cursor={cursor}&count=20&attributes=userName"
        body = (await client.scim("GET", path, at=route(page))).body
        seen += [one["id"] for one in body["Resources"]]
        cursor = body.get("nextCursor", "")
        if not cursor:
            return seen
    raise AssertionError


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("walk", [walk_by_index, walk_by_cursor])
async def test_paging_returns_each_user_once_while_others_are_created_and_deleted(
    client: Client, walk: Callable[[Client, Route], asyncio.Future[list[str]]], route: str
) -> None:
    """RFC 7644 section 3.4.2.4 and RFC 9865: whichever instance handles a page; checked again
    afterwards.
    """
    ids = await client.people(90)
    gone = set(ids[5:80:9])

    async def churn() -> None:
        for number, one in enumerate(sorted(gone)):
            await client.scim("DELETE", f"/Users/{one}")
            await client.people(1, 1000 + number)

    for change in (churn, None):
        seen, _ = await asyncio.gather(
            walk(client, ROUTES[route]), change() if change else asyncio.sleep(0)
        )
        assert len(seen) == len(set(seen))
        assert set(ids) - gone <= set(seen)


async def test_of_concurrent_creations_with_one_user_name_one_succeeds(client: Client) -> None:
    """RFC 7643 section 4.1.1: userName is unique; one response is 201, the others are 409."""
    from tests.instances.cluster import person

    calls = [client.scim("POST", "/Users", person(n // 6), at=n % 3) for n in range(60)]
    found = Counter(one.status for one in await together(12, calls))
    assert found == {201: 10, 409: 50}


async def test_versions_of_a_user_are_unique_and_never_go_back(client: Client) -> None:
    """Each acknowledged write creates one version, and no read returns an older one than before."""
    ids = await client.people(3)
    versions: dict[str, list[int]] = {one: [] for one in ids}

    def version(etag: str) -> int:
        return int(etag.split('"')[1].partition(".")[0])

    async def write(number: int) -> None:
        one = ids[number % 3]
        before = version((await client.scim("GET", f"/Users/{one}")).headers["ETag"])
        answer = await client.scim("PATCH", f"/Users/{one}", replacing("title", f"t{number}"))
        assert answer.status == 200
        assert answer.body["title"] == f"t{number}"
        made = version(answer.headers["ETag"])
        versions[one].append(made)
        after = version((await client.scim("GET", f"/Users/{one}")).headers["ETag"])
        assert before < made <= after

    await together(9, [write(number) for number in range(90)])
    for one, found in versions.items():
        assert sorted(found) == list(range(2, len(found) + 2)), one


async def test_a_counter_with_if_match_loses_no_increment(client: Client) -> None:
    """RFC 7644 section 3.14: of the clients that read one version, one succeeds and the others get
    412.
    """
    (one,) = await client.people(1)
    await client.scim("PATCH", f"/Users/{one}", replacing("nickName", "0"))
    won = 0

    async def increment() -> None:
        nonlocal won
        for _ in range(6):
            read = await client.scim("GET", f"/Users/{one}")
            body = replacing("nickName", str(int(read.body["nickName"]) + 1))
            headers = {"If-Match": read.headers["ETag"]}
            answer = await client.scim("PATCH", f"/Users/{one}", body, headers=headers)
            assert answer.status in (200, 412)
            won += answer.status == 200

    await asyncio.gather(*(increment() for _ in range(8)))
    assert int((await client.scim("GET", f"/Users/{one}")).body["nickName"]) == won


async def test_members_added_and_removed_on_all_instances_are_seen_from_both_sides(
    client: Client,
) -> None:
    """Entra sends one member per request over many connections; users and groups show the same
    memberships.
    """
    from tests.instances.cluster import GROUP

    ids = await client.people(45)
    body = {"schemas": [GROUP], "displayName": "Members"}
    group = (await client.scim("POST", "/Groups", body)).id
    path = f"/Groups/{group}"
    added = await together(12, [client.scim("PATCH", path, adding(one)) for one in ids])
    leaving = [patch({"op": "remove", "path": f'members[value eq "{one}"]'}) for one in ids[:15]]
    removed = await together(12, [client.scim("PATCH", path, one) for one in leaving])
    assert {one.status for one in added + removed} == {204}
    assert await client.members(group) == set(ids[15:])
    people = await together(12, [client.scim("GET", f"/Users/{one}") for one in ids])
    in_group = {one.id for one in people if one.body.get("groups")}
    assert in_group == set(ids[15:])


@pytest.mark.parametrize("other", ["adds", "deletes"])
async def test_a_patch_of_200_members_is_all_or_nothing(client: Client, other: str) -> None:
    """RFC 7644 section 3.5.2: another writer in between doesn't stop it, even with If-Match."""
    from tests.instances.cluster import GROUP

    ids = await client.people(203)
    body = {"schemas": [GROUP], "displayName": "Large"}
    group = await client.scim("POST", "/Groups", body)
    path = f"/Groups/{group.id}"
    headers = {"If-Match": group.headers["ETag"]}
    large = asyncio.create_task(
        client.scim("PATCH", path, adding(*ids[:200]), at=0, headers=headers)
    )
    for _ in rounds():
        if large.done() or await client.members(group.id):
            break
    calls = {
        "adds": [client.scim("PATCH", path, adding(one), at=1) for one in ids[200:]],
        "deletes": [client.scim("DELETE", f"/Users/{one}", at=1) for one in ids[197:200]],
    }
    for one in calls["deletes" if other == "adds" else "adds"]:
        one.close()
    answers = await asyncio.gather(*calls[other])
    assert (await large).status == 204
    assert {one.status for one in answers} == {204}
    wanted = set(ids) if other == "adds" else set(ids[:197])
    assert await client.members(group.id) == wanted


async def test_totals_include_acknowledged_writes_on_every_instance(client: Client) -> None:
    """They are at least the acknowledged writes and at most those that were sent."""
    begun = acknowledged = 0

    async def create(number: int) -> None:
        nonlocal begun, acknowledged
        begun += 1
        assert len(await client.people(1, number)) == 1
        acknowledged += 1

    async def read() -> None:
        for _ in range(15):
            least = acknowledged
            found = (await client.scim("GET", "/Users?count=0")).body["totalResults"]
            assert least <= found <= begun

    await asyncio.gather(together(6, [create(number) for number in range(60)]), read(), read())
    for at in range(3):
        assert (await client.scim("GET", "/Users?count=0", at=at)).body["totalResults"] == 60


async def test_a_new_token_works_at_once_on_all_instances(client: Client) -> None:
    """Entra would quarantine a job if its new token is refused."""
    for at in range(3):
        assert (await client.scim("GET", "/Users?count=0", at=at)).status == 200
    issued = await client.api("POST", "/tokens", {}, at=0)
    assert issued.status == 201
    for at in range(3):
        answer = await client.scim("GET", "/Users?count=0", at=at, token=issued.body["token"])
        assert answer.status == 200


async def test_a_directory_restored_elsewhere_is_found_at_once(client: Client) -> None:
    """Deleted and restored on another instance: no cache delays agents or SCIM clients."""
    await client.people(1)
    identifier = client.directory["directory_id"]
    own = f"/api/directories/{identifier}"
    assert (await client.call("DELETE", own, at=0)).status == 202
    assert (await client.api("GET", "/contacts", at=0)).status == 404
    restored = await client.call("POST", f"{own}/restore", {}, at=1)
    assert restored.status == 200
    for at in range(3):
        assert (await client.api("GET", "/contacts", at=at)).status == 200
        assert (await client.scim("GET", "/Users?count=0", at=at)).status == 200


async def test_an_export_over_all_instances_has_everyone_once(client: Client) -> None:
    """Each chunk of the API's export comes from another instance, while people are deleted."""
    ids = await client.people(60)
    gone = set(ids[3:50:7])

    async def churn() -> None:
        for one in gone:
            await client.scim("DELETE", f"/Users/{one}")

    async def export() -> str:
        path, text = "/export?format=csv&limit=10", ""
        for chunk in rounds():
            answer = await client.api("GET", path, at=chunk % 3)
            assert answer.status == 200
            text += str(answer.body)
            link = answer.headers.get("Link", "")
            if not link:
                return text
            path = link.partition(">")[0].rpartition(client.directory["directory_id"])[2]
        raise AssertionError

    text, _ = await asyncio.gather(export(), churn())
    for number, one in enumerate(ids):
        count = text.count(f'"Givenp{number:07} ')
        assert count == 1 or (one in gone and count == 0)
