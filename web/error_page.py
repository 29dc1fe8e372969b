"""The page that an error comes to: what happened, and the way out."""

from typing import Any

import orjson

from directories.errors import InvalidField, NotThere, Overtaken
from shared import log
from shared.app import App
from shared.easy_auth import Principal, principal
from shared.http import HttpError, Request, Response
from shared.row_versions import UnsupportedRowVersion
from shared.tables.port import StorageUnavailable
from web.page_request import PageRequest, here, sign_in_address
from web.render import page
from web.translations import fault_text, problem_text

_KNOWN = frozenset({400, 403, 404, 500, 503})


def show(app: App, request: Request, error: Exception) -> Response:
    """The page that an error comes to; to htmx the bare status, about which the page already open says a word."""
    status, headers = _status_of(error)
    person = _person(request, app)
    visit = PageRequest(request, person, app)
    if status == 401 and app.settings.platform_sign_in:
        return _ask_to_sign_in(visit)
    if visit.is_partial:
        return Response(status, headers=headers)
    title, detail = _words(visit, status, error)
    tone = "bad" if status >= 500 else ""
    links = (
        [{"href": "/contacts", "words": visit.t("organisation")}] if person and person.roles else []
    )
    if status >= 500:
        links = [{"href": here(request), "words": visit.t("reload")}]
    elif person and person.is_admin:
        links = [{"href": "/", "words": visit.t("external_directories")}]
    elif status == 403 and not links:
        links = [{"href": "/.auth/logout", "words": visit.t("sign_out")}]
    again = here(request) if status == 503 and not isinstance(error, UnsupportedRowVersion) else ""
    values: dict[str, Any] = {
        "title": title,
        "detail": detail,
        "tone": tone,
        "code": status,
        "links": links,
    }
    return page(visit, "error.html", status=status, headers=headers, again=again, **values)


def _ask_to_sign_in(visit: PageRequest) -> Response:
    if visit.is_partial:
        return Response(401)
    # A form that was sent comes back by GET, to the page that it stands on.
    status = 302 if visit.request.method in ("GET", "HEAD") else 303
    return Response(status, headers={"Location": sign_in_address(visit.request)})


def _person(request: Request, app: App) -> Principal | None:
    try:
        return principal(request, app.settings)
    except HttpError:
        return None


def _status_of(error: Exception) -> tuple[int, dict[str, str]]:
    match error:
        case HttpError(response=response):
            kept = ("Allow", "Retry-After")
            return response.status, {
                name: response.headers[name] for name in kept if name in response.headers
            }
        case NotThere():
            return 404, {}
        case Overtaken():
            return 409, {}
        case InvalidField():
            return 400, {}
        case StorageUnavailable(retry_after=seconds):
            return 503, {"Retry-After": str(seconds)}
        case _:
            log.failure("http.error", error)
            return 500, {}


def _words(visit: PageRequest, status: int, error: Exception) -> tuple[str, str]:
    if isinstance(error, HttpError):
        said = orjson.loads(error.response.body)
        if said["title"] == "Cross-site request":
            return visit.t("error_cross_site_title"), visit.t("error_cross_site")
        if status == 403 and not (visit.person and visit.person.roles):
            return visit.t("error_403_agent_title"), visit.t("error_403_agent")
        if status == 401:
            return visit.t("error_401_title"), visit.t("error_401")
        if status not in _KNOWN or status == 400:
            return visit.t("error_400_title"), problem_text(visit, said)
    if isinstance(error, UnsupportedRowVersion):
        return visit.t("error_newer_title"), visit.t("error_newer")
    if isinstance(error, Overtaken):
        return visit.t("error_400_title"), visit.t("fault_overtaken")
    if isinstance(error, InvalidField):
        return visit.t("error_400_title"), fault_text(visit, error)
    return visit.t(f"error_{status}_title"), visit.t(f"error_{status}")
