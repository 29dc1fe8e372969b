"""The addresses that Microsoft sends browsers back to, from the sign-in and from admin consent.

One is for administrators who are signed in, the other for the visitors of a set-up link.
"""

from directories import setup_session
from directories.audit import LINK_ACTOR
from presence.consent import auth_requests, service
from shared.http import Response
from web import setup_handlers
from web.page_request import PageRequest


async def return_to_directory(visit: PageRequest) -> Response:
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


async def return_to_link(visit: PageRequest) -> Response:
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
