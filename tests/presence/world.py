"""A deployment for tests: storage, clock, simulator; and short names for frequent steps."""

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
from scim.resource_rows import encode_active
from shared import keys
from shared.app import App
from shared.clock import FixedClock, timestamp
from shared.settings import Settings
from shared.tables.port import Delete, Operation, Row, Upsert
from shared.tables.schema.contacts import EXTERNAL_ID
from tests.local.graph.fixtures import RunningSimulator

ACCOUNT = "account-one"
DIRECTORY = "directory-one"


def settings_for(running: RunningSimulator, **more: str) -> Settings:
    """Settings of a deployment that signs in at the simulator with a secret."""
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
    """One deployment and Microsoft's side of it."""

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
        """The memory of this instance."""
        return runtime_of(self.app)

    async def pause(self, seconds: float) -> None:
        """Waiting costs no time here; the clock moves."""
        self.clock.advance(seconds)

    async def never(self, seconds: float) -> None:
        """Wait for ever: no lease is renewed, because no time passes during a call."""
        await asyncio.Event().wait()

    def tenant(self, tenant_id: str = CONTOSO) -> Tenant:
        """Microsoft's side of a tenant."""
        return self.running.simulator.tenants[tenant_id]

    def people(self, count: int, tenant_id: str = CONTOSO, start: int = 0) -> list[str]:
        """Object ids of people who exist in the tenant."""
        tenant = self.tenant(tenant_id)
        tenant.crowd = max(tenant.crowd, start + count)
        return tenant.object_ids(start, start + count)

    async def provision(
        self, ids: Iterable[str], directory_id: str = DIRECTORY, *, active: bool = True
    ) -> None:
        """The rows by which a directory has these people, without events (as if read long ago)."""
        value = encode_active(is_active=active)
        await self._store(directory_id, [Upsert(_ext(one), value) for one in ids])

    async def leave(self, object_id: str, directory_id: str = DIRECTORY) -> None:
        """SCIM deletes a person: the row goes and an event comes."""
        event = self.event("user.deleted", external_id=object_id, active=False, users=-1)
        await self._store(directory_id, [Delete(_ext(object_id)), write(event, self.clock)])

    async def arrive(self, object_id: str, directory_id: str = DIRECTORY) -> None:
        """SCIM creates a person."""
        event = self.event("user.created", external_id=object_id, active=True, users=1)
        await self._store(
            directory_id,
            [Upsert(_ext(object_id), encode_active(is_active=True)), write(event, self.clock)],
        )

    def event(self, kind: str, **more: object) -> Event:
        """An event of the provisioning log, now."""
        return replace(
            Event(at=timestamp(self.clock.now()), kind=kind, resource_type="User"),
            **more,  # type: ignore[arg-type]
        )

    async def store(self, directory_id: str, operations: list[Operation], event: Event) -> None:
        """A change of a directory's rows with its event."""
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
        """The directory is connected and the company has consented."""
        if consent:
            self.running.simulator.consent(tenant_id)
        await linking.connect(
            self.app,
            DirectoryLink(directory_id=directory_id, tenant_id=tenant_id, account=account),
            operator_actor("account"),
        )

    async def linked(self, count: int) -> list[str]:
        """A linked directory with so many people, who stand still; their object ids."""
        ids = self.people(count)
        self.tenant().moving = False
        await self.provision(ids)
        await self.link()
        return ids

    async def tick(self, seconds: float = 30, tenant_id: str = CONTOSO) -> Outcome:
        """The next interval."""
        self.clock.advance(seconds)
        return await sync(self.app, tenant_id)

    async def interval(self, seconds: float = 30) -> list[str | None]:
        """Run the next tick of the timer, handle its messages, and return their results."""
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
        """Return the status that an agent sees, read now."""
        self.clock.elapsed += 2  # past the second that a snapshot is shared for
        found = await statuses(self.app, directory_id, [object_id], on_demand=on_demand)
        return found[object_id]

    async def shown(self, ids: Iterable[str], directory_id: str = DIRECTORY) -> dict[str, str]:
        """The states that agents see, by object id."""
        self.clock.elapsed += 2
        found = await statuses(self.app, directory_id, ids)
        return {one: str(status.shown) for one, status in found.items()}

    def truth(self, ids: Iterable[str], tenant_id: str = CONTOSO) -> dict[str, str]:
        """The states as Microsoft has them now."""
        from presence.presence_states import parse, shown

        tenant = self.tenant(tenant_id)
        found: dict[str, str] = {}
        for one in ids:
            parsed = parse(self.running.simulator.presence.of(tenant, one, self.clock.now()))
            assert parsed is not None
            found[one] = shown(parsed[1])[0]
        return found

    def calls(self, tenant_id: str = CONTOSO) -> int:
        """Calls for presence that reached Graph."""
        return self.running.simulator.counters.calls("presences", tenant=tenant_id)

    async def restarted(self) -> "World":
        """Another instance of the app over the same storage, knowing nothing."""
        other = World(CountingTables(self.tables), self.clock, self.running, self.settings)
        self.others.append(other)
        return other

    async def close(self) -> None:
        """Close this instance and those that started after it."""
        for world in (*self.others, self):
            await world.runtime.close()

    async def dump(self, tenant_id: str = CONTOSO) -> list[str]:
        """The keys that are stored for a tenant."""
        rows = await self.tables.query("presence", tenant_id, "", keys.MAX_KEY_CHAR)
        return [row.key for row in rows]

    async def row(self, tenant_id: str = CONTOSO) -> Row:
        """The row of the stored head."""
        row = await self.tables.get("presence", tenant_id, "head")
        assert row is not None
        return row

    async def head(self, tenant_id: str = CONTOSO) -> dict[str, object]:
        """The stored head."""
        found: dict[str, object] = orjson.loads((await self.row(tenant_id)).value)
        return found


def _ext(object_id: str) -> str:
    return EXTERNAL_ID.key(object_id, f"user-{object_id}")
