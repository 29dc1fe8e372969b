"""A store of the first release is served, reindexed in the background, and everything is found before and after."""

import asyncio
import contextlib
import os
import re
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from contacts import number_lookup, search
from directories import maintenance, reindex_progress, store, totals
from local.check import check, check_links
from local.host.running import ROOT
from scim import reindex
from scim.users import index_rows
from scim.users import models as user_record
from scim.users import store as user_store
from shared.app import App
from shared.settings import Settings
from shared.tables.open import open_tables
from shared.tables.schema import family_of
from shared.tables.schema.contacts import INDEX_VERSION, USER
from tests.clock import FixedClock
from tests.directories.stored_events import stored_events
from tests.e2e.test_killed import local
from tests.local.transfer.filled import scim_host
from tests.rounds import rounds
from tests.scim.client import ScimClient
from tests.versions import released


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A SQLite file as the first release left it."""
    released.restore(tmp_path / "old.db")
    return tmp_path / "old.db"


@contextlib.asynccontextmanager
async def opened(path: Path, clock: FixedClock) -> AsyncIterator[App]:
    """One instance of the app over the file."""
    tables = f"sqlite:///{path}"
    app = App(Settings.read({"TABLES": tables}), clock, open_tables(Settings(tables=tables)))
    try:
        yield app
    finally:
        await app.close()


async def found_everything(app: App) -> None:
    """Assert that clients and agents find whom they shall find."""
    directory = await store.get(app.tables, "contoso")
    assert directory
    async with scim_host(app) as host:
        scim = ScimClient(host, app, "contoso", released.TOKEN)
        for text, names in released.FILTERS.items():
            answer = await scim.get("/Users", filter=text)
            assert {one["userName"] for one in answer.resources} == names, text
    for text, names in released.SEARCHES.items():
        people = await search.search(app, [directory], text, 20)
        assert {one.card.user_name for one in people.found} == names, text
    matches = await number_lookup.lookup_numbers(app, [directory], list(released.CALLERS))
    for (text, names), own in zip(released.CALLERS.items(), matches, strict=True):
        assert {one.card.user_name for one in own} == names, text


async def visible_state(app: App) -> Any:
    """Return the state that a reindex may not change: resources with ETags and times, totals, the
    provisioning log.
    """
    async with scim_host(app) as host:
        scim = ScimClient(host, app, "contoso", released.TOKEN)
        return (
            (await scim.get("/Users")).body,
            (await scim.get("/Groups")).body,
            await totals.stored(app, "contoso"),
            await stored_events(app.tables, "contoso"),
        )


async def outdated(app: App, directory_id: str) -> int:
    """How many records `check` counts as to reindex; there must be no fault."""
    directory = await store.get(app.tables, directory_id)
    assert directory
    found = await check(app, directory)
    assert found.faults == []
    return found.to_reindex


async def test_everything_is_found_before_and_after(path: Path, clock: FixedClock) -> None:
    """By SCIM filters, search, and numbers; the reindex changes nothing that a client or administrator sees."""
    clock.advance(400)
    async with opened(path, clock) as app:
        before = await visible_state(app)
        await found_everything(app)
        assert [await outdated(app, one) for one in released.DIRECTORIES] == [10, 4]
    async with opened(path, clock) as app, scim_host(app):  # registers the job
        await maintenance.run(app, 3600.0)
        assert [await outdated(app, one) for one in released.DIRECTORIES] == [0, 0]
        await found_everything(app)
        assert await visible_state(app) == before
        assert await check_links(app) == []


async def test_a_change_leaves_nothing_of_the_old_rules(path: Path, clock: FixedClock) -> None:
    """A write removes just the rows that the record lists, whatever rules derived them, and stores the version."""
    clock.advance(400)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        key, value = connection.execute(
            "SELECT key, value FROM contacts WHERE partition='contoso' AND key GLOB 'user|*' AND CAST(value AS TEXT) LIKE ?",
            (f'%"userName":"{released.ANNA}"%',),
        ).fetchone()
        identifier, record = key.split("|")[1], orjson.loads(value)
        record["index"] += ["find|a word of old rules|", "list|old rules|"]
        connection.execute(
            "UPDATE contacts SET value=? WHERE partition='contoso' AND key=?",
            (orjson.dumps(record), key),
        )
        for family in ("find|a word of old rules|", "list|old rules|"):
            connection.execute(
                "INSERT INTO contacts VALUES ('contoso', ?, '{}', 1)", (family + identifier,)
            )
        connection.commit()
    async with opened(path, clock) as app, scim_host(app) as host:
        scim = ScimClient(host, app, "contoso", released.TOKEN)
        change = {"op": "replace", "path": "title", "value": "Boss"}
        assert (await scim.patch(f"/Users/{identifier}", change)).status == 200
        row = await app.tables.get("contacts", "contoso", key)
        assert row
        user = user_record.decode(identifier, row.value)
        assert (user.index_version, user.index_region) == (INDEX_VERSION, "DE")
        assert set(user_store.stored_keys(user)) == set(index_rows.index_rows(user, "DE"))
        for gone in ("find|a word of old rules|", "list|old rules|"):
            assert await app.tables.get("contacts", "contoso", gone + identifier) is None
        assert await outdated(app, "contoso") == 9


async def test_command_reindexes_at_once(path: Path) -> None:
    """`python -m local reindex ID`; `check` counts the records of the other directories and reports no fault."""
    tables = f"sqlite:///{path}"
    code, output = await local("check", "--tables", tables)
    assert (code, "10 records to reindex" in output, "no faults" in output) == (0, True, True), (
        output
    )
    code, output = await local("reindex", "contoso", "--tables", tables)
    assert (code, output.splitlines()) == (0, ["contoso: 10 records, 10 written again"]), output
    code, output = await local("check", "--tables", tables)
    assert code == 0, output
    assert re.search(r"^contoso: 8 users, 2 groups, [0-9]+ rows: agree$", output, re.MULTILINE), (
        output
    )
    assert output.count("4 records to reindex") == 2, output
    code, output = await local("reindex", "nobody", "--tables", tables)
    assert (code, output) == (1, "nobody: there is no such directory\n")


INSTANCE = """
import asyncio, function_app
from directories import maintenance
app = function_app._app
asyncio.run(maintenance.run(app, app.clock.monotonic() + 60))
"""


async def _instance(path: Path) -> asyncio.subprocess.Process:
    """An instance of the function app; its maintenance timer runs once."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        INSTANCE,
        cwd=ROOT,
        env={**os.environ, "TABLES": f"sqlite:///{path}"},
        stderr=asyncio.subprocess.PIPE,
    )


