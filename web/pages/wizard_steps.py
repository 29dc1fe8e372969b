"""The progress of the wizard, and its next step."""

from directories import service
from directories.models import Directory
from shared.http import Response
from web.page_request import PageRequest


async def advance(visit: PageRequest) -> Response:
    """Store that a step is done, so that the wizard continues with the next one."""
    step = visit.form.get("step")
    if step == "presence":
        directory = await service.read(visit.app, visit.account, visit.directory_id)
        if directory.setup == "connect":
            await service.set_up(visit.app, visit.actor, visit.directory_id, setup="presence")
        return visit.go(f"/directories/{visit.directory_id}/presence")
    await service.set_up(visit.app, visit.actor, visit.directory_id, setup="done")
    return visit.go(f"/directories/{visit.directory_id}")


async def resume(visit: PageRequest) -> Response:
    """Redirect to the step that the wizard has reached."""
    directory = await service.read(visit.app, visit.account, visit.directory_id)
    return visit.go(
        f"/directories/{directory.id}{'' if directory.setup == 'done' else f'/{directory.setup}'}"
    )


def links(directory: Directory) -> list[str]:
    """Return the addresses of the steps."""
    return [f"/directories/{directory.id}/{step}" for step in ("setup", "connect", "presence")]


def done(directory: Directory, *, presence_chosen: bool = False) -> set[str]:
    """Return the names of finished steps.

    The second one is done once the token was confirmed as saved, the third one with a decision that is carried out.
    """
    found = {"name"}
    if directory.setup != "connect":
        found.add("connect")
    if presence_chosen or directory.setup == "done":
        found.add("presence")
    return found
