"""Companies with realistic people for tests of contacts, stored as the SCIM service stores them."""

import asyncio
import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import orjson

from directories.models import Directory
from local.host.host import Host
from scim.groups import membership
from scim.groups import models as groups
from scim.groups.models import GroupRecord
from scim.resource_rows import NOTHING
from scim.users import contact_cards, store
from scim.users.models import UserRecord
from shared.app import App
from shared.clock import timestamp
from shared.http import Request, Response
from shared.ids import new_id
from shared.tables.port import Insert, Operation
from shared.tables.schema.contacts import MEMBER, USER_GROUP
from tests.clock import FixedClock

ACCOUNT = "11111111-1111-1111-1111-111111111111"
OTHER_ACCOUNT = "22222222-2222-2222-2222-222222222222"
_GIVEN = ("Anna", "Björn", "Chloé", "David", "Elif", "Farid", "Grace", "Hanna", "Ivan", "Jürgen")
_FAMILY = (
    "Müller",
    "Smith",
    "O'Brien",
    "García",
    "Nowak",
    "Okafor",
    "Patel",
    "Østergård",
    "Rossi",
    "Łęcki",
    "Weber",
)
_TITLES = ("Sales Manager", "Engineer", "Nurse", "Accountant")


@dataclass(frozen=True, slots=True)
class Company:
    """A directory whose people a test stores without SCIM requests."""

    app: App
    directory: Directory

    @property
    def id(self) -> str:
        """Return the directory's id."""
        return self.directory.id

    async def hire(self, name: str, *numbers: str, mail: str = "", **more: Any) -> str:
        """Store a person and return the id; each number is `value` or `type:value`."""
        user = self.person(name, *numbers, mail=mail, **more)
        await self._store(store.insertion(user, self.directory.region))
        return user.id

    def person(self, name: str, *numbers: str, mail: str = "", **more: Any) -> UserRecord:
        """Return a person without storing it.

        `names` is the SCIM attribute `name`; by default it is made from the display name.
        """
        self._tick()
        now, identifier = timestamp(self.app.clock.now()), new_id(self.app.clock)
        given, _, family = name.rpartition(" ")
        department = more.pop("department", "")
        resource: dict[str, Any] = {
            "userName": mail or f"zz{identifier.replace('-', '')}@example.com",
            "displayName": name,
            "name": more.pop("names", {"givenName": given, "familyName": family}),
            "phoneNumbers": [_number(number) for number in numbers],
            **({"emails": [{"value": mail, "type": "work"}]} if mail else {}),
            **({contact_cards.ENTERPRISE: {"department": department}} if department else {}),
            **more,
        }
        return UserRecord(id=identifier, resource=resource, created=now, modified=now)

    async def fill(self, count: int) -> None:
        """Store `count` different people."""
        operations, batches = list[Operation](), list[list[Operation]]()
        for n in range(count):
            name = f"{_GIVEN[n % 10]} {_FAMILY[n % 11]}{_LETTERS[n % 26]}{_LETTERS[n // 26 % 26]}"
            user = self.person(
                name,
                f"+4420{70_000_000 + n:08}",
                mail=f"person{n}@contoso.example",
                title=_TITLES[n % 4],
                externalId=f"external-{n}",
            )
            own = store.insertion(user, self.directory.region)
            if len(operations) + len(own) > 100:
                batches.append(operations)
                operations = []
            operations += own
        for at in range(0, len(batches), 64):
            await asyncio.gather(*(self._store(batch) for batch in batches[at : at + 64]))
        await self._store(operations)

    async def group(self, name: str, *members: str) -> str:
        """Store a group with these members, which are ids, and return its id."""
        self._tick()
        now, identifier = timestamp(self.app.clock.now()), new_id(self.app.clock)
        await self._store(
            groups.insertion(
                GroupRecord(
                    id=identifier, resource={"displayName": name}, created=now, modified=now
                )
            )
        )
        for member in members:
            seen = Insert(MEMBER.key(identifier, member), membership.encode_kind("User"))
            await self._store([seen, Insert(USER_GROUP.key(member, identifier), NOTHING)])
        return identifier

    async def _store(self, operations: Sequence[Operation]) -> None:
        await self.app.tables.transact("contacts", self.id, operations)

    def _tick(self) -> None:
        assert isinstance(self.app.clock, FixedClock)
        self.app.clock.advance(0.001)


_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def _number(text: str) -> dict[str, str]:
    kind, colon, value = text.partition(":")
    return (
        {"type": kind, "value": value}
        if colon and kind in ("work", "mobile", "home")
        else {
            "type": "work",
            "value": text,
        }
    )


@dataclass(frozen=True, slots=True)
class Person:
    """A client of the function app, signed in as one user; requests are sent in-process."""

    host: Host
    account: str = ACCOUNT
    role: str = "Directory.Reader"

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: dict[str, str] | None = None,
        **query: Any,
    ) -> Response:
        """Send a request and return the response; a body that isn't bytes is encoded as JSON."""
        url = f"https://app.example{path}" + (f"?{urlencode(query)}" if query else "")
        raw = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
        claims = [{"typ": "tid", "val": self.account}, {"typ": "roles", "val": self.role}]
        principal = (
            base64.b64encode(orjson.dumps({"claims": claims})).decode() if self.account else ""
        )
        sent = {**({"x-ms-client-principal": principal} if principal else {}), **(headers or {})}
        if raw:
            sent |= {"content-length": str(len(raw)), "content-type": "application/json"}
        return await self.host.call(Request(method, url, sent, raw))

    async def get(self, path: str, **query: Any) -> Any:
        """Send a GET that must succeed, and return its JSON."""
        response = await self.call("GET", path, **query)
        assert response.status == 200, response.body
        return orjson.loads(response.body)

    async def names(self, path: str, **query: Any) -> list[str]:
        """Return the names of the people on a page."""
        return [one["displayName"] for one in (await self.get(path, **query))["contacts"]]

    async def lookup(self, *numbers: str, **more: Any) -> list[list[tuple[str, str]]]:
        """Look up numbers; return for each number the name and kind of each match."""
        response = await self.call("POST", "/api/contacts/lookup", {"numbers": numbers, **more})
        assert response.status == 200, response.body
        found = orjson.loads(response.body)["numbers"]
        assert [one["number"] for one in found] == list(numbers)
        return [
            [(match["displayName"], match["match"]) for match in one["matches"]] for one in found
        ]
