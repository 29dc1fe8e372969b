"""The edge of every SCIM endpoint: authenticates, limits, dispatches by method, logs what is refused."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import azure.functions as func

from directories import last_calls, rate
from directories.authenticate import authenticate
from scim.context import Context
from scim.core.errors import ScimError
from scim.http import refusal_of, scim_failure, scim_response
from scim.listing import Places
from scim.refusals import note_refusal
from scim.turns import Turns
from shared import log
from shared.functions import add_http
from shared.http import Request, Response
from shared.sentences import Sentence
from shared.services import Services
from shared.tables.port import TooLarge

Endpoint = Callable[[Context, Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Edge:
    """Registers SCIM endpoints; `places` is shared by the queries of one instance, `turns` by its writers."""

    services: Services
    places: Places = field(default_factory=Places)
    turns: Turns = field(default_factory=Turns)

    def add(
        self, blueprint: func.Blueprint, name: str, route: str, search: Endpoint | None = None, **endpoints: Endpoint
    ) -> None:
        """Register `endpoints` (by method) as the function `name` at `scim/{directoryId}/v2/` + `route`.

        `search` answers POST where the route's `{id}` is `.search`, an address of its own (RFC 7644 section 3.4.3): a
        template for it would overlap with that of the resources.
        """
        of_search = {"POST": search} if search else {}

        async def handle(request: Request) -> Response:
            context = await self._context(request)
            here = of_search if request.route.get("id") == ".search" else endpoints
            endpoint = here.get("GET" if request.method == "HEAD" else request.method)
            try:
                if endpoint is None:
                    raise _no_method(request.method, here)
                response = await endpoint(context, request)
                last_calls.served(self.services, context.directory.id)
                return response
            except (ScimError, RecursionError, TooLarge) as error:
                refusal = refusal_of(error)
                await note_refusal(context, request, refusal, request.path)
                response = scim_response(refusal.body(), refusal.status)
                if refusal.status == 405:
                    response.headers["Allow"] = _allowed(here)
                return response
            finally:
                call = log.current()
                rate.settle(self.services, context.directory.id, call.round_trips if call else 0)

        add_http(blueprint, name, f"scim/{{directoryId}}/v2/{route}".rstrip("/"), handle, scim_failure)

    async def _context(self, request: Request) -> Context:
        services = self.services
        directory = await authenticate(services, request.route["directoryId"], request.headers.get("authorization"))
        rate.take(services, directory.id)
        origin = services.settings.public_url or request.origin
        agent = request.headers.get("user-agent", "").partition("/")[0].strip()
        return Context(services, directory, f"{origin}/scim/{directory.id}/v2", agent[:60], self.places, self.turns)


def _no_method(method: str, endpoints: Mapping[str, Endpoint]) -> ScimError:
    said = "{method} is not possible here; this address takes {allowed}."
    return ScimError(405, Sentence("no_method", said, method=method, allowed=_allowed(endpoints)))


def _allowed(endpoints: Mapping[str, Endpoint]) -> str:
    """The methods of an address for the header `Allow`: what can be read answers HEAD, too."""
    return ", ".join([*endpoints, *(["HEAD"] if "GET" in endpoints else [])])
