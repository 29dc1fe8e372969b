"""A field that a later release adds is kept if this release rewrites the row; an unknown version is
refused.
"""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from contacts import agent_lists, notes
from contacts.agent_lists import AgentLists
from contacts.notes import Note
from directories import mapping_notes, reindex_progress, setup_links, store, totals
from directories.reindex_progress import Progress
from directories.setup_links import SetupLink
from presence import tenant_links
from presence.store import manifest
from scim import reindex
from scim.groups import models as group_record
from scim.users import models as user_record
from shared.app import App
from shared.keys import Family
from shared.row_versions import UnsupportedRowVersion
from shared.settings import Settings
from shared.tables.open import open_tables
from shared.tables.port import Row, Upsert
from shared.tables.schema import FAMILIES, family_of
from shared.tables.schema.contacts import AGENT_LISTS, GROUP, MAPPING_FAULTS, NOTE, TOTAL, USER
from shared.tables.schema.directories import DIRECTORY, SETUP_LINK
from shared.tables.schema.presence import DIRECTORY_LINK, MANIFEST, TENANT_LINK
from shared.tables.schema.work import REINDEX_PASS
from tests.clock import FixedClock
from tests.local.transfer.filled import scim_host
from tests.scim.client import ScimClient
from tests.versions import released

SAMPLES = Path(__file__).parent.parent.parent / "versions" / "v1.json"
LATER = {"a later release": {"has": ["this", 1]}}
# A value decoded and encoded again, as by a writer that changes nothing, for each family that keeps unknown fields.
ROUND_TRIPS: dict[Family, Callable[[bytes], bytes]] = {
    USER: lambda value: user_record.encode(user_record.decode("id", value)),
    GROUP: lambda value: group_record.encode(group_record.decode("id", value)),
    TOTAL: lambda value: totals.encode(*totals.decode(value)),
    MAPPING_FAULTS: lambda value: mapping_notes.encode(mapping_notes.decode(value)),
    DIRECTORY: lambda value: store.encode(store.decode("id", value, "")),
    MANIFEST: lambda value: manifest.encode(manifest.decode(value)),
    TENANT_LINK: lambda value: tenant_links.encode(tenant_links.decode_tenant(Row("k", value, ""))),
    DIRECTORY_LINK: lambda value: tenant_links.encode(
        tenant_links.decode_directory(Row("k", value, ""))
    ),
    AGENT_LISTS: lambda value: agent_lists.encode(agent_lists.decode(value)),
    NOTE: lambda value: notes.encode(notes.decode("id", value)),
    SETUP_LINK: lambda value: setup_links.encode(
        setup_links.decode(Row(SETUP_LINK.key("id"), value, ""))
    ),
    REINDEX_PASS: lambda value: reindex_progress.encode(reindex_progress.decode(value, "")),
}
# Parts of values that are structures of the app; other JSON objects in a value are stored as they come.
PARTS = ("tokens", "secrets", "trust", "directories", "trouble", "counts")


def sample(family: Family) -> dict[str, Any]:
    """Return a decoded value of the family, as the first release or this one writes it."""
    if family is REINDEX_PASS:
        progress = Progress(index_version=2, started="2026-01-01T00:00:00.000Z")
        found: dict[str, Any] = orjson.loads(reindex_progress.encode(progress))
        return found
    if family is AGENT_LISTS:
        lists: dict[str, Any] = orjson.loads(agent_lists.encode(AgentLists(favourites=("a.b",))))
        return lists
    if family is SETUP_LINK:
        made = SetupLink(id="id", hash="h", created="c", expires="e")
        link: dict[str, Any] = orjson.loads(setup_links.encode(made))
        return link
    if family is NOTE:
        note = Note(id="n", text="t", author="a", author_id="b", changed="c", expires="d")
        noted: dict[str, Any] = orjson.loads(notes.encode(note))
        return noted
    if family is MAPPING_FAULTS:
        return {"v": 1, "at": {"nickName": 1.0}}
    for row in orjson.loads(SAMPLES.read_bytes()):
        if family_of(row["table"], row["partition"], row["key"]) is family:
            value: dict[str, Any] = row["value"]
            return value
    raise AssertionError(f"{family.name} has no sample")


