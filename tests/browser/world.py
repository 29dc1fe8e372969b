"""The product and the simulator of Microsoft on this machine, in a thread, for tests with a
browser.

Data is created as users and clients do: directories by the JSON API, people by the Entra simulator
over SCIM, consent on the simulator's pages.
"""

import asyncio
import contextlib
import copy
import json
import threading
import urllib.error
import urllib.request
import uuid
from collections.abc import Awaitable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from unittest.mock import patch
from urllib.parse import urlencode

from local.entra import Options, Summary, mapping
from local.entra import run as provision
from local.entra.people import Company
from local.graph.server import running as simulated
from local.graph.simulator import CLIENT_ID, CLIENT_SECRET, CONTOSO, HOME_TENANT_ID, Simulator
from local.host.host import HostOptions
from local.host.running import RunningHost, running
from local.host.sign_in import ACCOUNT, COOKIE
from presence.sync import sync_tenant
from shared import app as apps
from shared.app import App
from shared.clock import SystemClock
from shared.settings import Settings
from shared.tables import open as engines
from shared.tables.open import open_tables
from tests.browser import storage
from tests.browser.storage import GatedTables
from tests.rounds import rounds

ROOT = Path(__file__).parent.parent.parent
ADMINISTRATOR = "gloria@contoso.example"
_BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
_BATCH = 500  # people per request: half a megabyte, of the one that the service allows
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Made:
    """A directory that was created, with its token in plain text."""

    id: str
    name: str
    base: str
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The host, the app, the engine that both use, and the event loop of a deployment's thread."""

    loop: asyncio.AbstractEventLoop
    host: RunningHost
    gate: GatedTables
    app: App


