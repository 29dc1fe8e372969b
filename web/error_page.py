"""The page that reports an error and its remedy."""

from typing import Any

from directories.errors import DirectoryError, Overtaken
from shared import log
from shared.app import App
from shared.azure_functions import FailureDescription, describe_failure
from shared.easy_auth import Principal, principal
from shared.http import HttpError, Request, Response
from shared.messages import CodeFamily, Message
from shared.row_versions import UnsupportedRowVersion
from web.page_request import PageRequest, here, sign_in_address
from web.render import page

# The page's titles by message code; any other code gets the title of a bad request.
_TITLES = {
    "cross_site": "cross_site_title",
    "directory_not_found": "not_there_title",
    "contact_not_found": "not_there_title",
    "group_not_found": "not_there_title",
    "not_there": "not_there_title",
    "no_such_page": "no_such_page_title",
    "groups_unknown": "groups_unknown_title",
    "needs_admin": "needs_admin_title",
    "needs_reader": "needs_reader_title",
    "sign_in_off": "sign_in_off_title",
    "not_signed_in": "sign_in_off_title",
    "newer_release": "newer_release_title",
    "storage_unavailable": "storage_unavailable_title",
    **dict.fromkeys(
        ("storage_full", "storage_damaged", "storage_read_only", "storage_missing", "storage_role"),
        "storage_unavailable_title",
    ),
    "internal_error": "internal_error_title",
    "user_too_many_requests": "too_many_requests_title",
    "directory_too_many_requests": "too_many_requests_title",
}
_TITLE = CodeFamily("", {*_TITLES.values(), "bad_request_title"})


def show(app: App, request: Request, error: Exception) -> Response:
    """Return the HTML page that explains an error, or for a request by htmx only its status and headers.

    After an htmx request, the script of the page that is open in the browser shows a message for
    the status. If no user is signed in and the platform offers sign-in, redirect to the sign-in
    instead.
    """
    failure = _describe(error)
    status, message, headers = failure.status, failure.message, failure.headers
    if status == 500:
        log.failure("http.error", error)
    person = _person(request, app)
    visit = PageRequest(request, person, app)
    if status == 401 and app.settings.platform_sign_in:
        return _ask_to_sign_in(visit)
    if visit.is_partial:
        return Response(status, headers=headers)
    message = _for_reader(visit, message)
    tone = "bad" if status >= 500 else ""
    links = (
        [{"href": "/contacts", "words": visit.t("organisation")}] if person and person.roles else []
    )
    if status >= 500:
        links = [{"href": here(request), "words": visit.t("reload")}]
    elif person and person.is_admin:
        links = [{"href": "/", "words": visit.t("open_directories")}, *links]
    elif status == 403 and not links:
        links = [{"href": "/.auth/logout", "words": visit.t("sign_out")}]
    again = here(request) if status == 503 and not isinstance(error, UnsupportedRowVersion) else ""
    values: dict[str, Any] = {
        "title": visit.t(_TITLE.code(_TITLES.get(message.code, "bad_request_title"))),
        "detail": visit.text(message),
        "tone": tone,
        "code": status,
        "links": links,
    }
    return page(visit, "error.html", status=status, headers=headers, again=again, **values)


def _ask_to_sign_in(visit: PageRequest) -> Response:
    if visit.is_partial:
        return Response(401)
    # After a form's POST, 303 makes the browser return with GET, to the page with the form.
    status = 302 if visit.request.method in ("GET", "HEAD") else 303
    return Response(status, headers={"Location": sign_in_address(visit.request)})


def _person(request: Request, app: App) -> Principal | None:
    try:
        return principal(request, app.settings)
    except HttpError:
        return None


def _describe(error: Exception) -> FailureDescription:
    """Return the error's status and message, and the headers that suit an HTML page."""
    match error:
        case HttpError():
            names = ("Allow", "Retry-After")
            headers = {name: error.headers[name] for name in names if name in error.headers}
            return FailureDescription(error.status, error.message, headers)
        case Overtaken():  # a form carries no If-Match, so the request conflicts with another one
            return FailureDescription(409, error.message)
        case DirectoryError():
            return FailureDescription(error.status, error.message)
        case _:
            return describe_failure(error)


def _for_reader(visit: PageRequest, message: Message) -> Message:
    """Return the message to show to this user.

    A user without any role gets "needs_reader" in place of "needs_admin", because either role would
    do.
    """
    if message.code == "needs_admin" and not (visit.person and visit.person.roles):
        return Message("needs_reader")
    return message
