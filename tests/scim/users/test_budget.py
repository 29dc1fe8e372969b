"""Storage round trips per operation, equal in a small and in a large directory; the token is
cached.
"""

from collections.abc import Awaitable, Callable

import pytest

from local.counting_tables import CountingTables
from scim.core.schemas import ENTERPRISE_URN
from scim.users import store
from scim.users.models import UserRecord, decode
from shared.tables.port import MAX_OPERATIONS
from tests.scim.client import ScimClient, ScimResponse

Use = Callable[[ScimClient, str], Awaitable[ScimResponse]]


async def _create(scim: ScimClient, user_id: str) -> ScimResponse:
    return await scim.user("new@example.com", externalId="new")


async def _read(scim: ScimClient, user_id: str) -> ScimResponse:
    return await scim.get(f"/Users/{user_id}")


async def _by_user_name(scim: ScimClient, user_id: str) -> ScimResponse:
    return await scim.get("/Users", filter='userName eq "PERSON0@example.com"')


async def _by_nobody(scim: ScimClient, user_id: str) -> ScimResponse:
    return await scim.get("/Users", filter='userName eq "nobody@example.com"')


async def _by_external_id(scim: ScimClient, user_id: str) -> ScimResponse:
    return await scim.get("/Users", filter='externalId eq "external-0"')


async def _by_mail(scim: ScimClient, user_id: str) -> ScimResponse:
    return await scim.get("/Users", filter='emails[type eq "work"].value eq "person0@example.com"')


async def _patch(scim: ScimClient, user_id: str) -> ScimResponse:
    return await scim.patch(
        f"/Users/{user_id}", {"op": "Replace", "path": "title", "value": "Captain"}
    )


async def _patch_without_effect(scim: ScimClient, user_id: str) -> ScimResponse:
    return await scim.patch(
        f"/Users/{user_id}", {"op": "Replace", "path": "userName", "value": "person0@example.com"}
    )


async def _replace(scim: ScimClient, user_id: str) -> ScimResponse:
    return await scim.put(
        f"/Users/{user_id}", {"userName": "person0@example.com", "title": "Admiral"}
    )


async def _delete(scim: ScimClient, user_id: str) -> ScimResponse:
    return await scim.delete(f"/Users/{user_id}")


async def _page(scim: ScimClient, user_id: str) -> ScimResponse:
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
    (_page, 200, 4),  # two more than a last page: the next page's start is read and stored
    (_delete, 204, 2),
]


@pytest.mark.parametrize("people", [10, pytest.param(2500, marks=pytest.mark.slow)])
async def test_operations_keep_their_budget(
    filled: Callable[[int], Awaitable[tuple[ScimClient, str]]], tables: CountingTables, people: int
) -> None:
    """Each operation has a maximum number of round trips, in a directory of any size."""
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


def _fullest(word: str, digit: int) -> UserRecord:
    """Return a user with the maximum of every kind of index row; `word` and `digit` make all of
    them unique.
    """
    resource = {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": f"{word}@example.com",
        "externalId": word,
        "displayName": " ".join(f"{word}{n}" for n in range(60)),
        "emails": [{"value": f"{word}{n}@example.com"} for n in range(20)],
        "phoneNumbers": [
            *({"value": f"+4420794{digit}{n:04}"} for n in range(11)),
            {"value": f"ask {word}", "type": "work"},
            *({"value": f"+4420795{digit}{n:04}"} for n in range(11)),
        ],
        ENTERPRISE_URN: {"manager": {"value": word}, "department": f"{word}x {word}y"},
    }
    return UserRecord(
        id="01a22052-bc22-7734-9da1-2e9df8907017", resource=resource, created="", modified=""
    )


def test_the_largest_change_is_one_transaction() -> None:
    """Replacing every index row of a user, and adding the event, needs at most 100 operations."""
    first = store.insertion(_fullest("anna", 1), "GB")
    record = decode(_fullest("anna", 1).id, first[0].value)  # type: ignore[union-attr]
    changed = store.replacement(record, _fullest("berta", 2), "", "GB")
    assert 90 < len(changed) + 1 <= MAX_OPERATIONS
