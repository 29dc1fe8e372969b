"""A signed-in person's browser: the product's functions on one side, Microsoft's pages on the other."""

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
class Answer:
    """The product's answer."""

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
        """The outcome that the page is told."""
        return dict(parse_qsl(urlsplit(self.location).query)).get("outcome", "")


@dataclass
class Browser:
    """`person`: object id in the product's own sign-in."""

    world: World
    account: str = ACCOUNT
    person: str = "person-one"
    roles: tuple[str, ...] = ("Directory.Admin",)
    origin: str = ORIGIN
    cookies: dict[str, str] = field(default_factory=dict)

    async def send(self, method: str, address: str, body: bytes = b"", **headers: str) -> Answer:
        """A request to the product, through the function that the host would choose."""
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
        return Answer(answer.status_code, found, answer.get_body())

    must_confirm: bool = False

    async def act(self, action: str, directory_id: str = DIRECTORY, **fields: Any) -> Answer:
        """An action of the wizard; `must_confirm`: the company is confirmed before it is connected."""
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
        """The state that the page shows."""
        return (await self.send("GET", f"/api/directories/{directory_id}/presence")).json

    async def start(self, directory_id: str = DIRECTORY) -> str:
        """Press "Sign in to Microsoft"; the address there."""
        return str((await self.act("connect", directory_id)).json["location"])

    async def at_microsoft(self, address: str, who: str = GLORIA, decide: str = "") -> str:
        """Answer Microsoft's page; path and query of the address that it sends the browser back to."""
        asked = {"sign_in_as": who} | ({"decide": decide} if decide else {})
        status, body, headers = await call(f"{address}&{urlencode(asked)}")
        assert status == 302, body
        return headers["location"].removeprefix(self.origin)

    async def signed_in(self, who: str = GLORIA, directory_id: str = DIRECTORY) -> Answer:
        """Start, sign in at Microsoft, and come back."""
        return await self.send("GET", await self.at_microsoft(await self.start(directory_id), who))

    async def connected(self, who: str = GLORIA, directory_id: str = DIRECTORY) -> Answer:
        """All of it, up to the way back from the consent page."""
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
    """The `state` in an address."""
    return dict(parse_qsl(urlsplit(address).query))["state"]


def tenant_of(address: str) -> str:
    """The tenant in the path of an address of Microsoft."""
    return urlsplit(address).path.split("/")[1]


async def has_nothing(world: World, tenant_id: str = CONTOSO) -> bool:
    """Whether no directory is connected to the tenant, nor on the way to it."""
    from presence import tenant_links

    linked = [
        link for link in await tenant_links.directories(world.tables) if link.tenant_id == tenant_id
    ]
    return not linked and await tenant_links.tenant(world.tables, tenant_id) is None
