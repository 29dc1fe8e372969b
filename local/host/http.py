"""Call HTTP functions as the host does: build a function's request, and convert its result to a response.

Sources: azure-functions-host (GrpcMessageConversionExtensions.ToRpcHttp), azure-functions
(HttpResponseConverter).
"""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, NamedTuple

import azure.functions as func
from azure.functions.http import HttpRequest, HttpResponseConverter

from local.host.cookies import set_cookie_lines
from local.host.functions import RESERVED, HttpFunction
from local.host.invocation import Invoker
from local.host.paths import decode_text, encode_path
from local.host.routes import Router
from shared import log

_TEXT = "text/plain; charset=utf-8"
# Headers that the server sets itself.
_FRAMING = frozenset(
    {"content-length", "transfer-encoding", "connection", "keep-alive", "upgrade", "date"}
)
_HOME = b"<!doctype html><title>Functions</title><p>Your function app is up and running.</p>"


class HostResponse(NamedTuple):
    """An HTTP response as it is sent; header names are in lower case."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


FAILED = HostResponse(500, [], b"")
UNAUTHORIZED = HostResponse(401, [("www-authenticate", "Bearer")], b"")
NOT_FOUND = HostResponse(404, [], b"")
BAD_REQUEST = HostResponse(400, [], b"")


class HttpFunctions:
    """Serves requests with the functions of an app."""

    def __init__(self, functions: list[HttpFunction], invoker: Invoker, home_page: bool) -> None:
        self.router = Router(functions)
        self._invoker = invoker
        self._home_page = home_page

    async def answer(
        self, method: str, origin: str, path: str, query: str, headers: dict[str, str], body: bytes
    ) -> HostResponse:
        """Return the response to one request.

        `path` is decoded, header names are in lower case, and `body` is within the host's limit.
        """
        if path[1:2] in "aArR" and path.lower().split("/")[1] in RESERVED:
            return UNAUTHORIZED
        found = self.router.match(method, path)
        if found is None:
            return self._home() if path == "/" else NOT_FOUND
        function, route = found
        url = f"{origin}{encode_path(path)}?{query}" if query else origin + encode_path(path)
        request = HttpRequest(
            method,
            url,
            headers=headers,
            params=_Parameters(query) if query else {},
            route_params=route,
            body_type="bytes",
            body=body,
        )
        try:
            return answer_of(await self._invoker.call(function.code, request))
        except Exception as error:
            log.failure("function.failed", error, function=function.name)
            return FAILED

    def _home(self) -> HostResponse:
        return (
            HostResponse(200, [("content-type", "text/html")], _HOME)
            if self._home_page
            else HostResponse(204, [], b"")
        )


class _Parameters(Mapping[str, str]):
    """The values of `query_parameters`, parsed when a function first reads one; the product reads the URL."""

    def __init__(self, query: str) -> None:
        self._query = query

    @cached_property
    def _values(self) -> dict[str, str]:
        return query_parameters(self._query)

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __bool__(self) -> bool:
        """Return True, so that the request keeps this mapping without parsing it."""
        return True


def query_parameters(query: str) -> dict[str, str]:
    """Return a query's values by name; names that differ only in case are the same name.

    Values of the same name are joined by commas, and empty values are left out.
    """
    values: dict[str, list[str]] = {}
    names: dict[str, str] = {}
    for pair in query.split("&"):
        if pair:
            name, _, value = pair.partition("=")
            decoded = _decode(name)
            names[decoded.lower()] = decoded
            values.setdefault(decoded.lower(), []).append(_decode(value))
    joined = {names[name]: ",".join(given) for name, given in values.items()}
    return {name: value for name, value in joined.items() if value}


def _decode(text: str) -> str:
    return decode_text(text.replace("+", " "))


def answer_of(result: Any) -> HostResponse:
    """Convert a function's result to a response; raise an exception if the platform's engine can't encode it."""
    if isinstance(result, str):
        return HostResponse(200, [("content-type", _TEXT)], result.encode())
    if not isinstance(result, func.HttpResponse):
        HttpResponseConverter.encode(result, expected_type=None)
    headers: dict[str, str] = {}
    cookies: list[str] = []
    loses_body = False
    for name, value in result.headers.items():
        lower = name.lower()
        if lower == "set-cookie":
            cookies.append(value)
        elif lower == "transfer-encoding":
            loses_body = True  # recorded: Kestrel then sends no body
        elif lower not in _FRAMING:
            headers[lower] = value
    if "content-type" not in result.headers:  # checked in result.headers, as the converter does
        text = result.mimetype.startswith("text/")
        headers["content-type"] = (
            f"{result.mimetype}; charset={result.charset}" if text else result.mimetype
        )
    lines = list(headers.items())
    if cookies:
        lines += [("set-cookie", line) for line in set_cookie_lines(cookies)]
    status = int(result.status_code)
    has_body = status >= 200 and status not in (204, 205, 304) and not loses_body
    body = result.get_body() if has_body else b""
    return HostResponse(status, lines, body)
