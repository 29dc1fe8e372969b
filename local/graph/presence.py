"""Presence of a person at a moment: what was set by hand, else drawn from hash(seed, id, slot of time).

Nothing is stored for people who were not set, and the same seed and clock give the same status on every run.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from local.graph.people import Tenant
from local.graph.wire import STATES, UNLICENSED, written

_OUT_OF_OFFICE_TEXT = "I am out of the office."


@dataclass(frozen=True, slots=True)
class Status:
    """A status set by hand, written to the wire exactly as given."""

    availability: str
    activity: str
    out_of_office: bool = False
    message: str = ""
    sequence: int = 0


class PresenceSource:
    """Presence of all tenants. `period`: mean seconds that a status lasts; `seed` chooses another history."""

    def __init__(self, seed: int = 1, period: float = 900.0) -> None:
        self.seed, self.period = seed, period
        self._set: dict[tuple[str, str], Status] = {}
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
        """Set a status that stays until `release`."""
        self._sequence += 1
        status = Status(availability, activity or availability, out_of_office, message, self._sequence)
        self._set[tenant_id, object_id.lower()] = status

    def release(self, tenant_id: str, object_id: str = "") -> None:
        """Give one person (or everybody of the tenant) back to chance."""
        self._set = {
            key: status
            for key, status in self._set.items()
            if key[0] != tenant_id or (object_id and key[1] != object_id.lower())
        }

    def of(self, tenant: Tenant, object_id: str, now: datetime) -> dict[str, object]:
        """The presence resource of a person who exists; `object_id` in lower case."""
        given = self._set.get((tenant.tenant_id, object_id))
        if given is not None:
            return _resource(
                object_id, given.availability, given.activity, given.out_of_office, given.message, given.sequence
            )
        draw = hashlib.blake2b(f"{self.seed}/{object_id}".encode(), digest_size=8).digest()
        if object_id in tenant.unlicensed or (draw[0] << 8 | draw[1]) < tenant.unlicensed_share * 65536:
            return _resource(object_id, *UNLICENSED, False, "", 0)
        slot = self._slot(draw, now) if tenant.moving else 0
        state = hashlib.blake2b(slot.to_bytes(8, "big"), digest_size=2, key=draw).digest()
        availability, activity = written(*STATES[state[0]], tenant.style)
        away = state[1] < 5
        return _resource(object_id, availability, activity, away, _OUT_OF_OFFICE_TEXT if away else "", slot)

    def _slot(self, draw: bytes, now: datetime) -> int:
        """The number of the person's current span of time; spans last 0.5 to 1.5 periods, each person's own."""
        span = self.period * (0.5 + draw[2] / 255)
        return int((now.timestamp() + span * draw[3] / 255) // span)


def _resource(
    object_id: str, availability: str, activity: str, out_of_office: bool, message: str, sequence: int
) -> dict[str, object]:
    return {
        "id": object_id,
        "availability": availability,
        "activity": activity,
        "statusMessage": None,
        "outOfOfficeSettings": {"message": message or None, "isOutOfOffice": out_of_office},
        "workLocation": None,
        "sequenceNumber": f"A{sequence:019d}",
    }
