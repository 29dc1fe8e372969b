"""The entry to every SCIM endpoint: authentication, limits, choice of the endpoint, log of refused requests."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace

from directories import credential_usage, rate_limits
from directories.authenticate import authenticate
from directories.credential_usage import UsageNotes
from scim.context import Context
from scim.core.errors import ScimError
from scim.http import as_scim_error, error_response, scim_response
from scim.rejection_log import log_rejected_request
from shared import log
from shared.app import App
from shared.azure_functions import Blueprint, register_http
from shared.http import Request, Response
from shared.messages import Message
from shared.tables.port import LimitExceeded

_LARGE_BODY = 8 * 1024  # bytes; usual requests have one or two KiB
_SCHEME = len("https://")  # and a host has at least one character, so it is enough for http://
Endpoint = Callable[[Context, Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Dispatcher:
    """Registers SCIM endpoints, and passes each request to its endpoint."""

    app: App
    routes: dict[str, "Route"] = field(default_factory=dict)

    def add(
        self,
        blueprint: Blueprint,
        name: str,
        route: str,
        search: Endpoint | None = None,
        **endpoints: Endpoint,
    ) -> None:
        """Register `endpoints` (by method) as the function `name` at `scim/{directoryId}/v2/` + `route`.

        `search` handles a POST if the route's `{id}` is `.search` (RFC 7644 section 3.4.3), because a template for
        that path would overlap with the template for resources.
        """
        own = self.routes[route] = Route(endpoints, {"POST": search} if search else {})

        async def handle(request: Request) -> Response:
            return await self._handle(own, request)

        address = f"scim/{{directoryId}}/v2/{route}".rstrip("/")
        register_http(self.app, blueprint, name, address, handle, error_response)

    async def _handle(self, own: "Route", request: Request) -> Response:
        context = await self._context(request)
        if not context.directory.inspect_until:
            return await self._respond(own, context, request)
        from scim.inspection import inspected

        return await inspected(context, request, lambda: self._respond(own, context, request))

    async def _respond(self, own: "Route", context: Context, request: Request) -> Response:
        """Return the response of the request's endpoint, and charge its work to the directory's rate limit."""
        is_large = len(request.body) > _LARGE_BODY
        if is_large or rate_limits.computes_long(self.app, context.directory.id):
            await rate_limits.start_turn(self.app, context.directory.id)
        route = own
        if "rest" in request.route:
            route, request = self._normalized(own, request)
        endpoints = route.search if request.route.get("id") == ".search" else route.endpoints
        try:
            return await _call_endpoint(endpoints, context, request)
        finally:
            if call := log.current():
                rate_limits.charge_work(
                    self.app, context.directory.id, call.round_trips, call.processor.seconds
                )

    def _normalized(self, own: "Route", request: Request) -> tuple["Route", Request]:
        """Return the route and request for a path with double slashes removed; `own` and `request` for any other path.

        A base URL that ends with a slash makes clients send `…/v2//Users` (Captain-P-Goldfish/scim-for-keycloak#127,
        imulab/go-scim#64). No resource has an empty name, so the path is unambiguous.
        """
        *_, rest = request.path.split("/", 4)
        if not (rest.startswith("/") or "//" in rest):
            return own, request
        collection, _, identifier = re.sub("/+", "/", rest).strip("/").partition("/")
        template = next(
            (
                known
                for known in self.routes
                if known.partition("/")[0].lower() == collection.lower()
                and ("?" in known or ("{" in known) == bool(identifier))
            ),
            None,
        )
        if template is None or "/" in identifier:
            return own, request
        name = template.partition("{")[2].rstrip("?}")
        values = {
            "directoryId": request.route["directoryId"],
            **({name: identifier} if name else {}),
        }
        return self.routes[template], replace(request, route=values)

    async def _context(self, request: Request) -> Context:
        app = self.app
        directory = await authenticate(
            app, request.route["directoryId"], request.headers.get("authorization")
        )
        rate_limits.charge_request(app, directory.id)
        # Scheme and host are before the first slash of the path; `Request.origin` parses the whole URL.
        origin = app.settings.public_url or request.url[: request.url.index("/", _SCHEME)]
        agent = request.headers.get("user-agent", "").partition("/")[0].strip()
        return Context(
            app,
            directory,
            f"{origin}/scim/{directory.id}/v2",
            agent[:60],
        )


@dataclass(frozen=True, slots=True)
class Route:
    """The endpoints of a path by method, and those of the path `.search` below it."""

    endpoints: Mapping[str, Endpoint]
    search: Mapping[str, Endpoint]


async def _call_endpoint(
    endpoints: Mapping[str, Endpoint], context: Context, request: Request
) -> Response:
    """Return the response for the request's method, or the error that refuses it, which is also logged."""
    endpoint = endpoints.get("GET" if request.method == "HEAD" else request.method)
    try:
        if endpoint is None:
            raise _no_method(request.method, endpoints)
        response = await endpoint(context, request)
        app, directory_id = context.app, context.directory.id
        due = app.state(UsageNotes).served_due.get(directory_id, 0.0)
        if app.clock.monotonic() >= due:
            credential_usage.served(app, directory_id)
        return response
    except (ScimError, RecursionError, LimitExceeded) as error:
        refusal = as_scim_error(error)
        await log_rejected_request(context, request, refusal)
        response = scim_response(refusal.body(), refusal.status)
        if refusal.status == 405:
            response.headers["Allow"] = _allowed(endpoints)
        return response


def _no_method(method: str, endpoints: Mapping[str, Endpoint]) -> ScimError:
    return ScimError(405, Message("no_method", method=method, allowed=_allowed(endpoints)))


def _allowed(endpoints: Mapping[str, Endpoint]) -> str:
    """Return the methods of a path for the header `Allow`; GET implies HEAD."""
    return ", ".join([*endpoints, *(["HEAD"] if "GET" in endpoints else [])])
