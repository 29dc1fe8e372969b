"""The keys that Entra signs with, fetched from its login service and remembered by their `kid`.

Entra rotates keys without notice (learn.microsoft.com/entra/identity-platform/signing-key-rollover), so an unknown kid
makes the keys be fetched again, but at most every 30 seconds for a tenant: a stranger can invent kids.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import orjson

from shared import log
from shared.app import App
from shared.cache import LruCache

_FRESH_SECONDS = 24 * 3600.0
_PAUSE_SECONDS = 30.0
_TIMEOUT_SECONDS = 8.0
_MAX_BYTES = 256 * 1024
_MAX_KEYS = 50
_LOGIN_URLS = {
    "global": "https://login.microsoftonline.com",
    "gcchigh": "https://login.microsoftonline.us",
    "dod": "https://login.microsoftonline.us",
    "china": "https://login.partner.microsoftonline.cn",
}


class KeysUnavailable(Exception):
    """The login service did not answer and nothing is remembered."""


@dataclass(slots=True)
class _Tenant:
    keys: dict[str, Any] = field(default_factory=dict)
    fetched: float = float("-inf")
    tried: float = float("-inf")
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(slots=True)
class _Tenants:
    by_id: LruCache[str, _Tenant] = field(default_factory=lambda: LruCache(1024))


def issuer(app: App, tenant_id: str) -> str:
    """`iss` of the assertions of a tenant's provisioning service."""
    return f"{_login_url(app)}/{tenant_id}/v2.0"


async def signing_key(app: App, tenant_id: str, kid: str) -> Any | None:
    """The key called `kid`, None where the tenant has none; raises KeysUnavailable."""
    tenants = app.state(_Tenants).by_id
    tenant = tenants.get(tenant_id)
    if tenant is None:
        tenant = _Tenant()
        tenants.put(tenant_id, tenant)
    async with tenant.lock:
        now = app.clock.monotonic()
        stale = now - tenant.fetched >= _FRESH_SECONDS
        if (stale or kid not in tenant.keys) and now - tenant.tried >= _PAUSE_SECONDS:
            tenant.tried = now
            try:
                tenant.keys, tenant.fetched = await _fetch(app, tenant_id), now
            except (TimeoutError, OSError, ValueError) as error:
                log.failure("entra_keys.fetch", error)
        if not tenant.keys:
            raise KeysUnavailable
        return tenant.keys.get(kid)


async def _fetch(app: App, tenant_id: str) -> dict[str, Any]:
    """The tenant's RSA signing keys by kid; OSError or ValueError where there is no key set to be had."""
    from jwt import PyJWK, PyJWTError

    listed = orjson.loads(await _download(f"{_login_url(app)}/{tenant_id}/discovery/v2.0/keys"))
    try:
        return {
            str(key["kid"]): PyJWK(key, algorithm="RS256").key
            for key in listed["keys"][:_MAX_KEYS]
            if key.get("kty") == "RSA" and key.get("use", "sig") == "sig" and key.get("kid")
        }
    except (PyJWTError, AttributeError, KeyError, TypeError) as error:
        raise ValueError("no key set") from error


async def _download(address: str) -> bytes:
    """The body at an address of the login service; OSError or ValueError where it is not what was asked for."""
    import aiohttp

    timeout = aiohttp.ClientTimeout(total=_TIMEOUT_SECONDS)
    body = bytearray()
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(address, allow_redirects=False) as answer,
        ):
            if answer.status != 200:
                raise ValueError(f"status {answer.status}")
            async for piece in answer.content.iter_chunked(_MAX_BYTES):
                body += piece
                if len(body) > _MAX_BYTES:
                    raise ValueError("too long")
    except aiohttp.ClientError as error:
        raise OSError(type(error).__name__) from error
    return bytes(body)


def _login_url(app: App) -> str:
    return app.settings.login_url or _LOGIN_URLS[app.settings.cloud]
