"""The sample of keys, by which a jump to a far `startIndex` counts few keys, grows with its directory."""

import pytest

from directories import authenticate
from scim import resource_rows
from shared.app import App
from shared.tables.schema.base import CONTACTS
from shared.tables.schema.contacts import KEY_SAMPLE
from tests.scim.client import ScimClient


async def test_the_sample_grows_in_the_background_of_an_import(
    scim: ScimClient, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every 2,000 requests of a directory it gets the keys of new people; here every four."""
    monkeypatch.setattr(authenticate, "_UPKEEP_EVERY", 4)
    monkeypatch.setattr(resource_rows, "KEYS_PER_SAMPLE", 2)
    lengths = list[int]()
    for number in range(12):
        app.clock.advance(0.001)  # type: ignore[attr-defined]  # so that IDs are in order
        await scim.user(f"person{number}")
        await app.background.drain()
        row = await app.tables.get(CONTACTS, scim.directory_id, KEY_SAMPLE.key("user"))
        lengths.append(len(resource_rows.decode_key_sample(row.value).keys) if row else 0)
    assert lengths[:3] == [0, 0, 0]
    # The request that starts the work may be carried out before or after the work.
    assert [-(-length // 2) for length in lengths[3::4]] == [1, 2, 3]


async def test_a_small_directory_has_no_sample(
    scim: ScimClient, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row that says nothing isn't written."""
    monkeypatch.setattr(authenticate, "_UPKEEP_EVERY", 1)
    await scim.user("anna")
    await app.background.drain()
    for family in ("user", "group"):
        assert await app.tables.get(CONTACTS, scim.directory_id, KEY_SAMPLE.key(family)) is None
