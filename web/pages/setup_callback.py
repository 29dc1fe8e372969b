"""The address that Microsoft sends browsers of set-up links back to: from the sign-in and from admin consent."""

from directories import setup_session
from directories.audit import LINK_ACTOR
from presence.consent import auth_requests, service
from shared.http import Response
from web import setup_handlers
from web.page_request import PageRequest


async def back(visit: PageRequest) -> Response:
    """Answer `/set-up/callback`: go on to Microsoft's next page, or to the link's page with the outcome.

    The pending request names the link that began it, and this browser must have that link's cookie.
    Only then is the state used up.
    """
    if visit.request.method == "HEAD":
        return Response(204)
    begun_by = await auth_requests.begun_by(visit.app.tables, visit.query.get("state", ""))
    link_id = begun_by.removeprefix(LINK_ACTOR) if begun_by.startswith(LINK_ACTOR) else ""
    session = await setup_handlers.session_of(visit, link_id)
    await setup_session.check(
        visit.app, session
    )  # one that is done shows its page, but connects nothing
    way = await service.handle_callback(visit.app, session.actor, visit.request)
    location = way.location
    if way.outcome:
        origin = service.origin_of(visit.app, visit.request)
        location = f"{origin}/set-up/{session.link.id}?outcome={way.outcome}"
    return Response(303, headers={"Location": location})
