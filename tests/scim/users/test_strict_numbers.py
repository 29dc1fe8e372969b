"""A directory with strict numbers refuses new phone numbers that can't be parsed."""

from scim.users import store
from tests.scim.client import ScimClient

WORK_PHONE = 'phoneNumbers[type eq "work"].value'


async def test_an_unreadable_number_is_refused_by_name(strict_scim: ScimClient) -> None:
    """400 invalidValue names the attribute; a directory without strict numbers accepts the same
    user.
    """
    numbers = [{"type": "work", "value": "nonsense"}]
    refused = await strict_scim.user(phoneNumbers=numbers)
    assert (refused.status, refused.body["scimType"]) == (400, "invalidValue")
    assert WORK_PHONE in refused.body["detail"]
    assert (
        await strict_scim.user(phoneNumbers=[{"type": "work", "value": "+442079460018"}])
    ).status == 201


async def test_a_change_to_an_unreadable_number_is_refused(strict_scim: ScimClient) -> None:
    """The user doesn't change."""
    user = await strict_scim.user(phoneNumbers=[{"type": "work", "value": "+442079460018"}])
    operation = {"op": "replace", "path": WORK_PHONE, "value": "nonsense"}
    assert (await strict_scim.patch(f"/Users/{user.id}", operation)).status == 400
    assert (await strict_scim.get(f"/Users/{user.id}")).body == user.body


async def test_an_older_unreadable_number_prevents_no_other_change(
    scim: ScimClient, strict_scim: ScimClient
) -> None:
    """The number was stored before the directory became strict."""
    user = await scim.user(phoneNumbers=[{"type": "work", "value": "nonsense"}])
    stored = await store.get(scim.app, scim.directory_id, user.id)
    assert stored is not None
    moved = store.insertion(stored.record, "GB")
    await scim.app.tables.transact("contacts", strict_scim.directory_id, moved)
    changed = await strict_scim.patch(
        f"/Users/{user.id}", {"op": "replace", "path": "title", "value": "X"}
    )
    assert (changed.status, changed.body["title"]) == (200, "X")