@pytest.mark.slow
async def test_second_instance_continues_where_a_killed_one_stopped(
    path: Path, clock: FixedClock
) -> None:
    """Killed half-way, the pass goes on at its last note; a client that writes during that time
    loses nothing.
    """
    clock.advance(400)
    async with opened(path, clock) as app, scim_host(app) as host:
        scim = ScimClient(host, app, "contoso", released.TOKEN)
        ids = [
            (await scim.user(f"person{number}@contoso.example", displayName="Pat Person")).id
            for number in range(300)
        ]
        released.make_old(path, "contoso")
        first = await _instance(path)
        for _ in rounds():
            half = await reindex_progress.read(app.tables, "contoso")
            if half and half.passed >= 100:
                break
            await asyncio.sleep(0.01)
        first.send_signal(signal.SIGKILL)
        assert await first.wait() == -signal.SIGKILL
        half = await reindex_progress.read(app.tables, "contoso")
        assert half
        assert not half.is_finished
        shown = await reindex_progress.status(app, "contoso")
        assert shown
        assert (shown.state, shown.total) == ("running", 310)
        assert 0 < shown.done < shown.total
        await found_everything(app)

        second = await _instance(path)
        for identifier in ids[::40]:
            change = {"op": "replace", "path": "title", "value": "Changed"}
            assert (await scim.patch(f"/Users/{identifier}", change)).status == 200
        errors = (await second.communicate())[1].decode()
        assert second.returncode == 0, errors
        done = await reindex_progress.read(app.tables, "contoso")
        assert done
        assert done.is_finished
        assert done.started == half.started, "the pass began again instead of going on"
        assert done.passed == 310
        assert await outdated(app, "contoso") == 0
        assert await reindex_progress.status(app, "contoso") is None
        assert (await scim.get(f"/Users/{ids[40]}")).body["title"] == "Changed"
        await found_everything(app)


async def test_pass_of_a_smaller_pace_is_continued_by_the_next_run(
    path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run goes by a limited number of records of a directory; the next one begins after them."""
    monkeypatch.setattr(reindex, "MAX_RECORDS_PER_RUN", 3)
    monkeypatch.setattr(reindex, "_PAGE", 2)
    clock.advance(400)
    async with opened(path, clock) as app:
        passed = []
        for _ in range(4):
            await reindex.run(app, 3600.0)
            progress = await reindex_progress.read(app.tables, "contoso")
            assert progress
            passed.append(progress.passed)
        assert passed == [4, 8, 10, 10]
        assert await outdated(app, "contoso") == 0


async def test_rules_that_derive_other_rows_have_another_version(
    path: Path, clock: FixedClock
) -> None:
    """Raise INDEX_VERSION (shared/tables/schema/contacts.py) if a released store's rows are not those of today's rules."""
    async with opened(path, clock) as app:
        for directory_id in released.DIRECTORIES:
            directory = await store.get(app.tables, directory_id)
            assert directory
            rows = await app.tables.query("contacts", directory_id, "", "\ufffd")
            values = {row.key: row.value for row in rows}
            for row in rows:
                if family_of("contacts", directory_id, row.key) is not USER:
                    continue
                user = user_record.decode(USER.parts_of(row.key)[0], row.value)
                derived = index_rows.index_rows(user, directory.region)
                stored = {key: values[key] for key in user_store.stored_keys(user)}
                assert derived == stored or user.index_version < INDEX_VERSION
