"""Handle requests for a set-up link's pages: instead of a sign-in, they need the cookie that opening the link set.

App Service Authentication lets anonymous requests for `/set-up` and `/set-up/*` through
(`infra/modules/sign-in.bicep`), so its headers are not trusted here. The pages send no referrer and
are kept by no cache and no search engine. Every fault of a code or cookie gets the same response.
"""

from collections.abc import Awaitable, Callable
from http.cookies import CookieError, SimpleCookie

from directories import setup_links, setup_session
from directories.errors import NotThere
from directories.rate_limits import limit_user
from directories.setup_link_limits import limit_attempts
from directories.setup_session import SetupSession
from presence.consent.service import origin_of
from shared.app import App
from shared.clock import parse_timestamp
from shared.http import Request, Response, check_same_origin, select_by_method
from web.endpoints import Page
from web.page_request import PageRequest

SetupPage = Callable[[PageRequest, SetupSession], Awaitable[Response]]
_COOKIE = "set-up-"
_PRIVATE = {"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow"}


async def answer(app: App, request: Request, pages: dict[str, Page]) -> Response:
    """Return the response of a page that needs no sign-in.

    `pages` are those of the request's address by HTTP method, {} if the address has none.
    """
    visit = PageRequest(request, None, app)
    try:
        check_own_page(app, request)
        if not pages:
            raise NotThere(request.path)
        response = await select_by_method(request, pages)(visit)
    except Exception as error:
        from web.pages import setup_start

        response = setup_start.refuse(visit, error)
    response.headers |= _PRIVATE
    return response


def check_own_page(app: App, request: Request) -> None:
    """Refuse a change that a page of another site requests, as `check_same_origin` does.

    Because these pages send no referrer, browsers send `Origin: null` with their forms (Fetch,
    "append a request Origin header"). In that case `Sec-Fetch-Site`, which no page can set, shows
    whether the form is from a page of this site.
    """
    headers = request.headers
    if headers.get("origin") == "null" and headers.get("sec-fetch-site") == "same-origin":
        return
    check_same_origin(request, app.settings.public_url)


def of_session(page: SetupPage) -> Page:
    """Return a page that passes the browser's session to `page`, after checking its cookie and rate limit."""

    async def show(visit: PageRequest) -> Response:
        session = await session_of(visit, visit.request.route["linkId"])
        with limit_user(visit.app, session.principal):
            return await page(visit, session)

    return show


async def session_of(visit: PageRequest, link_id: str) -> SetupSession:
    """Return the browser's session for a link.

    Raises:
        LinkRefused: The browser has no valid cookie for the link.
        HttpError: 429 after many failures from this address.
    """
    known_id = link_id if setup_links.is_link_id(link_id) else "none"
    address = visit.request.client_address
    with limit_attempts(visit.app, address):
        cookie = cookie_of(visit, known_id)
        return await setup_session.resume(visit.app, known_id, cookie, address)


def cookie_of(visit: PageRequest, link_id: str) -> str:
    """Return the value of this browser's cookie for a link, or "".

    With TLS only the `__Host-` cookie is accepted, because a neighbouring host name can set one
    without that prefix.
    """
    try:
        cookies = SimpleCookie(visit.request.headers.get("cookie", ""))
    except CookieError:
        return ""
    found = cookies.get(_name(visit, link_id))
    return found.value if found is not None else ""


def set_cookie(visit: PageRequest, session: SetupSession) -> str:
    """Return the `Set-Cookie` header for a session; the cookie expires with the link.

    With SameSite=Lax, browsers send it when Microsoft redirects back after the consent.
    """
    now = visit.app.clock.now()
    age = max(0, int((parse_timestamp(session.link.expires) - now).total_seconds()))
    secure = "; Secure" if _is_secure(visit) else ""
    name = _name(visit, session.link.id)
    return f"{name}={session.cookie}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax{secure}"


def _is_secure(visit: PageRequest) -> bool:
    return origin_of(visit.app, visit.request).startswith("https://")


def _name(visit: PageRequest, link_id: str) -> str:
    """Return the cookie's name; `__Host-` only with TLS, because browsers refuse that prefix without it."""
    return f"{'__Host-' if _is_secure(visit) else ''}{_COOKIE}{link_id}"
