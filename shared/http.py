"""HTTP as the features see it: a request, a response, and RFC 9457 problems. Knows no web framework."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

import orjson

Handler = TypeVar("Handler")
JSON = "application/json"
PROBLEM_JSON = "application/problem+json"
FORM = "application/x-www-form-urlencoded"
MAX_FORM_BYTES = 64 * 1024
MAX_FORM_FIELDS = 50
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass
class Request:
    """A request: `url` as the client sent it, header names in lower case, `route` the parts of the path template."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    route: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def path(self) -> str:
        """The path of the URL, still percent-encoded."""
        return urlsplit(self.url).path

    @cached_property
    def query(self) -> dict[str, str]:
        """The query's values by name, empty ones included; where a name is repeated, its first value."""
        _, _, text = self.url.partition("?")
        return (
            dict(reversed(parse_qsl(text.partition("#")[0], keep_blank_values=True)))
            if text
            else {}
        )

    @cached_property
    def origin(self) -> str:
        """Scheme and host that the client used."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"


@dataclass(slots=True)
class Response:
    """A response; a body needs a Content-Type among the headers."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


class HttpError(Exception):
    """An answer other than success, as an RFC 9457 problem: what is wrong and what to do about it."""

    def __init__(
        self,
        status: int,
        title: str,
        detail: str,
        headers: dict[str, str] | None = None,
        **extra: Any,
    ):
        super().__init__(title)
        self.response = problem(status, title, detail, **extra)
        self.response.headers.update(headers or {})


def json_response(
    value: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """`value` as JSON."""
    return Response(status, orjson.dumps(value), {"Content-Type": JSON, **(headers or {})})


def problem(status: int, title: str, detail: str, **extra: Any) -> Response:
    """An RFC 9457 problem; `extra` members name for instance the field at fault."""
    body = orjson.dumps(
        {"type": "about:blank", "title": title, "status": status, "detail": detail, **extra}
    )
    return Response(status, body, {"Content-Type": PROBLEM_JSON})


def select_by_method(request: Request, handlers: Mapping[str, Handler]) -> Handler:
    """Return the handler of the request's method; GET's serves HEAD, too.

    Raises:
        HttpError: 405 with the header `Allow` (RFC 9110 section 15.5.6).
    """
    method = "GET" if request.method == "HEAD" else request.method
    if method in handlers:
        return handlers[method]
    allowed = [*handlers, "HEAD"] if "GET" in handlers else list(handlers)
    names = ", ".join(allowed)
    raise HttpError(405, "Method not allowed", f"This address takes {names}.", {"Allow": names})


def json_body(request: Request, limit: int = 1024 * 1024) -> Any:
    """The JSON value of the body; HttpError 400, 411 or 413 where there is none to be had."""
    if len(request.body) > limit:
        raise HttpError(
            413, "Body too large", f"Send at most {limit} bytes; this body has {len(request.body)}."
        )
    if not request.body:
        if request.headers.get("transfer-encoding"):
            raise HttpError(
                411, "Length required", "Send the body with a Content-Length header, not chunked."
            )
        raise HttpError(400, "Body missing", "Send a JSON body with a Content-Length header.")
    try:
        return orjson.loads(request.body)
    except orjson.JSONDecodeError as error:
        raise HttpError(400, "Body is not JSON", f"The JSON is not valid: {error}.") from None


def form_body(request: Request) -> list[tuple[str, str]]:
    """The fields of a form in their order, empty ones included; HttpError 400 or 413 where there are none to be had."""
    if len(request.body) > MAX_FORM_BYTES:
        raise HttpError(
            413,
            "Form too large",
            f"Send a form of at most {MAX_FORM_BYTES} bytes; this one has {len(request.body)}.",
        )
    try:
        text = request.body.decode()
        return parse_qsl(
            text, keep_blank_values=True, max_num_fields=MAX_FORM_FIELDS, errors="strict"
        )
    except ValueError:
        detail = f"Send at most {MAX_FORM_FIELDS} fields in UTF-8. If this was a page's form, reload the page."
        raise HttpError(400, "Form not valid", detail) from None


def check_same_origin(request: Request, public_url: str = "") -> None:
    """Refuse a change that a page of another site asks for (cross-site request forgery).

    Browsers send `Origin` with every change; a client without one is no browser and carries no ambient sign-in.
    """
    if request.method in SAFE_METHODS:
        return
    origin = request.headers.get("origin")
    expected = {public_url or request.origin, request.origin}
    if request.headers.get("sec-fetch-site") in ("cross-site", "same-site") or (
        origin and origin not in expected
    ):
        raise HttpError(
            403,
            "Cross-site request",
            "Changes are only taken from this product's own pages. Reload the page.",
        )
