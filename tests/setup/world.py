"""A company's browser at the pages of a set-up link, and the contact centre's API, on two hosts
over one storage.
"""

import re
import sqlite3
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import orjson

from local.counting_tables import CountingTables
from shared.app import App
from shared.http import Request, Response
from shared.settings import Settings
from shared.tables.schema.base import TABLES
from tests.clock import FixedClock
from tests.openapi.conftest import Deployed, host_of

ORIGIN = "https://directories.example"
DIRECTORY = "contoso"


@dataclass
class Browser:
    """A browser that keeps cookies, sends its origin, and doesn't follow redirects."""

    deployed: Deployed
    address: str = "203.0.113.5"
    cookies: dict[str, str] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)

    async def get(self, path: str, **headers: str) -> Response:
        """Request a page and return the response."""
        return await self.send("GET", path, b"", **headers)

    async def post(self, path: str, _values: Any = None, **headers: str) -> Response:
        """Send a form as the product's pages do, which send no referrer, and return the
        response.
        """
        own = {"origin": "null", "sec-fetch-site": "same-origin", **headers}
        return await self.send("POST", path, urlencode(_values or {}).encode(), **own)

    async def send(self, method: str, path: str, body: bytes = b"", **headers: str) -> Response:
        """Send a request, keep the cookie of the response, and return the response."""
        url = f"{ORIGIN}{path}"
        self.log.append(url)
        sent = {
            "host": "directories.example",
            "content-type": "application/x-www-form-urlencoded",
            "content-length": str(len(body)),
            "x-forwarded-for": f"{self.address}:4711",
            "cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
        }
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        answer = await self.deployed.host.call(
            Request(method, url, {name: value for name, value in sent.items() if value}, body)
        )
        headers_of = {name.lower(): value for name, value in answer.headers.items()}
        found = SimpleCookie(headers_of.get("set-cookie", ""))
        self.cookies |= {name: morsel.value for name, morsel in found.items()}
        answer.headers = headers_of
        return answer

    async def open(self, code: str) -> Response:
        """Send the form *Start* with this code or link."""
        return await self.post("/set-up", {"code": code})


@dataclass
class World:
    """Two instances over one storage, and their clock."""

    first: Deployed
    second: Deployed
    tables: CountingTables
    clock: FixedClock
    file: Path

    def browser(self, *, second: bool = False, address: str = "203.0.113.5") -> Browser:
        """Return a new browser of the first instance, or of the second."""
        return Browser(self.second if second else self.first, address)

    async def link(self, directory: str = DIRECTORY, purpose: str = "set-up") -> "Link":
        """Create a link as the contact centre does."""
        path = f"/api/directories/{directory}/links"
        made = await self.first.json("POST", path, {"purpose": purpose})
        return Link(made["id"], made["url"])

    async def links(self, directory: str = DIRECTORY) -> list[Any]:
        """Return the links as the contact centre sees them."""
        found = await self.first.json("GET", f"/api/directories/{directory}/links")
        return list(found["links"])

    def stored(self) -> str:
        """Return all rows of the database file as text."""
        reader = sqlite3.connect(f"file:{self.file}?mode=ro", uri=True)
        try:
            rows = [
                row
                for table in TABLES
                for row in reader.execute(f"SELECT partition, key, value FROM {table}")
            ]
            return "\n".join(
                f"{partition} {key} {value.decode()}" for partition, key, value in rows
            )
        finally:
            reader.close()


@dataclass(frozen=True)
class Link:
    """A link as it was sent."""

    id: str
    url: str

    @property
    def code(self) -> str:
        """Return the part of the URL after #."""
        return self.url.partition("#")[2]

    @property
    def page(self) -> str:
        """Return the path of its page."""
        return f"/set-up/{self.id}"


def secret_in(answer: Response) -> str:
    """Return the secret or token in plain text that a page shows, or ""."""
    found = re.search(r'<code id="secret">(\w+[\w-]*)</code>', answer.body.decode())
    return found[1] if found else ""


def settings() -> Settings:
    """Return the settings of both instances."""
    return Settings.read({"WEBSITE_AUTH_ENABLED": "True", "PUBLIC_URL": ORIGIN})


def deployed(
    tables: CountingTables, clock: FixedClock, with_settings: Settings | None = None
) -> Deployed:
    """Return an instance, by default with the settings of both."""
    app = App(with_settings or settings(), clock, tables)
    return Deployed(host_of(app), app)


def sentence(answer: Response) -> str:
    """Return the text of the refusal on the page."""
    found = re.search(r'role="alert">.*?<p>(.*?)</p>', answer.body.decode(), re.DOTALL)
    assert found, answer.body.decode()[:2000]
    return found[1].replace("&#39;", "'")


def json_of(answer: Response) -> Any:
    """Return the parsed JSON of a response."""
    return orjson.loads(answer.body)
