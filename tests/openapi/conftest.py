"""Fixtures: the whole app's HTTP functions in the simulated host over SQLite, and their
description.
"""

import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

import contacts.endpoints
import directories.endpoints
import presence.endpoints
import scim.endpoints
import web.endpoints
from directories import service
from directories.audit import operator_actor
from directories.service import NewDirectory
from local.host.host import Host, HostOptions
from local.host.hostfile import HostFile
from local.openapi.document import describe
from shared.app import App
from shared.http import Request, Response
from shared.settings import Settings
from shared.tables.open import open_tables
from tests.clock import FixedClock
from tests.hosts import functions_of

ACCOUNT = "00000000-0000-4000-8000-000000000001"
TOKEN = "token-of-contoso-for-tests-only"
ADDRESS = "http://127.0.0.1:7071"


def signed_in(*roles: str) -> str:
    """Return the header that App Service Authentication sets."""
    claims = [{"typ": "tid", "val": ACCOUNT}, *({"typ": "roles", "val": role} for role in roles)]
    return base64.b64encode(orjson.dumps({"auth_typ": "aad", "claims": claims})).decode()


@dataclass(frozen=True, slots=True)
class Deployed:
    """A client of the app, signed in as an administrator; it also has the SCIM token of one
    directory.
    """

    host: Host
    app: App

    async def call(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        media_type: str = "application/json",
        **headers: str,
    ) -> Response:
        """Send a request and return the response."""
        person = {"authorization": f"Bearer {TOKEN}"} if path.startswith("/scim") else {}
        principal = {"x-ms-client-principal": signed_in("Directory.Admin")}
        sent = {
            **principal,
            **person,
            "content-type": media_type,
            "content-length": str(len(body)),
            **headers,
        }
        return await self.host.call(Request(method, ADDRESS + path, sent, body))

    async def json(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request that must succeed, and return its JSON."""
        media_type = "application/scim+json" if path.startswith("/scim") else "application/json"
        response = await self.call(
            method, path, b"" if body is None else orjson.dumps(body), media_type
        )
        assert response.status < 300, response.body
        return orjson.loads(response.body) if response.body else None


def host_of(app: App) -> Host:
    """Return a host that serves all features of `app`."""
    functions = functions_of(
        app,
        directories.endpoints,
        scim.endpoints,
        presence.endpoints,
        contacts.endpoints,
        web.endpoints,
    )
    return Host(
        functions,
        environment={"AzureWebJobsDisableHomepage": "true"},
        host_file=HostFile(route_prefix=""),
        options=HostOptions(timers=False, platform_sign_in=False),
    )


async def started(folder: Path) -> Deployed:
    """Return a new app with the directory `contoso`."""
    tables = open_tables(Settings.read({"TABLES": f"sqlite:///{folder}/app.db"}))
    settings = Settings.read({"WEBSITE_AUTH_ENABLED": "True"})
    app = App(settings, FixedClock(), tables)
    await service.create(
        app, operator_actor(ACCOUNT), NewDirectory("Contoso", id="contoso", token=TOKEN)
    )
    return Deployed(host_of(app), app)


async def stopped(deployed: Deployed) -> None:
    """Stop the host and close the app."""
    await deployed.host.stop()
    await deployed.app.close()


@pytest.fixture
async def deployed(tmp_path: Path) -> AsyncIterator[Deployed]:
    """Yield the app for one test."""
    found = await started(tmp_path)
    yield found
    await stopped(found)


@pytest.fixture
def description() -> dict[str, Any]:
    """Return the document of `/api/openapi.json`."""
    return describe()
