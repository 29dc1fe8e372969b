"""SCIM over HTTP: parses bodies and queries, writes responses and errors (RFC 7644 sections 3.1, 3.4, 3.12)."""

import re
from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import orjson

from scim.context import MAX_BODY
from scim.core.errors import ScimError, bad_value, error_body
from scim.core.filters import parse_filter
from scim.core.projection import Projection, parse_attributes
from scim.core.schemas import ResourceType
from scim.list_query import DEFAULT_COUNT, MAX_COUNT, ListQuery
from scim.list_response import ListResponse, ShownResource
from shared import log
from shared.azure_functions import describe_failure
from shared.http import HttpError, Request, Response
from shared.messages import Message
from shared.tables.port import LimitExceeded

SCIM_JSON = "application/scim+json"
SEARCH_REQUEST = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
_MAX_PLACE = 2**53
_STRING = Message("a_string")
_INTEGER = Message("an_integer")
_STRINGS = Message("strings")
_PARAMETERS = {
    **dict.fromkeys(("filter", "sortBy", "sortOrder", "cursor"), _STRING),
    **dict.fromkeys(("startIndex", "count"), _INTEGER),
    **dict.fromkeys(("attributes", "excludedAttributes"), _STRINGS),
}
_CANONICAL = {name.lower(): name for name in _PARAMETERS}
_CHARSET = re.compile(r'charset\s*=\s*"?([^\s;"]+)')
_UTF_8 = ("utf-8", "utf8", "us-ascii", "ascii")
_LATIN = ("iso-8859-1", "latin1", "windows-1252")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
Value = TypeVar("Value")


