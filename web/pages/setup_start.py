"""The page at the address of a set-up link, and the same page with an error if the link can't be used.

The link's code is in the part of the address after `#`, which browsers don't send. A script copies
it into the form; without scripts, the user pastes the link into the same field. Only submitting the
form opens the link, so a program that follows the links in messages doesn't use it up.
"""

from directories import setup_links, setup_session
from directories.setup_link_limits import limit_attempts
from directories.setup_session import LinkRefused
from shared.http import HttpError, Response
from shared.messages import Message
from web import error_page, setup_handlers
from web.page_request import PageRequest
from web.render import page

_MAX_CODE = 500  # characters; a link has about 180


async def show(visit: PageRequest) -> Response:
    """Show `/set-up`."""
    return _page(visit)


async def start(visit: PageRequest) -> Response:
    """Open the link in this browser: set its cookie and redirect to its page."""
    text = visit.form.get("code", "")
    if not text.strip():
        return _page(visit, Message("setup_code_missing"), 422)
    code = setup_links.code_in(text[:_MAX_CODE])
    ids, address = setup_links.ids_in(code), visit.request.client_address
    with limit_attempts(visit.app, address):
        cookie = setup_handlers.cookie_of(visit, ids.link_id)
        session = await setup_session.open_link(visit.app, code, cookie, address)
    headers = {
        "Location": f"/set-up/{session.link.id}",
        "Set-Cookie": setup_handlers.set_cookie(visit, session),
    }
    return Response(303, headers=headers)


def refuse(visit: PageRequest, error: Exception) -> Response:
    """Return the page for an error.

    If a link can't be used, the page has the form in which another link can be pasted.
    """
    match error:
        case LinkRefused(message=message, status=status):
            if visit.is_partial:
                return Response(status)
            return _page(visit, message, status)
        case HttpError(message=message, status=429, headers=headers):
            return _page(visit, message, 429, {"Retry-After": headers["Retry-After"]})
        case _:
            return error_page.show(visit.app, visit.request, error)


def _page(
    visit: PageRequest,
    fault: Message | None = None,
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> Response:
    return page(
        visit,
        "setup_start.html",
        status=status,
        headers=headers,
        fault=visit.text(fault),
        sign_in=visit.query.get("for") == "sign-in",
        most=_MAX_CODE,
    )