class World:
    """A running deployment at `url`, and the simulator of Microsoft."""

    def __init__(
        self, tables: str, simulator: Simulator, parts: Parts, *, asks_to_sign_in: bool = False
    ) -> None:
        self.session = f"admin.{ACCOUNT}" if asks_to_sign_in else ""
        self.url = parts.host.url
        self.simulator = simulator
        self._file = Path(tables.removeprefix("sqlite:///"))
        self._parts = parts

    def new_account(self) -> "World":
        """Return the same deployment for the administrator of another account, without directories.

        It takes no time, unlike a new deployment. After a sign-in a browser is in the first account
        again.
        """
        other = copy.copy(self)
        other.session = f"admin.{uuid.uuid4()}"
        return other

    def wait(self, work: Awaitable[Result]) -> Result:
        """Run a coroutine on the world's event loop, and return its result."""

        async def run() -> Result:
            return await work

        return asyncio.run_coroutine_threadsafe(run(), self._parts.loop).result(120)

    def storage_away(self) -> contextlib.AbstractContextManager[None]:
        """Make storage fail during a block."""
        return storage.away(self._file)

    @contextlib.contextmanager
    def storage_held(self) -> Iterator[threading.Event]:
        """Let storage calls wait during a block; yield an event that is set by the first of
        them.
        """
        self.wait(self._parts.gate.shut())
        try:
            yield self._parts.gate.reached
        finally:
            self.wait(self._parts.gate.open())

    def call(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Any:
        """Send a request to the product's API as an administrator, and return the parsed JSON."""
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(
            f"{self.url}{path}", data, method=method, headers=headers or {}
        )
        request.add_header("Content-Type", "application/json")
        if self.session:
            request.add_header("Cookie", f"{COOKIE}={self.session}")
            request.add_header("Sec-Fetch-Site", "same-origin")
        with urllib.request.urlopen(request, timeout=60) as response:
            text = response.read()
        return json.loads(text) if text else None

    def add(self, name: str, kind: str = "entra", *, done: bool = True, **settings: Any) -> Made:
        """Create a directory; with `done`, finish its wizard."""
        made = self.call(
            "POST", "/api/directories", {"name": name, "kind": kind, "region": "GB", **settings}
        )
        if done:
            self.call("PATCH", f"/api/directories/{made['id']}", {"setup": "done"})
        return Made(made["id"], name, made["scimBaseUrl"], made["token"])

    def access_token(self, endpoint: str, client_id: str, secret: str) -> str:
        """Return the access token that a client gets for its secret (RFC 6749 section 4.4)."""
        grant = {"grant_type": "client_credentials"}
        form = urlencode({**grant, "client_id": client_id, "client_secret": secret}).encode()
        with urllib.request.urlopen(urllib.request.Request(endpoint, form), timeout=60) as response:
            return str(json.loads(response.read())["access_token"])

    def provision(
        self, base: str, token: str, people: int, cycles: tuple[str, ...] = ("initial",)
    ) -> Summary:
        """Run the Entra simulator with this base URL and token, and return its summary."""
        options = Options(base, token, people=people, cycles=cycles, groups=3)
        return self.wait(provision(options, lambda progress: None))

    def scim(self, made: Made, method: str, path: str, body: Any = None) -> Any:
        """Send one SCIM request with the directory's token, and return the parsed JSON."""
        headers = {"Authorization": f"Bearer {made.token}", "User-Agent": "Okta SCIM Client 1.0.0"}
        return self.call(method, f"/scim/{made.id}/v2{path}", body, headers)

    def fill(self, made: Made, people: int) -> None:
        """Create the first `people` of the simulator's company without managers, some hundred per
        request.

        It takes a fraction of the time of `provision`, which searches for each person before it
        creates one.
        """
        users = [
            mapping.post_body(mapping.target_attributes(person))
            for person in Company().people(0, people)
        ]
        for start in range(0, people, _BATCH):
            operations = [
                {"method": "POST", "path": "/Users", "bulkId": str(number), "data": user}
                for number, user in enumerate(users[start : start + _BATCH])
            ]
            answer = self.scim(
                made, "POST", "/Bulk", {"schemas": [_BULK], "Operations": operations}
            )
            assert {one["status"] for one in answer["Operations"]} == {"201"}

    def person(self, made: Made, number: int, **attributes: Any) -> Any:
        """Create the person with this number, and return the resource."""
        body = {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": f"person{number}@example.com",
            "externalId": f"00000000-0000-4000-8000-{number:012d}",
            "active": True,
            **attributes,
        }
        return self.scim(made, "POST", "/Users", body)

    def connect_presence(self, made: Made) -> None:
        """Consent as the company's administrator does, without a browser, and wait for the first
        statuses.
        """
        self.simulator.tenants[CONTOSO].anyone = True
        opener = urllib.request.build_opener(_CookieProcessor(), _NoRedirect())
        body = json.dumps({"action": "connect"}).encode()
        request = urllib.request.Request(f"{self.url}/api/directories/{made.id}/presence", body)
        request.add_header("Content-Type", "application/json")
        with opener.open(request) as response:
            address = json.loads(response.read())["location"]
        answers = urlencode({"sign_in_as": ADMINISTRATOR, "decide": "accept"})
        _follow(opener, address, answers, self.simulator.url)
        for _ in range(300):
            found = self.call("POST", f"/api/directories/{made.id}/presence", {"action": "check"})
            if found["state"] == "active":
                return
            self.tick()
        raise AssertionError(f"presence was not connected: {found}")

    def sync_presence(self) -> None:
        """Sync Contoso's presence now, as the queue's function does every ten seconds."""
        for _ in rounds():
            if self.wait(sync_tenant.sync(self._parts.app, CONTOSO, now_due=True)) == "synced":
                return
            self.wait(asyncio.sleep(0.1))

    def tick(self) -> None:
        """Run the timers now that aren't running, and wait for them."""
        self.wait(self._tick())

    async def _tick(self) -> None:
        timers = self._parts.host.host.timers
        for timer in timers._timers:
            if "presence" in timer.function.code.name:
                timer.due = SystemClock().now()
        await asyncio.gather(*timers.tick(), asyncio.sleep(0.1))


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


class _CookieProcessor(urllib.request.HTTPCookieProcessor):
    """Keeps cookies as a browser does: an empty `domain=`, which the platform writes, is ignored
    (RFC 6265 section 5.2.3).
    """

    def http_response(self, request: Any, response: Any) -> Any:
        lines = response.headers.get_all("Set-Cookie") or []
        del response.headers["Set-Cookie"]
        for line in lines:
            response.headers["Set-Cookie"] = line.replace("; domain=;", ";")
        return super().http_response(request, response)


def _follow(
    opener: urllib.request.OpenerDirector, address: str, answers: str, microsoft: str
) -> None:
    """Follow redirects; on Microsoft's pages submit the given answers."""
    while address:
        if address.startswith(microsoft):
            address = f"{address}&{answers}"
        try:
            opener.open(address).read()
            return
        except urllib.error.HTTPError as moved:
            address = moved.headers["Location"] if moved.code in (302, 303) else ""


@contextlib.contextmanager
def world(
    tables: str, port: int = 0, *, asks_to_sign_in: bool = False, **settings: str
) -> Iterator[World]:
    """Yield a world; with `asks_to_sign_in`, browsers are signed out at first."""
    simulator = Simulator()
    with simulated(simulator) as microsoft:
        environment = {
            "TABLES": tables,
            "LOGIN_URL": microsoft,
            "GRAPH_URL": microsoft,
            "PRESENCE_CLIENT_ID": CLIENT_ID,
            "PRESENCE_CLIENT_SECRET": CLIENT_SECRET,
            "HOME_TENANT_ID": HOME_TENANT_ID,
            "PRESENCE_INTERVAL_SECONDS": "10",
            **settings,
        }
        ready: threading.Event = threading.Event()
        held: dict[str, Any] = {}

        def gated(settings: Settings) -> GatedTables:
            held["gate"] = gate = GatedTables(open_tables(settings))
            return gate

        def kept(*parts: Any, **more: Any) -> App:
            held["app"] = app = App(*parts, **more)
            return app

        async def serve() -> None:
            options = HostOptions(timers=True, asks_to_sign_in=asks_to_sign_in)
            async with contextlib.AsyncExitStack() as stack:
                # while the composition root is loaded
                with patch.object(engines, "open_tables", gated), patch.object(apps, "App", kept):
                    product = running(
                        ROOT / "function_app.py", environment, port=port, options=options
                    )
                    host = await stack.enter_async_context(product)
                held["parts"] = Parts(
                    loop=asyncio.get_running_loop(), host=host, gate=held["gate"], app=held["app"]
                )
                held["stop"] = asyncio.Event()
                ready.set()
                await held["stop"].wait()

        def run() -> None:
            try:
                asyncio.run(serve())
            except BaseException as error:
                held["error"] = error
                ready.set()
                raise

        thread = threading.Thread(target=run, name="product", daemon=True)
        thread.start()
        ready.wait(60)
        if "error" in held:
            raise RuntimeError("the product did not start") from held["error"]
        try:
            yield World(tables, simulator, held["parts"], asks_to_sign_in=asks_to_sign_in)
        finally:
            held["parts"].loop.call_soon_threadsafe(held["stop"].set)
            thread.join(60)
