"""HTTP without a web framework: the request, the response, and RFC 9457 problems, for all features."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from functools import cached_property
from http import HTTPStatus
from ipaddress import ip_address
from typing import Any, TypeVar
from urllib.parse import parse_qsl, unquote, unquote_to_bytes, urlsplit

import orjson

from shared.messages import Message

Handler = TypeVar("Handler")
JSON = "application/json"
PROBLEM_JSON = "application/problem+json"
FORM = "application/x-www-form-urlencoded"
MAX_FORM_BYTES = 64 * 1024
MAX_FORM_FIELDS = 50
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass
class Request:
    """An HTTP request.

    Attributes:
        url: The complete URL, as the client sent it.
        headers: The headers by their names in lower case.
        route: The values of the placeholders in the path template, by name.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    _: KW_ONLY
    route: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def path(self) -> str:
        """The path of the URL, still percent-encoded."""
        return urlsplit(self.url).path

    @cached_property
    def query(self) -> dict[str, str]:
        """The query's values by name, including empty ones; of a repeated name, the first value."""
        found: dict[str, str] = {}
        for pair in self.url.partition("?")[2].partition("#")[0].split("&"):
            name, equals, value = pair.partition("=")
            if name or equals:
                found.setdefault(_decoded(name), _decoded(value))
        return found

    @cached_property
    def client_address(self) -> str:
        """The IP address of the client, or "" if it is unknown.

        It is the last entry of `X-Forwarded-For`, because the platform's front end appends the
        address and port of its peer there, and any text before it was sent by the client
        (learn.microsoft.com/azure/app-service/overview-inbound-outbound-ips; RFC 7239 section 8.1).
        """
        last = self.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
        address, colon, port = last.rpartition(":")
        if colon and port.isdecimal() and (":" not in address or address.endswith("]")):
            last = address
        try:
            return str(ip_address(last.strip("[]")))
        except ValueError:
            return ""

    @cached_property
    def origin(self) -> str:
        """The scheme and host of the URL, such as `https://example.com`."""
        scheme, _, rest = self.url.partition("://")
        host = rest.partition("/")[0].partition("?")[0].partition("#")[0]
        return f"{scheme.lower()}://{host}"


@dataclass(slots=True)
class Response:
    """An HTTP response. If `body` isn't empty, `headers` must have a Content-Type."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


class HttpError(Exception):
    """An error response: an HTTP status and a message that names the fault and the remedy.

    `extra` has further members of the RFC 9457 problem, such as the name of the field at fault.
    """

    def __init__(
        self,
        status: int,
        message: Message,
        headers: Mapping[str, str] | None = None,
        **extra: str,
    ) -> None:
        super().__init__(message.code)
        self.status = status
        self.message = message
        self.headers = dict(headers or {})
        self.extra = extra

    @property
    def response(self) -> Response:
        """The response with the error as an RFC 9457 problem."""
        response = problem(self.status, self.message, **self.extra)
        response.headers.update(self.headers)
        return response


def _decoded(text: str) -> str:
    """Decode a name or value of a query: `application/x-www-form-urlencoded` (URL Standard section 5.1)."""
    text = text.replace("+", " ")
    if "%" in text and text.isascii():
        return unquote_to_bytes(text).decode(errors="replace")  # half the time of `unquote`
    return unquote(text)


def json_response(
    value: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a response with `value` as its JSON body."""
    return Response(status, orjson.dumps(value), {"Content-Type": JSON, **(headers or {})})


def problem(status: int, message: Message, **extra: str) -> Response:
    """Return a response with an RFC 9457 problem; `extra` are further members of it.

    Its type is about:blank, so its title is the phrase of the status (section 4.2.1). `code`
    identifies the problem for programs; `detail` is the message in English.
    """
    content = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": message.code,
        "detail": message.text(),
        **extra,
    }
    return Response(status, orjson.dumps(content), {"Content-Type": PROBLEM_JSON})


def select_by_method(request: Request, handlers: Mapping[str, Handler]) -> Handler:
    """Return the handler for the request's method; the handler for GET is used for HEAD too.

    Raises:
        HttpError: 405 with the header `Allow` (RFC 9110 section 15.5.6), if there is no such handler.
    """
    method = "GET" if request.method == "HEAD" else request.method
    if method in handlers:
        return handlers[method]
    allowed = [*handlers, "HEAD"] if "GET" in handlers else list(handlers)
    names = ", ".join(allowed)
    raise HttpError(405, Message("method_not_allowed", allowed=names), {"Allow": names})


def json_body(request: Request, limit: int = 1024 * 1024) -> Any:
    """Return the parsed JSON of the body, which may have at most `limit` bytes.

    Raise HttpError 400 if the body is missing or is not JSON, 411 if it is empty and chunked, 413
    if it is too large.
    """
    if len(request.body) > limit:
        raise HttpError(413, Message("body_too_large", count=len(request.body), most=limit))
    if not request.body:
        if request.headers.get("transfer-encoding"):
            raise HttpError(411, Message("length_required"))
        raise HttpError(400, Message("body_missing"))
    try:
        return orjson.loads(request.body)
    except orjson.JSONDecodeError as error:
        raise HttpError(400, Message("body_no_json", error=str(error))) from None


def form_body(request: Request) -> list[tuple[str, str]]:
    """Return the names and values of a form's fields in their order, including empty ones.

    Raise HttpError 413 if the body is too large, 400 if it is not a form or has too many fields.
    """
    if len(request.body) > MAX_FORM_BYTES:
        raise HttpError(
            413, Message("form_too_large", count=len(request.body), most=MAX_FORM_BYTES)
        )
    try:
        text = request.body.decode()
        return parse_qsl(
            text, keep_blank_values=True, max_num_fields=MAX_FORM_FIELDS, errors="strict"
        )
    except ValueError:
        raise HttpError(400, Message("form_not_valid", most=MAX_FORM_FIELDS)) from None


def check_same_origin(request: Request, public_url: str = "") -> None:
    """Raise HttpError 403 if a page of another site sent this request to change something (CSRF).

    A browser sends `Origin` or `Sec-Fetch-Site` with every such request (Fetch, "append a request
    Origin header"; Fetch Metadata, section 2.4), so a request with a cookie and neither header is
    refused too. A client without cookies passes: it has no sign-in that another site could misuse.
    """
    if request.method in SAFE_METHODS:
        return
    headers = request.headers
    origin, site = headers.get("origin"), headers.get("sec-fetch-site", "")
    if headers.get("cookie") and not origin and not site:
        raise HttpError(403, Message("origin_missing"))
    expected = {public_url or request.origin, request.origin}
    if site in ("cross-site", "same-site") or (origin and origin not in expected):
        raise HttpError(403, Message("cross_site"))
