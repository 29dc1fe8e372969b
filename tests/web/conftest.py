"""Fixtures: pages requested in-process, by the app's routes."""

import base64
from collections.abc import Awaitable, Callable

import orjson
import pytest

from local.counting_tables import CountingTables
from shared.app import App
from shared.http import Request, Response
from shared.settings import Settings
from tests.clock import FixedClock
from web import routes
from web.endpoints import admin, agent

ACCOUNT = "11111111-1111-4111-8111-111111111111"
PERSON = "22222222-2222-4222-8222-222222222222"
Visitor = Callable[..., Awaitable[Response]]


def principal(role: str = "Directory.Admin", account: str = ACCOUNT, oid: str = PERSON) -> str:
    """Return the header that App Service Authentication sets for a signed-in user."""
    claims = [("tid", account), ("oid", oid), ("name", "Ada Admin")]
    claims += [("roles", role)] if role else []
    value = {"claims": [{"typ": kind, "val": text} for kind, text in claims]}
    return base64.b64encode(orjson.dumps(value)).decode()


@pytest.fixture
def app(tables: CountingTables, clock: FixedClock) -> App:
    """Return an App with the platform's sign-in and empty storage."""
    return App(Settings(platform_sign_in=True), clock, tables)


@pytest.fixture
def visit(app: App) -> Visitor:
    """Return a function that requests a page: `visit("GET", "/directories/new")`."""

    async def ask(
        method: str, path: str, body: str = "", role: str | None = "Directory.Admin", **headers: str
    ) -> Response:
        oid = headers.pop("oid", PERSON)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if role is not None:
            sent["x-ms-client-principal"] = principal(role, oid=oid)
        parts = [part for part in path.partition("?")[0].split("/") if part]
        url = f"https://app.example.com{path}"
        request = Request(method, url, sent, body.encode(), route=_route(parts))
        if parts[:1] == ["contacts"]:
            return await agent(app, routes.of_contacts)(request)
        of_one = routes.of_directory if parts[1:] else routes.of_list
        if not parts:
            return await agent(app, routes.of_home)(request)
        choose = {"sign-in": routes.of_consent_callback}.get(parts[0], of_one)
        return await admin(app, choose)(request)

    return ask


def _route(parts: list[str]) -> dict[str, str]:
    if parts and parts[0] == "contacts":
        return {"part": parts[1]} if len(parts) > 1 else {}
    names = ("directoryId", "page")
    return dict(zip(names, parts[1:], strict=False))
