"""The people of a directory who can take a call, from the instance's snapshot of the tenant."""

from dataclasses import dataclass

from presence.presence_states import Readiness, readiness
from presence.service import LinkedSnapshot, linked_snapshot
from shared.app import App


@dataclass(frozen=True, slots=True)
class DirectoryReadiness:
    """The readiness of a directory's people by external ID; no one is ready if it isn't linked."""

    linked: LinkedSnapshot | None

    def of(self, external_id: str) -> Readiness:
        """Return whether the person with this external ID can take a call."""
        if self.linked is None:
            return "no"
        entry = self.linked.snapshot.entries.get(external_id.lower())
        if entry is None or not entry.directories & self.linked.bit:
            return "no"
        return readiness(entry.value)

    def ids(self, wanted: Readiness, most: int) -> list[str] | None:
        """Return the object IDs of those who are `wanted`; None if the tenant has more than `most`."""
        if self.linked is None:
            return []
        snapshot, bit = self.linked.snapshot, self.linked.bit
        found = snapshot.ready[wanted]
        if len(found) > most:
            return None
        return sorted(one for one in found if snapshot.entries[one].directories & bit)


async def readiness_of(app: App, directory_id: str) -> DirectoryReadiness:
    """Return the readiness of a directory's people. At most one round trip, shared for a second."""
    return DirectoryReadiness(await linked_snapshot(app, directory_id))
