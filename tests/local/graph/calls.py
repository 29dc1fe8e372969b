"""Requests that several tests of the simulator send, with msal or plain HTTP."""

import re
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import aiohttp
import msal

from local.graph.simulator import CLIENT_ID, CLIENT_SECRET
from tests.local.graph.fixtures import RunningSimulator
from tests.local.graph.msal_http import LoopbackHttp

REDIRECT = "http://127.0.0.1:7071/sign-in/callback"
GRAPH_SCOPE = "https://graph.microsoft.com/.default"
HIDDEN = re.compile(r'type="hidden" name="([^"]*)" value="([^"]*)"')
PRESENCES = "/v1.0/communications/getPresencesByUserId"


def msal_client(
    running: RunningSimulator,
    tenant: str,
    *,
    credential: Any = CLIENT_SECRET,
    http: LoopbackHttp | None = None,
) -> Any:
    """Return an msal client for the tenant, with its own caches."""
    http = http or LoopbackHttp(running.login_url)
    return msal.ConfidentialClientApplication(
        CLIENT_ID,
        authority=http.authority(tenant),
        client_credential=credential,
        instance_discovery=False,
        http_client=http,
    )


def app_token(running: RunningSimulator, tenant: str, **options: Any) -> dict[str, Any]:
    """Return the result of msal's client credentials flow."""
    client = msal_client(running, tenant, **options)
    try:
        return dict(client.acquire_token_for_client([GRAPH_SCOPE]))
    finally:
        client.http_client.close()


def bearer(running: RunningSimulator, tenant: str, **claims: Any) -> str:
    """Return a Graph token signed by the simulator, in which `claims` replace the usual ones."""
    usual = {"roles": ["Presence.Read.All"]}
    return running.simulator.token(tenant, "https://graph.microsoft.com", **(usual | claims))


async def call(
    url: str,
    method: str = "GET",
    *,
    token: str = "",
    headers: dict[str, str] | None = None,
    **options: Any,
) -> tuple[int, Any, dict[str, str]]:
    """Send a request; return status, JSON or text, and headers with names in lower case. Redirects
    aren't followed.
    """
    headers = {**(headers or {}), **({"Authorization": f"Bearer {token}"} if token else {})}
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, url, headers=headers, allow_redirects=False, **options) as answer,
    ):
        body = await (answer.json() if "json" in answer.content_type else answer.text())
        return answer.status, body, {name.lower(): value for name, value in answer.headers.items()}


async def ask(
    running: RunningSimulator, ids: list[Any], token: str
) -> tuple[int, Any, dict[str, str]]:
    """Call getPresencesByUserId; return status, body and headers."""
    return await call(running.url + PRESENCES, "POST", token=token, json={"ids": ids})


async def sign_in(running: RunningSimulator, address: str, who: str) -> dict[str, str]:
    """Sign the user in at the address, and return the parameters of the redirect to the application."""
    status, body, headers = await call(address + "&" + urlencode({"sign_in_as": who}))
    if status == 302:
        return dict(parse_qsl(urlsplit(headers["location"]).query))
    assert status == 200, status
    return {name: unescape(value) for name, value in HIDDEN.findall(body)}


async def admin_consent(
    running: RunningSimulator, tenant: str, who: str, decide: str = "accept", **changes: str
) -> dict[str, str]:
    """Decide at the consent page as that user, and return the parameters of the redirect to the
    application.
    """
    asked = {
        "client_id": CLIENT_ID,
        "scope": GRAPH_SCOPE,
        "redirect_uri": REDIRECT,
        "state": "s-1",
        "sign_in_as": who,
        "decide": decide,
    }
    address = f"{running.login_url}/{tenant}/v2.0/adminconsent?{urlencode(asked | changes)}"
    status, _, headers = await call(address)
    assert status == 302, status
    assert headers["location"].startswith(REDIRECT + "?")
    return dict(parse_qsl(urlsplit(headers["location"]).query))