def scim_response(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return a SCIM response with `value` as its JSON."""
    return Response(status, orjson.dumps(value), {"Content-Type": SCIM_JSON, **(headers or {})})


def resource_response(
    resource: dict[str, Any], projection: Projection, status: int = 200
) -> Response:
    """Return a response with a resource, its ETag and Location (RFC 7644 section 3.14; section 3.3 for 201)."""
    meta = resource["meta"]
    is_whole = projection.wanted is None and projection.unwanted.keys().isdisjoint(resource)
    shown = resource if is_whole else projection.apply(resource)
    headers = {"ETag": meta["version"], "Location": meta["location"]}
    return scim_response(shown, status, headers)


def shown_response(shown: ShownResource) -> Response:
    """Return a resource that was read, with its ETag and Location."""
    headers = {"Content-Type": SCIM_JSON, "ETag": shown.etag, "Location": shown.location}
    return Response(200, shown.json, headers)


def list_response(response: ListResponse) -> Response:
    """Return the HTTP response with the result of a query."""
    return Response(200, response.to_json(), {"Content-Type": SCIM_JSON})


def error_response(error: Exception) -> Response:
    """Return the SCIM error response for any exception. An unexpected one is logged, and its text isn't sent."""
    match error:
        case ScimError():
            return scim_response(error.body(), error.status)
        case HttpError():
            return scim_response(
                error_body(error.status, error.message), error.status, error.headers
            )
        case RecursionError():
            refusal = as_scim_error(error)
            return scim_response(refusal.body(), refusal.status)
        case _:
            failure = describe_failure(error)
            if failure.status == 500:
                log.failure("scim.error", error)
            body = error_body(failure.status, failure.message)
            return scim_response(body, failure.status, failure.headers)


def as_scim_error(error: ScimError | RecursionError | LimitExceeded) -> ScimError:
    """Return the ScimError for a fault found by a lower layer: JSON nested too deeply, or too much data for a row."""
    match error:
        case ScimError():
            return error
        case LimitExceeded():
            return ScimError(413, Message("too_large_to_store"))
    return too_deep()


def parse_json(request: Request, limit: int = MAX_BODY) -> Any:
    """Parse the body as JSON; raise ScimError 400 invalidSyntax or 413."""
    body = request.body
    if len(body) > limit:
        raise ScimError(
            413,
            Message("body_too_large", count=len(body), most=limit),
        )
    if not body:
        raise ScimError(
            400,
            Message("body_missing"),
            "invalidSyntax",
        )
    content_type = request.headers.get("content-type", "").lower()
    _check_encoding(request, content_type)
    try:
        return orjson.loads(body.removeprefix(_BYTE_ORDER_MARK))
    except orjson.JSONDecodeError as error:
        _check_media_type(content_type)
        from scim.core.half_pairs import half_pair_in

        if name := half_pair_in(body):
            raise bad_value(name, "surrogate") from None
        raise ScimError(400, _no_json(body, error), "invalidSyntax") from None


def _no_json(body: bytes, error: orjson.JSONDecodeError) -> Message:
    """Return why a body isn't JSON in UTF-8."""
    try:
        body.decode()
    except UnicodeDecodeError as fault:
        return Message("body_not_utf_8", place=fault.start + 1)
    return Message("body_no_json", error=str(error))


def _check_encoding(request: Request, content_type: str) -> None:
    """Raise 415 for a compressed body or a charset other than UTF-8 (RFC 9110 section 15.5.16, RFC 8259 section 8.1)."""
    encoding = request.headers.get("content-encoding", "").strip().lower()
    if encoding not in ("", "identity"):
        raise _unsupported("Content-Encoding", encoding)
    found = _CHARSET.search(content_type)
    if found and found[1] not in _UTF_8 and not (found[1] in _LATIN and request.body.isascii()):
        raise _unsupported("charset", found[1])


def _check_media_type(content_type: str) -> None:
    """Raise 415 if the media type isn't JSON; any media type for JSON is accepted."""
    media_type = content_type.partition(";")[0].strip()
    if media_type and not media_type.endswith("json"):
        raise _unsupported("Content-Type", media_type)


def _unsupported(what: str, value: str) -> ScimError:
    return ScimError(415, Message("unsupported_encoding", what=what, value=value[:60]))


def too_deep() -> ScimError:
    """Return the error 400 for JSON nested far deeper than any SCIM resource."""
    return ScimError(400, Message("body_too_deep"), "invalidSyntax")


def parameters(request: Request) -> dict[str, str]:
    """Return the query parameters by their canonical names; names in the URL are case-insensitive.

    If a parameter such as `Filter` were ignored, the response would list all users, and the client
    would use the first of them as the match.

    A list of attributes that was sent as several parameters, such as
    `attributes=userName&attributes=emails`, becomes one list with commas, the form that RFC 7644
    section 3.9 requires, because many HTTP libraries write arrays in this way.
    """
    if "?" not in request.url:
        return {}
    query = request.query
    if not query.keys() <= _PARAMETERS.keys():
        query = named_parameters(query)
    if request.url.count("ttributes=") < 2:
        return query
    pairs = parse_qsl(request.url.partition("?")[2].partition("#")[0])
    joined = dict(query)
    for name in ("attributes", "excludedAttributes"):
        if name in query:
            joined[name] = ",".join(value for key, value in pairs if key.lower() == name.lower())
    return joined


def parse_projection(query: dict[str, str], resource_type: ResourceType) -> Projection:
    """Return the projection of a request's `attributes` and `excludedAttributes` (RFC 7644 section 3.9)."""
    return parse_attributes(query.get("attributes"), query.get("excludedAttributes"), resource_type)


def parse_list_query(query: dict[str, str], resource_type: ResourceType) -> ListQuery:
    """Parse the parameters of a GET on a resource endpoint (RFC 7644 section 3.4.2, RFC 9865).

    Unknown parameters are ignored.
    """
    text = query.get("filter", "").strip()
    return ListQuery(
        projection=parse_projection(query, resource_type),
        filter=parse_filter(text, resource_type) if text else None,
        start_index=max(1, _integer(query, "startIndex", 1)),
        count=_count(query),
        cursor=query.get("cursor"),
        sort_by=query.get("sortBy", "").strip(),
        descending=query.get("sortOrder", "").strip().lower() == "descending",
    )


def parse_search(body: Any, resource_type: ResourceType) -> ListQuery:
    """Parse the body of a POST to `/.search` (RFC 7644 section 3.4.3)."""
    if not isinstance(body, dict):
        raise ScimError(400, Message("search_no_object"), "invalidSyntax")
    return parse_list_query(search_parameters(body), resource_type)


def search_parameters(body: dict[str, Any]) -> dict[str, str]:
    """Return the parameters of a search in the form that they have in a URL.

    The names in the body are case-insensitive.
    """
    return {
        name: _text(name, value)
        for name, value in named_parameters(body).items()
        if name in _PARAMETERS and value is not None
    }


def named_parameters(sent: Mapping[str, Value]) -> dict[str, Value]:
    """Return the parameters by their canonical names.

    If a parameter was sent in several spellings, the value under the canonical one takes
    precedence.
    """
    named = {_CANONICAL.get(name.lower(), name): value for name, value in sent.items()}
    return named | {name: value for name, value in sent.items() if name in _PARAMETERS}


def _text(name: str, value: Any) -> str:
    """Return a parameter of a search as text, as it would be in a URL."""
    if isinstance(value, str):
        return value
    wanted = _PARAMETERS[name]
    if (
        wanted is _STRINGS
        and isinstance(value, list)
        and all(isinstance(part, str) for part in value)
    ):
        return ",".join(value)
    if wanted is _INTEGER and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise ScimError(400, Message("wrong_parameter", name=name, wanted=wanted), "invalidValue")


def _count(query: dict[str, str]) -> int:
    count = _integer(query, "count", DEFAULT_COUNT)
    if "cursor" in query and count < 0:
        raise ScimError(
            400,
            Message("negative_count"),
            "invalidCount",
        )
    return min(max(0, count), MAX_COUNT)


def _integer(query: dict[str, str], name: str, default: int) -> int:
    text = query.get(name, "").strip()
    if not text:
        return default
    try:
        value = int(text) if len(text) <= 20 else _MAX_PLACE
    except ValueError:
        kind = "invalidCount" if name == "count" and "cursor" in query else "invalidValue"
        message = Message("no_integer", name=name, text=text[:40])
        raise ScimError(400, message, kind) from None
    return max(-_MAX_PLACE, min(value, _MAX_PLACE))
