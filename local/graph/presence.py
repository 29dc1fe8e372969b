"""The presence of a person at a time: set through the control API, else derived from seed, ID and time slot.

Nothing is stored for people whose status was not set, and the same seed and clock give the same
statuses on every run. A bulk response has up to 650 of them, so each is assembled from cached
pieces of JSON.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from zlib import crc32

import orjson

from local.graph.people import Tenant
from local.graph.wire import STATES, UNLICENSED, Style, written
from shared.clock import Clock

_OUT_OF_OFFICE_TEXT = "I am out of the office."
_64_BITS = (1 << 64) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """A status that was set, sent exactly as given."""

    availability: str
    activity: str
    out_of_office: bool = False
    message: str = ""
    sequence: int = 0


class PresenceSource:
    """The presence of all tenants.

    `period` is the mean duration of a status in seconds; another `seed` gives other statuses.
    """

    def __init__(self, clock: Clock, seed: int = 1, period: float = 900.0) -> None:
        self.clock, self.seed, self.period = clock, seed, period
        self._set: dict[tuple[str, str], Status] = {}
        self._released: dict[tuple[str, str], int] = {}
        self._sequence = 0

    def set(
        self,
        tenant_id: str,
        object_id: str,
        availability: str,
        activity: str = "",
        *,
        out_of_office: bool = False,
        message: str = "",
    ) -> None:
        """Set a status that lasts until `release`."""
        status = Status(
            availability=availability,
            activity=activity or availability,
            out_of_office=out_of_office,
            message=message,
            sequence=self._next(),
        )
        self._set[tenant_id, object_id.lower()] = status

    def release(self, tenant_id: str, object_id: str = "") -> None:
        """Make the status of one person, or of all the tenant's people, random again."""
        gone = [
            key for key in self._set if key[0] == tenant_id and object_id.lower() in ("", key[1])
        ]
        for key in gone:
            del self._set[key]
            self._released[key] = self._next()

    def of(self, tenant: Tenant, object_id: str, now: datetime) -> dict[str, Any]:
        """Return the presence resource of an existing person; `object_id` is in lower case."""
        resource: dict[str, Any] = orjson.loads(self.encoded(tenant, object_id, now.timestamp()))
        return resource

    def encoded(self, tenant: Tenant, object_id: str, now: float) -> bytes:
        """Return the presence resource of an existing person as JSON; `now` is in seconds since 1970."""
        given = self._set.get((tenant.tenant_id, object_id)) if self._set else None
        if given is not None:
            rest = _rest(given.availability, given.activity, given.out_of_office, given.message)
            return b'{"id":"%b"%b%019d"}' % (object_id.encode(), rest, given.sequence)
        name = object_id.encode()
        draw = crc32(name, self.seed) * 0x9E3779B97F4A7C15 & _64_BITS
        if object_id in tenant.unlicensed or (draw >> 48) < tenant.unlicensed_share * 65536:
            return b'{"id":"%b"%b%019d"}' % (name, _rest(*UNLICENSED), 0)
        if tenant.moving:
            tenant.still_since = None
        elif tenant.still_since is None:
            tenant.still_since = now
        slot, since = self._slot(draw, now if tenant.still_since is None else tenant.still_since)
        sequence = (
            max(since, self._released.get((tenant.tenant_id, object_id), 0))
            if self._released
            else since
        )
        chance = (draw ^ slot) * 0xBF58476D1CE4E5B9 & _64_BITS
        chance = (chance ^ chance >> 31) * 0x94D049BB133111EB & _64_BITS
        rest = _drawn(chance >> 56, (chance >> 48 & 255) < 5, tenant.style)
        return b'{"id":"%b"%b%019d"}' % (name, rest, sequence)

    def _slot(self, draw: int, now: float) -> tuple[int, int]:
        """Return the number of the person's current time slot, and its start in ms since 1970.

        Each person has slots of a fixed duration, between 0.5 and 1.5 periods.
        """
        span = self.period * (0.5 + (draw >> 40 & 255) / 255)
        ahead = span * (draw >> 32 & 255) / 255
        slot = int((now + ahead) // span)
        return slot, int((slot * span - ahead) * 1000)

    def _next(self) -> int:
        """Return a sequence number above all earlier ones: ms since 1970, or the last number plus 1."""
        self._sequence = max(self._sequence + 1, int(self.clock.now().timestamp() * 1000))
        return self._sequence


@cache
def _drawn(state: int, away: bool, style: Style) -> bytes:
    availability, activity = written(*STATES[state], style)
    return _rest(availability, activity, away, _OUT_OF_OFFICE_TEXT if away else "")


def _rest(
    availability: str, activity: str, out_of_office: bool = False, message: str = ""
) -> bytes:
    """Return the JSON of the resource between the ID and the digits of the sequence number."""
    resource = {
        "availability": availability,
        "activity": activity,
        "statusMessage": None,
        "outOfOfficeSettings": {"message": message or None, "isOutOfOffice": out_of_office},
        "workLocation": None,
        "sequenceNumber": "A",
    }
    return b"," + orjson.dumps(resource)[1:-2]
