"""The redirect URIs to which Microsoft returns the browser after the sign-in and after admin consent.

One is for signed-in administrators, the other for the visitors of a set-up link.
"""

from directories import setup_session
from directories.audit import LINK_ACTOR
from presence.consent import auth_requests, service
from shared.http import Response
from web import setup_handlers
from web.page_request import PageRequest


async def return_to_directory(visit: PageRequest) -> Response:
    """Serve `/sign-in/callback`: redirect to Microsoft's next page, or to the wizard's step with the outcome.

    A user whose session has expired signs in and returns to this address with the same state. That
    works because a state is used up only by this function, which requires sign-in. If the directory
    is unknown (the state is too old, or another user's), redirect to the list of directories, which
    shows a message.
    """
    assert visit.person is not None
    if (
        visit.request.method == "HEAD"
    ):  # the error page checks whether storage works again; the state stays unused
        return Response(204)
    way = await service.handle_callback(visit.app, visit.actor, visit.request)
    location = way.location
    if way.outcome:
        page = f"/directories/{way.directory_id}/presence" if way.directory_id else "/"
        location = f"{service.origin_of(visit.app, visit.request)}{page}?outcome={way.outcome}"
    # The request's address contains a code and a state, which no other site may see.
    headers = {"Location": location, "Referrer-Policy": "no-referrer"}
    return Response(303, headers=headers)


async def return_to_link(visit: PageRequest) -> Response:
    """Serve `/set-up/callback`: redirect to Microsoft's next page, or to the link's page with the outcome.

    The pending request names the set-up link that started it, and the state is used up only if this
    browser has that link's cookie.
    """
    if visit.request.method == "HEAD":
        return Response(204)
    begun_by = await auth_requests.begun_by(visit.app.tables, visit.query.get("state", ""))
    link_id = begun_by.removeprefix(LINK_ACTOR) if begun_by.startswith(LINK_ACTOR) else ""
    session = await setup_handlers.session_of(visit, link_id)
    await setup_session.check(visit.app, session)  # a link that is done can't connect a company
    way = await service.handle_callback(visit.app, session.actor, visit.request)
    location = way.location
    if way.outcome:
        origin = service.origin_of(visit.app, visit.request)
        location = f"{origin}/set-up/{session.link.id}?outcome={way.outcome}"
    return Response(303, headers={"Location": location})
