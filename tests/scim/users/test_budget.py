"""Storage round trips of each operation, equal in a small and in a large directory; the token is known already."""

from collections.abc import Awaitable, Callable

import pytest

from local.counting_tables import CountingTables
from tests.scim.client import Answer, ScimClient

Use = Callable[[ScimClient, str], Awaitable[Answer]]


async def _create(scim: ScimClient, user_id: str) -> Answer:
    return await scim.user("new@example.com", externalId="new")


async def _read(scim: ScimClient, user_id: str) -> Answer:
    return await scim.get(f"/Users/{user_id}")


async def _by_user_name(scim: ScimClient, user_id: str) -> Answer:
    return await scim.get("/Users", filter='userName eq "PERSON0@example.com"')


async def _by_nobody(scim: ScimClient, user_id: str) -> Answer:
    return await scim.get("/Users", filter='userName eq "nobody@example.com"')


async def _by_external_id(scim: ScimClient, user_id: str) -> Answer:
    return await scim.get("/Users", filter='externalId eq "external-0"')


async def _by_mail(scim: ScimClient, user_id: str) -> Answer:
    return await scim.get("/Users", filter='emails[type eq "work"].value eq "person0@example.com"')


async def _patch(scim: ScimClient, user_id: str) -> Answer:
    return await scim.patch(
        f"/Users/{user_id}", {"op": "Replace", "path": "title", "value": "Captain"}
    )


async def _patch_without_effect(scim: ScimClient, user_id: str) -> Answer:
    return await scim.patch(
        f"/Users/{user_id}", {"op": "Replace", "path": "userName", "value": "person0@example.com"}
    )


async def _replace(scim: ScimClient, user_id: str) -> Answer:
    return await scim.put(
        f"/Users/{user_id}", {"userName": "person0@example.com", "title": "Admiral"}
    )


async def _delete(scim: ScimClient, user_id: str) -> Answer:
    return await scim.delete(f"/Users/{user_id}")


async def _page(scim: ScimClient, user_id: str) -> Answer:
    return await scim.get("/Users", startIndex=1, count=5)


BUDGET: list[tuple[Use, int, int]] = [
    (_create, 201, 1),
    (_read, 200, 1),
    (_by_user_name, 200, 2),
    (_by_nobody, 200, 1),
    (_by_external_id, 200, 2),
    (_by_mail, 200, 2),
    (_patch, 200, 2),
    (_patch_without_effect, 200, 1),
    (_replace, 200, 2),
    (_page, 200, 2),
    (_delete, 204, 2),
]


@pytest.mark.parametrize("people", [10, pytest.param(20_000, marks=pytest.mark.slow)])
async def test_operations_keep_their_budget(
    filled: Callable[[int], Awaitable[tuple[ScimClient, str]]], tables: CountingTables, people: int
) -> None:
    """Round trips do not depend on how many people a directory has, or on the engine's speed."""
    scim, user_id = await filled(people)
    await scim.get("/Users")
    await scim.app.background.drain()
    counted = {}
    for use, status, _ in BUDGET:
        with tables.measured() as calls:
            answer = await use(scim, user_id)
        assert answer.status == status, use.__name__
        counted[use.__name__] = len(calls)
    assert counted == {use.__name__: trips for use, _, trips in BUDGET}
