"""The request inspector of a directory: switch the recording on for an hour, and show the recorded requests."""

from directories import inspector, service
from shared.http import Response
from web.page_request import PageRequest
from web.pages.directory import framed
from web.render import page

_MAX_SHOWN = 100


async def show(visit: PageRequest) -> Response:
    """Show `/directories/{directoryId}/inspector`."""
    directory = await service.read(visit.app, visit.account, visit.directory_id)
    requests = await inspector.read(visit.app, directory.id)
    is_on = inspector.is_on(visit.app, directory)
    return page(
        visit,
        "inspector.html",
        requests=requests[:_MAX_SHOWN],
        count=len(requests),
        until=directory.inspect_until if is_on else "",
        full=len(requests) >= inspector.MAX_REQUESTS,
        most=inspector.MAX_REQUESTS,
        **await framed(visit, directory, "log"),
    )


async def switch(visit: PageRequest) -> Response:
    """Switch the recording on or off."""
    on = visit.form.get("on") == "1"
    await inspector.switch(visit.app, visit.actor, visit.directory_id, on=on)
    return visit.go(f"/directories/{visit.directory_id}/inspector")
