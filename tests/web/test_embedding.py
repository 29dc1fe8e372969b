"""Embedding of pages in other sites: `frame-ancestors`, and the page `/embed` that a frame loads
first.
"""

from collections.abc import Callable, Mapping

import pytest

from local.counting_tables import CountingTables
from shared.app import App
from shared.http import Request, Response
from shared.settings import Settings, SettingsError
from tests.clock import FixedClock
from tests.web.conftest import principal
from web import routes
from web.endpoints import admin, agent, anyone

ORIGINS = "https://crm.example.com, https://desk.example.com:8443"
Ask = Callable[[str], Mapping[str, str]]


@pytest.fixture
def embeddable(tables: CountingTables, clock: FixedClock) -> App:
    """Return an App whose settings permit two origins."""
    settings = Settings.read({"WEBSITE_AUTH_ENABLED": "true", "EMBEDDING_ORIGINS": ORIGINS})
    return App(settings, clock, tables)


async def ask(app: App, path: str) -> Response:
    """Return the response to an administrator's request; `/embed` is requested without a
    sign-in.
    """
    headers = {} if path.startswith("/embed") else {"x-ms-client-principal": principal()}
    request = Request("GET", f"https://app.example.com{path}", headers, b"", route={"part": ""})
    if path.startswith("/contacts"):
        return await agent(app, routes.of_contacts)(request)
    if path.startswith("/embed"):
        return await anyone(app, routes.of_embed)(request)
    return await admin(app, routes.of_home)(request)


@pytest.mark.parametrize("path", ["/contacts", "/contacts?number=1&pop=1", "/embed"])
async def test_an_agents_page_permits_the_configured_origins(embeddable: App, path: str) -> None:
    """In `frame-ancestors`, without X-Frame-Options, which can't name an origin (RFC 7034 section
    2.1).
    """
    headers = (await ask(embeddable, path)).headers
    policy = headers["Content-Security-Policy"]
    assert "frame-ancestors https://crm.example.com https://desk.example.com:8443;" in policy
    assert "X-Frame-Options" not in headers


async def test_an_administrators_page_is_never_embedded(embeddable: App) -> None:
    """Clickjacking could delete a directory there."""
    headers = (await ask(embeddable, "/")).headers
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize("path", ["/contacts", "/embed"])
async def test_no_page_is_embedded_by_default(app: App, path: str) -> None:
    """Without the setting no origin is permitted, and `/embed` doesn't exist."""
    answer = await ask(app, path)
    assert answer.status == (404 if path == "/embed" else 200)
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Frame-Options"] == "DENY"


async def test_the_embed_page_reads_no_storage(embeddable: App, tables: CountingTables) -> None:
    """Anyone may request it, as often as they like."""
    with tables.measured() as calls:
        assert (await ask(embeddable, "/embed")).status == 200
        assert b"signed in" in (await ask(embeddable, "/embed?signed-in=1")).body
    assert calls == []


@pytest.mark.parametrize(
    "wrong",
    [
        "crm.example.com",
        "http://crm.example.com",
        "https://crm.example.com/desk",
        "https://*.example.com",
        "*",
        "https://user@crm.example.com",
        "https://crm.example.com; script-src *",
        "https://münchen.example",
        ",".join(f"https://{n}.example.com" for n in range(21)),
    ],
)
def test_a_wrong_origin_in_the_setting_is_refused(wrong: str) -> None:
    """The app doesn't start; the error names the setting, the fault and the remedy."""
    with pytest.raises(SettingsError, match=r"EMBEDDING_ORIGINS: must be .* https origins"):
        Settings.read({"EMBEDDING_ORIGINS": wrong})


def test_origins_are_written_as_browsers_write_them() -> None:
    """RFC 6454 section 6.2: in lower case and without the default port, because messages are
    compared with them.
    """
    given = "HTTPS://CRM.example.com:443,http://localhost:3000, "
    assert Settings.read({"EMBEDDING_ORIGINS": given}).embedding_origins == {
        "https://crm.example.com",
        "http://localhost:3000",
    }
