"""Load with a known outcome: each slot is a user that only one worker changes.

An acknowledged write must be stored. One without a response, or with 503, is stored completely or
not at all. 404, 409 or 412 for a worker's own write is a fault of the product.
"""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field

import aiohttp

from tests.instances.cluster import GROUP, Client, adding, patch, person, replacing, together

_LOST = (aiohttp.ClientError, TimeoutError, OSError)


@dataclass(slots=True)
class Slot:
    """A user, its id, and the titles that it may have now; "" means that it may be absent."""

    number: int
    titles: set[str] = field(default_factory=lambda: {""})
    id: str = ""
    count: int = 0


@dataclass(slots=True)
class Load:
    """Workers that create, change and delete people and memberships, and the known outcomes."""

    client: Client
    slots: list[Slot]
    seen: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    group_id: str = ""
    is_stopping: bool = False

    @classmethod
    async def begin(cls, client: Client, slots: int) -> "Load":
        """Create the group that users join and leave, and return a Load."""
        load = cls(client, [Slot(number) for number in range(slots)])
        body = {"schemas": [GROUP], "displayName": "Everybody"}
        load.group_id = (await client.scim("POST", "/Groups", body)).id
        return load

    async def run(self, seconds: float, workers: int = 24) -> None:
        """Run the workers for this many seconds."""
        self.is_stopping = False
        tasks = [asyncio.create_task(self._work(number, workers)) for number in range(workers)]
        await asyncio.sleep(seconds)
        self.is_stopping = True
        await asyncio.gather(*tasks)

    async def _work(self, number: int, workers: int) -> None:
        chance = random.Random(number)
        own = self.slots[number::workers]
        while not self.is_stopping:
            slot = chance.choice(own)
            await self._settle(slot)
            if len(slot.titles) > 1:
                continue  # no instance answers, and the work is over
            if slot.titles == {""}:
                await self._create(slot)
            elif chance.random() < 0.4:
                await self._delete(slot)
            elif chance.random() < 0.3:
                await self._member(slot, chance.random() < 0.6)
            else:
                await self._change(slot)

    async def _send(
        self, slot: Slot, what: str, method: str, path: str, body: object = None
    ) -> int:
        """Send a write for the slot; return the status, or 0 if there was no response."""
        try:
            answer = await self.client.scim(method, path, body)
        except _LOST:
            self.seen["no answer"] += 1
            return 0
        self.seen[f"{what} {answer.status}"] += 1
        if answer.status not in (200, 201, 204, 503):
            self.wrong.append(f"{what} of slot {slot.number}: {answer.status} {answer.body}")
        if answer.status == 201:
            slot.id = answer.id
        return answer.status

    async def _create(self, slot: Slot) -> None:
        slot.count += 1
        title = f"t{slot.count}"
        body = person(slot.number) | {"title": title}
        slot.titles = {"", title}
        if await self._send(slot, "create", "POST", "/Users", body) == 201:
            slot.titles = {title}

    async def _change(self, slot: Slot) -> None:
        slot.count += 1
        title = f"t{slot.count}"
        slot.titles.add(title)
        path = f"/Users/{slot.id}"
        if await self._send(slot, "change", "PATCH", path, replacing("title", title)) == 200:
            slot.titles = {title}

    async def _delete(self, slot: Slot) -> None:
        slot.titles.add("")
        if await self._send(slot, "delete", "DELETE", f"/Users/{slot.id}") == 204:
            slot.titles = {""}

    async def _member(self, slot: Slot, joins: bool) -> None:
        leave = patch({"op": "remove", "path": f'members[value eq "{slot.id}"]'})
        body = adding(slot.id) if joins else leave
        await self._send(slot, "member", "PATCH", f"/Groups/{self.group_id}", body)

    async def _settle(self, slot: Slot) -> None:
        """Read the slot until the outcome of its last write is known; record a fault if it isn't a
        possible one.
        """
        while len(slot.titles) > 1 and not self.is_stopping:
            try:
                await self.look(slot)
            except _LOST:
                await asyncio.sleep(0.05)

    async def look(self, slot: Slot) -> None:
        """Compare the slot with the stored user, and record a fault if they differ."""
        name = person(slot.number)["userName"]
        answer = await self.client.scim("GET", f'/Users?filter=userName eq "{name}"')
        if answer.status == 503:
            await asyncio.sleep(0.05)
            return
        found = answer.body["Resources"]
        title = found[0]["title"] if found else ""
        if title not in slot.titles:
            self.wrong.append(f"slot {slot.number} is {title!r}, not one of {slot.titles}")
        slot.titles = {title}
        slot.id = found[0]["id"] if found else ""

    async def verify(self) -> None:
        """Compare every slot with its stored user, then the totals on each instance."""
        self.is_stopping = False

        async def settle(slot: Slot) -> None:
            await self._settle(slot)
            await self.look(slot)

        await together(12, map(settle, self.slots))
        people = sum(slot.titles != {""} for slot in self.slots)
        for at in range(len(self.client.cluster.instances)):
            found = (await self.client.scim("GET", "/Users?count=0", at=at)).body["totalResults"]
            if found != people:
                self.wrong.append(f"instance {at} counts {found} people; there are {people}")
