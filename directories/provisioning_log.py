"""The provisioning log of a directory: writing to it and reading it, newest first."""

from directories import refusals
from directories.events import (
    REFUSED,
    Event,
    StoredEvent,
    events_since,
    safe_cursor,
    write,
)
from directories.log_reader import EVERYTHING, Line, Page, Wanted, read
from shared.clock import timestamp
from shared.services import Services

__all__ = [
    "EVERYTHING",
    "REFUSED",
    "Event",
    "Line",
    "Page",
    "StoredEvent",
    "Wanted",
    "events_since",
    "read",
    "refused",
    "safe_cursor",
    "write",
]


async def refused(
    services: Services,
    directory_id: str,
    method: str,
    status: int,
    scim_type: str,
    detail: str,
    client: str = "",
    *,
    resource_type: str = "",
    resource_id: str = "",
    name: str = "",
    external_id: str = "",
    attribute: str = "",
    remedy: str = "",
) -> None:
    """Note a refused request in the log: whose it was (as far as it said), what is wrong and what helps."""
    event = Event(
        at=timestamp(services.clock.now()),
        kind=REFUSED,
        resource_type=resource_type,
        resource_id=resource_id,
        name=name,
        external_id=external_id,
        status=status,
        scim_type=scim_type,
        attribute=attribute,
        detail=detail,
        remedy=remedy,
        client=client,
        method=method,
    )
    await refusals.note(services, directory_id, event)
