"""Count the product's modules that a request enters: `python -m bench.modules [--list]`.

A module is entered if one of its functions is called. The counted request is warm: the same request
was sent before, so that imports and caches are done. The exit code is 1 if a count exceeds its
limit.
"""

import argparse
import asyncio
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import azure.functions as func
import orjson

import contacts.endpoints
import directories.endpoints
import presence.endpoints
import scim.endpoints
import web.endpoints
from bench.presence import Size, people_of, prepare
from directories.audit import operator_actor
from directories.service import NewDirectory, create
from local.graph.server import running
from local.graph.simulator import CLIENT_ID, CLIENT_SECRET, HOME_TENANT_ID, Simulator
from local.host.host import Host, HostOptions
from local.host.hostfile import HostFile
from local.host.sign_in import principal_headers
from presence.sync.sync_tenant import sync
from shared.app import App
from shared.clock import SystemClock
from shared.http import Request
from shared.settings import Settings
from shared.tables.open import open_tables

LIMITS = {"POST /Users": 25, "Organisation page": 30, "steady presence sync": 22}
_PRODUCT = ("contacts.", "directories.", "presence.", "scim.", "shared.", "web.")
_ACCOUNT = "00000000-0000-4000-8000-000000000001"
_PEOPLE = 10
_ROOT = str(Path(__file__).parent.parent)
Work = Callable[[int], Awaitable[object]]


@contextmanager
def entered() -> Iterator[set[str]]:
    """Yield a set; inside the block it collects the names of the product's modules that are entered."""
    names = set[str]()

    def note(frame: FrameType, event: str, _: Any) -> None:
        # Code that dataclasses generate has no file, so creating a dataclass doesn't count.
        if event == "call" and frame.f_code.co_filename.startswith(_ROOT):
            name = frame.f_globals.get("__name__", "")
            if name.startswith(_PRODUCT):
                names.add(name)

    # New in Python 3.12; the project's own environment has 3.13.
    set_profile = getattr(threading, "setprofile_all_threads", sys.setprofile)
    set_profile(note)
    try:
        yield names
    finally:
        set_profile(None)


async def measured(work: Work, settle: Callable[[], Awaitable[None]] | None = None) -> set[str]:
    """Run `work` three times and return the names of the modules that the third run enters.

    The first two runs fill caches; `settle` waits for their tasks in the background.
    """
    await work(1)
    await work(2)
    if settle is not None:
        await settle()
    with entered() as names:
        await work(3)
    return names


@asynccontextmanager
async def deployed(url: str) -> AsyncIterator[tuple[App, Host]]:
    """Yield the product without its timers, with SQLite and the simulator at `url`."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.read(
            {
                "TABLES": f"sqlite:///{Path(folder) / 'rows.db'}",
                "LOGIN_URL": url,
                "GRAPH_URL": f"{url}/v1.0",
                "PRESENCE_CLIENT_ID": CLIENT_ID,
                "PRESENCE_CLIENT_SECRET": CLIENT_SECRET,
                "HOME_TENANT_ID": HOME_TENANT_ID,
                "WEBSITE_AUTH_ENABLED": "true",
            }
        )
        app = App(settings, SystemClock(), open_tables(settings))
        functions = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
        for feature in (directories, scim, presence, contacts, web):
            functions.register_functions(feature.endpoints.blueprint(app))
        options = HostOptions(timers=False, platform_sign_in=False)
        host = Host(functions, environment={}, host_file=HostFile(route_prefix=""), options=options)
        try:
            yield app, host
        finally:
            await host.stop()
            await app.close()


async def posted_user() -> set[str]:
    """Send POST /Users three times, and return the names of the modules that the last request entered."""
    async with deployed("http://127.0.0.1:9") as (app, host):
        directory, token = await create(app, operator_actor(_ACCOUNT), NewDirectory("Contoso"))
        headers = {"authorization": f"Bearer {token}", "content-type": "application/scim+json"}

        async def post(number: int) -> None:
            body = orjson.dumps(
                {
                    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
                    "userName": f"person{number}@contoso.example",
                    "externalId": str(number),
                    "name": {"givenName": "Ada", "familyName": "Lovelace"},
                    "active": True,
                    "emails": [{"type": "work", "value": f"person{number}@contoso.example"}],
                    "phoneNumbers": [{"type": "work", "value": f"+44 20 7946 0{number:03}"}],
                }
            )
            framed = {**headers, "content-length": str(len(body))}
            url = f"https://app.example/scim/{directory.id}/v2/Users"
            response = await host.call(Request("POST", url, framed, body))
            assert response.status == 201, response.body

        return await measured(post, app.background.drain)


async def organisation_page() -> set[str]:
    """Request the Organisation page with one empty directory, and return the names of the modules that this entered."""
    async with deployed("http://127.0.0.1:9") as (app, host):
        await create(app, operator_actor(_ACCOUNT), NewDirectory("Contoso"))
        headers = dict(principal_headers(f"reader.{_ACCOUNT}"))

        async def visit(_: int) -> None:
            response = await host.call(Request("GET", "https://app.example/contacts", headers))
            assert response.status == 200, response.status

        return await measured(visit)


async def steady_sync() -> set[str]:
    """Run a presence sync in which little has changed, and return the names of the modules that it entered."""
    simulator = Simulator()
    size = Size(tenants=1, people=_PEOPLE, latency=0.0)
    with running(simulator) as url:
        async with deployed(url) as (app, _):
            from bench.presence import tenant_ids

            [tenant_id] = tenant_ids(size)
            simulator.add_tenant("Contoso", "c.example", tenant_id=tenant_id, crowd=_PEOPLE)
            simulator.consent(tenant_id)
            assert people_of(tenant_id, _PEOPLE)
            await prepare(app, size)

            async def again(_: int) -> None:
                await sync(app, tenant_id, now_due=True)

            return await measured(again)


FLOWS: dict[str, Callable[[], Awaitable[set[str]]]] = {
    "POST /Users": posted_user,
    "Organisation page": organisation_page,
    "steady presence sync": steady_sync,
}


def main() -> int:
    """Print the count for each flow, with `--list` also the modules; return 1 if a count exceeds its limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--list", action="store_true", help="name the modules")
    named = parser.parse_args().list
    failed = False
    for name, flow in FLOWS.items():
        found = asyncio.run(_run(flow))
        failed |= len(found) > LIMITS[name]
        print(f"{name:22} {len(found):3} modules (at most {LIMITS[name]})")
        if named:
            print("    " + "\n    ".join(sorted(found)))
    return int(failed)


async def _run(flow: Callable[[], Awaitable[set[str]]]) -> set[str]:
    return await flow()


if __name__ == "__main__":
    sys.exit(main())