def later(value: dict[str, Any]) -> dict[str, Any]:
    """Return the value with one more field in it and in each of its parts."""
    changed = value | LATER
    for name in PARTS:
        match value.get(name):
            case dict() as part:
                changed[name] = part | LATER
            case list() as parts:
                changed[name] = [one | LATER if isinstance(one, dict) else one for one in parts]
    return changed


def keeps(before: Any, after: Any) -> bool:
    """Return whether `after` has everything of `before`; it may have more fields."""
    match before:
        case dict():
            return all(name in after and keeps(part, after[name]) for name, part in before.items())
        case list():
            return len(before) == len(after) and all(map(keeps, before, after))
    return bool(before == after)


def test_every_family_that_keeps_fields_is_tested() -> None:
    """A new family with `rewritten="kept"` needs an entry in ROUND_TRIPS."""
    assert set(ROUND_TRIPS) == {
        family for family in FAMILIES.values() if family.rewritten == "kept"
    }


@pytest.mark.parametrize("family", ROUND_TRIPS, ids=lambda family: f"{family.table}-{family.name}")
def test_unknown_fields_survive_decoding_and_encoding(family: Family) -> None:
    """Unknown fields of the value and of each of its parts are kept."""
    stored = later(sample(family))
    rewritten = orjson.loads(ROUND_TRIPS[family](orjson.dumps(stored)))
    assert keeps(stored | {"v": 1}, rewritten)


@pytest.mark.parametrize("family", ROUND_TRIPS, ids=lambda family: f"{family.table}-{family.name}")
def test_unknown_version_is_refused(family: Family) -> None:
    """Its meaning isn't known, so the row isn't rewritten; the remedy is to deploy the later
    release.
    """
    with pytest.raises(UnsupportedRowVersion, match="roll forward"):
        ROUND_TRIPS[family](orjson.dumps(sample(family) | {"v": 99}))


@pytest.fixture
async def app(clock: FixedClock, tmp_path: Path) -> AsyncIterator[App]:
    """Yield an App over the storage of the first release."""
    released.restore(tmp_path / "old.db")
    settings = Settings(tables=f"sqlite:///{tmp_path}/old.db")
    opened = App(settings, clock, open_tables(settings))
    yield opened
    await opened.close()


async def add_to_all(app: App) -> None:
    """Add a field of a later release to every row whose unknown fields are kept."""
    for table, partition in (
        ("contacts", "contoso"),
        ("directories", "contoso"),
        ("tenants", "tenant"),
        ("work", "reindex"),
    ):
        for row in await app.tables.query(table, partition, "", "\ufffd"):
            family = family_of(table, partition, row.key)
            if family and family.rewritten == "kept":
                value = orjson.dumps(later(orjson.loads(row.value)))
                await app.tables.transact(table, partition, [Upsert(row.key, value)])


async def test_unknown_fields_survive_every_request(app: App, clock: FixedClock) -> None:
    """Users, groups, members, settings, totals and a reindex, through the real functions."""
    clock.advance(400)
    await add_to_all(app)
    async with scim_host(app) as host:
        scim = ScimClient(host, app, "contoso", released.TOKEN)
        users = {one["userName"]: one for one in (await scim.get("/Users")).resources}
        anna, zoe = users[released.ANNA], users[released.ZOE]
        change = {"op": "replace", "path": "title", "value": "Boss"}
        assert (await scim.patch(f"/Users/{anna['id']}", change)).status == 200
        assert (await scim.put(f"/Users/{zoe['id']}", zoe | {"title": "Boss"})).status == 200
        (group, *_) = (await scim.get("/Groups")).resources
        joining = {"op": "add", "path": "members", "value": [{"value": zoe["id"]}]}
        renaming = {"op": "replace", "path": "displayName", "value": "Renamed"}
        assert (await scim.patch(f"/Groups/{group['id']}", joining, renaming)).status < 300
        await totals.fold(app, "contoso")
        await reindex.run(app, 3600.0)
        directory = await store.get(app.tables, "contoso")
        assert directory
        await reindex.reindex(app, directory)
        assert (await scim.get(f"/Users/{anna['id']}")).body["title"] == "Boss"
    lost = [
        row.key
        for row in await app.tables.query("contacts", "contoso", "", "\ufffd")
        if (family := family_of("contacts", "contoso", row.key))
        and family.rewritten == "kept"
        and not LATER.items() <= orjson.loads(row.value).items()
    ]
    assert lost == []
