"""The one address that Microsoft sends browsers back to: from the sign-in and from admin consent."""

from presence.consent import service
from shared.http import Response
from web.page_request import PageRequest


async def back(visit: PageRequest) -> Response:
    """Answer `/sign-in/callback`: go on to Microsoft's next page, or to the step with the outcome.

    A person whose session has ended signs in and returns here with the same state, because only
    this request uses the state up. If the directory is unknown (the state is too old or another
    person's), the list shows a message.
    """
    assert visit.person is not None
    if (
        visit.request.method == "HEAD"
    ):  # of the error page, which asks whether storage is back: no visit yet
        return Response(204)
    way = await service.handle_callback(visit.app, visit.actor, visit.request)
    location = way.location
    if way.outcome:
        page = f"/directories/{way.directory_id}/presence" if way.directory_id else "/"
        location = f"{service.origin_of(visit.app, visit.request)}{page}?outcome={way.outcome}"
    # The address holds a code and a state; no other site may learn it.
    headers = {"Location": location, "Referrer-Policy": "no-referrer"}
    return Response(303, headers=headers)
