"""A deployment for tests: storage, clock and simulator, with methods for frequent steps."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import orjson

from directories.audit import operator_actor
from directories.events import Event, write
from local.counting_tables import CountingTables
from local.graph.people import Tenant
from local.graph.simulator import CLIENT_ID, CLIENT_SECRET, CONTOSO, HOME_TENANT_ID
from presence.consent import linking
from presence.instance import Runtime, runtime_of
from presence.service import Status, statuses
from presence.sync import dispatch
from presence.sync.sync_tenant import Outcome, sync
from presence.tenant_links import DirectoryLink
from scim.resource_rows import ACTIVE
from shared import keys
from shared.app import App
from shared.clock import timestamp
from shared.settings import Settings
from shared.tables.port import Delete, Operation, Row, Upsert
from shared.tables.schema.contacts import EXTERNAL_ID
from tests.clock import FixedClock
from tests.local.graph.fixtures import RunningSimulator

ACCOUNT = "account-one"
DIRECTORY = "directory-one"


def settings_for(running: RunningSimulator, **more: str) -> Settings:
    """Return settings of a deployment that uses the simulator and a client secret."""
    return Settings.read(
        {
            "LOGIN_URL": running.url,
            "GRAPH_URL": running.url,
            "PRESENCE_CLIENT_ID": CLIENT_ID,
            "PRESENCE_CLIENT_SECRET": CLIENT_SECRET,
            "HOME_TENANT_ID": HOME_TENANT_ID,
            "WEBSITE_AUTH_ENABLED": "true",
            **more,
        }
    )


@dataclass
class World:
    """One instance of the deployment, and the simulator that represents Microsoft."""

    tables: CountingTables
    clock: FixedClock
    running: RunningSimulator
    settings: Settings
    app: App = field(init=False)
    others: "list[World]" = field(default_factory=list)

    def __post_init__(self) -> None:
        self.running.simulator.clock = self.clock
        self.app = App(self.settings, self.clock, self.tables)
        self.runtime.pause = self.pause
        self.runtime.renewal_pause = self.never

    @property
    def runtime(self) -> Runtime:
        """Return the state of presence in this instance's memory."""
        return runtime_of(self.app)

    async def pause(self, seconds: float) -> None:
        """Advance the clock instead of waiting."""
        self.clock.advance(seconds)

    async def never(self, seconds: float) -> None:
        """Wait for ever, so that no lease is renewed."""
        await asyncio.Event().wait()

    def tenant(self, tenant_id: str = CONTOSO) -> Tenant:
        """Return the simulator's tenant."""
        return self.running.simulator.tenants[tenant_id]

    def people(self, count: int, tenant_id: str = CONTOSO, start: int = 0) -> list[str]:
        """Let `count` people exist in the tenant, from number `start` on, and return their object
        ids.
        """
        tenant = self.tenant(tenant_id)
        tenant.crowd = max(tenant.crowd, start + count)
        return tenant.object_ids(start, start + count)

    async def provision(
        self, ids: Iterable[str], directory_id: str = DIRECTORY, *, active: bool = True
    ) -> None:
        """Store the rows by which a directory has these people, without events, as if they had been
        read long ago.
        """
        value = ACTIVE[active]
        await self._store(directory_id, [Upsert(_ext(one), value) for one in ids])

    async def leave(self, object_id: str, directory_id: str = DIRECTORY) -> None:
        """Delete a person as SCIM does: the row is deleted and an event is stored."""
        event = self.event("user.deleted", external_id=object_id, active=False, users=-1)
        await self._store(directory_id, [Delete(_ext(object_id)), write(event, self.clock)])

    async def arrive(self, object_id: str, directory_id: str = DIRECTORY) -> None:
        """Create a person as SCIM does: a row and an event are stored."""
        event = self.event("user.created", external_id=object_id, active=True, users=1)
        await self._store(
            directory_id,
            [Upsert(_ext(object_id), ACTIVE[True]), write(event, self.clock)],
        )

    def event(self, kind: str, **more: object) -> Event:
        """Return an event of the provisioning log, dated now."""
        return replace(
            Event(at=timestamp(self.clock.now()), kind=kind, resource_type="User"),
            **more,  # type: ignore[arg-type]
        )

    async def store(self, directory_id: str, operations: list[Operation], event: Event) -> None:
        """Change rows of a directory, and store the event with them."""
        await self._store(directory_id, [*operations, write(event, self.clock)])

    async def _store(self, directory_id: str, operations: list[Operation]) -> None:
        batches = [operations[at : at + 100] for at in range(0, len(operations), 100)]
        await asyncio.gather(
            *(self.tables.transact("contacts", directory_id, batch) for batch in batches)
        )

    async def link(
        self,
        directory_id: str = DIRECTORY,
        tenant_id: str = CONTOSO,
        account: str = ACCOUNT,
        *,
        consent: bool = True,
    ) -> None:
        """Connect the directory to the tenant; with `consent`, let the company consent first."""
        if consent:
            self.running.simulator.consent(tenant_id)
        await linking.connect(
            self.app,
            DirectoryLink(directory_id=directory_id, tenant_id=tenant_id, account=account),
            operator_actor("account"),
        )

    async def linked(self, count: int) -> list[str]:
        """Connect a directory with this many people whose statuses don't change; return their
        object ids.
        """
        ids = self.people(count)
        self.tenant().moving = False
        await self.provision(ids)
        await self.link()
        return ids

    async def tick(self, seconds: float = 30, tenant_id: str = CONTOSO) -> Outcome:
        """Advance the clock and sync the tenant."""
        self.clock.advance(seconds)
        return await sync(self.app, tenant_id)

    async def interval(self, seconds: float = 30) -> list[str | None]:
        """Advance the clock, run the timer, handle its messages, and return their results."""
        self.clock.advance(seconds)
        return [
            await dispatch.handle(self.app, message.encode())
            for message in await dispatch.due(self.app)
        ]

    def set(
        self, object_id: str, availability: str, activity: str = "", *, out_of_office: bool = False
    ) -> None:
        """Change a person's status in Teams."""
        self.running.simulator.presence.set(
            CONTOSO, object_id, availability, activity or availability, out_of_office=out_of_office
        )

    async def status(
        self, object_id: str, directory_id: str = DIRECTORY, *, on_demand: bool = False
    ) -> Status:
        """Return the status that an agent sees; a cached snapshot isn't used."""
        self.clock.elapsed += 2  # past the second that a snapshot is shared for
        found = await statuses(self.app, directory_id, [object_id], on_demand=on_demand)
        return found[object_id]

    async def shown(self, ids: Iterable[str], directory_id: str = DIRECTORY) -> dict[str, str]:
        """Return the states that agents see, by object id."""
        self.clock.elapsed += 2
        found = await statuses(self.app, directory_id, ids)
        return {one: str(status.shown) for one, status in found.items()}

    def truth(self, ids: Iterable[str], tenant_id: str = CONTOSO) -> dict[str, str]:
        """Return the states that Microsoft has now, by object id."""
        from presence.presence_states import parse, shown

        tenant = self.tenant(tenant_id)
        found: dict[str, str] = {}
        for one in ids:
            parsed = parse(self.running.simulator.presence.of(tenant, one, self.clock.now()))
            assert parsed is not None
            found[one] = shown(parsed[1])[0]
        return found

    def calls(self, tenant_id: str = CONTOSO) -> int:
        """Return the number of calls for presence that Graph received for the tenant."""
        return self.running.simulator.counters.calls("presences", tenant=tenant_id)

    async def restarted(self) -> "World":
        """Return another instance over the same storage, with nothing in memory."""
        other = World(CountingTables(self.tables), self.clock, self.running, self.settings)
        self.others.append(other)
        return other

    async def close(self) -> None:
        """Close this instance and those that started after it."""
        for world in (*self.others, self):
            await world.runtime.close()

    async def dump(self, tenant_id: str = CONTOSO) -> list[str]:
        """Return the keys of all rows of presence of the tenant."""
        rows = await self.tables.query("presence", tenant_id, "", keys.MAX_KEY_CHAR)
        return [row.key for row in rows]

    async def row(self, tenant_id: str = CONTOSO) -> Row:
        """Return the row of the tenant's manifest."""
        row = await self.tables.get("presence", tenant_id, "head")
        assert row is not None
        return row

    async def head(self, tenant_id: str = CONTOSO) -> dict[str, object]:
        """Return the tenant's manifest, decoded."""
        found: dict[str, object] = orjson.loads((await self.row(tenant_id)).value)
        return found


def _ext(object_id: str) -> str:
    return EXTERNAL_ID.key(object_id, f"user-{object_id}")
