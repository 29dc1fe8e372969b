"""A signed-in user's browser, which sends requests to the function app and to the simulated pages
of Microsoft.
"""

import base64
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import azure.functions as func
import orjson

from local.graph.simulator import CONTOSO
from presence.endpoints import blueprint
from tests.local.graph.calls import call
from tests.presence.world import ACCOUNT, DIRECTORY, World
from web import endpoints as pages

ORIGIN = "https://directories.example"
LOOPBACK = "http://127.0.0.1:7071"
GLORIA = "gloria@contoso.example"
MAX = "max@contoso.example"


@dataclass
class PageResponse:
    """A response of the function app."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)

    @property
    def location(self) -> str:
        return self.headers.get("location", "")

    @property
    def outcome(self) -> str:
        """Return the outcome in the address to which the response redirects, or ""."""
        return dict(parse_qsl(urlsplit(self.location).query)).get("outcome", "")


@dataclass
class Browser:
    """A browser with cookies; `person` is the object id of the user who is signed in to the
    product.
    """

    world: World
    account: str = ACCOUNT
    person: str = "person-one"
    roles: tuple[str, ...] = ("Directory.Admin",)
    origin: str = ORIGIN
    cookies: dict[str, str] = field(default_factory=dict)

    async def send(
        self, method: str, address: str, body: bytes = b"", **headers: str
    ) -> PageResponse:
        """Send a request to the function that the host would choose, and return the response."""
        parts = urlsplit(address)
        name = "presence_connection"
        if parts.path == "/sign-in/callback":
            name = "page_sign_in_callback"
        elif parts.path == "/health":
            name = "presence_health"
        segments = parts.path.split("/")
        route = {"directoryId": segments[3]} if name == "presence_connection" else {}
        sent = {
            "x-ms-client-principal": self._principal(),
            **({} if method == "GET" else {"origin": self.origin}),  # as every browser does
            "cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            **{key.replace("_", "-"): value for key, value in headers.items()},
        }
        request = func.HttpRequest(
            method=method,
            url=f"{self.origin}{address}",
            headers=sent,
            route_params=route,
            body=body,
        )
        answer = await self._function(name)(req=request)
        self._keep_cookie(answer.headers.get("Set-Cookie", ""))
        found = {key.lower(): value for key, value in answer.headers.items()}
        return PageResponse(answer.status_code, found, answer.get_body())

    must_confirm: bool = False

    async def act(self, action: str, directory_id: str = DIRECTORY, **fields: Any) -> PageResponse:
        """Send an action of the wizard.

        If `must_confirm` is set, the company must be confirmed before it is connected.
        """
        if action == "connect" and self.must_confirm:
            fields["confirm"] = True
        body = orjson.dumps({"action": action, **fields})
        return await self.send(
            "POST",
            f"/api/directories/{directory_id}/presence",
            body,
            content_type="application/json",
        )

    async def connection(self, directory_id: str = DIRECTORY) -> Any:
        """Return the state of the connection that the page shows."""
        return (await self.send("GET", f"/api/directories/{directory_id}/presence")).json

    async def start(self, directory_id: str = DIRECTORY) -> str:
        """Start connecting, and return the address of Microsoft's sign-in page."""
        return str((await self.act("connect", directory_id)).json["location"])

    async def at_microsoft(self, address: str, who: str = GLORIA, decide: str = "") -> str:
        """Sign in or decide on Microsoft's page; return path and query of the address to which it
        redirects.
        """
        asked = {"sign_in_as": who} | ({"decide": decide} if decide else {})
        status, body, headers = await call(f"{address}&{urlencode(asked)}")
        assert status == 302, body
        return headers["location"].removeprefix(self.origin)

    async def signed_in(self, who: str = GLORIA, directory_id: str = DIRECTORY) -> PageResponse:
        """Start connecting, sign in at Microsoft, and return the response to the callback."""
        return await self.send("GET", await self.at_microsoft(await self.start(directory_id), who))

    async def connected(self, who: str = GLORIA, directory_id: str = DIRECTORY) -> PageResponse:
        """Start connecting, sign in, accept the consent page, and return the response to the
        callback.
        """
        answer = await self.signed_in(who, directory_id)
        assert "/v2.0/adminconsent?" in answer.location, answer
        return await self.send("GET", await self.at_microsoft(answer.location, who, "accept"))

    def _function(self, name: str) -> Any:
        functions = func.FunctionApp()
        functions.register_functions(blueprint(self.world.app))
        functions.register_functions(pages.blueprint(self.world.app))
        return next(
            f.get_user_function()
            for f in functions.get_functions()
            if f.get_function_name() == name
        )

    def _principal(self) -> str:
        claims = [{"typ": "tid", "val": self.account}, {"typ": "oid", "val": self.person}]
        claims += [{"typ": "roles", "val": role} for role in self.roles]
        return base64.b64encode(orjson.dumps({"claims": claims})).decode()

    def _keep_cookie(self, header: str) -> None:
        if header:
            name, _, value = header.partition(";")[0].partition("=")
            self.cookies[name] = value


def state_of(address: str) -> str:
    """Return the query parameter `state` of an address."""
    return dict(parse_qsl(urlsplit(address).query))["state"]


def tenant_of(address: str) -> str:
    """Return the tenant in the path of an address of Microsoft."""
    return urlsplit(address).path.split("/")[1]


async def has_nothing(world: World, tenant_id: str = CONTOSO) -> bool:
    """Return whether no directory is connected, or about to be connected, to the tenant."""
    from presence import tenant_links

    linked = [
        link for link in await tenant_links.directories(world.tables) if link.tenant_id == tenant_id
    ]
    return not linked and await tenant_links.tenant(world.tables, tenant_id) is None
