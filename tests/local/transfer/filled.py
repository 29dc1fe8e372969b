"""A deployment with rows of every family in every partition, written by the product's own code."""

import contextlib
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from directories import deletion, service
from directories.audit import operator_actor
from directories.service import NewDirectory
from local.host.host import Host
from presence.consent import linking
from presence.instance import runtime_of
from presence.store.codec import Delta, Entry
from presence.store.commits import commit
from presence.store.snapshot import load
from presence.tenant_links import DirectoryLink
from scim import endpoints
from shared.app import App
from shared.tables.schema.base import TABLES
from tests.hosts import serving
from tests.scim.client import ScimClient

ACCOUNT = "00000000-0000-4000-8000-000000000001"
TENANT = "00000000-0000-4000-8000-000000000002"


@dataclass(frozen=True, slots=True)
class Deployment:
    """Two directories with users and groups: the first is connected to a tenant, the second is being
    deleted.
    """

    app: App
    contoso: ScimClient
    fabrikam: ScimClient


def scim_host(app: App) -> contextlib.AbstractAsyncContextManager[Host]:
    """Return a context manager of the local host with the SCIM functions."""
    return serving(app, endpoints)


async def filled(app: App, host: Host, people: int = 12) -> Deployment:
    """Fill the tables and return the deployment."""
    contoso, fabrikam = [await _client(app, host, name) for name in ("contoso", "fabrikam")]
    for scim in (contoso, fabrikam):
        ids = [await _person(scim, number) for number in range(people)]
        team = (await scim.group("Sales", *ids[:3])).id
        await scim.group("Everyone", team)
        assert (await scim.post("/Users", {"userName": ""})).status == 400
        assert (
            await scim.call("GET", "/Users", headers={"authorization": "Bearer wrong"})
        ).status == 401
        await app.background.drain()
    await _link(app, contoso.directory_id)
    await deletion.delete(app, operator_actor(ACCOUNT), fabrikam.directory_id)
    return Deployment(app, contoso, fabrikam)


async def _client(app: App, host: Host, name: str) -> ScimClient:
    new = NewDirectory(name, id=name)
    directory, token = await service.create(app, operator_actor(ACCOUNT), new)
    return ScimClient(host, app, directory.id, token)


async def _person(scim: ScimClient, number: int) -> str:
    number_text = "not a number" if number == 1 else f"+44 20 7946 {number:04}"
    answer = await scim.user(
        f"person{number}@example.com",
        externalId=f"00000000-0000-4000-8000-{number:012}",
        displayName=f"Person {number} Müller",
        active=number != 2,
        emails=[{"type": "work", "value": f"person{number}@example.com"}],
        phoneNumbers=[{"type": "work", "value": number_text}],
    )
    assert answer.status == 201
    return answer.id


async def _link(app: App, directory_id: str) -> None:
    await linking.connect(
        app,
        DirectoryLink(directory_id=directory_id, tenant_id=TENANT, account=ACCOUNT),
        operator_actor(ACCOUNT),
    )
    snapshot = await load(app.tables, TENANT)
    assert snapshot
    people = Delta({f"00000000-0000-4000-8000-{number:012}": Entry() for number in range(12)})
    await commit(app.tables, TENANT, snapshot, snapshot.head, people)
    await runtime_of(app).close()


def every_row(path: Path) -> dict[tuple[str, str, str], bytes]:
    """Return all rows of an SQLite file by table, partition and key, read without the product's engine."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return {
            (table, partition, key): value
            for table in TABLES
            for partition, key, value in connection.execute(
                f"SELECT partition, key, value FROM {table}"
            )
        }
