"""The progress of the wizard: which steps are done, and which comes next."""

from directories import service, status
from directories.models import Directory
from presence.consent import status as consent_status
from presence.consent.status import UNCONFIRMED
from shared.http import Response
from web.page_request import PageRequest


async def advance(visit: PageRequest) -> Response:
    """Store that a step is done, and redirect to the next step or the directory."""
    step = visit.form.get("step")
    if step == "presence":
        directory = await service.read(visit.app, visit.account, visit.directory_id)
        if directory.setup == "connect":
            await service.set_up(visit.app, visit.actor, visit.directory_id, setup="presence")
        return visit.go(f"/directories/{visit.directory_id}/presence")
    await service.set_up(visit.app, visit.actor, visit.directory_id, setup="done")
    return visit.go(f"/directories/{visit.directory_id}")


async def resume(visit: PageRequest) -> Response:
    """Redirect to the step that the wizard has reached, or to the directory if it is done."""
    directory = await service.read(visit.app, visit.account, visit.directory_id)
    return visit.go(
        f"/directories/{directory.id}{'' if directory.setup == 'done' else f'/{directory.setup}'}"
    )


def links(directory: Directory) -> list[str]:
    """Return the addresses of the wizard's steps."""
    return [f"/directories/{directory.id}/{step}" for step in ("setup", "connect", "presence")]


async def done(visit: PageRequest, directory: Directory) -> set[str]:
    """Return which of the steps "name", "connect" and "presence" are done.

    "name" always is. "connect" is done after the user confirmed that the token was saved, or after
    a successful request by the client. "presence" is done after the user chose not to sync it, or
    after a company is connected and confirmed. The step that the wizard shows doesn't matter.
    """
    found = {"name"}
    if await _is_connected(visit, directory):
        found.add("connect")
    if directory.kind == "entra" and await _is_presence_decided(visit, directory):
        found.add("presence")
    return found


async def _is_connected(visit: PageRequest, directory: Directory) -> bool:
    if directory.setup != "connect":
        return True
    glance = await status.glance(visit.app, directory, last_refusal=False)
    return glance.stage != "waiting"


async def _is_presence_decided(visit: PageRequest, directory: Directory) -> bool:
    connection = await consent_status.read(visit.app, directory.id)
    if connection.state in ("none", "removed"):
        return directory.presence == "off"
    return connection.reason != UNCONFIRMED
